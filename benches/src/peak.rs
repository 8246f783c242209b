//! The memory that one job takes, measured by the kernel. Linux only.

use std::fs;

use crate::{Job, Result};

const STATUS: &str = "/proc/self/status";
/// Writing `5` into it sets the high-water mark to what is resident now (proc(5)).
const CLEAR: &str = "/proc/self/clear_refs";

/// Resident memory of this process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    /// Before the job: input rows in memory, the opened table, the program itself.
    pub before: u64,
    /// The most while the job ran.
    pub most: u64,
}

/// Runs a job and measures it. Meaningful in a process that has done nothing but prepare the job.
///
/// # Errors
/// The job fails, or the system does not tell.
pub fn measure(job: Job<'_>) -> Result<Peak> {
    let before = reset()?;
    let output = job()?;
    let most = most()?;
    drop(output);
    Ok(Peak { before, most })
}

/// Sets the high-water mark to what is resident now, and returns that in bytes.
///
/// # Errors
/// The system does not let us.
pub(crate) fn reset() -> Result<u64> {
    fs::write(CLEAR, "5").map_err(|error| format!("`{CLEAR}`: {error}; memory can be measured on Linux only"))?;
    of_status("VmRSS")
}

/// The most that was resident since [`reset`], in bytes.
///
/// # Errors
/// The system does not tell.
pub(crate) fn most() -> Result<u64> {
    of_status("VmHWM")
}

fn of_status(name: &str) -> Result<u64> {
    let status = fs::read_to_string(STATUS)?;
    field(&status, name).ok_or_else(|| format!("`{STATUS}` has no `{name}`").into())
}

/// A field of the status of a process, which is given in KiB.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_status_are_read() {
        let status = "Name:\tpeers\nVmHWM:\t    2048 kB\nVmRSS:\t      12 kB\n";
        assert_eq!(field(status, "VmHWM"), Some(2048 * 1024));
        assert_eq!(field(status, "VmRSS"), Some(12 * 1024));
        assert_eq!(field(status, "Vm"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_a_job_takes_and_gives_back_is_seen() {
        const TAKEN: usize = 64 << 20;
        let job: Job<'_> = Box::new(|| {
            let bytes = std::hint::black_box(vec![1_u8; TAKEN]);
            drop(bytes);
            Ok(Box::new(Vec::<arrow::array::RecordBatch>::new()))
        });
        let peak = measure(job).unwrap();
        assert!(peak.most >= peak.before + TAKEN as u64 / 2, "{peak:?}");
    }
}
