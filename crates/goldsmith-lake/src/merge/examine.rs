//! Finding out what an upsert changes, through a scan of the table.

use std::collections::HashSet;

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::error::ArrowError;
use futures::TryStreamExt;

use super::partitions::TouchedPartitions;
use crate::error::{LakeError, Result};
use crate::scan::{ScanRequest, live_files};
use crate::table::{Table, project};
use crate::upsert::{NewRows, Plan, Pruner, RowEncoder, Verdict};

/// Name of the column with the file of a row, while rows are examined.
const FILE_COLUMN: &str = "__goldsmith_file";

/// What has to happen to the rows that the table has.
#[derive(Default)]
pub(super) struct Examined {
    /// Files that lose rows.
    pub(super) files: HashSet<String>,
    /// Keys of rows that go without a successor, each once.
    pub(super) keys: Vec<RecordBatch>,
    /// The number of these rows.
    pub(super) deleted: u64,
    /// Files that statistics or the values of their partition excluded.
    pub(super) files_pruned: usize,
}

/// Compares the rows of touched groups with the new rows.
pub(super) async fn examine(
    table: &Table,
    plan: &Plan,
    key: &[String],
    (pruner, partitions): (&Pruner, Option<&TouchedPartitions>),
    new_rows: &NewRows,
    delete_missing: bool,
) -> Result<Examined> {
    let mut examined = Examined::default();
    if new_rows.is_empty() {
        examined.files_pruned = table.files()?.len();
        return Ok(examined);
    }
    let mut request = ScanRequest {
        columns: Some(plan.judged_schema.fields().iter().map(|field| field.name().clone()).collect()),
        with_file_column: Some(FILE_COLUMN.to_owned()),
        ..ScanRequest::default()
    };
    // What the log tells of files with mapped columns goes by other names.
    if table.is_read_directly()? {
        let live = live_files(table, None)?;
        let count = live.len();
        let hit = live.into_iter().filter(|file| {
            partitions.is_none_or(|partitions| partitions.may_have(file)) && pruner.may_match(file.stats.as_deref())
        });
        let files: Vec<String> = hit.map(|file| file.path).collect();
        examined.files_pruned = count - files.len();
        request.files = Some(files);
    }
    let location = table.location.to_string();
    let mut judge = Judge {
        new_rows,
        keys: RowEncoder::new(&plan.judged_schema, key).map_err(|error| LakeError::arrow(&location, error))?,
        gone: HashSet::new(),
        delete_missing,
    };
    let key_schema = project(&plan.judged_schema, key, &location)?;
    let mut batches = table.scan(request).await?;
    while let Some(batch) = batches.try_next().await.map_err(|error| LakeError::from_query(&location, error))? {
        let rows = judge.judge(&batch).map_err(|error| LakeError::arrow(&location, error))?;
        if rows.has_duplicate {
            let reason = "the table has several rows of one key, and delta-rs' `MERGE` cannot delete one of them; remove \
                          the duplicates first";
            return Err(LakeError::InvalidRequest { location, reason: reason.to_owned() });
        }
        examined.files.extend(rows.files);
        examined.deleted += rows.deleted;
        if let Some(keys) = rows.keys {
            examined.keys.push(crate::conform::conform(&keys, &key_schema, &location)?);
        }
    }
    Ok(examined)
}

/// What became known about one batch.
#[derive(Default)]
struct Judged {
    files: HashSet<String>,
    keys: Option<RecordBatch>,
    deleted: u64,
    has_duplicate: bool,
}

struct Judge<'a> {
    new_rows: &'a NewRows,
    keys: RowEncoder,
    /// Keys of deleted rows that were seen.
    gone: HashSet<Box<[u8]>>,
    delete_missing: bool,
}

impl Judge<'_> {
    fn judge(&mut self, batch: &RecordBatch) -> Result<Judged, ArrowError> {
        let touched = filter_record_batch(batch, &BooleanArray::from(self.new_rows.touches(batch)?))?;
        let mut judged = Judged::default();
        if touched.num_rows() == 0 {
            return Ok(judged);
        }
        let files = touched.column(touched.num_columns() - 1).as_string::<i32>();
        let keys = self.keys.encode(&touched)?;
        let mut gone = Vec::new();
        for (row, verdict) in self.new_rows.judge(&touched, 0)?.into_iter().enumerate() {
            match verdict {
                Verdict::Equal | Verdict::Outranks => continue,
                Verdict::NotAmongNewRows if !self.delete_missing => continue,
                Verdict::NotAmongNewRows => {
                    judged.deleted += 1;
                    if self.gone.insert(keys.row(row).data().into()) {
                        gone.push(row as u64);
                    }
                }
                Verdict::Duplicate => judged.has_duplicate = true,
                Verdict::Differs => {}
            }
            if !judged.files.contains(files.value(row)) {
                judged.files.insert(files.value(row).to_owned());
            }
        }
        if !gone.is_empty() {
            judged.keys = Some(take_record_batch(&touched, &UInt64Array::from(gone))?);
        }
        Ok(judged)
    }
}
