//! Source rows to carried rows: struct fields become columns, what lies deeper becomes JSON text.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use goldsmith_model::BronzeTable;

use crate::columns::{METADATA, is_metadata};
use crate::json::to_json;
use crate::normalize::{column, new_batch, normalize_column, plain_type, sort_maps, widen};
use crate::types::{COMMENT, declared_schema};
use crate::{QueryError, Result};

/// How the columns of a source (or its bronze table) are carried.
///
/// Scalars, arrays of scalars and maps of scalars are carried as they are; a struct field `a.b` as `a_b`; anything
/// deeper as JSON text `<name>_json`. Fields of a null struct are null.
#[derive(Debug, Clone)]
pub struct Carried {
    schema: SchemaRef,
    leaves: Vec<Leaf>,
}

#[derive(Debug, Clone)]
struct Leaf {
    path: Vec<String>,
    data_type: DataType,
    json: bool,
}

impl Carried {
    /// Plans the carried columns of a schema, in its order.
    ///
    /// Bronze metadata columns are left out unless named in `keep`. `exclude` names what is not carried: top-level
    /// source columns, carried columns, or one place in the source (see [`Contested::exclusion`]).
    ///
    /// # Errors
    /// [`QueryError::NameCollision`] when two columns would be carried under one name.
    pub fn new(schema: &Schema, exclude: &[String], keep: &[&str]) -> Result<Self> {
        let mut columns = planned(schema);
        columns.retain(|column| !column.is_excluded(exclude) && (!column.is_metadata() || column.is_one_of(keep)));
        Self::of(columns)
    }

    /// All columns of a bronze table. Those that no gold table can carry under their names are under names of their own.
    ///
    /// # Errors
    /// [`QueryError::NameCollision`] when two declared columns would be carried under one name.
    pub fn whole(schema: &Schema, bronze: &BronzeTable, keep: &[&str]) -> Result<Self> {
        let renamed = contested(schema, bronze, &[], &[]);
        let mut columns = planned(schema);
        columns.retain(|column| !column.is_metadata() || column.is_one_of(keep));
        for column in &mut columns {
            if renamed.iter().any(|contested| contested.path == column.leaf.path) {
                column.field = column.field.clone().with_name(exactly(&column.leaf.path));
            }
        }
        Self::of(columns)
    }

    fn of(columns: Vec<Planned>) -> Result<Self> {
        let mut taken: HashMap<String, String> = HashMap::new();
        for column in &columns {
            let (name, second) = (column.field.name(), column.leaf.path.join("."));
            if let Some(first) = taken.insert(name.clone(), second.clone()) {
                return Err(QueryError::NameCollision { first, second, name: name.clone() });
            }
        }
        let (fields, leaves): (Vec<Field>, Vec<Leaf>) =
            columns.into_iter().map(|column| (column.field, column.leaf)).unzip();
        Ok(Self { schema: Arc::new(Schema::new(fields)), leaves })
    }

    /// The carried columns: plain types, all nullable. Descriptions of top-level columns are kept.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The top-level source columns that [`Self::apply`] reads, in their order.
    pub fn source_columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        for leaf in &self.leaves {
            if let Some(top) = leaf.path.first()
                && columns.last() != Some(top)
            {
                columns.push(top.clone());
            }
        }
        columns
    }

    /// The source path (`a.b.c`) of a carried column.
    pub fn source_path(&self, name: &str) -> Option<String> {
        self.schema.index_of(name).ok().and_then(|index| self.leaves.get(index)).map(|leaf| leaf.path.join("."))
    }

    /// Only some of the carried columns, in the order of the schema.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when a name is not carried.
    pub fn narrow<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        for name in names {
            crate::normalize::field(&self.schema, name.as_ref(), "the carried columns")?;
        }
        let (fields, leaves): (Vec<FieldRef>, Vec<Leaf>) = self
            .schema
            .fields()
            .iter()
            .zip(&self.leaves)
            .filter(|(field, _)| names.iter().any(|name| name.as_ref() == field.name()))
            .map(|(field, leaf)| (Arc::clone(field), leaf.clone()))
            .unzip();
        Ok(Self { schema: Arc::new(Schema::new(fields)), leaves })
    }

    /// Carries the rows of a batch, which may have further columns and fields. Entries of maps are sorted by key.
    ///
    /// # Errors
    /// [`QueryError::MissingColumn`] when the batch lacks a column, [`QueryError::WrongType`] when one has another type.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self
            .leaves
            .iter()
            .zip(self.schema.fields())
            .map(|(leaf, field)| leaf.carry(batch, field))
            .collect::<Result<Vec<_>>>()?;
        new_batch(Arc::clone(&self.schema), columns, batch.num_rows())
    }
}

impl Leaf {
    fn carry(&self, batch: &RecordBatch, field: &Field) -> Result<ArrayRef> {
        let missing =
            || QueryError::MissingColumn { column: self.path.join("."), context: "the source rows".to_owned() };
        let mut names = self.path.iter();
        let mut array = Arc::clone(column(batch, names.next().ok_or_else(missing)?, "the source rows")?);
        let mut outer: Option<NullBuffer> = None;
        for name in names {
            let parent = array.as_struct_opt().ok_or_else(missing)?;
            outer = NullBuffer::union(outer.as_ref(), parent.nulls());
            let child = Arc::clone(parent.column_by_name(name).ok_or_else(missing)?);
            array = child;
        }
        let plain = normalize_column(&array)?;
        // A struct that is null hides whatever its children hold.
        let plain = match outer {
            Some(outer) if plain.data_type() != &DataType::Null => {
                nullif(&plain, &BooleanArray::new(!outer.inner(), None))?
            }
            _ => plain,
        };
        if self.json {
            return Ok(Arc::new(to_json(&plain)?));
        }
        sort_maps(&widen(field.name(), &plain, &self.data_type)?)
    }
}

/// A column or field that came to a source and is not carried, because another column has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// Where it is in the source: the top-level column, then the struct fields below it.
    pub path: Vec<String>,
    /// The name under which it would be carried.
    pub name: String,
    /// Where in the source the column is that has the name; none for a column that the table has by its own right.
    pub holder: Option<Vec<String>>,
}

impl Contested {
    /// What stands for exactly this column among those that a table excludes: its name stands for the other one as well.
    pub fn exclusion(&self) -> String {
        exactly(&self.path)
    }
}

/// Finds the columns and fields of a bronze table that cannot be carried, because their names are taken: by columns that the table has by
/// its `own` right, or by another column of the source. A declared column keeps its name, whatever comes to the source later; of others
/// the first one has it. Names that differ in case only are one name, as everywhere in Delta Lake.
pub fn contested(schema: &Schema, bronze: &BronzeTable, exclude: &[String], own: &[String]) -> Vec<Contested> {
    let declared: HashSet<Vec<String>> =
        planned(&declared_schema(bronze)).into_iter().map(|column| column.leaf.path).collect();
    let mut found = planned(schema);
    found.retain(|column| !column.is_metadata() && !column.is_excluded(exclude));
    let (first, later): (Vec<Planned>, Vec<Planned>) =
        found.into_iter().partition(|column| declared.contains(&column.leaf.path));
    let own = METADATA.into_iter().chain(own.iter().map(String::as_str));
    let mut holders: HashMap<String, Option<Vec<String>>> = own.map(|name| (name.to_lowercase(), None)).collect();
    holders.extend(first.into_iter().map(|column| (column.field.name().to_lowercase(), Some(column.leaf.path))));
    let mut contested = Vec::new();
    for Planned { field, leaf } in later {
        match holders.entry(field.name().to_lowercase()) {
            Entry::Occupied(holder) => {
                let holder = holder.get().clone();
                contested.push(Contested { path: leaf.path, name: field.name().clone(), holder });
            }
            Entry::Vacant(free) => {
                free.insert(Some(leaf.path));
            }
        }
    }
    contested
}

/// A text that stands for one place in a source and is no name of a column.
fn exactly(path: &[String]) -> String {
    format!("\u{1f}{}", path.join("\u{1f}"))
}

/// A column as it would be carried.
struct Planned {
    field: Field,
    leaf: Leaf,
}

impl Planned {
    fn is_metadata(&self) -> bool {
        self.leaf.path.first().is_some_and(|top| is_metadata(top))
    }

    fn is_one_of(&self, tops: &[&str]) -> bool {
        self.leaf.path.first().is_some_and(|top| tops.contains(&top.as_str()))
    }

    fn is_excluded(&self, exclude: &[String]) -> bool {
        let path = &self.leaf.path;
        !exclude.is_empty()
            && (exclude.contains(self.field.name())
                || path.first().is_some_and(|top| exclude.contains(top))
                || exclude.contains(&exactly(path)))
    }
}

/// All leaves of a schema, in its order.
fn planned(schema: &Schema) -> Vec<Planned> {
    let mut out = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        plan(field, &mut Vec::new(), &mut out);
    }
    out
}

fn plan(field: &Field, path: &mut Vec<String>, out: &mut Vec<Planned>) {
    path.push(field.name().clone());
    match field.data_type() {
        DataType::Struct(children) => children.iter().for_each(|child| plan(child, path, out)),
        _ => out.push(plan_leaf(field, path)),
    }
    path.pop();
}

fn plan_leaf(field: &Field, path: &[String]) -> Planned {
    let (flat, plain) = (path.join("_"), plain_type(field.data_type()));
    let json = !is_native(&plain);
    let (name, data_type) = if json { (format!("{flat}_json"), DataType::Utf8) } else { (flat, plain) };
    let mut carried = Field::new(name, data_type.clone(), true);
    if let Some(comment) = field.metadata().get(COMMENT) {
        carried = crate::types::with_comment(carried, Some(comment));
    }
    Planned { field: carried, leaf: Leaf { path: path.to_vec(), data_type, json } }
}

fn is_native(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(child) => !child.data_type().is_nested(),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => fields.iter().all(|field| !field.data_type().is_nested()),
            _ => false,
        },
        other => !other.is_nested(),
    }
}
