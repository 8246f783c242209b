//! Rows that cannot be identified: kept whole, once, with the reason.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::compute::{and, concat_batches, filter_record_batch, is_null, not, or};
use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_lake::{TableSpec, UpsertRequest, upsert};
use goldsmith_model::{BronzeTable, GoldKind, Model, MutabilityClass};
use goldsmith_query::columns;
use goldsmith_query::json::to_json;
use goldsmith_query::memory::batch_bytes;
use goldsmith_query::normalize::normalize_schema;
use md5::{Digest, Md5};

use crate::context::RunContext;
use crate::error::Result;
use crate::gold::column_arrays;
use crate::memory::Share;

/// Column of the quarantine that says why a row is there.
pub(crate) const REASON: &str = "_reason";
/// Column of the quarantine that identifies a row by its content.
const ROW_HASH: &str = "_row_hash";
/// Column of the quarantine that says when a row came.
const QUARANTINED_AT: &str = "_quarantined_at";

/// One rule by which rows of a source cannot be identified.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// The row is unidentified when all of these are null.
    columns: Vec<String>,
    reason: String,
}

/// The rules of one source.
#[derive(Debug, Clone)]
pub(crate) struct Quarantine {
    rules: Vec<Rule>,
}

impl Quarantine {
    /// The rules that follow from the model: the natural key of the source, the keys of the gold tables that
    /// take their rows from it, and the change time of a change log, without which a row has no place in time.
    pub(crate) fn of(model: &Model, bronze: &BronzeTable) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        let mut add = |columns: &[String], reason: String| {
            if columns.iter().all(|column| bronze.columns.contains_key(column))
                && !rules.iter().any(|rule| rule.columns == columns)
            {
                rules.push(Rule { columns: columns.to_vec(), reason });
            }
        };
        add(&bronze.natural_key, reason_of(&bronze.natural_key));
        for table in model.gold.values() {
            let direct = !matches!(table.kind, GoldKind::Aggregate { .. } | GoldKind::Calendar(_));
            if direct && table.sources().contains(&&bronze.source) {
                add(&table.key, reason_of(&table.key));
            }
        }
        if bronze.mutability == MutabilityClass::Scd2Log
            && let Some(sequence) = &bronze.sequence_by
        {
            add(std::slice::from_ref(sequence), format!("change time {sequence} is null"));
        }
        Self { rules }
    }

    /// The sets of columns of which a row must have one at least.
    pub(crate) fn columns(&self) -> Vec<Vec<String>> {
        self.rules.iter().map(|rule| rule.columns.clone()).collect()
    }

    /// Splits a batch into rows that can be identified and rows that cannot, these with their reason.
    pub(crate) fn split(&self, batch: &RecordBatch) -> Result<(RecordBatch, Option<RecordBatch>)> {
        let mut bad: Option<BooleanArray> = None;
        let mut reasons: Vec<Option<&str>> = Vec::new();
        for rule in &self.rules {
            let arrays = column_arrays(batch, &rule.columns)?;
            if arrays.iter().any(|array| array.null_count() == 0) {
                continue;
            }
            let mut mask: Option<BooleanArray> = None;
            for array in &arrays {
                let nulls = is_null(array)?;
                mask = Some(match mask {
                    Some(mask) => and(&mask, &nulls)?,
                    None => nulls,
                });
            }
            let Some(mask) = mask else { continue };
            reasons.resize(batch.num_rows(), None);
            for (row, reason) in reasons.iter_mut().enumerate() {
                if mask.value(row) && reason.is_none() {
                    *reason = Some(&rule.reason);
                }
            }
            bad = Some(match bad {
                Some(bad) => or(&bad, &mask)?,
                None => mask,
            });
        }
        let Some(bad) = bad.filter(|bad| bad.true_count() > 0) else {
            return Ok((batch.clone(), None));
        };
        let good = filter_record_batch(batch, &not(&bad)?)?;
        let reasons: ArrayRef = Arc::new(StringArray::from(reasons));
        let rows = filter_record_batch(&crate::gold::with_column(batch, REASON, reasons, true)?, &bad)?;
        Ok((good, Some(rows)))
    }
}

/// Rows of a batch whose whole `key` is null, with the reason; none when there is none, or when the key is not
/// made of top-level columns.
pub(crate) fn unidentified_rows(batch: &RecordBatch, key: &[String]) -> Result<Option<RecordBatch>> {
    if key.iter().any(|column| batch.column_by_name(column).is_none()) {
        return Ok(None);
    }
    let rules = vec![Rule { columns: key.to_vec(), reason: reason_of(key) }];
    Ok(Quarantine { rules }.split(batch)?.1)
}

fn reason_of(columns: &[String]) -> String {
    match columns {
        [column] => format!("key column {column} is null"),
        _ => format!("all key columns are null: {}", columns.join(", ")),
    }
}

/// Puts rows into the quarantine of a source when they take all that the share has for rows, and forgets them.
pub(crate) async fn write_if_many(
    ctx: &RunContext,
    bronze: &BronzeTable,
    rows: &mut Vec<RecordBatch>,
    share: &Share,
) -> Result<()> {
    if rows.iter().map(batch_bytes).sum::<u64>() < share.rows() {
        return Ok(());
    }
    write(ctx, bronze, rows).await?;
    rows.clear();
    Ok(())
}

/// Puts rows into the quarantine of a source; a row that is there already is not added again.
pub(crate) async fn write(ctx: &RunContext, bronze: &BronzeTable, rows: &[RecordBatch]) -> Result<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let rows = concat_batches(&first.schema(), rows)?;
    let rows = stamped(ctx, &rows)?;
    let location = ctx.layout.quarantine(&bronze.source);
    let mut table = match ctx.lake.open(&location).await? {
        Some(table) => table,
        None => {
            let spec = TableSpec {
                name: bronze.source.bronze_table(),
                description: Some(format!("Rows of {} that could not be identified.", bronze.source)),
                schema: rows.schema(),
                run_id: ctx.stamp.run_id.clone(),
            };
            ctx.lake.create(&location, spec).await?
        }
    };
    table.add_columns(rows.schema().fields())?;
    let target: SchemaRef = Arc::new(normalize_schema(table.schema()?.as_ref()));
    let rows = super::conform::conform(&rows, &target)?;
    let audit = [columns::RUN_ID, QUARANTINED_AT, columns::SOURCE_VERSION, columns::INGESTED_AT];
    let request = UpsertRequest {
        key: vec![ROW_HASH.into()],
        group: vec![ROW_HASH.into()],
        ignore: audit.iter().map(ToString::to_string).collect(),
        rows: vec![rows],
        write_mode: ctx.write_mode(bronze.write_mode),
        run_id: ctx.stamp.run_id.clone(),
        operation: "MERGE".into(),
        ..UpsertRequest::default()
    };
    upsert(&mut table, request).await?;
    Ok(())
}

/// Adds hash and audit columns, and leaves one row per hash.
fn stamped(ctx: &RunContext, rows: &RecordBatch) -> Result<RecordBatch> {
    let hashes = row_hashes(rows)?;
    let mut seen = std::collections::HashSet::new();
    let mask: BooleanArray = hashes.iter().map(|hash| Some(seen.insert(hash.clone()))).collect();
    let count = rows.num_rows();
    let mut fields: Vec<Field> = rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut arrays = rows.columns().to_vec();
    let mut push = |name: &str, array: ArrayRef| {
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    };
    push(ROW_HASH, Arc::new(StringArray::from(hashes)));
    push(
        QUARANTINED_AT,
        Arc::new(TimestampMicrosecondArray::from_value(ctx.stamp.loaded_at, count).with_timezone("UTC")),
    );
    if rows.column_by_name(columns::RUN_ID).is_none() {
        push(columns::RUN_ID, Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&ctx.stamp.run_id, count))));
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    Ok(filter_record_batch(&batch, &mask)?)
}

/// Identifies rows by their content. Metadata of the load is not content: a row delivered twice is one row.
fn row_hashes(rows: &RecordBatch) -> Result<Vec<String>> {
    let metadata = [columns::SOURCE_VERSION, columns::INGESTED_AT, columns::RUN_ID, columns::IS_PRESENT];
    let schema = rows.schema();
    let mut names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .filter(|name| !metadata.contains(&name.as_str()))
        .collect();
    names.sort();
    let arrays = column_arrays(rows, &names)?;
    let fields: Vec<Field> =
        names.iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let content: ArrayRef = Arc::new(StructArray::try_new_with_length(fields.into(), arrays, None, rows.num_rows())?);
    Ok(to_json(&content)?.iter().map(|text| format!("{:x}", Md5::digest(text.unwrap_or_default()))).collect())
}
