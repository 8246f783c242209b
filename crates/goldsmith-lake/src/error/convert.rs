//! Errors of the layers below as errors of this crate, and on their way through the query engine.

use std::error::Error as StdError;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::TransactionError;
use parquet::errors::ParquetError;

use super::LakeError;
use crate::batch_rows::is_overflow;
use crate::failure::{StorageFailure, classify};

impl LakeError {
    /// The error behind an error of a query or of a stream that this crate gave out.
    ///
    /// A [`LakeError`] that travelled through the query engine is unwrapped, a damaged Parquet file is told from other failures.
    pub fn from_query(location: &str, error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(error) => *error,
                Err(inner) => Self::query(location, DataFusionError::External(inner)),
            },
            DataFusionError::Context(_, inner) => Self::from_query(location, *inner),
            DataFusionError::ParquetError(inner) => {
                let inner = match *inner {
                    ParquetError::External(source) => match source.downcast::<Self>() {
                        Ok(error) => return *error,
                        Err(source) => ParquetError::External(source),
                    },
                    inner => inner,
                };
                Self::undecodable(location, inner.to_string())
            }
            DataFusionError::ArrowError(inner, _) if is_overflow(&inner.to_string()) => Self::arrow(location, *inner),
            error => Self::query(location, error),
        }
    }

    /// What a query says of the content of a data file when it does not say of which; `location` stands for it, the table.
    pub fn of_content(location: &str, error: &DataFusionError) -> Option<Self> {
        let reason = match error.find_root() {
            DataFusionError::ParquetError(inner) if inner.source().is_none() => inner.to_string(),
            DataFusionError::ArrowError(inner, _) if matches!(**inner, ArrowError::ParquetError(_)) => {
                inner.to_string()
            }
            _ => return None,
        };
        Some(Self::undecodable(location, reason))
    }

    /// What the content of a file that cannot be decoded is: too much of it at once, or damaged.
    fn undecodable(location: &str, reason: String) -> Self {
        let file = location.to_owned();
        if is_overflow(&reason) {
            Self::TooWide { file, reason }
        } else {
            Self::CorruptFile { file, reason, is_loose: false }
        }
    }

    /// The damaged file of a table that a query came upon, wherever in the causes of its error it is told.
    pub fn damaged_file(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(Self::CorruptFile { file, reason, is_loose }) = error.downcast_ref::<Self>() {
                return Some(Self::CorruptFile { file: file.clone(), reason: reason.clone(), is_loose: *is_loose });
            }
            next = error.source();
        }
        None
    }

    pub(crate) fn arrow(location: &str, source: ArrowError) -> Self {
        let reason = source.to_string();
        if is_overflow(&reason) {
            return Self::TooWide { file: location.to_owned(), reason };
        }
        Self::Arrow { location: location.to_owned(), source }
    }

    pub(crate) fn delta(location: &str, source: DeltaTableError) -> Self {
        let source = match Self::mendable(location, source) {
            Ok(error) => return error,
            Err(source) => source,
        };
        match source {
            DeltaTableError::ObjectStore { source } => Self::storage(location, source),
            DeltaTableError::Transaction { source: TransactionError::ObjectStore { source } } => {
                Self::storage(location, source)
            }
            DeltaTableError::Arrow { source } => Self::arrow(location, source),
            source => Self::Delta { location: location.to_owned(), source: Box::new(source) },
        }
    }

    pub(crate) fn query(location: &str, source: DataFusionError) -> Self {
        Self::mendable(location, source)
            .unwrap_or_else(|source| Self::Query { location: location.to_owned(), source: Box::new(source) })
    }

    pub(crate) fn storage(location: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::mendable(location, source)
            .unwrap_or_else(|source| Self::Storage { location: location.to_owned(), source: Box::new(source) })
    }

    /// The error with what to do about the storage, when its causes tell; otherwise the causes are given back.
    fn mendable<E: StdError + Send + Sync + 'static>(location: &str, source: E) -> std::result::Result<Self, E> {
        match classify(&source) {
            None => Err(source),
            // On a disk it is the path that matters, not who keeps it.
            Some(StorageFailure::Denied) if !location.contains("://") => {
                Ok(Self::PermissionDenied { path: location.to_owned(), source: Box::new(source) })
            }
            Some(failure) => Ok(Self::Unusable { location: location.to_owned(), failure, source: Box::new(source) }),
        }
    }
}

impl From<LakeError> for DataFusionError {
    fn from(error: LakeError) -> Self {
        Self::External(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn a_page_that_cannot_be_decoded_is_told_of_its_table() {
        let page = ParquetError::EOF(text("not enough bytes"));
        let found = LakeError::of_content("t", &DataFusionError::ParquetError(Box::new(page)));
        assert!(matches!(found, Some(LakeError::CorruptFile { ref file, .. }) if file == "t"), "{found:?}");
        let wide = ArrowError::ParquetError(text("index overflow decoding byte array"));
        let found = LakeError::of_content("t", &DataFusionError::ArrowError(Box::new(wide), None));
        assert!(matches!(found, Some(LakeError::TooWide { .. })), "{found:?}");
        let storage = ParquetError::External(Box::new(LakeError::NoTable { location: text("t") }));
        assert!(LakeError::of_content("t", &DataFusionError::ParquetError(Box::new(storage))).is_none());
    }

    #[test]
    fn a_damaged_file_is_found_below_what_a_query_makes_of_it() {
        let damage = LakeError::CorruptFile { file: text("t/f"), reason: text("cut"), is_loose: false };
        let error = DataFusionError::ParquetError(Box::new(ParquetError::External(Box::new(damage))));
        let error = DataFusionError::Shared(std::sync::Arc::new(error));
        let found = LakeError::damaged_file(&error);
        assert!(matches!(found, Some(LakeError::CorruptFile { ref file, .. }) if file == "t/f"), "{found:?}");
        assert!(LakeError::damaged_file(&DataFusionError::Internal(text("else"))).is_none());
    }
}
