//! What is known while one gold table is compiled.

use goldsmith_model::{BronzeTable, DataType, GoldKind, GoldTable, Model, SourceName};
use goldsmith_query::gold::{base_schema, declared_carried, fetched_fields, gold_schema};
use goldsmith_query::types::from_arrow;

use crate::carried::Column;
use crate::error::{Result, SparkError};
use crate::names::Names;

/// A gold table with the model and the names of all tables.
pub(crate) struct TableContext<'a> {
    pub(crate) model: &'a Model,
    pub(crate) names: &'a Names,
    pub(crate) table: &'a GoldTable,
    /// The columns of the table in their order, with their descriptions.
    pub(crate) columns: Vec<TargetColumn>,
}

/// A column of a compiled table.
#[derive(Debug, Clone)]
pub(crate) struct TargetColumn {
    pub(crate) column: Column,
    pub(crate) nullable: bool,
    pub(crate) comment: String,
}

impl<'a> TableContext<'a> {
    pub(crate) fn new(model: &'a Model, names: &'a Names, table: &'a GoldTable) -> Result<Self> {
        let schema = gold_schema(table, &declared_carried(table, model)?, model)?;
        let columns = schema
            .fields()
            .iter()
            .map(|field| {
                Ok(TargetColumn {
                    column: Column { name: field.name().clone(), data_type: from_arrow(field.data_type())? },
                    nullable: field.is_nullable(),
                    comment: field.metadata().get("comment").cloned().unwrap_or_default(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let names_of: Vec<&str> = columns.iter().map(|column| column.column.name.as_str()).collect();
        crate::carried::distinct(&table.name, &names_of)?;
        Ok(Self { model, names, table, columns })
    }

    /// The columns that derived expressions see, fetched ones and keys of dimensions included.
    pub(crate) fn visible(&self) -> Result<arrow::datatypes::Schema> {
        let carried = declared_carried(self.table, self.model)?;
        let mut fields: Vec<arrow::datatypes::Field> =
            base_schema(self.table, &carried)?.fields().iter().map(|field| field.as_ref().clone()).collect();
        if matches!(self.table.kind, GoldKind::Scd2 { .. }) {
            fields.extend(goldsmith_query::timeline::validity_fields());
        }
        fields.extend(fetched_fields(self.table, self.model)?);
        fields.extend(
            self.table.dimensions.iter().map(|lookup| {
                arrow::datatypes::Field::new(&lookup.key_column, arrow::datatypes::DataType::Int64, false)
            }),
        );
        Ok(arrow::datatypes::Schema::new(fields))
    }

    /// The columns that the table is made from, before anything is derived.
    pub(crate) fn base(&self) -> Result<Vec<Column>> {
        let carried = declared_carried(self.table, self.model)?;
        base_schema(self.table, &carried)?
            .fields()
            .iter()
            .map(|field| Ok(Column { name: field.name().clone(), data_type: from_arrow(field.data_type())? }))
            .collect()
    }

    pub(crate) fn bronze(&self, source: &SourceName) -> Result<&'a BronzeTable> {
        self.model.bronze.get(source).ok_or_else(|| self.missing(&source.to_string()))
    }

    pub(crate) fn gold(&self, name: &str) -> Result<&'a GoldTable> {
        self.model.gold.get(name).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> SparkError {
        SparkError::NotInModel { table: self.table.name.clone(), missing: name.to_owned() }
    }

    /// The type of a column of the table.
    pub(crate) fn type_of(&self, name: &str) -> DataType {
        self.columns
            .iter()
            .find(|column| column.column.name == name)
            .map_or(DataType::String, |column| column.column.data_type.clone())
    }
}
