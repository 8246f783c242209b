//! Which file is what, by its path.

use crate::domain::SourceName;
use crate::shape::FileKind;

/// What a path says about its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Project,
    Bronze(SourceName),
    Gold { domain: String, table: String },
    DataTest { table: String },
}

impl Role {
    /// Reads a path relative to the models directory; none where no model file belongs.
    pub(super) fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_suffix(".yaml")?.split('/').collect();
        match parts.as_slice() {
            ["project"] => Some(Self::Project),
            ["bronze", schema, table] => {
                Some(Self::Bronze(SourceName { schema: (*schema).to_owned(), table: (*table).to_owned() }))
            }
            ["gold", domain, table] => Some(Self::Gold { domain: (*domain).to_owned(), table: (*table).to_owned() }),
            ["tests", table] => Some(Self::DataTest { table: (*table).to_owned() }),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> FileKind {
        match self {
            Self::Project => FileKind::Project,
            Self::Bronze(_) => FileKind::Bronze,
            Self::Gold { .. } => FileKind::Gold,
            Self::DataTest { .. } => FileKind::DataTest,
        }
    }
}
