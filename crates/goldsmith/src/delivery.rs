//! Writing source tables: for generated data, tests and benches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, take_record_batch};
use futures::TryStreamExt;
use goldsmith_lake::{
    CommitRequest, Lake, LakeOptions, Location, ScanRequest, Side, Table, TableSpec, UpsertRequest, upsert,
};
use goldsmith_query::normalize::normalize_batch;
use goldsmith_query::order::latest_per_key;
use uuid::Uuid;

use crate::bronze::conform;
use crate::error::{Error, Result};

/// How a delivery relates to what a source table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMode {
    /// The rows are added.
    Append,
    /// The rows are the whole content from now on.
    Snapshot,
}

/// Writes one delivery to the Delta table `<root>/<schema>/<table>` of `source` (`billing.usage`) in one
/// commit, creating the table when it is not there. Returns the number of rows. Storage options are those of the source.
///
/// # Errors
/// A source name without a schema, batches of another schema than the table's, a location that cannot be
/// written.
pub async fn write_delivery(
    options: &LakeOptions,
    root: &str,
    source: &str,
    batches: impl IntoIterator<Item = RecordBatch>,
    mode: DeliveryMode,
) -> Result<u64> {
    let run_id = Uuid::now_v7().to_string();
    let mut batches = batches.into_iter().peekable();
    let Some(mut table) = open_or_create(options, root, source, batches.peek(), &run_id).await? else {
        return Ok(0);
    };
    let removed = match mode {
        DeliveryMode::Append => Vec::new(),
        DeliveryMode::Snapshot => table.files()?.into_iter().map(|file| file.path).collect(),
    };
    let schema = table.data_schema()?;
    let mut writer = table.writer()?;
    for batch in batches {
        // A delivery need not have every column that the table gained.
        writer.write(&conform(&normalize_batch(&batch)?, &schema)?).await?;
    }
    let added = writer.finish().await?;
    let rows = added.rows();
    let request = CommitRequest {
        added,
        removed,
        run_id,
        operation: "WRITE".into(),
        blind_append: mode == DeliveryMode::Append,
        ..CommitRequest::default()
    };
    let _ = table.commit(request).await?;
    Ok(rows)
}

/// Makes `rows` the whole content of the Delta table `<root>/<schema>/<table>` of `source` in one commit, writing only
/// what differs, as a source does that is updated in place: files without a changed row stay. Rows are found by `key`;
/// of several with one key the greatest by content is taken. Returns the number of rows that were given.
///
/// # Errors
/// As [`write_delivery`].
pub async fn merge_delivery(
    options: &LakeOptions,
    root: &str,
    source: &str,
    key: &[String],
    rows: Vec<RecordBatch>,
) -> Result<u64> {
    let run_id = Uuid::now_v7().to_string();
    let Some(mut table) = open_or_create(options, root, source, rows.first(), &run_id).await? else {
        return Ok(0);
    };
    let schema = table.data_schema()?;
    let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
    let conformed = |batch| -> Result<RecordBatch> { Ok(conform(&normalize_batch(batch)?, &schema)?) };
    let rows = rows.iter().map(conformed).collect::<Result<Vec<_>>>()?;
    let rows = concat_batches(&schema, &rows)?;
    let rows = vec![take_record_batch(&rows, &latest_per_key(&rows, key, &[])?)?];
    let mut held = Vec::new();
    let mut stream = table.scan(ScanRequest { columns: Some(key.to_vec()), ..ScanRequest::default() }).await?;
    while let Some(batch) = stream.try_next().await? {
        held.push(batch);
    }
    let extra_groups = held.first().map(|first| concat_batches(&first.schema(), &held)).transpose()?;
    let request = UpsertRequest {
        key: key.to_vec(),
        group: key.to_vec(),
        rows,
        delete_missing_in_group: true,
        extra_groups,
        stage: true,
        ..UpsertRequest::default()
    };
    // Staged, since the keys were read from the table: rows of others that came meanwhile are a conflict.
    let report = upsert(&mut table, request).await?;
    let commit =
        CommitRequest { run_id, operation: "MERGE".into(), metrics: report.metrics(), ..CommitRequest::default() };
    let _ = table.commit(commit).await?;
    Ok(count)
}

/// The table of a source with the columns of `first`; none when neither is there.
async fn open_or_create(
    options: &LakeOptions,
    root: &str,
    source: &str,
    first: Option<&RecordBatch>,
    run_id: &str,
) -> Result<Option<Table>> {
    let (directory, name) = source.split_once('.').ok_or_else(|| Error::Configuration {
        what: format!("`{source}` is no source name"),
        help: "write it as `<schema>.<table>`".into(),
    })?;
    let lake = Lake::new(options.for_side(Side::Source)?);
    let location = Location::parse(root)?.join(directory).join(name);
    let mut table = match (lake.open(&location).await?, first) {
        (Some(table), _) => table,
        (None, None) => return Ok(None),
        (None, Some(first)) => {
            let spec = TableSpec {
                name: name.to_string(),
                description: Some(format!("system.{source}")),
                schema: Arc::clone(&first.schema()),
                run_id: run_id.to_string(),
            };
            lake.create(&location, spec).await?
        }
    };
    if let Some(first) = first {
        table.add_columns(first.schema().fields())?;
    }
    Ok(Some(table))
}
