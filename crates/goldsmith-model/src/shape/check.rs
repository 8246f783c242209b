//! The structural check of one file against its shape: every problem, none of them fatal.

use std::collections::HashMap;

use super::{Items, Key, Shape};
use crate::diagnostic::{Code, Diagnostic};
use crate::domain::{DataType, SourceName};
use crate::locator::SourceFile;
use crate::suggest;
use crate::syntax::{Node, Scalar, Span, Value};

/// Checks the tree of a file. Problems of the text itself are not repeated.
pub(crate) fn check(file: &SourceFile, shape: &Shape) -> Vec<Diagnostic> {
    let mut checker = Checker { file, found: Vec::new() };
    if let Some(root) = &file.root {
        checker.node(root, root.span, shape, "the file");
    }
    checker.found
}

struct Checker<'a> {
    file: &'a SourceFile,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        self.found.push(Diagnostic::new(code, self.file.place(span), message).with_help(help));
    }

    fn wrong_type(&mut self, node: &Node, shown: Span, what: &str, wanted: &str) {
        let help = matches!(node.scalar(), Some(Scalar::Boolean(_) | Scalar::Integer(_) | Scalar::Float(_)))
            .then(|| "put it in quotes if it is meant as text".to_owned())
            .filter(|_| wanted.starts_with("a text"));
        let message = match node.scalar() {
            Some(Scalar::Null) => format!("{what} has no value; it must be {wanted}"),
            _ => format!("{what} must be {wanted}, this is {}", node.describe()),
        };
        self.report(Code::WrongType, shown, message, help);
    }

    /// `shown` is where a problem of the node is shown: the node itself, or its key when the node is empty.
    fn node(&mut self, node: &Node, shown: Span, shape: &Shape, what: &str) {
        match shape {
            Shape::Any => {}
            Shape::Text => {
                self.text(node, shown, what);
            }
            Shape::Name => {
                if let Some(text) = self.text(node, shown, what) {
                    self.name(text, shown, what, false);
                }
            }
            Shape::SourceColumn => {
                if let Some(text) = self.text(node, shown, what) {
                    self.name(text, shown, what, true);
                }
            }
            Shape::Source => {
                if let Some(text) = self.text(node, shown, what)
                    && source_name(text).is_none()
                {
                    let help = "a source is `<schema>.<table>` in lower case, for instance `billing.usage`";
                    self.report(
                        Code::InvalidName,
                        shown,
                        format!("`{text}` is no name of a source"),
                        Some(help.to_owned()),
                    );
                }
            }
            Shape::Type => self.data_type(node, shown, what),
            Shape::Expression => match &node.value {
                Value::Scalar { text, .. } if !text.trim().is_empty() && node.scalar() != Some(Scalar::Null) => {}
                _ => self.wrong_type(node, shown, what, "a SQL expression"),
            },
            Shape::Integer(low, high) => match node.scalar() {
                Some(Scalar::Integer(value)) if (*low..=*high).contains(&value) => {}
                Some(Scalar::Integer(_)) => {
                    let range =
                        if *high == i64::MAX { format!("at least {low}") } else { format!("from {low} to {high}") };
                    self.report(Code::InvalidValue, shown, format!("{what} must be {range}"), None);
                }
                _ => self.wrong_type(node, shown, what, "a whole number"),
            },
            Shape::Boolean => {
                if !matches!(node.scalar(), Some(Scalar::Boolean(_))) {
                    self.wrong_type(node, shown, what, "`true` or `false`");
                }
            }
            Shape::Choice(choices) => self.choice(node, shown, choices, what),
            Shape::List(item, items) => self.list(node, shown, item, *items, what),
            Shape::Map(key, value) => self.map(node, shown, key, value, what),
            Shape::Object(keys) => self.object(node, shown, keys, what),
        }
    }

    fn text<'n>(&mut self, node: &'n Node, shown: Span, what: &str) -> Option<&'n str> {
        match node.scalar() {
            Some(Scalar::Text(text)) if !text.trim().is_empty() => Some(text),
            Some(Scalar::Text(_)) => {
                self.report(Code::InvalidValue, shown, format!("{what} is empty"), None);
                None
            }
            _ => {
                self.wrong_type(node, shown, what, "a text");
                None
            }
        }
    }

    fn name(&mut self, text: &str, span: Span, what: &str, underscores: bool) {
        if !is_identifier(text, underscores) {
            let fixed = to_identifier(text);
            let help = if is_identifier(&fixed, underscores) {
                format!("write it as `{fixed}`")
            } else {
                "names are lower case letters, digits and underscores, and start with a letter".to_owned()
            };
            self.report(Code::InvalidName, span, format!("`{text}` is no identifier ({what})"), Some(help));
        }
    }

    fn data_type(&mut self, node: &Node, shown: Span, what: &str) {
        let Some(text) = self.text(node, shown, what) else { return };
        if let Err(error) = text.parse::<DataType>() {
            let offset = text.get(..error.offset).map_or(0, |before| before.chars().count());
            let quote = usize::from(node.span.end - node.span.start > text.chars().count());
            let at = if shown.end - shown.start >= text.chars().count() { offset + quote } else { 0 };
            let start = (shown.start + at).min(shown.end.saturating_sub(1)).max(shown.start);
            let end = shown.end.saturating_sub(quote).max(start + 1);
            let span = Span { start, end };
            let word = text.get(error.offset..).unwrap_or_default().split(|c: char| !c.is_alphanumeric()).next();
            let known = [
                "string",
                "boolean",
                "bigint",
                "int",
                "double",
                "decimal",
                "date",
                "timestamp",
                "binary",
                "array",
                "map",
                "struct",
            ];
            let help = suggest::nearest(word.unwrap_or_default(), known).map(|name| format!("did you mean `{name}`?"));
            self.report(Code::InvalidType, span, format!("`{text}` is no column type: {}", error.message), help);
        }
    }

    fn choice(&mut self, node: &Node, shown: Span, choices: &[(&str, &str)], what: &str) {
        let Value::Scalar { text, .. } = &node.value else {
            return self.wrong_type(node, shown, what, "one word");
        };
        if node.scalar() == Some(Scalar::Null) {
            return self.wrong_type(node, shown, what, "one word");
        }
        if !choices.iter().any(|(word, _)| word == text) {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = suggest::help(text, words.iter().copied());
            self.report(Code::InvalidValue, shown, format!("{what} cannot be `{text}`"), help);
        }
    }

    fn list(&mut self, node: &Node, shown: Span, item: &Shape, items: Items, what: &str) {
        let Value::Sequence(nodes) = &node.value else {
            return self.wrong_type(node, shown, what, "a list");
        };
        if nodes.is_empty() && matches!(items, Items::Some | Items::Many) {
            self.report(Code::InvalidValue, shown, format!("{what} is empty; it needs at least one item"), None);
        }
        let mut seen = HashMap::new();
        for child in nodes {
            self.node(child, child.span, item, &format!("an item of {what}"));
            if matches!(items, Items::Some | Items::Distinct)
                && let Some(Scalar::Text(text)) = child.scalar()
                && seen.insert(text, child.span).is_some()
            {
                self.report(Code::DuplicateItem, child.span, format!("{what} names `{text}` twice"), None);
            }
        }
    }

    fn map(&mut self, node: &Node, shown: Span, key: &Shape, value: &Shape, what: &str) {
        let Value::Mapping(entries) = &node.value else {
            return self.wrong_type(node, shown, what, "a mapping");
        };
        for entry in entries {
            match key {
                Shape::Name => self.name(&entry.key, entry.key_span, &format!("a name in {what}"), false),
                Shape::SourceColumn => self.name(&entry.key, entry.key_span, &format!("a name in {what}"), true),
                _ => {}
            }
            self.node(&entry.value, visible(&entry.value, entry.key_span), value, &format!("`{}`", entry.key));
        }
    }

    fn object(&mut self, node: &Node, shown: Span, keys: &[Key], what: &str) {
        let Value::Mapping(entries) = &node.value else {
            return self.wrong_type(node, shown, what, "a mapping");
        };
        for entry in entries {
            let span = visible(&entry.value, entry.key_span);
            match keys.iter().find(|key| key.name == entry.key) {
                Some(key) if key.name == "description" && is_blank(&entry.value) => {
                    let message = format!("the description of {what} is empty");
                    self.report(Code::MissingDescription, entry.key_span, message, None);
                }
                Some(key) => self.node(&entry.value, span, &key.shape, &format!("`{}`", key.name)),
                None if entry.key.is_empty() => {}
                None => {
                    let free = keys.iter().map(|key| key.name).filter(|name| node.get(name).is_none());
                    let help = suggest::help(&entry.key, free);
                    self.report(
                        Code::UnknownKey,
                        entry.key_span,
                        format!("unknown key `{}` in {what}", entry.key),
                        help,
                    );
                }
            }
        }
        for key in keys.iter().filter(|key| key.required && node.get(key.name).is_none()) {
            if key.name == "description" {
                let help = "say in one sentence what it means; it becomes the comment of the table or column";
                self.report(
                    Code::MissingDescription,
                    shown,
                    format!("{what} has no `description`"),
                    Some(help.to_owned()),
                );
            } else {
                self.report(
                    Code::MissingKey,
                    shown,
                    format!("{what} has no `{}`", key.name),
                    Some(key.description.to_owned()),
                );
            }
        }
    }
}

/// Where a problem of a value is shown: at its text, or at its key when the value spans lines or is empty.
fn visible(node: &Node, key: Span) -> Span {
    match node.value {
        Value::Scalar { .. } if node.span.end > node.span.start => node.span,
        _ => key,
    }
}

fn is_blank(node: &Node) -> bool {
    match node.scalar() {
        Some(Scalar::Null) => true,
        Some(Scalar::Text(text)) => text.trim().is_empty(),
        _ => false,
    }
}

/// Whether a text is an identifier: lower case letters, digits and underscores, starting with a letter.
pub(crate) fn is_identifier(text: &str, leading_underscores: bool) -> bool {
    let body = if leading_underscores { text.trim_start_matches('_') } else { text };
    body.starts_with(|c: char| c.is_ascii_lowercase())
        && body.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Reads `<schema>.<table>`.
pub(crate) fn source_name(text: &str) -> Option<SourceName> {
    let (schema, table) = text.split_once('.')?;
    let good = is_identifier(schema, true) && is_identifier(table, true);
    good.then(|| SourceName { schema: schema.to_owned(), table: table.to_owned() })
}

fn to_identifier(text: &str) -> String {
    let mut out = String::new();
    let mut previous = '_';
    for c in text.chars() {
        if c.is_uppercase() && (previous.is_lowercase() || previous.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(if c.is_alphanumeric() { c.to_lowercase().next() } else { Some('_') });
        previous = c;
    }
    out
}
