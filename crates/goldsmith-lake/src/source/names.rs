//! Columns and nested fields by the names that another schema has for them.
//!
//! Delta Lake and Spark do not tell names by case, while Arrow does. So what differs in case only is one column, unless both names stand
//! side by side: then nothing tells which of them is meant.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

/// How the columns and nested fields of a schema are called elsewhere.
#[derive(Debug, Clone)]
pub struct Names {
    own: Fields,
    /// The same fields in the same order, under the names that were found for them.
    given: Fields,
    matched: Vec<(String, String)>,
}

impl Names {
    /// Finds the columns of `own` in `bases`, of which the first one counts that knows a column. The same name is preferred; one that
    /// differs in case only is as good when no other field stands beside it, on either side, that differs in case only as well. What is
    /// in none of them keeps its name. The types are plain: structs, lists and maps are the only nested ones.
    pub fn new(own: &Schema, bases: &[&Schema]) -> Self {
        let bases: Vec<&Fields> = bases.iter().map(|base| base.fields()).collect();
        let mut matched = Vec::new();
        let given = name_fields(own.fields(), &bases, &Place::default(), &mut matched);
        Self { own: own.fields().clone(), given, matched }
    }

    /// Whether everything keeps its name.
    pub fn are_own(&self) -> bool {
        self.matched.is_empty()
    }

    /// What has another name, and which, by dotted paths.
    pub fn matched(&self) -> &[(String, String)] {
        &self.matched
    }

    /// The whole schema under the names that were found.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.given.clone()))
    }

    /// The name in the own schema of a column that is called `name` elsewhere.
    pub fn own_name<'n>(&'n self, name: &'n str) -> &'n str {
        let mut columns = self.own.iter().zip(&self.given);
        columns.find(|(_, given)| given.name() == name).map_or(name, |(own, _)| own.name())
    }

    /// Columns of the own schema under the names that were found. Others, such as one that a reader appended, stay as they are.
    pub fn of(&self, columns: &Schema) -> SchemaRef {
        let fields: Fields = columns.fields().iter().map(|field| self.given(field)).collect();
        Arc::new(Schema::new_with_metadata(fields, columns.metadata().clone()))
    }

    /// A batch with columns of the own schema under the names that were found.
    ///
    /// # Errors
    /// The types are not those of the own schema.
    pub fn rename(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if self.are_own() { Ok(batch.clone()) } else { relabel(batch, &self.of(batch.schema_ref())) }
    }

    fn given(&self, field: &FieldRef) -> FieldRef {
        let mut columns = self.own.iter().zip(&self.given);
        let found = columns.find(|(own, _)| own.name() == field.name());
        found.map_or_else(|| Arc::clone(field), |(_, given)| Arc::clone(given))
    }
}

/// The same columns in the same order under the names of `schema`, at any depth.
pub(crate) fn relabel(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| relabel_array(column, field.data_type()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &options)
}

fn relabel_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), to) {
        (DataType::Struct(from), DataType::Struct(fields)) if from.len() == fields.len() => {
            let array = array.as_struct();
            let children = array.columns().iter().zip(fields);
            let children = children.map(|(child, field)| relabel_array(child, field.data_type()));
            let children = children.collect::<Result<Vec<_>, _>>()?;
            let nulls = array.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), children, nulls, array.len())?))
        }
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            let values = relabel_array(list.values(), element.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, nulls)?))
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let map = array.as_map();
            let own: ArrayRef = Arc::new(map.entries().clone());
            let renamed = relabel_array(&own, entries.data_type())?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(Arc::clone(entries), offsets, renamed, nulls, *sorted)?))
        }
        // Nothing to rename; what has another type is found when the batch is made.
        _ => Ok(Arc::clone(array)),
    }
}

/// A field by its name, or by one that differs in case only when there is but one.
pub(super) fn find<'f>(fields: &'f Fields, name: &str) -> Option<(usize, &'f FieldRef)> {
    if let Some(found) = fields.find(name) {
        return Some(found);
    }
    let mut alike = fields.iter().enumerate().filter(|(_, field)| is_alike(field.name(), name));
    let first = alike.next();
    first.filter(|_| alike.next().is_none())
}

/// Whether two names differ at most in case.
pub(super) fn is_alike(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

/// The name by which `base` knows a field of `own`; its own name when others contest that, and none when `base` has nothing like it.
fn known_as<'f>(name: &'f str, own: &Fields, base: &'f Fields) -> Option<&'f str> {
    if base.find(name).is_some() {
        return Some(name);
    }
    let mut alike = base.iter().filter(|known| is_alike(known.name(), name));
    let known = alike.next()?;
    let is_contested = alike.next().is_some() || own.iter().filter(|other| is_alike(other.name(), name)).count() > 1;
    Some(if is_contested { name } else { known.name() })
}

/// Where a field is, in the own schema and under the names that were found.
#[derive(Default)]
struct Place {
    own: String,
    given: String,
}

impl Place {
    fn below(&self, own: &str, given: &str) -> Self {
        let joined = |path: &str, name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        Self { own: joined(&self.own, own), given: joined(&self.given, given) }
    }
}

fn name_fields(own: &Fields, bases: &[&Fields], place: &Place, matched: &mut Vec<(String, String)>) -> Fields {
    let mut fields: Vec<Field> = Vec::with_capacity(own.len());
    for field in own {
        let known = bases.iter().filter_map(|base| Some((*base, known_as(field.name(), own, base)?)));
        let known: Vec<(&Fields, &str)> = known.collect();
        let name = known.first().map_or(field.name().as_str(), |(_, name)| *name);
        let place = place.below(field.name(), name);
        if name != field.name() {
            matched.push((place.own.clone(), place.given.clone()));
        }
        let types: Vec<&DataType> =
            known.iter().filter_map(|(base, name)| base.find(name)).map(|(_, found)| found.data_type()).collect();
        let data_type = name_type(field.data_type(), &types, &place, matched);
        fields.push(field.as_ref().clone().with_name(name).with_data_type(data_type));
    }
    fields.into()
}

fn name_type(own: &DataType, bases: &[&DataType], place: &Place, matched: &mut Vec<(String, String)>) -> DataType {
    match own {
        DataType::Struct(fields) => {
            let bases: Vec<&Fields> = bases.iter().filter_map(|base| fields_of(base)).collect();
            DataType::Struct(name_fields(fields, &bases, place, matched))
        }
        DataType::List(element) => {
            let bases: Vec<&DataType> = bases.iter().filter_map(|base| element_of(base)).collect();
            let named = name_type(element.data_type(), &bases, &place.below("element", "element"), matched);
            DataType::List(Arc::new(element.as_ref().clone().with_data_type(named)))
        }
        DataType::Map(entries, sorted) => {
            let Some(parts) = fields_of(entries.data_type()) else { return own.clone() };
            let parts = parts.iter().zip(["key", "value"]).enumerate().map(|(index, (part, name))| {
                // Writers name the inner fields of maps as they like.
                let bases: Vec<&DataType> = bases.iter().filter_map(|base| part_of(base, index)).collect();
                let named = name_type(part.data_type(), &bases, &place.below(name, name), matched);
                Arc::new(part.as_ref().clone().with_data_type(named))
            });
            let parts = DataType::Struct(parts.collect());
            DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(parts)), *sorted)
        }
        other => other.clone(),
    }
}

fn fields_of(data_type: &DataType) -> Option<&Fields> {
    match data_type {
        DataType::Struct(fields) => Some(fields),
        _ => None,
    }
}

fn element_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(element) => Some(element.data_type()),
        _ => None,
    }
}

fn part_of(data_type: &DataType, index: usize) -> Option<&DataType> {
    match data_type {
        DataType::Map(entries, _) => fields_of(entries.data_type())?.get(index).map(|part| part.data_type()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::buffer::OffsetBuffer;

    use super::*;

    fn schema(names: &[&str]) -> Schema {
        Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_found_in_any_case_unless_two_contest_it() {
        for (own, bases, expected) in [
            (vec!["a", "B"], vec![vec!["a", "b"]], vec!["a", "b"]),
            (vec!["ID", "x"], vec![vec!["id"]], vec!["id", "x"]),
            // The same name is preferred, and whatever stands beside it is another column.
            (vec!["X", "x"], vec![vec!["x"]], vec!["X", "x"]),
            (vec!["X", "x"], vec![vec!["xy"]], vec!["X", "x"]),
            (vec!["Ab", "AB"], vec![vec!["ab"]], vec!["Ab", "AB"]),
            (vec!["AB"], vec![vec!["ab", "Ab"]], vec!["AB"]),
            (vec!["Ab"], vec![vec!["ab", "Ab"]], vec!["Ab"]),
            // The first one that knows a column decides.
            (vec!["NEW"], vec![vec!["id"], vec!["new"]], vec!["new"]),
            (vec!["new"], vec![vec!["New"], vec!["new"]], vec!["New"]),
            (vec!["GRÖSSE"], vec![vec!["grösse"]], vec!["grösse"]),
        ] {
            let bases: Vec<Schema> = bases.iter().map(|base| schema(base)).collect();
            let names = Names::new(&schema(&own), &bases.iter().collect::<Vec<_>>());
            let given = names.schema();
            let given: Vec<&str> = given.fields().iter().map(|field| field.name().as_str()).collect();
            assert_eq!(given, expected, "{own:?}");
            assert_eq!(names.are_own(), own == expected, "{own:?}");
            for (own, given) in own.iter().zip(&given) {
                assert_eq!(names.own_name(given), *own);
            }
        }
    }

    #[test]
    fn nested_fields_are_renamed_at_any_depth_and_keep_their_values() {
        let nested = |inner: &str, outer: &str| {
            let inner = DataType::Struct(vec![Field::new(inner, DataType::Int64, true)].into());
            let parts = vec![Field::new("key", DataType::Utf8, false), Field::new("value", inner, true)];
            let map = DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(parts.into()), false)), false);
            let list = DataType::List(Arc::new(Field::new("element", map, true)));
            Schema::new(vec![Field::new(outer, DataType::Struct(vec![Field::new("l", list, true)].into()), true)])
        };
        let (own, base) = (nested("Deep", "TOP"), nested("deep", "top"));
        let names = Names::new(&own, &[&base]);
        let matched: Vec<(&str, &str)> =
            names.matched().iter().map(|(own, base)| (own.as_str(), base.as_str())).collect();
        assert_eq!(matched, [("TOP", "top"), ("TOP.l.element.value.Deep", "top.l.element.value.deep")]);

        let DataType::Struct(fields) = own.field(0).data_type() else { unreachable!() };
        let DataType::List(element) = fields[0].data_type() else { unreachable!() };
        let DataType::Map(entries, _) = element.data_type() else { unreachable!() };
        let DataType::Struct(parts) = entries.data_type() else { unreachable!() };
        let DataType::Struct(inner) = parts[1].data_type() else { unreachable!() };
        let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let inner: ArrayRef = Arc::new(StructArray::try_new(inner.clone(), vec![values], None).unwrap());
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let parts = StructArray::try_new(parts.clone(), vec![keys, inner], None).unwrap();
        let offsets = OffsetBuffer::from_lengths([2]);
        let map = MapArray::try_new(Arc::clone(entries), offsets, parts, None, false).unwrap();
        let offsets = OffsetBuffer::from_lengths([1]);
        let list: ArrayRef = Arc::new(ListArray::try_new(Arc::clone(element), offsets, Arc::new(map), None).unwrap());
        let top: ArrayRef = Arc::new(StructArray::try_new(fields.clone(), vec![list], None).unwrap());
        let batch = RecordBatch::try_new(Arc::new(own.clone()), vec![top]).unwrap();
        let renamed = names.rename(&batch).unwrap();
        assert_eq!(renamed.schema().as_ref(), &base);
        let back = Names::new(&base, &[&own]).rename(&renamed).unwrap();
        assert_eq!(back, batch);
    }
}
