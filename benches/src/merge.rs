//! MERGE of delta-rs. It joins on all key columns by equality, from which it derives its own file skipping.

use std::num::NonZeroU64;
use std::path::Path;

use datafusion::prelude::{DataFrame, col};
use deltalake::parquet::basic::Compression;
use deltalake::parquet::file::properties::WriterProperties;
use deltalake::{DeltaTable, DeltaTableBuilder, ensure_table_uri};

use crate::Result;
use crate::cases::rows_of_file;
use crate::data::{KEY, UsageLog, usage_schema};

/// A file size that no file of a prepared table reaches.
const UNBOUNDED: Option<NonZeroU64> = NonZeroU64::new(1 << 40);

fn writer_properties() -> WriterProperties {
    WriterProperties::builder().set_compression(Compression::SNAPPY).build()
}

/// Writes the log as a table of so many files.
pub(crate) async fn create(directory: &Path, log: UsageLog, files: u64) -> Result<()> {
    let mut table = DeltaTable::try_from_url(ensure_table_uri(directory.to_string_lossy())?).await?;
    for file in 0..files {
        table = table
            .write(rows_of_file(log, file, files)?)
            .with_target_file_size(UNBOUNDED)
            .with_writer_properties(writer_properties())
            .await?;
    }
    let found = table.get_file_uris()?.count() as u64;
    if found == files { Ok(()) } else { Err(format!("the table has {found} files, not {files}").into()) }
}

/// Opens a table at its newest version.
pub(crate) async fn open(directory: &Path) -> Result<DeltaTable> {
    Ok(DeltaTableBuilder::from_url(ensure_table_uri(directory.to_string_lossy())?)?.load().await?)
}

/// Updates the rows whose key the source has, and inserts the others. Returns how many rows were updated and inserted.
pub(crate) async fn merge(table: DeltaTable, source: DataFrame) -> Result<(DeltaTable, (u64, u64))> {
    let same_key = KEY
        .map(|name| col(format!("target.{name}")).eq(col(format!("source.{name}"))))
        .into_iter()
        .reduce(|left, right| left.and(right))
        .ok_or("a merge needs a key")?;
    let schema = usage_schema();
    let names = || schema.fields().iter().map(|field| field.name().as_str());
    let (table, metrics) = table
        .merge(source, same_key)
        .with_source_alias("source")
        .with_target_alias("target")
        .with_writer_properties(writer_properties())
        .when_matched_update(|update| {
            names().fold(update, |update, name| update.update(name, col(format!("source.{name}"))))
        })?
        .when_not_matched_insert(|insert| {
            names().fold(insert, |insert, name| insert.set(name, col(format!("source.{name}"))))
        })?
        .await?;
    Ok((table, (metrics.num_target_rows_updated as u64, metrics.num_target_rows_inserted as u64)))
}
