//! Runs the program in a directory of its own.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A working directory without settings, variables or tables.
pub(crate) struct Workplace(TempDir);

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, with the directories that lead to it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, &[])
    }

    pub(crate) fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldsmith"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GOLDSMITH_")) {
            command.env_remove(name);
        }
        command.args(args).current_dir(self.path()).envs(variables.iter().copied()).output().unwrap()
    }

    /// Exit code and both streams, with what differs from machine to machine replaced.
    pub(crate) fn snapshot(&self, args: &[&str]) -> String {
        self.text(&self.run(args))
    }

    pub(crate) fn text(&self, output: &Output) -> String {
        let place = self.path().canonicalize().unwrap();
        let text = format!(
            "exit code: {}\n--- stdout ---\n{}--- stderr ---\n{}",
            output.status.code().unwrap(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        text.replace(&place.display().to_string(), "[DIR]").replace(&self.path().display().to_string(), "[DIR]")
    }
}

/// Compares a snapshot, with times and run ids replaced.
macro_rules! assert_output {
    ($name:literal, $text:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"\d+\.\d\d s", "[SECONDS] s"),
                (r"(?m)\d+\.\d\d$", "[SECONDS]"),
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
                (r"(threads +)\d+", "$1[N]"),
            ],
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, { insta::assert_snapshot!($name, $text) });
    };
}
pub(crate) use assert_output;
