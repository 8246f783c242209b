//! Names and texts in the SQL of Spark and Databricks.

/// A name in backticks; a backtick within it is doubled.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal on one line.
///
/// Backslash and quote are escaped with a backslash, as Spark reads them. Doubling the quote would not do: adjacent literals are
/// joined, so that `'it''s'` is `its`.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_or_a_name_early() {
        let cases = [
            ("plain", "'plain'"),
            ("one's; DROP TABLE x --", "'one\\'s; DROP TABLE x --'"),
            ("ends with \\", "'ends with \\\\'"),
            ("\\'", "'\\\\\\''"),
            ("two\nlines\r", "'two\\nlines\\r'"),
            ("a\0b", "'a\\0b'"),
        ];
        for (text, expected) in cases {
            assert_eq!(literal(text), expected);
        }
        assert_eq!(quoted("a`; DROP"), "`a``; DROP`");
    }
}
