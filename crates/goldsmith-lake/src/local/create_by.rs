//! How a file comes to its place only if nothing is there yet.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use uuid::Uuid;

use super::claim::move_claimed;
use super::files::discard;

/// How a complete file gets the name that it shall have, unless something has it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateBy {
    /// By a hard link: disks, NFS.
    HardLink,
    /// By a move that refuses to replace (`renameat2` with `RENAME_NOREPLACE`): exFAT and FAT of the Linux kernel.
    Rename,
    /// By a file that one writer alone can create, and a move while it is there: volumes of Unity Catalog and most FUSE mounts.
    ///
    /// Writers on other machines are kept out only as far as the mount creates files exclusively across machines.
    Claim,
}

/// The content of a probe that must not be replaced.
const KEPT: &[u8] = b"kept";

impl CreateBy {
    /// Tries out what works in a directory, in the order of the variants; none when nothing does.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn find(directory: &Path) -> io::Result<Option<Self>> {
        for way in [Self::HardLink, Self::Rename, Self::Claim] {
            if way.works(directory)? {
                if way != Self::HardLink {
                    tracing::info!(
                        directory = %directory.display(),
                        way = ?way,
                        "there are no hard links here; log entries are created in another way"
                    );
                }
                return Ok(Some(way));
            }
        }
        Ok(None)
    }

    /// Whether files that are not there are made, and files that are there are kept.
    fn works(self, directory: &Path) -> io::Result<bool> {
        let name = format!(".goldsmith-probe-{}", Uuid::new_v4());
        let place = |kind: &str| directory.join(format!("{name}-{kind}"));
        let (new, taken, free) = (place("new"), place("taken"), place("free"));
        let write = |path: &Path, bytes: &[u8]| File::create_new(path)?.write_all(bytes);
        let tried = write(&taken, KEPT).and_then(|()| write(&new, b"new")).and_then(|()| {
            let is_refusal = |error: io::Error| error.kind() == ErrorKind::AlreadyExists;
            let refuses = self.attempt(&new, &taken).is_err_and(is_refusal)
                && (self != Self::Claim || File::create_new(&taken).is_err_and(is_refusal));
            Ok(refuses && fs::read(&taken)? == KEPT && self.attempt(&new, &free).is_ok() && fs::read(&free)? == b"new")
        });
        for path in [new, taken, free] {
            discard(&path);
        }
        tried
    }

    /// Gives a file a second or another name, if that is free; what is left of the first one is the caller's.
    fn attempt(self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::HardLink => fs::hard_link(from, to),
            Self::Rename => rename_new(from, to),
            Self::Claim => move_claimed(from, to),
        }
    }

    /// Moves a complete file to its place, if that is free. Whatever comes of it, the file is no longer where it was.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the place is taken, and errors of the file system.
    pub(super) fn move_new(self, staged: &Path, path: &Path) -> io::Result<()> {
        let moved = self.attempt(staged, path);
        if moved.is_err() || self == Self::HardLink {
            discard(staged);
        }
        moved
    }
}

/// A move that does not replace.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(Into::into)
}

/// A move that does not replace, which other systems do not have.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_way_works_on_a_disk_and_a_hard_link_is_the_first_choice() {
        let place = tempfile::tempdir().unwrap();
        for way in [CreateBy::HardLink, CreateBy::Rename, CreateBy::Claim] {
            assert!(way.works(place.path()).unwrap(), "{way:?}");
        }
        assert_eq!(CreateBy::find(place.path()).unwrap(), Some(CreateBy::HardLink));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(CreateBy::find(&place.path().join("absent")).is_err());
    }
}
