//! Which columns a gold table has, and its unknown member.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_model::{GoldKind, GoldTable, Model, SourceName, gold_columns};

use crate::aggregate::{aggregate_schema, member_schema};
use crate::calendar::calendar_schema;
use crate::columns::{IS_CURRENT, IS_DELETED, LOADED_AT, RUN_ID, UNKNOWN_KEY, VALID_FROM, is_metadata};
use crate::expression::Projection;
use crate::flatten::Carried;
use crate::fold::fold_schema;
use crate::normalize::{field, new_batch, normalize_schema};
use crate::timeline::validity_fields;
use crate::types::{COMMENT, declared_schema, timestamp, to_arrow, with_comment};
use crate::{QueryError, Result};

/// The columns of a gold table, given the rows that it is made from: carried columns of its source, with those that
/// came later; for an aggregate dimension the columns of its members (see [`member_schema`]); for the calendar anything.
///
/// In order: surrogate key of a dimension; carried, folded or aggregated columns; derived; fetched; validity of an SCD2
/// dimension; surrogate keys of looked-up dimensions; `_run_id` and `_loaded_at`. Surrogate keys, `valid_from`, and
/// the flags of SCD2 are not null. Descriptions are field metadata `comment`.
///
/// # Errors
/// [`QueryError::MissingColumn`] and [`QueryError::WrongType`] when rules and columns do not fit,
/// [`QueryError::NotInModel`] when a fetched column's dimension is not in the model.
pub fn gold_schema(table: &GoldTable, carried: &Schema, model: &Model) -> Result<SchemaRef> {
    let mut fields: Vec<Field> = Vec::new();
    if table.is_dimension() {
        fields.push(Field::new(table.surrogate_key(), DataType::Int64, false));
    }
    fields.extend(base_fields(table, carried)?);
    for (name, derived) in &table.derived {
        put(&mut fields, Field::new(name, to_arrow(&derived.data_type), true));
    }
    for fetched in fetched_fields(table, model)? {
        put(&mut fields, fetched);
    }
    if matches!(table.kind, GoldKind::Scd2 { .. }) {
        fields.extend(validity_fields());
    }
    for lookup in &table.dimensions {
        fields.push(Field::new(&lookup.key_column, DataType::Int64, false));
    }
    fields.push(Field::new(RUN_ID, DataType::Utf8, true));
    fields.push(Field::new(LOADED_AT, timestamp(), true));
    Ok(Arc::new(Schema::new(described(fields, table, model))))
}

/// The columns that derived expressions see, fetched ones apart: carried, folded, aggregated or calendar columns.
///
/// # Errors
/// As [`gold_schema`].
pub fn base_schema(table: &GoldTable, carried: &Schema) -> Result<Schema> {
    Ok(Schema::new(base_fields(table, carried)?))
}

fn base_fields(table: &GoldTable, carried: &Schema) -> Result<Vec<Field>> {
    let schema = match &table.kind {
        GoldKind::SlicedRunFact { fold, .. } => fold_schema(carried, fold)?,
        GoldKind::Aggregate { aggregates, .. } => aggregate_schema(&table.key, aggregates, carried)?,
        GoldKind::Calendar(_) => calendar_schema().as_ref().clone(),
        _ => normalize_schema(carried),
    };
    let surrogate = table.is_dimension().then(|| table.surrogate_key());
    let own = |field: &Field| !is_metadata(field.name()) && surrogate.as_ref() != Some(field.name());
    Ok(schema.fields().iter().filter(|field| own(field)).map(|field| field.as_ref().clone()).collect())
}

/// The columns that a fact fetches from dimensions, in the order of its look-ups, with the types that they have in
/// the model.
///
/// # Errors
/// [`QueryError::NotInModel`] when a dimension is not in the model, [`QueryError::MissingColumn`] when it lacks the column.
pub fn fetched_fields(table: &GoldTable, model: &Model) -> Result<Vec<Field>> {
    let mut fetched = Vec::new();
    for lookup in table.dimensions.iter().filter(|lookup| !lookup.fetch.is_empty()) {
        let dimension = model
            .gold
            .get(&lookup.dimension)
            .ok_or_else(|| QueryError::NotInModel { name: lookup.dimension.clone() })?;
        let schema = gold_schema(dimension, &declared_carried(dimension, model)?, model)?;
        for (name, fetch) in &lookup.fetch {
            let found = field(&schema, &fetch.column, &lookup.dimension)?;
            fetched.push(with_comment(Field::new(name, found.data_type().clone(), true), Some(&fetch.description)));
        }
    }
    Ok(fetched)
}

/// What a gold table is made from according to the declared sources alone: the argument `carried` of [`gold_schema`].
///
/// # Errors
/// [`QueryError::NotInModel`] when a source is not declared, [`QueryError::NameCollision`] when two columns would be
/// carried under one name, [`QueryError::Expression`] when the expressions of members do not compile.
pub fn declared_carried(table: &GoldTable, model: &Model) -> Result<Schema> {
    match &table.kind {
        GoldKind::EventFact { source, .. }
        | GoldKind::SlicedRunFact { source, .. }
        | GoldKind::Scd1 { source, .. }
        | GoldKind::Scd2 { source, .. }
        | GoldKind::Interval { source, .. } => carried_source(source, &table.exclude, model),
        GoldKind::Aggregate { members, .. } => {
            let mut schemas = Vec::new();
            for member in members {
                let carried = carried_source(&member.source, &[], model)?;
                let projection = Projection::compile(&carried, &member.columns)
                    .map_err(|errors| QueryError::Expression { errors })?;
                schemas.push(projection.schema().as_ref().clone());
            }
            member_schema(&schemas)
        }
        GoldKind::Calendar(_) => Ok(Schema::empty()),
    }
}

/// The carried columns of a declared source.
pub(crate) fn carried_source(source: &SourceName, exclude: &[String], model: &Model) -> Result<Schema> {
    let bronze = model.bronze.get(source).ok_or_else(|| QueryError::NotInModel { name: source.to_string() })?;
    Ok(Carried::new(&declared_schema(bronze), exclude, &[])?.schema().as_ref().clone())
}

/// Replaces the field of a name, or appends it.
fn put(fields: &mut Vec<Field>, new: Field) {
    match fields.iter_mut().find(|field| field.name() == new.name()) {
        Some(field) => *field = new,
        None => fields.push(new),
    }
}

fn described(fields: Vec<Field>, table: &GoldTable, model: &Model) -> Vec<Field> {
    let comments: HashMap<String, String> =
        gold_columns(model, table).into_iter().map(|column| (column.name, column.description)).collect();
    fields
        .into_iter()
        .map(|field| {
            let comment = comments.get(field.name()).filter(|text| !text.is_empty()).cloned();
            let comment = comment.or_else(|| field.metadata().get(COMMENT).cloned());
            with_comment(field.with_metadata(HashMap::new()), comment.as_deref())
        })
        .collect()
}

/// The unknown member of a dimension: surrogate key -1, everything else null. Of an SCD2 dimension it is the one version
/// of its key: valid since 1970-01-01, current and not deleted.
///
/// # Errors
/// [`QueryError::Arrow`] when a further column of the schema cannot be null.
pub fn unknown_member(schema: &Schema, surrogate: &str, kind: &GoldKind) -> Result<RecordBatch> {
    let versioned = matches!(kind, GoldKind::Scd2 { .. });
    let columns = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                name if name == surrogate => Arc::new(Int64Array::from(vec![UNKNOWN_KEY])),
                VALID_FROM if versioned => Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
                IS_CURRENT if versioned => Arc::new(BooleanArray::from(vec![true])),
                IS_DELETED if versioned => Arc::new(BooleanArray::from(vec![false])),
                _ => new_null_array(field.data_type(), 1),
            }
        })
        .collect();
    new_batch(Arc::new(schema.clone()), columns, 1)
}
