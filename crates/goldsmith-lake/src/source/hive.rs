//! Columns of which the paths of files tell the values, `event_date=2024-03-01/p.parquet`, as Hive and Spark lay them out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use super::names::{find, is_alike};
use super::union::type_name;
use crate::error::{LakeError, Result};
use crate::scan::percent_decode;

/// What stands in a path for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Names and values in the directories of a path; no value means null. Of a name that stands there twice the last one counts.
pub(super) fn path_values(path: &str) -> BTreeMap<String, Option<String>> {
    let directories = path.rsplit_once('/').map_or("", |(directories, _)| directories);
    let parts = directories.split('/').filter_map(|part| part.split_once('=')).filter(|(name, _)| !name.is_empty());
    parts.map(|(name, value)| (percent_decode(name), (value != NULL).then(|| percent_decode(value)))).collect()
}

/// The columns of one file that its path tells and the file itself does not have: where they stand, and the value as an array of one row.
pub(super) struct PathColumns(Vec<(usize, ArrayRef)>);

impl PathColumns {
    /// Those of `target` for the file at `path` with the columns `own`, which errors call `display`.
    ///
    /// # Errors
    /// [`LakeError::PathValueDoesNotFit`] for a value that is none of the type in `target`.
    pub(super) fn new(path: &str, display: &str, own: &Schema, target: &Schema) -> Result<Self> {
        let mut columns = Vec::new();
        for (name, value) in path_values(path) {
            let Some((index, field)) = find(target.fields(), &name) else { continue };
            let is_in_file = own.fields().iter().any(|field| is_alike(field.name(), &name));
            // What is null in the path is missing in the file, which reads as null already.
            let Some(value) = value.filter(|_| !is_in_file) else { continue };
            let text: ArrayRef = Arc::new(StringArray::from(vec![value.as_str()]));
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            let array =
                cast_with_options(&text, field.data_type(), &strict).map_err(|_| LakeError::PathValueDoesNotFit {
                    file: display.to_owned(),
                    column: name.clone(),
                    value: value.clone(),
                    to: type_name(field.data_type()),
                })?;
            columns.push((index, array));
        }
        Ok(Self(columns))
    }

    /// The columns of a batch with the schema `target`, those of the path filled in.
    pub(super) fn fill(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut columns = batch.columns().to_vec();
        let rows = UInt32Array::from(vec![0; batch.num_rows()]);
        for (index, value) in &self.0 {
            if let Some(column) = columns.get_mut(*index) {
                *column = take(value, &rows, None)?;
            }
        }
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_tell_values() {
        for (path, expected) in [
            ("p.parquet", vec![]),
            ("x=1.parquet", vec![]),
            ("a/=b/c/p.parquet", vec![]),
            ("d=2024-01-01 00%3A00%3A00/p.parquet", vec![("d", Some("2024-01-01 00:00:00"))]),
            ("a=1/in/b=x=y/p.parquet", vec![("a", Some("1")), ("b", Some("x=y"))]),
            ("a=__HIVE_DEFAULT_PARTITION__/p.parquet", vec![("a", None)]),
            ("a=1/a=2/p.parquet", vec![("a", Some("2"))]),
        ] {
            let found = path_values(path);
            let found: Vec<(&str, Option<&str>)> =
                found.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
