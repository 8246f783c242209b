//! The `goldsmith` binary; everything is in the library but what concerns the process.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if goldsmith_cli::is_short_of_memory(&args) {
        give_freed_memory_back(&args);
    }
    goldsmith_cli::main_with(args)
}

/// Has glibc return freed memory to the system. It would keep up to half as much again as a small `--memory-limit`, and reads its setting from
/// the environment before the program begins: so the same process starts the program once more. A setting of the user stays, and where
/// the program cannot be started again it goes on as it is. Source: mallopt(3), `M_TRIM_THRESHOLD`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_freed_memory_back(args: &[OsString]) {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const SETTING: &str = "MALLOC_TRIM_THRESHOLD_";
    const BYTES: &str = "131072";
    if std::env::var_os(SETTING).is_some() {
        return;
    }
    // A start that fails leaves the process so that it dies of a closed output. What mostly fails is seen before: the file was replaced.
    if let (Ok(program), [name, args @ ..]) = (std::env::current_exe(), args)
        && program.is_file()
    {
        // Returns only when it fails.
        let _ = Command::new(program).arg0(name).args(args).env(SETTING, BYTES).exec();
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_freed_memory_back(_args: &[OsString]) {}
