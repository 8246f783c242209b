//! What to do about an error.

use std::borrow::Cow;

use super::LakeError;

impl LakeError {
    /// What to do about it, for whoever can do something; none when nothing more can be said than what failed.
    pub fn help(&self) -> Option<Cow<'_, str>> {
        let help = match self {
            Self::InvalidLocation { help, .. } | Self::UnknownStorageOption { help, .. } => help.as_str(),
            Self::NotADeltaTable { .. } => "give an empty directory, or restore the log of the table from a copy",
            Self::NotASource { .. } => "deliver the table as Delta or Parquet, or give the directory in which it is",
            Self::UnsafeStorage { .. } => {
                "use a storage with conditional put (for S3: one that honours `If-None-Match`)"
            }
            Self::NoTable { .. } => "give the directory of a delta table",
            Self::DeletionVector { .. } => "restore the table from a copy",
            Self::NoSuchFile { .. } => "read the table again",
            Self::CorruptLog { .. } => "restore the file or the table from a copy",
            Self::CorruptFile { is_loose: true, .. } => "restore it or take it away",
            Self::CorruptFile { .. } => "restore it from a copy",
            Self::TooWide { .. } => "leave the column or these rows out",
            Self::UnsupportedFeature { .. } => "disable the feature or rewrite the table without it",
            Self::TypeChanged { .. } => "keep its type; only new columns can be added",
            Self::TypesDiffer { .. } => "write it with one type, or keep the files of the other elsewhere",
            Self::MissingColumn { .. } => "add the column to the data",
            Self::UnexpectedColumn { .. } => "add the column to the table first",
            Self::ValueDoesNotFit { .. } => "convert the values before they are written",
            Self::PathValueDoesNotFit { .. } => "rename the directory, or declare the column as a string",
            Self::BrokenRule { .. } => "correct the rows or drop the rule",
            Self::DuplicateKey { .. } => "keep one row of each key; the rows of an upsert must be unique by key",
            Self::Conflict { .. } => "read the table again and retry",
            Self::PermissionDenied { .. } => "check the rights on it",
            Self::StorageSetup { .. } => "check the storage options and the variables of its cloud",
            Self::Unusable { location, failure, .. } => failure.help(location),
            Self::Unbalanced { .. } | Self::Task { .. } => "please report it",
            Self::InvalidRequest { .. }
            | Self::Storage { .. }
            | Self::Delta { .. }
            | Self::Query { .. }
            | Self::Arrow { .. } => return None,
        };
        Some(help.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::StorageFailure;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn what_failed_and_what_to_do_are_told_apart() {
        let (location, reason) = (text("s3://bucket/t"), text("a reason"));
        let cases = [
            LakeError::InvalidLocation {
                location: location.clone(),
                reason: reason.clone(),
                help: text("give a path"),
            },
            LakeError::NotADeltaTable { location: location.clone(), found: text("`a`") },
            LakeError::NotASource { location: location.clone(), found: text("`a`") },
            LakeError::UnsafeStorage { location: location.clone() },
            LakeError::Unbalanced { location: location.clone(), reason: reason.clone() },
            LakeError::DeletionVector { location: location.clone(), reason: reason.clone() },
            LakeError::CorruptLog { location: location.clone(), entry: text("0.json"), reason: reason.clone() },
            LakeError::CorruptFile { file: location.clone(), reason: reason.clone(), is_loose: true },
            LakeError::TooWide { file: location.clone(), reason: reason.clone() },
            LakeError::UnsupportedFeature { location: location.clone(), features: text("f"), access: "read" },
            LakeError::Conflict { location: location.clone(), reason: reason.clone() },
            LakeError::UnknownStorageOption { key: text("k"), help: text("did you mean `l`?") },
            LakeError::StorageSetup { location: location.clone(), reason: reason.clone() },
            LakeError::Unusable { location, failure: StorageFailure::Full, source: reason.into() },
        ];
        for error in cases {
            let help = error.help().unwrap_or_default();
            assert!(!help.is_empty() && !error.to_string().contains(&*help), "{error}; {help}");
        }
    }

    #[test]
    fn only_a_file_that_no_log_knows_can_be_taken_away() {
        for (is_loose, help) in [(true, "restore it or take it away"), (false, "restore it from a copy")] {
            let error = LakeError::CorruptFile { file: text("t/f"), reason: text("cut"), is_loose };
            assert_eq!(error.help().as_deref(), Some(help));
        }
    }
}
