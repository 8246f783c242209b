//! Rows of a change log to versions that tile time (SCD2).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema, TimestampMicrosecondType};

use crate::columns::{IS_CURRENT, IS_DELETED, VALID_FROM, VALID_TO, is_metadata};
use crate::normalize::{column, new_batch, normalize_batch, sort_maps, widen};
use crate::order::{OLDEST_FIRST, encode, group_rows, latest_per_key, named};
use crate::types::timestamp;
use crate::{QueryError, Result};

/// How a change log becomes versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scd2Spec {
    /// Business key.
    pub key: Vec<String>,
    /// Time of a change: a version starts there.
    pub sequence: String,
    /// Column that is set on the row of a deletion.
    pub delete: Option<String>,
    /// Columns whose change makes no version.
    pub untracked: Vec<String>,
}

/// The columns that a timeline adds.
pub fn validity_fields() -> [Field; 4] {
    [
        Field::new(VALID_FROM, timestamp(), false),
        Field::new(VALID_TO, timestamp(), true),
        Field::new(IS_CURRENT, DataType::Boolean, false),
        Field::new(IS_DELETED, DataType::Boolean, false),
    ]
}

/// Builds the versions of whole business keys: the batch holds every row of each key that it has a row of.
///
/// Rows with equal key and sequence are reduced to one by the content; consecutive rows whose tracked columns are
/// equal are one version and keep the columns of the first. Tracked is every column but the key, the sequence, the
/// untracked ones and bronze metadata; of the delete column only whether it is set. Versions come sorted by key and
/// `valid_from`, so that any order and any split of the same rows gives the same result. Bronze metadata columns are dropped.
///
/// # Errors
/// [`QueryError::NullSequence`] when a row has no sequence, [`QueryError::MissingColumn`] when a named column is not
/// there, [`QueryError::NameCollision`] when a carried column has the name of one that is added.
pub fn timeline(batch: &RecordBatch, spec: &Scd2Spec) -> Result<RecordBatch> {
    let rows = without_metadata(batch)?;
    let sequence = column(&rows, &spec.sequence, "the change log")?;
    if sequence.null_count() > 0 {
        return Err(QueryError::NullSequence { column: spec.sequence.clone(), rows: sequence.null_count() });
    }
    for added in validity_fields() {
        if rows.column_by_name(added.name()).is_some() {
            let name = added.name().clone();
            return Err(QueryError::NameCollision {
                first: name.clone(),
                second: format!("{name} of the timeline"),
                name,
            });
        }
    }
    let version_key: Vec<String> = spec.key.iter().chain([&spec.sequence]).cloned().collect();
    let rows = take_record_batch(&rows, &latest_per_key(&rows, &version_key, &[])?)?;
    let versions = versions(&rows, spec, &version_key)?;
    assemble(&rows, spec, &versions)
}

fn without_metadata(batch: &RecordBatch) -> Result<RecordBatch> {
    let kept: Vec<usize> = batch
        .schema_ref()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| !is_metadata(field.name()))
        .map(|(index, _)| index)
        .collect();
    let plain = normalize_batch(&batch.project(&kept)?)?;
    let columns = plain.columns().iter().map(sort_maps).collect::<Result<Vec<_>>>()?;
    new_batch(plain.schema(), columns, plain.num_rows())
}

/// The row that starts each version, and the row that starts the next version of its key.
struct Version {
    row: u64,
    next: Option<u64>,
}

fn versions(rows: &RecordBatch, spec: &Scd2Spec, version_key: &[String]) -> Result<Vec<Version>> {
    let count = rows.num_rows();
    let order = encode(&named(rows, version_key)?, OLDEST_FIRST, count)?;
    let tracked: Vec<String> = rows
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name())
        .filter(|name| {
            !version_key.contains(name) && !spec.untracked.contains(name) && spec.delete.as_ref() != Some(*name)
        })
        .cloned()
        .collect();
    let compared: Vec<ArrayRef> = named(rows, &tracked)?.iter().map(with_one_zero).collect();
    let content = encode(&compared, OLDEST_FIRST, count)?;
    let deleted = deletions(rows, spec)?;
    let same = |a: u64, b: u64| {
        content.row(a as usize) == content.row(b as usize) && deleted.value(a as usize) == deleted.value(b as usize)
    };
    let groups = group_rows(rows, &spec.key)?;
    let mut timelines: Vec<Vec<u64>> = groups.iter().map(<[u64]>::to_vec).collect();
    for timeline in &mut timelines {
        timeline.sort_by_key(|row| order.row(*row as usize));
        timeline.dedup_by(|later, earlier| same(*later, *earlier));
    }
    timelines.sort_by_key(|timeline| timeline.first().and_then(|row| order.row(*row as usize)));
    let pair = |timeline: &Vec<u64>| -> Vec<Version> {
        let next = timeline.iter().skip(1).copied().map(Some).chain([None]);
        timeline.iter().zip(next).map(|(row, next)| Version { row: *row, next }).collect()
    };
    Ok(timelines.iter().flat_map(pair).collect())
}

/// Zero has two signs, and is one value to those who read it.
fn with_one_zero(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 => {
            Arc::new(column.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0))
        }
        DataType::Float32 => {
            Arc::new(column.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0))
        }
        _ => Arc::clone(column),
    }
}

fn deletions(rows: &RecordBatch, spec: &Scd2Spec) -> Result<BooleanArray> {
    let Some(delete) = &spec.delete else {
        return Ok(BooleanArray::from(vec![false; rows.num_rows()]));
    };
    Ok(arrow::compute::is_not_null(column(rows, delete, "the change log")?)?)
}

fn assemble(rows: &RecordBatch, spec: &Scd2Spec, versions: &[Version]) -> Result<RecordBatch> {
    let starts: UInt64Array = versions.iter().map(|version| Some(version.row)).collect();
    let kept = take_record_batch(rows, &starts)?;
    let sequence = widen(&spec.sequence, column(rows, &spec.sequence, "the change log")?, &timestamp())?;
    let sequence = sequence.as_primitive::<TimestampMicrosecondType>();
    let valid_from: TimestampMicrosecondArray =
        versions.iter().map(|version| Some(sequence.value(version.row as usize))).collect();
    let valid_to: TimestampMicrosecondArray =
        versions.iter().map(|version| version.next.map(|next| sequence.value(next as usize))).collect();
    let is_current: BooleanArray = versions.iter().map(|version| Some(version.next.is_none())).collect();
    let is_deleted = deletions(&kept, spec)?;
    let added: [ArrayRef; 4] = [
        Arc::new(valid_from.with_timezone("UTC")),
        Arc::new(valid_to.with_timezone("UTC")),
        Arc::new(is_current),
        Arc::new(is_deleted),
    ];
    let kept_schema = kept.schema();
    let fields: Vec<Field> =
        kept_schema.fields().iter().map(|field| field.as_ref().clone()).chain(validity_fields()).collect();
    let columns: Vec<ArrayRef> = kept.columns().iter().cloned().chain(added).collect();
    new_batch(Arc::new(Schema::new(fields)), columns, versions.len())
}
