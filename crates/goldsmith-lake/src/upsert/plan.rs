//! What an upsert is asked for, held against the table.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::request::UpsertRequest;
use crate::conform::{check_columns, conform};
use crate::error::{LakeError, Result};
use crate::table::project;

/// The columns of an upsert, checked.
pub(crate) struct Plan {
    pub(crate) compared: Vec<String>,
    pub(crate) group_schema: SchemaRef,
    /// Key, compared columns, and what a preference needs.
    pub(crate) judged_schema: SchemaRef,
}

impl Plan {
    pub(crate) fn new(request: &UpsertRequest, schema: &SchemaRef, location: &str) -> Result<Self> {
        let invalid = |reason: String| LakeError::InvalidRequest { location: location.to_owned(), reason };
        if request.key.is_empty() || request.group.is_empty() {
            return Err(invalid("an upsert needs key and group columns".to_owned()));
        }
        if let Some(column) = request.group.iter().find(|name| !request.key.contains(name)) {
            return Err(invalid(format!("the group column `{column}` is not part of the key")));
        }
        if let Some(column) = request.ignore.iter().find(|name| request.key.contains(name)) {
            return Err(invalid(format!("the key column `{column}` cannot be ignored")));
        }
        let compared: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| field.name())
            .filter(|name| !request.key.contains(name) && !request.ignore.contains(name))
            .cloned()
            .collect();
        let mut judged: Vec<String> = request.key.iter().chain(&compared).cloned().collect();
        for column in request.preference.iter().flat_map(|preference| &preference.columns) {
            if !judged.contains(column) {
                judged.push(column.clone());
            }
        }
        Ok(Self {
            group_schema: project(schema, &request.group, location)?,
            judged_schema: project(schema, &judged, location)?,
            compared,
        })
    }
}

/// The rows in the schema of the table, without empty batches.
pub(super) fn conform_rows(rows: &[RecordBatch], schema: &SchemaRef, location: &str) -> Result<Vec<RecordBatch>> {
    let mut conformed = Vec::with_capacity(rows.len());
    for batch in rows {
        if batch.schema_ref() != schema {
            check_columns(batch.schema_ref(), schema, location)?;
        }
        if batch.num_rows() > 0 {
            conformed.push(conform(batch, schema, location)?);
        }
    }
    Ok(conformed)
}
