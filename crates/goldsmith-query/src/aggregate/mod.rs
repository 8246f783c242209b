//! Members of several sources gathered into one row per business key.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::RowConverter;
use datafusion::common::HashMap;
use goldsmith_model::{Aggregate, AggregateFunction};
use indexmap::IndexMap;

use crate::normalize::{field, new_batch, normalize_schema, sort_maps, widen};
use crate::order::{OLDEST_FIRST, converter};
use crate::types::{common_type, is_lossless, to_arrow, with_comment};
use crate::{QueryError, Result};

/// The columns of several kinds of members as one schema: every column once, with a type into which all go.
///
/// # Errors
/// [`QueryError::WrongType`] when two members have types for one column that have nothing in common.
pub fn member_schema<'a>(members: impl IntoIterator<Item = &'a Schema>) -> Result<Schema> {
    let mut types: IndexMap<String, DataType> = IndexMap::new();
    for member in members {
        for field in normalize_schema(member).fields() {
            let common = match types.get(field.name()) {
                Some(known) => common_type(known, field.data_type()).ok_or_else(|| QueryError::WrongType {
                    column: field.name().clone(),
                    expected: known.clone(),
                    found: field.data_type().clone(),
                })?,
                None => field.data_type().clone(),
            };
            types.insert(field.name().clone(), common);
        }
    }
    Ok(Schema::new(types.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect::<Vec<_>>()))
}

/// The schema of [`Aggregator::finish`]: key columns, then aggregates with descriptions as `comment`.
///
/// # Errors
/// [`QueryError::MissingColumn`] when no member has a column that is named, [`QueryError::WrongType`] when an aggregate does
/// not go into its declared type.
pub fn aggregate_schema(key: &[String], aggregates: &IndexMap<String, Aggregate>, members: &Schema) -> Result<Schema> {
    let members = normalize_schema(members);
    let mut fields: Vec<Field> =
        key.iter().map(|name| Ok(field(&members, name, "the members")?.clone())).collect::<Result<_>>()?;
    for (name, aggregate) in aggregates {
        let found = field(&members, &aggregate.column, "the members")?.data_type().clone();
        for by in &aggregate.by {
            field(&members, by, "the members")?;
        }
        let expected = to_arrow(&aggregate.data_type);
        if !is_lossless(&found, &expected) {
            return Err(QueryError::WrongType { column: name.clone(), expected, found });
        }
        fields.push(with_comment(Field::new(name, expected, true), Some(&aggregate.description)));
    }
    Ok(Schema::new(fields))
}

/// Gathers members, batch by batch, in any order. Holds one state per key, not the rows.
#[derive(Debug)]
pub struct Aggregator {
    schema: SchemaRef,
    key: Vec<Field>,
    key_converter: RowConverter,
    empty_is_null: bool,
    groups: HashMap<Box<[u8]>, usize>,
    states: Vec<State>,
}

/// One aggregate: the tuple that decides it, encoded, per key. The last column of the tuple is the value.
#[derive(Debug)]
struct State {
    name: String,
    smallest: bool,
    tuple: Vec<Field>,
    converter: RowConverter,
    best: Vec<Option<Box<[u8]>>>,
}

impl Aggregator {
    /// An aggregator over members with the columns of `members` (see [`member_schema`]).
    ///
    /// With `empty_is_null` an empty text in the key counts as null.
    ///
    /// # Errors
    /// As [`aggregate_schema`].
    pub fn new(
        key: &[String],
        aggregates: &IndexMap<String, Aggregate>,
        members: &Schema,
        empty_is_null: bool,
    ) -> Result<Self> {
        let schema = aggregate_schema(key, aggregates, members)?;
        let members = normalize_schema(members);
        let key: Vec<Field> = schema.fields().iter().take(key.len()).map(|field| field.as_ref().clone()).collect();
        let states =
            aggregates.iter().map(|(name, aggregate)| State::new(name, aggregate, &members)).collect::<Result<_>>()?;
        let key_converter = converter(key.iter().map(Field::data_type), OLDEST_FIRST)?;
        Ok(Self { schema: Arc::new(schema), key, key_converter, empty_is_null, groups: HashMap::new(), states })
    }

    /// Adds members. A column that is not there counts as null; members with a null in their key are passed over.
    ///
    /// # Errors
    /// [`QueryError::WrongType`] when a column does not go into the type of the members' schema.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = member_columns(batch, &self.key)?;
        let encoded = self.key_converter.convert_columns(&keys)?;
        let mut group_of: Vec<Option<usize>> = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if keys.iter().any(|key| is_unknown(key, row, self.empty_is_null)) {
                group_of.push(None);
                continue;
            }
            let bytes = encoded.row(row);
            let group = match self.groups.get(bytes.as_ref()) {
                Some(group) => *group,
                None => {
                    let group = self.groups.len();
                    self.groups.insert(bytes.as_ref().into(), group);
                    group
                }
            };
            group_of.push(Some(group));
        }
        let groups = self.groups.len();
        self.states.iter_mut().try_for_each(|state| state.push(batch, &group_of, groups))
    }

    /// The rows: one per key, sorted by key.
    ///
    /// # Errors
    /// [`QueryError::Arrow`], only by a fault of the engine.
    pub fn finish(self) -> Result<RecordBatch> {
        let mut groups: Vec<(Box<[u8]>, usize)> = self.groups.into_iter().collect();
        groups.sort_unstable();
        let parser = self.key_converter.parser();
        let mut columns = self.key_converter.convert_rows(groups.iter().map(|(bytes, _)| parser.parse(bytes)))?;
        let order: Vec<usize> = groups.iter().map(|(_, group)| *group).collect();
        for (state, field) in self.states.iter().zip(self.schema.fields().iter().skip(self.key.len())) {
            columns.push(widen(field.name(), &state.finish(&order)?, field.data_type())?);
        }
        new_batch(self.schema, columns, order.len())
    }
}

/// Whether a part of a key is null, or empty where that counts as null.
pub(crate) fn is_unknown(key: &ArrayRef, row: usize, empty_is_null: bool) -> bool {
    key.is_null(row)
        || (empty_is_null && key.data_type() == &DataType::Utf8 && key.as_string::<i32>().value(row).is_empty())
}

fn member_columns(batch: &RecordBatch, fields: &[Field]) -> Result<Vec<ArrayRef>> {
    fields
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => sort_maps(&widen(field.name(), column, field.data_type())?),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect()
}

impl State {
    fn new(name: &str, aggregate: &Aggregate, members: &Schema) -> Result<Self> {
        let by: &[String] = match aggregate.function {
            AggregateFunction::Last => &aggregate.by,
            AggregateFunction::Min | AggregateFunction::Max => &[],
        };
        let tuple = by
            .iter()
            .chain([&aggregate.column])
            .map(|name| Ok(field(members, name, "the members")?.clone()))
            .collect::<Result<Vec<_>>>()?;
        let converter = converter(tuple.iter().map(Field::data_type), OLDEST_FIRST)?;
        let smallest = aggregate.function == AggregateFunction::Min;
        Ok(Self { name: name.to_owned(), smallest, tuple, converter, best: Vec::new() })
    }

    fn push(&mut self, batch: &RecordBatch, group_of: &[Option<usize>], groups: usize) -> Result<()> {
        self.best.resize(groups, None);
        let columns = member_columns(batch, &self.tuple)?;
        let Some(values) = columns.last() else { return Ok(()) };
        if values.null_count() == values.len() {
            return Ok(());
        }
        let encoded = self.converter.convert_columns(&columns)?;
        for (row, group) in group_of.iter().enumerate() {
            let Some(best) = group.and_then(|group| self.best.get_mut(group)) else { continue };
            if values.is_null(row) {
                continue;
            }
            let candidate = encoded.row(row);
            let candidate = candidate.as_ref();
            let better = match best {
                None => true,
                Some(known) if self.smallest => candidate < known.as_ref(),
                Some(known) => candidate > known.as_ref(),
            };
            if better {
                *best = Some(candidate.into());
            }
        }
        Ok(())
    }

    /// The values of the groups in the given order.
    fn finish(&self, order: &[usize]) -> Result<ArrayRef> {
        let nulls: Vec<ArrayRef> = self.tuple.iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        let nothing = self.converter.convert_columns(&nulls)?;
        let nothing: Box<[u8]> = nothing.row(0).as_ref().into();
        let parser = self.converter.parser();
        let rows = order.iter().map(|group| {
            let bytes = self.best.get(*group).and_then(Option::as_ref).unwrap_or(&nothing);
            parser.parse(bytes)
        });
        self.converter.convert_rows(rows)?.pop().ok_or_else(|| QueryError::MissingColumn {
            column: self.name.clone(),
            context: "the aggregates".to_owned(),
        })
    }
}
