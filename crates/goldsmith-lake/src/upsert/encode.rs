//! Rows as bytes: equal bytes exactly when the rows are equal, nulls included, and lesser ones when a row is the lesser one.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, StructArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::hash_utils::{RandomState, create_hashes};

/// Hashes are compared within one process only.
const HASH_SEED: u64 = 0x676f_6c64;

type ArrowResult<T> = std::result::Result<T, ArrowError>;

/// Encodes some columns of batches of one schema.
///
/// The entries of maps are sorted by key first, since their order has no meaning. The bytes compare as the rows do, column by column:
/// null before any value, floating-point numbers by the total order of IEEE 754 (-0.0 before 0.0, NaN last), nested values by what they
/// hold.
pub(crate) struct RowEncoder {
    columns: Vec<String>,
    converter: RowConverter,
}

impl RowEncoder {
    pub(crate) fn new(schema: &Schema, columns: &[String]) -> ArrowResult<Self> {
        let fields = columns
            .iter()
            .map(|name| {
                let field = schema.field_with_name(name)?;
                Ok(SortField::new(field.data_type().clone()))
            })
            .collect::<ArrowResult<Vec<_>>>()?;
        Ok(Self { columns: columns.to_vec(), converter: RowConverter::new(fields)? })
    }

    pub(crate) fn encode(&self, batch: &RecordBatch) -> ArrowResult<Rows> {
        let columns = self
            .columns
            .iter()
            .map(|name| {
                let index = batch.schema_ref().index_of(name)?;
                with_sorted_maps(batch.column(index))
            })
            .collect::<ArrowResult<Vec<_>>>()?;
        if columns.is_empty() {
            // A converter of no columns would lose the number of rows.
            let mut rows = self.converter.empty_rows(batch.num_rows(), 0);
            let parser = self.converter.parser();
            for _ in 0..batch.num_rows() {
                rows.push(parser.parse(&[]));
            }
            return Ok(rows);
        }
        self.converter.convert_columns(&columns)
    }

    /// Rows of this encoder, none yet.
    pub(crate) fn no_rows(&self) -> Rows {
        self.converter.empty_rows(0, 0)
    }

    /// Hashes of the rows of a batch that are encoded already, as [`Self::hash`] gives them; of their bytes for nested columns.
    pub(crate) fn hash_encoded(&self, batch: &RecordBatch, rows: &Rows) -> ArrowResult<Vec<u64>> {
        match self.hash(batch)? {
            Some(hashes) => Ok(hashes),
            None => {
                let state = RandomState::with_seed(HASH_SEED);
                Ok(rows.iter().map(|row| state.hash_one(row.data())).collect())
            }
        }
    }

    /// Hashes of the rows, equal for equal rows; cheaper than encoding them. None for nested columns.
    pub(crate) fn hash(&self, batch: &RecordBatch) -> ArrowResult<Option<Vec<u64>>> {
        let columns = self
            .columns
            .iter()
            .map(|name| Ok(Arc::clone(batch.column(batch.schema_ref().index_of(name)?))))
            .collect::<ArrowResult<Vec<_>>>()?;
        if columns.iter().any(|column| column.data_type().is_nested()) {
            return Ok(None);
        }
        let mut hashes = vec![0; batch.num_rows()];
        create_hashes(&columns, &RandomState::with_seed(HASH_SEED), &mut hashes)
            .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        Ok(Some(hashes))
    }
}

fn holds_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| holds_map(field.data_type())),
        DataType::List(element) => holds_map(element.data_type()),
        _ => false,
    }
}

fn with_sorted_maps(array: &ArrayRef) -> ArrowResult<ArrayRef> {
    if !holds_map(array.data_type()) {
        return Ok(Arc::clone(array));
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let columns = array.columns().iter().map(with_sorted_maps).collect::<ArrowResult<Vec<_>>>()?;
            StructArray::try_new(fields.clone(), columns, array.nulls().cloned())
                .map(|array| Arc::new(array) as ArrayRef)
        }
        DataType::List(element) => {
            let array = array.as_list::<i32>();
            let values = with_sorted_maps(array.values())?;
            ListArray::try_new(Arc::clone(element), array.offsets().clone(), values, array.nulls().cloned())
                .map(|array| Arc::new(array) as ArrayRef)
        }
        DataType::Map(entries, sorted) => sort_map(array.as_map(), entries, *sorted),
        _ => Ok(Arc::clone(array)),
    }
}

fn sort_map(map: &MapArray, entries: &arrow::datatypes::FieldRef, sorted: bool) -> ArrowResult<ArrayRef> {
    let converter = RowConverter::new(vec![SortField::new(map.keys().data_type().clone())])?;
    let keys = converter.convert_columns(&[Arc::clone(map.keys())])?;
    let mut order = (0..u32::try_from(map.keys().len()).unwrap_or(u32::MAX)).collect::<Vec<_>>();
    for bounds in map.offsets().windows(2) {
        if let [start, end] = bounds {
            let (start, end) = (usize::try_from(*start).unwrap_or_default(), usize::try_from(*end).unwrap_or_default());
            if let Some(range) = order.get_mut(start..end) {
                range.sort_by(|a, b| keys.row(*a as usize).cmp(&keys.row(*b as usize)));
            }
        }
    }
    let order = UInt32Array::from(order);
    let values = with_sorted_maps(map.values())?;
    let structs = StructArray::try_new(
        map.entries().fields().clone(),
        vec![take(map.keys(), &order, None)?, take(&values, &order, None)?],
        None,
    )?;
    MapArray::try_new(Arc::clone(entries), map.offsets().clone(), structs, map.nulls().cloned(), sorted)
        .map(|array| Arc::new(array) as ArrayRef)
}
