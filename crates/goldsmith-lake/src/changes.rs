//! In which files two versions of a table differ.

use std::collections::HashMap;

use crate::error::Result;
use crate::scan::live_files;
use crate::table::Table;

/// The files that a table has and an older version of it has not, or not with the same rows, and the other way round; see
/// [`Table::changed_since`]. Rows that are only in a file of another name are among both.
pub struct Changed {
    /// The older version.
    pub before: Table,
    /// Files of the older version, by [`crate::FileInfo::path`].
    pub gone: Vec<String>,
    /// Files of the newer version.
    pub come: Vec<String>,
}

impl Table {
    /// The files in which the version of this handle differs from an older one, whoever changed them. A file with other rows deleted
    /// differs.
    ///
    /// # Errors
    /// Errors of the Delta layer, for instance because the log does not reach back that far. Files of the older version may be deleted
    /// already, which only reading them tells.
    pub async fn changed_since(&self, version: u64) -> Result<Changed> {
        let before = self.at_version(version).await?;
        let (older, newer) = (live_files(&before, None)?, live_files(self, None)?);
        let mut shown: HashMap<&str, _> = older.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut come = Vec::new();
        for file in &newer {
            match shown.get(file.path.as_str()) {
                Some(older) if older.has_rows_of(file) => {
                    shown.remove(file.path.as_str());
                }
                _ => come.push(file.path.clone()),
            }
        }
        let mut gone: Vec<String> = shown.into_keys().map(str::to_owned).collect();
        gone.sort_unstable();
        Ok(Changed { before, gone, come })
    }
}
