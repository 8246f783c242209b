//! How the schema of a source may differ from what was declared and from what was seen before.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use goldsmith_query::columns::is_metadata;
use goldsmith_query::types::{from_arrow, is_lossless};

/// Types of all columns and nested fields of a source by dotted path, as text.
pub(crate) type SeenColumns = BTreeMap<String, String>;

/// A difference that a table cannot be loaded with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// A column or nested field has a type that does not go without loss into that of bronze.
    #[error(
        "column `{column}` is {now} in the source and {expected} in bronze, into which it does not go without loss; nothing new was loaded. Convert it in the source, or declare it as {now} in the model and load into a new target, as bronze keeps its types"
    )]
    TypeChanged {
        /// Dotted path.
        column: String,
        /// Type in bronze, or the declared one when there is no bronze yet.
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
    /// Dotted paths that are new and have the name of another column, in another case, or of one that bronze adds itself.
    pub(crate) left_out: Vec<String>,
    /// Columns and nested fields whose type is another one than last time, and goes into that of bronze.
    pub(crate) retyped: Vec<String>,
    /// Declared columns that the source does not have.
    pub(crate) missing: Vec<String>,
    /// Everything that the source has now, to be compared with next time.
    pub(crate) seen: SeenColumns,
}

/// Compares the schema of a source, by the names of bronze where it has them, with `base` (bronze, or the declaration for a new table)
/// and with what was `seen` at the last load.
///
/// Types are compared with `base` alone, so that a type that is taken at the first load is taken later on, and the other way
/// round: whatever goes into the type of bronze without loss, or may do so value by value. What was seen tells which columns went; one
/// that has another case now is no other one.
///
/// # Errors
/// See [`DriftError`]; the first difference is told, types before columns that went.
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
    let mut news = News::default();
    let fields = merge_fields(base.fields(), source.fields(), "", &mut news)?;
    let retyped = retyped(seen, &now)?;
    if let Some(column) = key.iter().find(|column| source.column_with_name(column).is_none()) {
        return Err(DriftError::KeyMissing { column: column.clone() });
    }
    let missing = base
        .fields()
        .iter()
        .filter(|field| source.column_with_name(field.name()).is_none())
        .map(|field| field.name().clone())
        .collect();
    let News { added, left_out } = news;
    Ok(Reconciled { schema: Schema::new(fields), added, left_out, retyped, missing, seen: now })
}

/// Columns that have another type than they were `seen` with; one that went is an error.
fn retyped(seen: Option<&SeenColumns>, now: &SeenColumns) -> Result<Vec<String>, DriftError> {
    let in_any_case: BTreeMap<String, &String> = now.iter().map(|(path, kind)| (path.to_lowercase(), kind)).collect();
    let mut retyped = Vec::new();
    for (column, before) in seen.into_iter().flatten() {
        match now.get(column).or_else(|| in_any_case.get(&column.to_lowercase()).copied()) {
            None => return Err(DriftError::Vanished { column: column.clone() }),
            Some(found) if found != before => retyped.push(format!("{column} ({before}, now {found})")),
            Some(_) => {}
        }
    }
    Ok(retyped)
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
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("decimal({precision},{scale})")
        }
        DataType::Binary => "binary".into(),
        other => other.to_string(),
    }
}

/// What a source has and bronze has not, by dotted paths.
#[derive(Default)]
struct News {
    added: Vec<String>,
    /// Delta Lake does not tell names by case, and those of the metadata of bronze are not to be had.
    left_out: Vec<String>,
}

fn merge_fields(base: &Fields, source: &Fields, prefix: &str, news: &mut News) -> Result<Fields, DriftError> {
    let mut out: Vec<FieldRef> = Vec::with_capacity(base.len());
    for field in base {
        match source.find(field.name()) {
            Some((_, incoming)) => {
                let path = format!("{prefix}{}", field.name());
                let data_type = merge_types(field.data_type(), incoming.data_type(), &path, news)?;
                out.push(Arc::new(field.as_ref().clone().with_data_type(data_type)));
            }
            None => out.push(field.clone()),
        }
    }
    for incoming in source {
        if base.find(incoming.name()).is_none() {
            let path = format!("{prefix}{}", incoming.name());
            let name = incoming.name().to_lowercase();
            if (prefix.is_empty() && is_metadata(&name)) || out.iter().any(|known| known.name().to_lowercase() == name)
            {
                news.left_out.push(path);
                continue;
            }
            news.added.push(path);
            out.push(Arc::new(Field::new(incoming.name(), incoming.data_type().clone(), true)));
        }
    }
    Ok(out.into())
}

fn merge_types(base: &DataType, incoming: &DataType, path: &str, news: &mut News) -> Result<DataType, DriftError> {
    match (base, incoming) {
        (DataType::Struct(base), DataType::Struct(incoming)) => {
            Ok(DataType::Struct(merge_fields(base, incoming, &format!("{path}."), news)?))
        }
        (DataType::List(base), DataType::List(incoming)) => {
            let element = merge_types(base.data_type(), incoming.data_type(), &format!("{path}.element"), news)?;
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
                let merged = merge_types(base.data_type(), incoming.data_type(), &format!("{path}.{part}"), news)?;
                fields.push(Arc::new(base.as_ref().clone().with_data_type(merged)));
            }
            let entries = base.as_ref().clone().with_data_type(DataType::Struct(fields.into()));
            Ok(DataType::Map(Arc::new(entries), *sorted))
        }
        (base, incoming) if is_lossless(incoming, base) || is_taken_by_value(incoming, base) => Ok(base.clone()),
        (base, incoming) => Err(changed(path, base, incoming)),
    }
}

/// Whether values of a type are taken one by one. Writers differ in the widths of whole numbers and decimals; a value that does not fit
/// is an error of its own when it is cast.
fn is_taken_by_value(incoming: &DataType, base: &DataType) -> bool {
    use DataType::{Decimal128, Decimal256};
    let is_whole = incoming.is_integer() || matches!(incoming, Decimal128(_, ..=0) | Decimal256(_, ..=0));
    if base.is_decimal() {
        is_whole || incoming.is_decimal()
    } else if base.is_floating() {
        incoming.is_integer()
    } else {
        base.is_integer() && is_whole
    }
}

fn changed(path: &str, expected: &DataType, now: &DataType) -> DriftError {
    let name = |data_type: &DataType| from_arrow(data_type).map_or_else(|_| data_type.to_string(), |it| it.to_string());
    DriftError::TypeChanged { column: path.to_string(), expected: name(expected), now: name(now) }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use arrow::datatypes::TimeUnit;

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
    fn names_that_differ_in_case_only_and_those_of_metadata_are_left_out() {
        let base = schema(vec![("id", DataType::Utf8), ("s", structure(vec![("a", DataType::Utf8)]))]);
        let source = schema(vec![
            ("id", DataType::Utf8),
            ("ID", DataType::Utf8),
            ("s", structure(vec![("a", DataType::Utf8), ("A", DataType::Int64), ("_run_id", DataType::Int64)])),
            ("_Source_Version", DataType::Utf8),
            ("_is_present", DataType::Utf8),
            ("x", DataType::Int32),
            ("X", DataType::Int32),
        ]);
        let out = reconcile(&base, &source, None, &["id".into()]).expect("compatible");
        assert_eq!(out.added, ["s._run_id", "x"]);
        let left_out = ["s.A", "ID", "_Source_Version", "_is_present", "X"];
        assert_eq!(out.left_out, left_out);
        let later = reconcile(&out.schema, &source, Some(&out.seen), &["id".into()]).expect("the same again");
        assert_eq!((later.schema, later.added.len()), (out.schema, 0));
        assert_eq!(later.left_out, left_out);
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
    fn a_column_in_another_case_has_not_vanished() {
        let nested = |name: &str| schema(vec![("id", DataType::Utf8), (name, structure(vec![("a", DataType::Utf8)]))]);
        let seen = reconcile(&nested("S"), &nested("S"), None, &[]).expect("same").seen;
        let later = reconcile(&nested("s"), &nested("s"), Some(&seen), &[]).expect("the same in another case");
        assert_eq!((later.retyped.len(), later.added.len()), (0, 0));
    }

    #[test]
    fn a_type_is_taken_or_refused_whatever_was_seen_before() {
        use DataType::{Date32, Float32, Float64, Int8, Int32, Int64, Null, Timestamp, Utf8};
        let decimal = |precision, scale| DataType::Decimal128(precision, scale);
        let zoned = |zone: &str| Timestamp(TimeUnit::Microsecond, Some(zone.into()));
        let zoneless = || Timestamp(TimeUnit::Microsecond, None);
        let list = |element| DataType::List(Arc::new(Field::new("element", element, true)));
        for (base, incoming, fits) in [
            (Int64, Int32, true),
            (Int64, Int8, true),
            (Int32, Int64, true),
            (Float64, Float32, true),
            (Float64, Int32, true),
            (Float64, Int64, true),
            (Float32, Int32, true),
            (Float32, Float64, false),
            (Int64, Float64, false),
            (Int64, decimal(20, 0), true),
            (Int64, decimal(3, 1), false),
            (Int64, DataType::Decimal256(50, 0), true),
            (decimal(38, 18), decimal(10, 2), true),
            (decimal(38, 18), Int64, true),
            (decimal(10, 2), decimal(38, 18), true),
            (decimal(10, 2), DataType::Decimal256(50, 18), true),
            (decimal(10, 2), Int32, true),
            (Float64, decimal(3, 1), false),
            (Float64, decimal(20, 0), false),
            (decimal(10, 2), Float64, false),
            (zoned("UTC"), zoned("Europe/Berlin"), true),
            (zoned("UTC"), zoneless(), true),
            (zoned("UTC"), Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), true),
            (zoneless(), zoned("UTC"), false),
            (zoned("UTC"), Date32, false),
            (Date32, zoned("UTC"), false),
            (Utf8, Int64, false),
            (Int64, Utf8, false),
            (Int64, Null, true),
            (list(Int64), list(Int32), true),
            (list(Int32), list(Int64), true),
            (structure(vec![("a", Int64)]), structure(vec![("a", Int32)]), true),
            (structure(vec![("a", Int32)]), structure(vec![("a", Int64)]), true),
            (structure(vec![("a", Int64)]), Utf8, false),
        ] {
            let (bronze, source) = (schema(vec![("c", base.clone())]), schema(vec![("c", incoming.clone())]));
            let seen = reconcile(&bronze, &bronze, None, &[]).expect("same").seen;
            let (first, later) =
                (reconcile(&bronze, &source, None, &[]), reconcile(&bronze, &source, Some(&seen), &[]));
            for outcome in [&first, &later] {
                match outcome {
                    Ok(reconciled) => assert!(fits && reconciled.schema == bronze, "{incoming} into {base}"),
                    Err(error) => assert!(!fits, "{incoming} into {base}: {error}"),
                }
            }
            assert_eq!(first.err(), later.as_ref().err().cloned(), "{incoming} into {base}");
            let retyped = later.map(|reconciled| reconciled.retyped.len()).unwrap_or_default();
            let same_name = matches!((&base, &incoming), (Timestamp(_, Some(_)), Timestamp(_, Some(_))));
            assert_eq!(retyped == 0, !fits || same_name, "{incoming} into {base}");
        }
    }
}
