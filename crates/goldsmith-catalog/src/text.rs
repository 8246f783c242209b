//! Identifiers, literals and comments of Databricks SQL.

pub(crate) use goldsmith_model::sql::{literal, quoted as identifier};

/// Identifiers as a list.
pub(crate) fn identifiers<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}

/// A description as it stands in a comment: in one line, without the line breaks of the model file.
pub(crate) fn comment(text: &str) -> String {
    literal(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(comment("one\n  two"), "'one two'");
    }
}
