//! Identifiers and literals of Databricks SQL.

/// An identifier in backticks; a backtick within it is doubled.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Identifiers as a list.
pub(crate) fn identifiers<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}

/// A string literal on one line.
///
/// Backslash and quote are escaped with a backslash. Doubling the quote would not do: adjacent literals are
/// joined, so that `'it''s'` is `its`.
pub(crate) fn literal(text: &str) -> String {
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

/// A description as it stands in a comment: in one line, without the line breaks of the model file.
pub(crate) fn comment(text: &str) -> String {
    literal(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_or_an_identifier_early() {
        let cases = [
            ("plain", "'plain'"),
            ("one's; DROP TABLE x --", "'one\\'s; DROP TABLE x --'"),
            ("ends with \\", "'ends with \\\\'"),
            ("\\'", "'\\\\\\''"),
            ("two\nlines", "'two\\nlines'"),
        ];
        for (text, expected) in cases {
            assert_eq!(literal(text), expected);
        }
        assert_eq!(identifier("a`; DROP"), "`a``; DROP`");
        assert_eq!(comment("one\n  two"), "'one two'");
    }
}
