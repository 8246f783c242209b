//! Members of several sources gathered into one row per business key.

mod best;
mod combine;
mod groups;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_model::Aggregate;
use indexmap::IndexMap;

use self::best::Best;
use self::groups::Groups;
use crate::normalize::{field, new_batch, normalize_schema, sort_maps, widen};
use crate::order::Part;
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
    empty_is_null: bool,
    groups: Groups,
    best: Vec<Best>,
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
        let best =
            aggregates.iter().map(|(name, aggregate)| Best::new(name, aggregate, &members)).collect::<Result<_>>()?;
        let groups = Groups::new(&key)?;
        Ok(Self { schema: Arc::new(schema), key, empty_is_null, groups, best })
    }

    /// The same aggregator for a part of the keys; the others are passed over.
    #[must_use]
    pub fn of_part(self, part: Part) -> Self {
        Self { groups: self.groups.of_part(part), ..self }
    }

    /// About how many bytes of memory the states take.
    pub fn bytes(&self) -> u64 {
        self.groups.bytes() + self.best.iter().map(Best::bytes).sum::<u64>()
    }

    /// Gives up half of the keys, and returns the part that they make; none when the part is as small as it goes. All members
    /// must be pushed again for that part.
    pub fn halve(&mut self) -> Option<Part> {
        let (left, order) = self.groups.halve()?;
        self.best.iter_mut().for_each(|best| best.keep(&order));
        Some(left)
    }

    /// For each row of a batch with the key columns, whether this aggregator gathers its key.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn gathers(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        self.groups.gathers(&member_columns(batch, &self.key)?)
    }

    /// Adds members. A column that is not there counts as null; members with a null in their key are passed over.
    ///
    /// # Errors
    /// [`QueryError::WrongType`] when a column does not go into the type of the members' schema.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let keys = member_columns(batch, &self.key)?;
        let group_of = self.groups.number(&keys, batch.num_rows(), self.empty_is_null)?;
        let groups = self.groups.len();
        self.best.iter_mut().try_for_each(|best| best.push(batch, &group_of, groups))
    }

    /// The schema of the rows; see [`aggregate_schema`].
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The key columns of all keys that were pushed, one row for each.
    ///
    /// # Errors
    /// [`QueryError::Arrow`], only by a fault of the engine.
    pub fn keys(&self) -> Result<RecordBatch> {
        let (columns, order) = self.groups.sorted()?;
        new_batch(Arc::new(Schema::new(self.key.clone())), columns, order.len())
    }

    /// The rows: one per key, sorted by key. The schema is that of [`aggregate_schema`].
    ///
    /// # Errors
    /// [`QueryError::Arrow`], only by a fault of the engine.
    pub fn finish(self) -> Result<RecordBatch> {
        let (mut columns, order) = self.groups.sorted()?;
        for (best, field) in self.best.iter().zip(self.schema.fields().iter().skip(self.key.len())) {
            columns.push(widen(field.name(), &best.finish(&order)?, field.data_type())?);
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
