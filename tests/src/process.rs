//! Loads in processes of their own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::part::Part;

/// A load of a part by `crash_run`, at which `program` lies: `env!("CARGO_BIN_EXE_crash_run")`, which cargo sets for integration tests
/// alone. In the target files are created in this `way`; without one, in that of its file system. What the process
/// says of itself is kept, what it prints is not. Further arguments are those of `crash_run`.
pub fn load(program: &str, way: Option<&str>, part: Part, source: &Path, target: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(way) = way {
        command.args(["--way", way]);
    }
    command.arg(part.name()).args([source, target]).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
