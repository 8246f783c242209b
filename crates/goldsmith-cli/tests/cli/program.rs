//! Runs the program in a directory of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Where the program is.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_goldsmith");

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
        self.command(PROGRAM).args(args).envs(variables.iter().copied()).output().unwrap()
    }

    /// What starts the program, or another one that does, in this directory.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GOLDSMITH_")) {
            command.env_remove(name);
        }
        command.current_dir(self.path());
        command
    }

    /// Exit code and standard error of the program, which gets a signal (`-INT`) once it has said something. Signals are sent with
    /// `kill`, which every Unix has.
    #[cfg(unix)]
    pub(crate) fn interrupted(
        &self,
        args: &[&str],
        variables: &[(&str, &str)],
        signal: &str,
        after: &str,
    ) -> (Option<i32>, String) {
        use std::io::{BufRead, BufReader, Read};
        use std::process::Stdio;

        let mut command = self.command(PROGRAM);
        command.args(args).envs(variables.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains(after) {
            assert!(lines.read_line(&mut told).unwrap() > 0, "it ended early: {told}");
        }
        assert!(Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap().success());
        lines.read_to_string(&mut told).unwrap();
        (process.wait().unwrap().code(), told)
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
