//! The directory of a demo: used only when it is new, empty or marked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Marks a directory whose tables a demo wrote and may remove.
const MARKER: &str = ".goldsmith-demo";
const MARKER_TEXT: &str =
    "`goldsmith demo` wrote the directories `source` and `lake` here, and removes them when it starts anew.\n";
const SOURCE: &str = "source";
const TARGET: &str = "lake";

/// A directory that is ours.
#[derive(Debug)]
pub(super) struct DemoDirectory {
    path: PathBuf,
}

impl DemoDirectory {
    /// Creates and marks the directory. The tables of a former demo are removed unless `keep` says otherwise;
    /// nothing else in it is ever touched.
    ///
    /// # Errors
    /// A directory with something else in it; no permission.
    pub(super) fn prepare(path: &Path, keep: bool) -> Result<Self> {
        let marker = path.join(MARKER);
        match fs::read_dir(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(|source| Error::file("create the directory", path, source))?;
            }
            Err(source) => return Err(Error::file("use the directory", path, source)),
            Ok(mut entries) => {
                if !marker.is_file() && entries.next().is_some() {
                    return Err(Error::usage(
                        format!("the directory `{}` is not empty and holds no former demo", path.display()),
                        "give an empty or a new one with `--dir`",
                    ));
                }
            }
        }
        fs::write(&marker, MARKER_TEXT).map_err(|source| Error::file("write", &marker, source))?;
        if !keep {
            for tables in [SOURCE, TARGET] {
                remove(&path.join(tables))?;
            }
        }
        let source = path.join(SOURCE);
        fs::create_dir_all(&source).map_err(|error| Error::file("create the directory", &source, error))?;
        Ok(Self { path: path.to_path_buf() })
    }

    /// Root of the source tables.
    pub(super) fn source(&self) -> String {
        self.path.join(SOURCE).display().to_string()
    }

    /// Root of bronze and gold.
    pub(super) fn target(&self) -> String {
        self.path.join(TARGET).display().to_string()
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::file("remove the former", path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_demo_wrote_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let demo = root.path().join("new/demo");
        let directory = DemoDirectory::prepare(&demo, false).unwrap();
        fs::create_dir_all(directory.target()).unwrap();
        fs::write(demo.join("notes.txt"), "mine").unwrap();
        DemoDirectory::prepare(&demo, true).unwrap();
        assert!(demo.join(TARGET).is_dir(), "kept");
        DemoDirectory::prepare(&demo, false).unwrap();
        assert!(!demo.join(TARGET).exists(), "removed");
        assert_eq!(fs::read_to_string(demo.join("notes.txt")).unwrap(), "mine");
    }

    #[test]
    fn a_directory_with_something_else_is_refused_untouched() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(TARGET)).unwrap();
        for keep in [false, true] {
            let error = DemoDirectory::prepare(root.path(), keep).unwrap_err();
            assert!(error.message().contains("holds no former demo"), "{}", error.message());
        }
        assert!(root.path().join(TARGET).is_dir() && !root.path().join(MARKER).exists());
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(DemoDirectory::prepare(&file, false).unwrap_err().exit_code(), 1);
    }
}
