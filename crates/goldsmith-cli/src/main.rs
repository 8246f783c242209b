//! The `goldsmith` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    goldsmith_cli::main_with(std::env::args_os())
}
