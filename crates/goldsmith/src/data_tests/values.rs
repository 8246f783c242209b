//! Comparing a row with what a test expects of it.

use serde_json::Value;

/// Whether a value of a table is what a test expects: numbers by value at any scale, instants by time, JSON
/// text by its structure.
pub(crate) fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| matches(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| matches(a, b)))
        }
        (Value::Array(_) | Value::Object(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|found| matches(expected, &found))
        }
        (Value::Null | Value::Bool(_), _) | (_, Value::Null | Value::Bool(_)) => false,
        (a, b) => {
            let (a, b) = (text_of(a), text_of(b));
            a == b
                || number_of(&a).is_some_and(|a| Some(a) == number_of(&b))
                || instant_of(&a).is_some_and(|a| Some(a) == instant_of(&b))
        }
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number in one form: sign, digits without leading zeros, fraction without trailing zeros.
fn number_of(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let sign = if whole.is_empty() && fraction.is_empty() { "" } else { sign };
    Some(format!("{sign}{whole}.{fraction}"))
}

/// An instant in one form: without zone and without trailing zeros of the fraction.
fn instant_of(text: &str) -> Option<String> {
    if text.len() < 19 || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let text = text.trim_end_matches('Z').trim_end_matches("+00:00");
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    Some(format!("{seconds}.{}", fraction.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::matches;
    use serde_json::json;

    #[test]
    fn values_compare_by_meaning() {
        let cases = [
            (json!("1.50"), json!(1.5), true),
            (json!("-0.000"), json!("0"), true),
            (json!(3), json!("3.000000"), true),
            (json!("2024-01-01T00:00:00Z"), json!("2024-01-01T00:00:00.000000Z"), true),
            (json!("2024-01-01T00:00:00Z"), json!("2024-01-01T00:00:01Z"), false),
            (json!([{"a": 1}]), json!("[{\"a\":1}]"), true),
            (json!({"a": "x"}), json!({"a": "y"}), false),
            (json!(null), json!("x"), false),
            (json!("10"), json!("1"), false),
            (json!("abc"), json!("abc"), true),
        ];
        for (expected, found, equal) in cases {
            assert_eq!(matches(&expected, &found), equal, "{expected} ~ {found}");
        }
    }
}
