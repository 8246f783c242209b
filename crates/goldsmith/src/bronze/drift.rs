//! How the schema of a source may differ from what was declared and from what was seen before.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};

/// Types of all columns and nested fields of a source by dotted path, as text.
pub(crate) type SeenColumns = BTreeMap<String, String>;

/// A difference that a table cannot be loaded with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// A column or nested field has another type than before or than declared.
    #[error(
        "column `{column}` of the source has type {now}, expected {expected}; the source changed, or the model declares it wrongly"
    )]
    TypeChanged {
        /// Dotted path.
        column: String,
        /// Type in bronze, or the one seen before.
        expected: String,
        /// Type in the source now.
        now: String,
    },
    /// A column or nested field that the source used to have is gone.
    #[error(
        "column `{column}` is gone from the source, which used to have it; bronze keeps what it has, nothing new was loaded"
    )]
    Vanished {
        /// Dotted path.
        column: String,
    },
    /// A column that identifies rows is not there.
    #[error("column `{column}` is missing in the source; it is part of the key, so that rows cannot be told apart")]
    KeyMissing {
        /// Name of the column.
        column: String,
    },
}

/// Outcome of comparing a source with what bronze holds.
#[derive(Debug)]
pub(crate) struct Reconciled {
    /// Schema that bronze must have, without metadata columns: what it had, then what is new.
    pub(crate) schema: Schema,
    /// Dotted paths that are new against bronze and the declaration.
    pub(crate) added: Vec<String>,
    /// Declared columns that the source does not have.
    pub(crate) missing: Vec<String>,
    /// Everything that the source has now, to be compared with next time.
    pub(crate) seen: SeenColumns,
}

/// Compares the schema of a source with `base` (bronze, or the declaration for a new table) and with what was
/// `seen` at the last load.
///
/// # Errors
/// See [`DriftError`]; the first difference in path order is told.
pub(crate) fn reconcile(
    base: &Schema,
    source: &Schema,
    seen: Option<&SeenColumns>,
    key: &[String],
) -> Result<Reconciled, DriftError> {
    let mut now = SeenColumns::new();
    for field in source.fields() {
        collect(field, "", &mut now);
    }
    if let Some(seen) = seen {
        for (column, expected) in seen {
            match now.get(column) {
                None => return Err(DriftError::Vanished { column: column.clone() }),
                Some(found) if found != expected => {
                    return Err(DriftError::TypeChanged {
                        column: column.clone(),
                        expected: expected.clone(),
                        now: found.clone(),
                    });
                }
                Some(_) => {}
            }
        }
    }
    if let Some(column) = key.iter().find(|column| source.column_with_name(column).is_none()) {
        return Err(DriftError::KeyMissing { column: column.clone() });
    }
    let mut added = Vec::new();
    let fields = merge_fields(base.fields(), source.fields(), "", &mut added)?;
    let missing = base
        .fields()
        .iter()
        .filter(|field| source.column_with_name(field.name()).is_none())
        .map(|field| field.name().clone())
        .collect();
    Ok(Reconciled { schema: Schema::new(fields), added, missing, seen: now })
}

fn collect(field: &Field, prefix: &str, out: &mut SeenColumns) {
    let path = format!("{prefix}{}", field.name());
    let kind = collect_type(field.data_type(), &path, out);
    out.insert(path, kind);
}

/// Text of a type; the fields of structs are listed on their own, so that a new one is no changed type.
fn collect_type(data_type: &DataType, path: &str, out: &mut SeenColumns) -> String {
    match data_type {
        DataType::Struct(fields) => {
            for field in fields {
                collect(field, &format!("{path}."), out);
            }
            "struct".into()
        }
        DataType::List(element) => {
            let element = collect_type(element.data_type(), &format!("{path}.element"), out);
            format!("array<{element}>")
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let key = collect_type(fields[0].data_type(), &format!("{path}.key"), out);
                let value = collect_type(fields[1].data_type(), &format!("{path}.value"), out);
                format!("map<{key},{value}>")
            }
            other => other.to_string(),
        },
        other => name_of(other),
    }
}

/// The name of a scalar type in the notation of the model files.
fn name_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "tinyint".into(),
        DataType::Int16 => "smallint".into(),
        DataType::Int32 => "int".into(),
        DataType::Int64 => "bigint".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp".into(),
        DataType::Timestamp(_, None) => "timestamp_ntz".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Binary => "binary".into(),
        other => other.to_string(),
    }
}

fn merge_fields(base: &Fields, source: &Fields, prefix: &str, added: &mut Vec<String>) -> Result<Fields, DriftError> {
    let mut out: Vec<FieldRef> = Vec::with_capacity(base.len());
    for field in base {
        match source.find(field.name()) {
            Some((_, incoming)) => {
                let path = format!("{prefix}{}", field.name());
                let data_type = merge_types(field.data_type(), incoming.data_type(), &path, added)?;
                out.push(Arc::new(field.as_ref().clone().with_data_type(data_type)));
            }
            None => out.push(field.clone()),
        }
    }
    for incoming in source {
        if base.find(incoming.name()).is_none() {
            added.push(format!("{prefix}{}", incoming.name()));
            out.push(Arc::new(Field::new(incoming.name(), incoming.data_type().clone(), true)));
        }
    }
    Ok(out.into())
}

fn merge_types(
    base: &DataType,
    incoming: &DataType,
    path: &str,
    added: &mut Vec<String>,
) -> Result<DataType, DriftError> {
    match (base, incoming) {
        (DataType::Struct(base), DataType::Struct(incoming)) => {
            Ok(DataType::Struct(merge_fields(base, incoming, &format!("{path}."), added)?))
        }
        (DataType::List(base), DataType::List(incoming)) => {
            let element = merge_types(base.data_type(), incoming.data_type(), &format!("{path}.element"), added)?;
            Ok(DataType::List(Arc::new(base.as_ref().clone().with_data_type(element))))
        }
        (DataType::Map(base, sorted), DataType::Map(incoming, _)) => {
            let (DataType::Struct(base_fields), DataType::Struct(incoming_fields)) =
                (base.data_type(), incoming.data_type())
            else {
                return Err(changed(path, base.data_type(), incoming.data_type()));
            };
            if base_fields.len() != 2 || incoming_fields.len() != 2 {
                return Err(changed(path, base.data_type(), incoming.data_type()));
            }
            let mut fields = Vec::with_capacity(2);
            for (part, (base, incoming)) in ["key", "value"].iter().zip(base_fields.iter().zip(incoming_fields)) {
                let merged = merge_types(base.data_type(), incoming.data_type(), &format!("{path}.{part}"), added)?;
                fields.push(Arc::new(base.as_ref().clone().with_data_type(merged)));
            }
            let entries = base.as_ref().clone().with_data_type(DataType::Struct(fields.into()));
            Ok(DataType::Map(Arc::new(entries), *sorted))
        }
        (base, incoming) if is_compatible(base, incoming) => Ok(base.clone()),
        (base, incoming) => Err(changed(path, base, incoming)),
    }
}

fn changed(path: &str, expected: &DataType, now: &DataType) -> DriftError {
    DriftError::TypeChanged { column: path.to_string(), expected: name_of(expected), now: name_of(now) }
}

/// Whether values of `incoming` can be kept in a column of type `base`; a value that does not fit is an error
/// when it is cast, never a null. Writers differ in integer widths and time units, not in kinds.
fn is_compatible(base: &DataType, incoming: &DataType) -> bool {
    use DataType::{
        Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Null, Timestamp, Utf8, Utf8View,
    };
    let integer = |data_type: &DataType| matches!(data_type, Int8 | Int16 | Int32 | Int64);
    base == incoming
        || match (base, incoming) {
            (_, Null)
            | (Utf8, LargeUtf8 | Utf8View)
            | (Float64, Float32)
            | (Timestamp(TimeUnit::Microsecond, _), Timestamp(_, _)) => true,
            (Date32, DataType::Date64) | (DataType::Binary, DataType::LargeBinary | DataType::BinaryView) => true,
            (base, incoming) if integer(base) && integer(incoming) => true,
            (Decimal128(precision, scale), Decimal128(from_precision, from_scale)) => {
                scale >= from_scale
                    && i16::from(*precision) - i16::from(*scale) >= i16::from(*from_precision) - i16::from(*from_scale)
            }
            _ => false,
        }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    fn schema(fields: Vec<(&str, DataType)>) -> Schema {
        Schema::new(fields.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect::<Vec<_>>())
    }

    fn structure(fields: Vec<(&str, DataType)>) -> DataType {
        DataType::Struct(schema(fields).fields().clone())
    }

    #[test]
    fn new_columns_and_nested_fields_are_taken_over() {
        let base = schema(vec![("id", DataType::Utf8), ("s", structure(vec![("a", DataType::Utf8)]))]);
        let source = schema(vec![
            ("s", structure(vec![("b", DataType::Int64), ("a", DataType::Utf8)])),
            ("id", DataType::Utf8),
            ("extra", DataType::Int32),
        ]);
        let out = reconcile(&base, &source, None, &["id".into()]).expect("compatible");
        assert_eq!(out.added, ["s.b", "extra"]);
        let names: Vec<_> = out.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["id", "s", "extra"]);
    }

    #[test]
    fn vanished_changed_and_missing_columns_are_told_by_name() {
        let base = schema(vec![("id", DataType::Utf8), ("s", structure(vec![("a", DataType::Utf8)]))]);
        let seen = reconcile(&base, &base, None, &[]).expect("same").seen;
        let gone = schema(vec![("id", DataType::Utf8), ("s", structure(vec![("b", DataType::Utf8)]))]);
        let error = reconcile(&base, &gone, Some(&seen), &[]).expect_err("s.a is gone");
        assert_eq!(error, DriftError::Vanished { column: "s.a".into() });
        let other = schema(vec![("id", DataType::Utf8), ("s", structure(vec![("a", DataType::Int64)]))]);
        let error = reconcile(&base, &other, None, &[]).expect_err("s.a changed");
        assert_eq!(
            error,
            DriftError::TypeChanged { column: "s.a".into(), expected: "string".into(), now: "bigint".into() }
        );
        let error = reconcile(&base, &schema(vec![]), None, &["id".into()]).expect_err("no key");
        assert_eq!(error, DriftError::KeyMissing { column: "id".into() });
    }

    #[test]
    fn a_widened_type_is_a_change_once_it_was_seen() {
        let base = schema(vec![("n", DataType::Int64)]);
        let narrow = schema(vec![("n", DataType::Int32)]);
        let seen = reconcile(&base, &narrow, None, &[]).expect("fits").seen;
        assert!(reconcile(&base, &base, Some(&seen), &[]).is_err());
    }
}
