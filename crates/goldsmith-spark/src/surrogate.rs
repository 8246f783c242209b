//! Surrogate keys, as [`goldsmith_query::surrogate`] defines them.

use goldsmith_model::DataType;

/// The hash of a business key, given as expressions with their types.
pub(crate) fn digest(components: &[(String, DataType)]) -> String {
    let parts: Vec<String> = components.iter().map(|(sql, data_type)| component(sql, data_type)).collect();
    match parts.as_slice() {
        [one] => format!("md5({one})"),
        several => format!("md5(concat({}))", several.join(", ")),
    }
}

/// The surrogate key of a hash: 63 of its bits.
pub(crate) fn key_of(digest: &str) -> String {
    let word = |from: u8| format!("cast(conv(substring({digest}, {from}, 8), 16, 10) as bigint)");
    format!("{} * 2147483648 + shiftright({}, 1)", word(1), word(9))
}

/// `n` for null, else `v`, the length in octets, a colon and the text.
fn component(sql: &str, data_type: &DataType) -> String {
    let text = match data_type {
        DataType::String => sql.to_owned(),
        DataType::Timestamp | DataType::TimestampNtz => format!("cast(unix_micros({sql}) as string)"),
        _ => format!("cast({sql} as string)"),
    };
    format!("coalesce(concat('v', cast(octet_length({text}) as string), ':', {text}), 'n')")
}
