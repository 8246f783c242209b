//! How much memory there is for this process.
//!
//! A control group limits it below what the machine has. The group of a process and all groups around it count, since a
//! service manager sets the limit at any level; in a container the group is the root of what can be seen.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sysinfo::{MemoryRefreshKind, System};

/// Where control groups are mounted by convention.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Bytes of memory that this process may use: of its control group, else of the machine; none when neither tells. Looked at
/// once, so that an answer does not change while the process runs.
pub(super) fn available() -> Option<u64> {
    static AVAILABLE: OnceLock<Option<u64>> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        let mut system = System::new();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let machine = Some(system.total_memory()).filter(|bytes| *bytes > 0);
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let group = group_limit(&groups, Path::new(CONTROL_GROUPS));
        machine.into_iter().chain(group).min()
    })
}

/// The least limit among the control groups of a process, given the text of its `/proc/self/cgroup`, and where control groups
/// are mounted. Version 2 says `max` where there is none; version 1 a number of which the machine has nowhere near.
fn group_limit(groups: &str, mount: &Path) -> Option<u64> {
    groups.lines().filter_map(|line| places(line, mount)).flatten().filter_map(|file| limit_in(&file)).min()
}

/// The files with the limits of one line of `/proc/self/cgroup`: `0::/path` for version 2, `7:memory:/path` for version 1.
fn places(line: &str, mount: &Path) -> Option<Vec<PathBuf>> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let (root, file) = match controllers {
        "" => (mount.to_path_buf(), "memory.max"),
        controllers if controllers.split(',').any(|controller| controller == "memory") => {
            (mount.join("memory"), "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let own = root.join(path.trim_start_matches('/'));
    let around = own.ancestors().take_while(|group| group.starts_with(&root)).map(|group| group.join(file));
    Some(around.collect())
}

fn limit_in(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with_files(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        directory
    }

    #[test]
    fn the_least_limit_of_the_groups_around_a_process_counts() {
        const MIB: u64 = 1 << 20;
        for (name, files, groups, expected) in [
            (
                "version 2",
                &[("a/b/memory.max", "max\n"), ("a/memory.max", "536870912\n")][..],
                "0::/a/b\n",
                Some(512 * MIB),
            ),
            (
                "a tighter one outside",
                &[("a/b/memory.max", "2000000000"), ("a/memory.max", "1000000000")],
                "0::/a/b",
                Some(1_000_000_000),
            ),
            ("the root of a container", &[("memory.max", "268435456\n")], "0::/\n", Some(256 * MIB)),
            ("no limit at all", &[("a/memory.max", "max\n")], "0::/a\n", None),
            (
                "version 1",
                &[
                    ("memory/docker/x/memory.limit_in_bytes", "734003200\n"),
                    ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                "12:cpu,cpuacct:/docker/x\n7:memory:/docker/x\n",
                Some(700 * MIB),
            ),
            (
                "version 1 with another name for the group",
                &[("memory/memory.limit_in_bytes", "1073741824")],
                "7:memory:/docker/x\n",
                Some(1024 * MIB),
            ),
            (
                "both",
                &[("u/memory.max", "5000000000"), ("memory/memory.limit_in_bytes", "4000000000")],
                "7:memory:/\n0::/u\n",
                Some(4_000_000_000),
            ),
            ("other controllers", &[("memory/memory.limit_in_bytes", "1")], "3:cpuset:/\n", None),
            ("not what was expected", &[("a/memory.max", "much\n")], "0::/a\nnonsense\n\n", None),
            ("nothing there", &[], "0::/a\n", None),
        ] {
            let mount = with_files(files);
            assert_eq!(group_limit(groups, mount.path()), expected, "{name}");
        }
    }

    #[test]
    fn a_group_outside_of_the_mount_is_not_looked_for() {
        let mount = with_files(&[("inner/a/memory.max", "max"), ("memory.max", "1")]);
        assert_eq!(group_limit("0::/a\n", &mount.path().join("inner")), None);
    }
}
