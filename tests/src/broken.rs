//! Copies of files of the repository with one mistake each, against which the checks of those files are held.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::python;

/// A mistake: the file, a text in it, what is there instead, and part of the problem that must be found.
pub type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// The root of the repository.
///
/// # Panics
/// The tests lie in no directory.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are part of a repository").to_owned()
}

/// The problems that a check, a script of `interop/`, finds below each directory.
///
/// # Panics
/// The check fails, or writes something else.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
pub fn problems(check: &str, roots: &[&Path]) -> Vec<Vec<String>> {
    serde_json::from_str(&python::run(check, roots)).expect("lists of problems")
}

/// Asserts that a check finds each mistake in a copy that has no other.
///
/// # Panics
/// One is not found, or the file has no longer the text that it replaces.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
pub fn assert_found(check: &str, copy: impl Fn() -> TempDir, mistakes: impl IntoIterator<Item = Mistake>) {
    let mut broken = Vec::new();
    for (file, from, to, expected) in mistakes {
        let directory = copy();
        let path = directory.path().join(file);
        let text = fs::read_to_string(&path).expect("a file of the copy");
        assert!(text.contains(from), "{file} has no longer {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).expect("a file that can be written");
        broken.push((directory, format!("{from:?} -> {to:?}"), expected));
    }
    let roots: Vec<&Path> = broken.iter().map(|(directory, ..)| directory.path()).collect();
    for ((_, change, expected), found) in broken.iter().zip(problems(check, &roots)) {
        assert!(found.iter().any(|problem| problem.contains(expected)), "{change}: {found:#?}");
    }
}
