//! Regular expressions that mean the same to Rust's `regex`, which the engine uses, and to Java's, which Spark uses.

/// The pattern for Spark; the reason when it would not mean the same.
///
/// Both agree on literals, classes, alternatives, groups and repetition. `$` is the very end only in Rust, and the dot
/// leaves out more line ends in Java, so both are spelled out. Escapes such as `\d` know Unicode only in Rust.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut in_class = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => {
                    out.push('\\');
                    out.push(escaped);
                }
                Some(escaped) => return Err(format!("`\\{escaped}` in a regular expression")),
                None => return Err("a regular expression that ends in a backslash".to_owned()),
            },
            '[' if in_class => return Err("a class within a class of a regular expression".to_owned()),
            '&' | '~' | '-' if in_class && chars.peek() == Some(&c) => {
                return Err(format!("`{c}{c}` in a class of a regular expression"));
            }
            '[' => {
                in_class = true;
                out.push(c);
            }
            ']' if in_class => {
                in_class = false;
                out.push(c);
            }
            '$' if !in_class => out.push_str("\\z"),
            '.' if !in_class => out.push_str("[^\\n]"),
            '(' if !in_class && chars.peek() == Some(&'?') => return Err("`(?` in a regular expression".to_owned()),
            other => out.push(other),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns_mean_the_same_or_are_refused() {
        for (given, expected) in [
            ("^(STANDARD|PREMIUM)_", Some("^(STANDARD|PREMIUM)_")),
            ("[0-9]+[.][0-9]+", Some("[0-9]+[.][0-9]+")),
            ("a.c$", Some("a[^\\n]c\\z")),
            ("a\\.b[$.]", Some("a\\.b[$.]")),
            ("\\d+", None),
            ("(?i)x", None),
            ("[a&&b]", None),
        ] {
            assert_eq!(pattern(given).ok().as_deref(), expected, "{given}");
        }
    }
}
