//! How rows of existing data files are deleted.

/// How a table deletes rows of files that it has already written (`write_mode:`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// By cost, file by file: small files and files with many deleted rows are rewritten, the others get a deletion vector.
    #[default]
    Auto,
    /// By deletion vectors.
    MergeOnRead,
    /// By rewriting files, for readers that do not know deletion vectors.
    CopyOnWrite,
}

impl WriteMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Auto, Self::MergeOnRead, Self::CopyOnWrite];

    /// Name in model files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::MergeOnRead => "merge_on_read",
            Self::CopyOnWrite => "copy_on_write",
        }
    }
}
