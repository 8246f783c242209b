//! The files and deletion vectors of an upsert.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt;
use object_store::ObjectStore;

use super::decisions::{Decisions, Examined};
use super::fate::Masks;
use super::probe::Probe;
use super::report::UpsertReport;
use crate::error::{LakeError, Result};
use crate::staged::delete_files;
use crate::table::Table;
use crate::write::TableWriter;
use crate::written::WrittenFiles;

/// What was written, with what tells whether it is still right after the decisions have changed.
#[derive(Default)]
pub(super) struct Output {
    pub(super) written: WrittenFiles,
    /// Rows of rewritten files among those written.
    pub(super) copied: u64,
    /// The new rows that were written, and the numbers of the files whose rows were copied.
    content: Option<(BooleanBuffer, Vec<u32>)>,
    pub(super) masks: Masks,
    /// The numbers of the files that got a vector.
    masked: Vec<u32>,
}

impl Output {
    /// Deletes all of it, as far as the storage lets us.
    pub(super) async fn discard(self, store: &Arc<dyn ObjectStore>) {
        self.written.discard().await;
        delete_files(store, self.masks.vectors.as_slice()).await;
    }
}

impl Decisions {
    /// Writes what follows from the decisions, unless just that was written before. Nothing is left of it after an error.
    pub(super) async fn write(&mut self, table: &Table) -> Result<()> {
        let mut output = std::mem::take(&mut self.output);
        let done = self.bring_up_to_date(&mut output, table).await;
        self.output = output;
        if done.is_err() {
            self.discard().await;
        }
        done
    }

    async fn bring_up_to_date(&self, output: &mut Output, table: &Table) -> Result<()> {
        let (masked, rewritten) = self.losing();
        let numbers = |files: &[&Examined]| files.iter().map(|examined| examined.number).collect::<Vec<u32>>();
        let copied: Vec<&Examined> = rewritten.into_iter().filter(|examined| examined.verdicts.kept() > 0).collect();
        let (rows, copied_from) = (self.probe.new_rows.written(), numbers(&copied));
        // New rows and copies share files, so that they are written together or not at all.
        let is_written = output.content.as_ref().is_some_and(|(known, files)| *known == rows && *files == copied_from);
        if !is_written {
            std::mem::take(&mut output.written).discard().await;
            (output.content, output.copied) = (None, 0);
            if rows.count_set_bits() > 0 || !copied.is_empty() {
                let mut writer = table.writer()?;
                match write(&mut writer, &self.probe, &copied, &self.schema).await {
                    Ok(rows) => output.copied = rows,
                    Err(error) => {
                        writer.abort().await;
                        return Err(error);
                    }
                }
                output.written = writer.finish().await?;
            }
            output.content = Some((rows, copied_from));
        }
        let masked_now = numbers(&masked);
        if output.masked != masked_now {
            let former = std::mem::take(&mut output.masks);
            delete_files(&self.probe.store, former.vectors.as_slice()).await;
            output.masked = Vec::new();
            output.masks = Masks::store(&self.probe, &masked, &self.schema).await?;
            output.masked = masked_now;
        }
        let expected_copies = copied.iter().map(|examined| examined.verdicts.kept()).sum();
        let (inserted, updated, ..) = self.probe.new_rows.counts();
        let report = UpsertReport { inserted, updated, rows_copied: output.copied, ..UpsertReport::default() };
        balance(&self.probe.table, &report, &output.written, expected_copies)
    }
}

/// Writes the rows that stay of rewritten files, then the new rows. Returns the number of the former.
async fn write(writer: &mut TableWriter, probe: &Probe, copied: &[&Examined], schema: &SchemaRef) -> Result<u64> {
    let fail = |error| LakeError::arrow(&probe.table, error);
    let mut rows = 0;
    for Examined { file, verdicts, .. } in copied {
        let mut dropped = verdicts.dropped.iter().copied().peekable();
        let mut start = 0;
        let mut batches = file.file.read(&probe.store, schema, None).await?;
        while let Some(batch) = batches.try_next().await? {
            let mask: BooleanArray = (start..start + batch.num_rows())
                .map(|row| Some(dropped.next_if_eq(&row).is_none() && file.is_alive(row)))
                .collect();
            start += batch.num_rows();
            let kept = filter_record_batch(&batch, &mask).map_err(fail)?;
            rows += kept.num_rows() as u64;
            writer.write(&kept).await?;
        }
    }
    for batch in probe.new_rows.to_write() {
        writer.write(&batch.map_err(fail)?).await?;
    }
    Ok(rows)
}

/// Holds the rows in the files that were written, as the files themselves tell, against what the examination found: a row that
/// got lost or doubled on its way must not become visible.
fn balance(location: &str, report: &UpsertReport, written: &WrittenFiles, expected_copies: u64) -> Result<()> {
    let expected = report.inserted + report.updated + expected_copies;
    let found = written.recorded_rows();
    if report.rows_copied == expected_copies && found == Some(expected) {
        return Ok(());
    }
    let reason = format!(
        "{} new and {} changed rows and {expected_copies} rows of rewritten files make {expected}, but {} were written",
        report.inserted,
        report.updated,
        found.map_or("an unknown number".to_owned(), |found| found.to_string()),
    );
    Err(LakeError::Unbalanced { location: location.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use deltalake::kernel::Add;

    use super::*;
    use crate::written::WrittenFiles;

    /// What a writer reports that wrote so many rows.
    fn written(rows: u64) -> WrittenFiles {
        let stats = Some(format!(r#"{{"numRecords":{rows}}}"#));
        of(Add { stats, ..Add::default() })
    }

    fn of(add: Add) -> WrittenFiles {
        let mut files = WrittenFiles::default();
        files.adds.push(add);
        files
    }

    #[test]
    fn written_rows_must_be_those_that_were_examined() {
        let report = UpsertReport { inserted: 3, updated: 2, ..UpsertReport::default() };
        assert!(balance("t", &report, &written(5), 0).is_ok());
        for rows in [4, 6] {
            let error = balance("t", &report, &written(rows), 0).err().map(|error| error.to_string());
            let said = format!("make 5, but {rows} were written");
            assert!(error.as_ref().is_some_and(|error| error.contains(&said)), "{error:?}");
        }
        let copied = UpsertReport { rows_copied: 1, ..report };
        assert!(balance("t", &copied, &written(5), 0).is_err(), "a copy that no file accounts for");
        assert!(balance("t", &report, &of(Add::default()), 0).is_err(), "a file that does not tell its rows");
    }
}
