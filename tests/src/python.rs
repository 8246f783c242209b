//! Other software, through Python.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs a script of `interop/` and returns what it writes to the standard output. The Python that `GOLDSMITH_PYTHON` names has to have
/// the packages of `interop/requirements.txt`; the test script sets it up.
///
/// # Panics
/// Python does not start, or the script fails or writes what is no text.
#[expect(clippy::expect_used, reason = "a mistake in a test must stop it")]
pub fn run<S: AsRef<OsStr>>(script: &str, arguments: &[S]) -> String {
    let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script);
    let output = Command::new(&python).arg(script).args(arguments).output().expect("python starts");
    assert!(
        output.status.success(),
        "{python} failed; install interop/requirements.txt and set GOLDSMITH_PYTHON:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}
