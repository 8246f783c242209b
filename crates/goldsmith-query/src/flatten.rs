//! Source rows to carried rows: struct fields become columns, what lies deeper becomes JSON text.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

use crate::columns::is_metadata;
use crate::json::to_json;
use crate::normalize::{column, new_batch, normalize_column, plain_type, sort_maps, widen};
use crate::types::COMMENT;
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
    /// source columns or carried columns.
    ///
    /// # Errors
    /// [`QueryError::NameCollision`] when two columns would be carried under one name.
    pub fn new(schema: &Schema, exclude: &[String], keep: &[&str]) -> Result<Self> {
        let mut planner = Planner { exclude, fields: Vec::new(), leaves: Vec::new(), taken: HashMap::new() };
        for field in schema.fields() {
            let metadata = is_metadata(field.name()) && !keep.contains(&field.name().as_str());
            if !metadata && !exclude.contains(field.name()) {
                planner.add(field, &mut Vec::new())?;
            }
        }
        Ok(Self { schema: Arc::new(Schema::new(planner.fields)), leaves: planner.leaves })
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

struct Planner<'a> {
    exclude: &'a [String],
    fields: Vec<Field>,
    leaves: Vec<Leaf>,
    taken: HashMap<String, String>,
}

impl Planner<'_> {
    fn add(&mut self, field: &Field, path: &mut Vec<String>) -> Result<()> {
        path.push(field.name().clone());
        match field.data_type() {
            DataType::Struct(children) => children.iter().try_for_each(|child| self.add(child, path))?,
            _ => self.add_leaf(field, path)?,
        }
        path.pop();
        Ok(())
    }

    fn add_leaf(&mut self, field: &Field, path: &[String]) -> Result<()> {
        let (flat, plain) = (path.join("_"), plain_type(field.data_type()));
        let json = !is_native(&plain);
        let (name, data_type) = if json { (format!("{flat}_json"), DataType::Utf8) } else { (flat, plain) };
        if self.exclude.contains(&name) {
            return Ok(());
        }
        let source = path.join(".");
        if let Some(first) = self.taken.insert(name.clone(), source.clone()) {
            return Err(QueryError::NameCollision { first, second: source, name });
        }
        let mut carried = Field::new(name, data_type.clone(), true);
        if let Some(comment) = field.metadata().get(COMMENT) {
            carried = crate::types::with_comment(carried, Some(comment));
        }
        self.fields.push(carried);
        self.leaves.push(Leaf { path: path.to_vec(), data_type, json });
        Ok(())
    }
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
