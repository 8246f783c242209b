//! YAML text as a tree of nodes that know their place.
//!
//! Model files use plain YAML: mappings, sequences and scalars. Anchors, aliases, tags and several documents in
//! one file are refused, because a reader of the file would have to resolve them by hand.

mod align;
mod parse;

pub(crate) use align::part_of_scalar;
pub(crate) use parse::parse;

/// A stretch of text within a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First character, counted from the start of the file.
    pub(crate) start: usize,
    /// First character after it.
    pub(crate) end: usize,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Block,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar { text: String, style: Style },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// What a scalar stands for, by the core schema of YAML 1.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
}

impl Node {
    /// The scalar, if the node is one.
    pub(crate) fn scalar(&self) -> Option<Scalar<'_>> {
        let Value::Scalar { text, style } = &self.value else { return None };
        Some(if *style == Style::Plain { resolve(text) } else { Scalar::Text(text) })
    }

    /// The value of a key, if the node is a mapping that has it. Of a key that stands twice the first one counts.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a mapping, nothing for other nodes.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence, nothing for other nodes.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// What the node is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Mapping(_) => "a mapping",
            Value::Sequence(_) => "a list",
            Value::Scalar { .. } => match self.scalar() {
                Some(Scalar::Null) | None => "nothing",
                Some(Scalar::Boolean(_)) => "a boolean",
                Some(Scalar::Integer(_) | Scalar::Float(_)) => "a number",
                Some(Scalar::Text(_)) => "a text",
            },
        }
    }
}

fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Boolean(true),
        "false" | "False" | "FALSE" => return Scalar::Boolean(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Scalar::Text(text);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is kept as the text that it is.
        return text.parse().map_or(Scalar::Text(text), Scalar::Integer);
    }
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse::<f64>() {
        Ok(value) if numeric && value.is_finite() => Scalar::Float(value),
        _ => Scalar::Text(text),
    }
}
