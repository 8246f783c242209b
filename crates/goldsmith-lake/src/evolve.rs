//! Changing the columns of a table.

use arrow::datatypes::{Field, FieldRef, Schema};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{ArrayType, DataType, MapType, MetadataExt, StructField, StructType};

use crate::error::{LakeError, Result};
use crate::table::Table;

impl Table {
    /// Stages new columns, and new fields of nested columns at any depth: this handle has them at once, others with its next
    /// commit. Returns whether there is anything new.
    ///
    /// `fields` are top-level columns; those that exist are merged field by field, so that a struct with one more field adds
    /// just that field. New fields are always nullable.
    ///
    /// # Errors
    /// [`LakeError::TypeChanged`] when a field exists with another type, and [`LakeError::UnsupportedFeature`].
    pub fn add_columns(&mut self, fields: &[FieldRef]) -> Result<bool> {
        let location = self.location.to_string();
        let current = self.kernel_schema()?;
        let wanted = fields.iter().map(|field| kernel_field(field, &location)).collect::<Result<Vec<_>>>()?;
        let merged = merge_fields(current.fields(), wanted.iter(), "")?;
        self.stage_fields(merged, &current)
    }

    /// Stages a schema in place of the one that the table has: columns may go, come, move and change their types. For a commit
    /// that replaces all files; files that stay must fit it. Returns whether it differs from what the table has.
    ///
    /// # Errors
    /// [`LakeError::UnsupportedFeature`] and errors of the Delta layer.
    pub fn replace_schema(&mut self, schema: &Schema) -> Result<bool> {
        let location = self.location.to_string();
        let current = self.kernel_schema()?;
        let wanted = schema.fields().iter().map(|field| {
            let mut wanted = kernel_field(field, &location)?;
            // What other software says of a column that stays, such as how it is computed.
            let rules = current.field(field.name()).filter(|known| known.data_type() == wanted.data_type());
            let rules = rules.into_iter().flat_map(|known| &known.metadata);
            wanted.metadata.extend(
                rules.filter(|(key, _)| key.starts_with("delta.")).map(|(key, value)| (key.clone(), value.clone())),
            );
            Ok(wanted)
        });
        self.stage_fields(wanted.collect::<Result<Vec<_>>>()?, &current)
    }

    fn kernel_schema(&self) -> Result<StructType> {
        match self.staged.metadata() {
            Some((_, schema)) => Ok(schema.clone()),
            None => Ok(self.snapshot()?.schema().as_ref().clone()),
        }
    }

    fn stage_fields(&mut self, fields: Vec<StructField>, current: &StructType) -> Result<bool> {
        let location = self.location.to_string();
        let fail = |error: deltalake::DeltaTableError| LakeError::delta(&location, error);
        let wanted = StructType::try_new(fields).map_err(|error| fail(error.into()))?;
        if wanted == *current {
            return Ok(false);
        }
        self.check_writable()?;
        if self.guards()?.column_mapping {
            return Err(LakeError::UnsupportedFeature {
                location,
                features: "columnMapping".to_owned(),
                access: "change the columns of",
            });
        }
        let snapshot = self.snapshot()?;
        let metadata = snapshot.metadata().clone().with_schema(&wanted).map_err(|error| fail(error.into()))?;
        self.staged.set_metadata(metadata, wanted);
        Ok(true)
    }
}

fn kernel_field(field: &Field, location: &str) -> Result<StructField> {
    field.try_into_kernel().map_err(|error| LakeError::arrow(location, error))
}

fn merge_fields<'a>(
    current: impl Iterator<Item = &'a StructField>,
    wanted: impl Iterator<Item = &'a StructField>,
    parent: &str,
) -> Result<Vec<StructField>> {
    let mut merged: Vec<StructField> = current.cloned().collect();
    for field in wanted {
        let path = if parent.is_empty() { field.name().clone() } else { format!("{parent}.{}", field.name()) };
        match merged.iter_mut().find(|known| known.name() == field.name()) {
            Some(known) => {
                known.data_type = merge_types(known.data_type(), field.data_type(), &path)?;
            }
            // Rows that exist have no value for it.
            None => merged.push(StructField { nullable: true, ..field.clone() }),
        }
    }
    Ok(merged)
}

fn merge_types(current: &DataType, wanted: &DataType, path: &str) -> Result<DataType> {
    match (current, wanted) {
        (DataType::Struct(current), DataType::Struct(wanted)) => {
            let fields = merge_fields(current.fields(), wanted.fields(), path)?;
            StructType::try_new(fields).map(DataType::from).map_err(|error| LakeError::delta(path, error.into()))
        }
        (DataType::Array(current), DataType::Array(wanted)) => {
            let element = merge_types(current.element_type(), wanted.element_type(), &format!("{path}.element"))?;
            Ok(ArrayType::new(element, current.contains_null()).into())
        }
        (DataType::Map(current), DataType::Map(wanted)) => {
            let key = merge_types(current.key_type(), wanted.key_type(), &format!("{path}.key"))?;
            let value = merge_types(current.value_type(), wanted.value_type(), &format!("{path}.value"))?;
            Ok(MapType::new(key, value, current.value_contains_null()).into())
        }
        (current, wanted) if current == wanted => Ok(current.clone()),
        (current, wanted) => {
            Err(LakeError::TypeChanged { column: path.to_owned(), from: current.to_string(), to: wanted.to_string() })
        }
    }
}
