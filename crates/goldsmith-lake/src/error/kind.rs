//! Classes of errors, by which callers decide what comes next.

use object_store::Error as ObjectStoreError;

use super::LakeError;

/// The class of a [`LakeError`]; exit codes, retry loops and other languages' exceptions derive from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that cannot be: a bad location, a schema that does not fit, a key twice.
    InvalidInput,
    /// A directory holds something, but no Delta table.
    NotADeltaTable,
    /// A log entry or a data file cannot be read.
    Corrupt,
    /// The table uses a feature that this engine does not support.
    Unsupported,
    /// Another writer was faster.
    Conflict,
    /// The storage refuses access.
    PermissionDenied,
    /// The storage failed in another way.
    Storage,
    /// Anything else from the layers below.
    Internal,
}

impl LakeError {
    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidLocation { .. }
            | Self::NoTable { .. }
            | Self::InvalidRequest { .. }
            | Self::NoSuchFile { .. }
            | Self::TypeChanged { .. }
            | Self::TypesDiffer { .. }
            | Self::MissingColumn { .. }
            | Self::UnexpectedColumn { .. }
            | Self::ValueDoesNotFit { .. }
            | Self::PathValueDoesNotFit { .. }
            | Self::DuplicateKey { .. }
            | Self::BrokenRule { .. }
            | Self::UnknownStorageOption { .. }
            | Self::StorageSetup { .. } => ErrorKind::InvalidInput,
            Self::NotADeltaTable { .. } | Self::NotASource { .. } => ErrorKind::NotADeltaTable,
            Self::CorruptLog { .. } | Self::CorruptFile { .. } | Self::DeletionVector { .. } => ErrorKind::Corrupt,
            Self::UnsupportedFeature { .. } | Self::UnsafeStorage { .. } | Self::TooWide { .. } => {
                ErrorKind::Unsupported
            }
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::PermissionDenied { .. } => ErrorKind::PermissionDenied,
            Self::Unusable { failure, .. } if failure.is_refusal() => ErrorKind::PermissionDenied,
            Self::Unusable { .. } | Self::Storage { .. } => ErrorKind::Storage,
            Self::Delta { .. }
            | Self::Query { .. }
            | Self::Arrow { .. }
            | Self::Task { .. }
            | Self::Unbalanced { .. } => ErrorKind::Internal,
        }
    }

    /// Whether the same operation, begun anew from a fresh snapshot, can succeed without anybody's help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } => true,
            Self::Storage { source, .. } => !matches!(
                source.downcast_ref::<ObjectStoreError>(),
                Some(ObjectStoreError::NotFound { .. } | ObjectStoreError::NotSupported { .. })
            ),
            _ => false,
        }
    }
}
