//! Adding columns to a table.

use arrow::datatypes::{Field, FieldRef};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{Action, ArrayType, DataType, MapType, MetadataExt, StructField, StructType};

use crate::error::{LakeError, Result};
use crate::table::Table;

impl Table {
    /// Adds columns, and fields of nested columns at any depth, in a commit of its own that keeps the table's id.
    ///
    /// `fields` are top-level columns; those that exist are merged field by field, so that a struct with one more field adds
    /// just that field. New fields are always nullable. Returns the new version, or `None` when there was nothing to add.
    /// On success this handle is at the new version.
    ///
    /// # Errors
    /// [`LakeError::TypeChanged`] when a field exists with another type, [`LakeError::Conflict`] when another writer changed
    /// the metadata or the position, [`LakeError::UnsupportedFeature`] and errors of the storage.
    pub async fn add_columns(&mut self, fields: &[FieldRef], run_id: &str) -> Result<Option<u64>> {
        let location = self.location.to_string();
        let fail = |error: deltalake::DeltaTableError| LakeError::delta(&location, error);
        let snapshot = self.snapshot()?;
        let current = snapshot.schema();
        let wanted = fields.iter().map(|field| kernel_field(field, &location)).collect::<Result<Vec<_>>>()?;
        let merged = merge_fields(current.fields(), wanted.iter(), "")?;
        let merged = StructType::try_new(merged).map_err(|error| fail(error.into()))?;
        if merged == *current {
            return Ok(None);
        }
        let needs_feature = deltalake::kernel::contains_timestampntz(merged.fields())
            && !snapshot
                .protocol()
                .writer_features()
                .unwrap_or_default()
                .iter()
                .any(|feature| feature.to_string() == "timestampNtz");
        if needs_feature {
            return Err(LakeError::UnsupportedFeature {
                location,
                features: "timestampNtz".to_owned(),
                access: "add to an existing table",
            });
        }
        let metadata = snapshot.metadata().clone().with_schema(&merged).map_err(|error| fail(error.into()))?;
        self.commit_metadata(vec![Action::Metadata(metadata)], "ADD COLUMNS", run_id).await.map(Some)
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
