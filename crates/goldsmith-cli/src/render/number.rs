//! Numbers for people.

/// Groups of three digits: `1,234,567`; nothing to count is a dash, so that the other numbers stand out.
pub(crate) fn count(number: u64) -> String {
    if number == 0 { "-".into() } else { grouped(number) }
}

/// Groups of three digits: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun, which takes an `s` unless there is one: `1 table`, `2 tables`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Seconds with two decimals.
pub(crate) fn seconds(seconds: f64) -> String {
    format!("{seconds:.2}")
}

/// A size in the unit that keeps it short: `1.5 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
        for (size, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (1 << 53, "8192.0 TiB")]
        {
            assert_eq!(bytes(size), expected);
        }
        assert_eq!((plural(1, "table"), plural(2, "table")), ("1 table".into(), "2 tables".into()));
    }
}
