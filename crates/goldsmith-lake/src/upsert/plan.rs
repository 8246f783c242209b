//! What an upsert is asked for, held against the table.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::order::VersionOrder;
use super::request::{Preference, UpsertRequest};
use crate::conform::{check_columns, conform};
use crate::error::{LakeError, Result};
use crate::table::project;

/// The columns of an upsert, checked.
pub(crate) struct Plan {
    pub(crate) compared: Vec<String>,
    pub(crate) group_schema: SchemaRef,
    /// Key, compared columns, and what a preference needs.
    pub(crate) judged_schema: SchemaRef,
    /// What decides between a row of the table and the new one of its key.
    pub(crate) preference: Option<Preference>,
    /// What decides between new rows of a key.
    order: Option<VersionOrder>,
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
        let order = match request.sequence.as_slice() {
            [] => None,
            sequence => {
                check_sequence(request).map_err(invalid)?;
                project(schema, sequence, location)?;
                Some(VersionOrder::new(schema, &request.key, sequence, &compared))
            }
        };
        let preference = match &order {
            Some(order) => Some(order.preference(schema).map_err(|error| LakeError::arrow(location, error))?),
            None => request.preference.clone(),
        };
        Ok(Self {
            group_schema: project(schema, &request.group, location)?,
            judged_schema: project(schema, &judged, location)?,
            compared,
            preference,
            order,
        })
    }

    /// Whether a sequence decides between the rows of a key.
    pub(super) fn is_ordered(&self) -> bool {
        self.order.is_some()
    }

    /// Those of the new rows that count, and how many others there were: all, unless a sequence tells which is the latest of a key.
    pub(crate) fn latest(
        &self,
        rows: Vec<RecordBatch>,
        schema: &SchemaRef,
        location: &str,
    ) -> Result<(Vec<RecordBatch>, u64)> {
        match &self.order {
            Some(order) => order.latest(schema, rows).map_err(|error| LakeError::arrow(location, error)),
            None => Ok((rows, 0)),
        }
    }
}

/// Makes sure that a sequence can decide, whatever comes first.
fn check_sequence(request: &UpsertRequest) -> std::result::Result<(), String> {
    if request.preference.is_some() {
        return Err("`sequence` and `preference` both decide which row of a key stays; give one of them".to_owned());
    }
    if request.delete_missing_in_group {
        return Err("`delete_missing_in_group` deletes rows whatever their `sequence`; give one of them".to_owned());
    }
    if let Some(column) = request.sequence.iter().find(|name| request.key.contains(name)) {
        return Err(format!("the sequence column `{column}` is part of the key, and orders nothing"));
    }
    // Of equal rows the held one stays: when the later one of them leaves no trace, one that came between them would win.
    if let Some(column) = request.sequence.iter().find(|name| request.ignore.contains(name)) {
        return Err(format!("the sequence column `{column}` cannot be ignored"));
    }
    Ok(())
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
