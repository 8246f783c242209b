//! JSON text of nested values, letter for letter as [`goldsmith_query::json`] writes it.
//!
//! `to_json` of Spark says the same where a value has only texts, integers and booleans. Where it has maps, numbers with a
//! point, instants or octets, the text is put together here: entries of maps are sorted by key and left out when their
//! value is null, instants carry as many digits as they need, and numbers have no exponent from 1e-5 to below 1e10.

use goldsmith_model::DataType;

use crate::names::{identifier, literal};

/// The JSON text of a value that is a column or a path; null for null.
pub(crate) fn text(value: &str, data_type: &DataType) -> String {
    if is_plain(data_type) && !data_type.is_scalar() {
        return format!("to_json({value})");
    }
    composed(value, data_type, 1)
}

/// Whether `to_json` writes the type as the engine does.
fn is_plain(data_type: &DataType) -> bool {
    match data_type {
        DataType::String | DataType::Boolean => true,
        DataType::Array(element) => is_plain(element),
        DataType::Struct(fields) => fields.iter().all(|field| is_plain(&field.data_type)),
        other => other.is_integer(),
    }
}

fn composed(value: &str, data_type: &DataType, depth: usize) -> String {
    if is_plain(data_type) && !data_type.is_scalar() {
        return format!("to_json({value})");
    }
    match data_type {
        // A lone text is no JSON value for `to_json`, so it goes through an array, whose brackets come off.
        DataType::String => format!("nullif(trim(both '[]' from to_json(array({value}))), 'null')"),
        DataType::Float | DataType::Double => number(value),
        DataType::Date => format!("concat('\"', cast({value} as string), '\"')"),
        DataType::Timestamp => instant(value, "Z"),
        DataType::TimestampNtz => instant(value, ""),
        DataType::Binary => format!("concat('\"', lower(hex({value})), '\"')"),
        DataType::Struct(fields) => {
            let members: Vec<String> = fields
                .iter()
                .map(|field| {
                    let key = literal(&format!("{}:", json_string(&field.name)));
                    let member = composed(&format!("{value}.{}", identifier(&field.name)), &field.data_type, depth);
                    format!("concat({key}, {member})")
                })
                .collect();
            format!("case when {value} is not null then concat('{{', concat_ws(',', {}), '}}') end", members.join(", "))
        }
        DataType::Array(element) => {
            let variable = format!("e{depth}");
            let member = composed(&variable, element, depth + 1);
            format!("concat('[', array_join(transform({value}, {variable} -> coalesce({member}, 'null')), ','), ']')")
        }
        DataType::Map(key, of) => {
            let variable = format!("k{depth}");
            let key = match key.as_ref() {
                DataType::String => composed(&variable, key, depth + 1),
                _ => format!("concat('\"', cast({variable} as string), '\"')"),
            };
            let entry = format!("element_at({value}, {variable})");
            let member = composed(&entry, of, depth + 1);
            let keys = format!("filter(array_sort(map_keys({value})), {variable} -> {entry} is not null)");
            format!(
                "concat('{{', array_join(transform({keys}, {variable} -> concat({key}, ':', {member})), ','), '}}')"
            )
        }
        _ => format!("cast({value} as string)"),
    }
}

/// Spark writes an exponent from 1e7 on and below 1e-3; the engine has other bounds and a small `e`. What is no number of JSON is a text, as
/// `to_json` has it.
fn number(value: &str) -> String {
    let digits = format!("cast(cast(cast({value} as string) as decimal(38,22)) as string)");
    format!(
        "case when isnan({value}) then '\"NaN\"' when {value} = double('infinity') then '\"Infinity\"' \
         when {value} = double('-infinity') then '\"-Infinity\"' \
         when abs({value}) >= 1e-5 and abs({value}) < 1e10 then regexp_replace({digits}, '([.][0-9]+?)0*$', '$1') \
         else replace(cast({value} as string), 'E', 'e') end"
    )
}

fn instant(value: &str, zone: &str) -> String {
    let formatted = |pattern: &str| format!("date_format({value}, {})", literal(pattern));
    format!(
        "concat('\"', case when unix_micros({value}) % 1000000 = 0 then {} when unix_micros({value}) % 1000 = 0 then {} else {} end, '{zone}\"')",
        formatted("yyyy-MM-dd'T'HH:mm:ss"),
        formatted("yyyy-MM-dd'T'HH:mm:ss.SSS"),
        formatted("yyyy-MM-dd'T'HH:mm:ss.SSSSSS"),
    )
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
