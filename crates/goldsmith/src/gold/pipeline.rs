//! From base rows to gold rows: derived columns, surrogate key, look-ups, audit columns.
//!
//! Base rows hold the carried (or folded) columns of a gold table. Everything else is a function of them and of
//! the dimensions, so that a look-up can be repaired from the gold row itself, without going back to bronze.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_model::{GoldKind, GoldTable, Lookup, LookupKeyPart, LookupKind};
use goldsmith_query::calendar::date_key;
use goldsmith_query::columns;
use goldsmith_query::expression::Derived;
use goldsmith_query::lookup::DimensionIndex;
use goldsmith_query::surrogate::surrogate_key;
use goldsmith_query::types::from_arrow;

use super::index::Members;
use crate::error::{Error, Result};

/// Identity of a run, stamped on every row that it writes.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) run_id: String,
    pub(crate) loaded_at: i64,
}

/// A look-up with the dimension that it goes to; none for a calendar, or when the dimension does not exist yet.
#[derive(Clone)]
pub(crate) struct BoundLookup {
    pub(crate) lookup: Lookup,
    pub(crate) members: Option<Members>,
}

/// Computes gold rows from base rows.
pub(crate) struct Pipeline {
    table: GoldTable,
    base: SchemaRef,
    schema: SchemaRef,
    before: Derived,
    after: Derived,
    lookups: Vec<BoundLookup>,
    stamp: Stamp,
}

impl Pipeline {
    /// Compiles the pipeline of `table` for base rows of schema `base`, yielding rows of `schema`.
    pub(crate) fn new(
        table: &GoldTable,
        base: SchemaRef,
        schema: SchemaRef,
        lookups: Vec<BoundLookup>,
        stamp: Stamp,
    ) -> Result<Self> {
        let resolved: Vec<Field> = lookups
            .iter()
            .flat_map(|bound| {
                let key = Field::new(&bound.lookup.key_column, DataType::Int64, false);
                let fetched = bound.lookup.fetch.keys().filter_map(|name| {
                    schema.field_with_name(name).ok().map(|field| Field::new(name, field.data_type().clone(), true))
                });
                std::iter::once(key).chain(fetched).collect::<Vec<_>>()
            })
            .collect();
        let later = Schema::new(resolved);
        let (before, after) =
            Derived::split(&base, &table.derived, &later).map_err(|errors| Error::expressions(&table.name, errors))?;
        Ok(Self { table: table.clone(), base, schema, before, after, lookups, stamp })
    }

    /// Schema of the base rows.
    pub(crate) fn base(&self) -> &SchemaRef {
        &self.base
    }

    /// Schema of the gold rows.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The look-ups.
    pub(crate) fn lookups(&self) -> &[BoundLookup] {
        &self.lookups
    }

    /// Computes gold rows from base rows, in the same order.
    pub(crate) async fn finish(&self, base: &RecordBatch) -> Result<RecordBatch> {
        let mut batch = self.before.apply(base)?;
        if self.table.is_dimension() {
            let mut parts = column_arrays(&batch, &self.table.key)?;
            if matches!(self.table.kind, GoldKind::Scd2 { .. }) {
                parts.extend(column_arrays(&batch, &["valid_from".to_string()])?);
            }
            batch = with_column(&batch, &self.table.surrogate_key(), Arc::new(surrogate_key(&parts)?), false)?;
        }
        for bound in &self.lookups {
            for (name, values, nullable) in resolve(bound, &batch, &self.schema).await? {
                batch = with_column(&batch, &name, values, nullable)?;
            }
        }
        batch = self.after.apply(&batch)?;
        self.stamped(&batch)
    }

    /// Brings a batch to the schema of the table: missing columns are null, audit columns are set.
    pub(crate) fn stamped(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| -> Result<ArrayRef> {
                if field.name() == columns::RUN_ID {
                    return Ok(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.stamp.run_id, rows))));
                }
                if field.name() == columns::LOADED_AT {
                    let values = TimestampMicrosecondArray::from_value(self.stamp.loaded_at, rows).with_timezone("UTC");
                    return Ok(Arc::new(values));
                }
                match batch.column_by_name(field.name()) {
                    Some(column) => fitted(&self.table.name, column, field),
                    None => Ok(new_null_array(field.data_type(), rows)),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

/// A column in the type that a table has for it. A value that does not fit must not become null without a word.
fn fitted(table: &str, column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(column.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let to = field.data_type();
    cast_with_options(column, to, &strict).map_err(|error| Error::ValueDoesNotFit {
        table: table.to_string(),
        column: field.name().clone(),
        to: from_arrow(to).map_or_else(|_| to.to_string(), |to| to.to_string()),
        reason: error.to_string(),
    })
}

/// Columns of a fact that a look-up reads.
pub(crate) fn lookup_inputs(lookup: &Lookup) -> Vec<String> {
    let parts = |key: &[LookupKeyPart]| {
        key.iter()
            .filter_map(|part| match part {
                LookupKeyPart::Column { fact, .. } => Some(fact.clone()),
                LookupKeyPart::Constant { .. } => None,
            })
            .collect::<Vec<_>>()
    };
    match &lookup.kind {
        LookupKind::Calendar { date } => vec![date.clone()],
        LookupKind::Plain { key } => parts(key),
        LookupKind::AsOf { key, as_of } | LookupKind::Interval { key, as_of } => {
            let mut inputs = parts(key);
            if !inputs.contains(as_of) {
                inputs.push(as_of.clone());
            }
            inputs
        }
    }
}

/// Resolves one look-up for all rows of `batch`: the surrogate key column, then the fetched ones.
async fn resolve(bound: &BoundLookup, batch: &RecordBatch, schema: &Schema) -> Result<Vec<(String, ArrayRef, bool)>> {
    let index = match &bound.members {
        Some(members) => Some(members.of(&lookup_keys(bound, batch)?).await?),
        None => None,
    };
    resolve_in(bound, index.as_deref(), batch, schema)
}

/// Resolves one look-up, with the index of its dimension: the surrogate key column, then the fetched ones.
pub(crate) fn resolve_in(
    bound: &BoundLookup,
    index: Option<&DimensionIndex>,
    batch: &RecordBatch,
    schema: &Schema,
) -> Result<Vec<(String, ArrayRef, bool)>> {
    let lookup = &bound.lookup;
    let rows = batch.num_rows();
    if let LookupKind::Calendar { date } = &lookup.kind {
        let dates = column_arrays(batch, std::slice::from_ref(date))?;
        let keys = date_key(&dates[0])?;
        return Ok(vec![(lookup.key_column.clone(), Arc::new(keys), false)]);
    }
    let mut out: Vec<(String, ArrayRef, bool)> = Vec::with_capacity(1 + lookup.fetch.len());
    let Some(index) = index else {
        out.push((lookup.key_column.clone(), Arc::new(Int64Array::from_value(-1, rows)), false));
        for name in lookup.fetch.keys() {
            let data_type = schema.field_with_name(name)?.data_type().clone();
            out.push((name.clone(), new_null_array(&data_type, rows), true));
        }
        return Ok(out);
    };
    let instants = lookup_instants(bound, batch)?;
    let resolved = index.resolve(&lookup_keys(bound, batch)?, instants.as_ref(), lookup.empty_is_null)?;
    for (name, fetch) in &lookup.fetch {
        out.push((name.clone(), index.fetch(&fetch.column, &resolved.row)?, true));
    }
    out.insert(0, (lookup.key_column.clone(), Arc::new(resolved.surrogate), false));
    Ok(out)
}

/// The columns by which a look-up finds its row, in the order of the dimension's key.
pub(crate) fn lookup_keys(bound: &BoundLookup, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    match &bound.lookup.kind {
        LookupKind::Calendar { date } => column_arrays(batch, std::slice::from_ref(date)),
        LookupKind::Plain { key } | LookupKind::AsOf { key, .. } | LookupKind::Interval { key, .. } => {
            key_arrays(key, batch)
        }
    }
}

/// The instants as of which a look-up finds its row; none when it needs none.
pub(crate) fn lookup_instants(bound: &BoundLookup, batch: &RecordBatch) -> Result<Option<ArrayRef>> {
    match &bound.lookup.kind {
        LookupKind::Calendar { .. } | LookupKind::Plain { .. } => Ok(None),
        LookupKind::AsOf { as_of, .. } | LookupKind::Interval { as_of, .. } => {
            Ok(Some(column_arrays(batch, std::slice::from_ref(as_of))?.remove(0)))
        }
    }
}

fn key_arrays(key: &[LookupKeyPart], batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    key.iter()
        .map(|part| -> Result<ArrayRef> {
            match part {
                LookupKeyPart::Column { fact, .. } => Ok(column_arrays(batch, std::slice::from_ref(fact))?.remove(0)),
                LookupKeyPart::Constant { value, .. } => {
                    Ok(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, batch.num_rows()))))
                }
            }
        })
        .collect()
}

/// The named columns of a batch.
pub(crate) fn column_arrays(batch: &RecordBatch, names: &[String]) -> Result<Vec<ArrayRef>> {
    names
        .iter()
        .map(|name| {
            batch
                .column_by_name(name)
                .cloned()
                .ok_or_else(|| Error::Internal(format!("column `{name}` is not among {}", names_of(batch))))
        })
        .collect()
}

fn names_of(batch: &RecordBatch) -> String {
    let schema = batch.schema();
    schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ")
}

/// Adds a column, or replaces the one of the same name.
pub(crate) fn with_column(batch: &RecordBatch, name: &str, values: ArrayRef, nullable: bool) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    let field = Arc::new(Field::new(name, values.data_type().clone(), nullable));
    match batch.schema().column_with_name(name) {
        Some((index, _)) => {
            fields[index] = field;
            columns[index] = values;
        }
        None => {
            fields.push(field);
            columns.push(values);
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_an_error_and_not_null() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let field = Field::new("n", DataType::Int32, true);
        let fits = fitted("t", &column, &field).unwrap();
        assert_eq!((fits.data_type(), fits.null_count()), (&DataType::Int32, 1));
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(1 << 40)]));
        let error = fitted("t", &column, &field).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Data);
        for part in ["`n`", "`t`", "is int,", "1099511627776"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
