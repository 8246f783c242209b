//! What the files look like: one description that the structural check and the JSON Schema both read.

mod check;
mod files;
mod json;
mod kinds;

pub(crate) use check::{check, source_name};
pub use json::{FileKind, json_schema};
pub(crate) use kinds::{KIND_KEYS, Kind};

/// The shape of a value.
pub(crate) enum Shape {
    /// A text in one or several lines, not empty.
    Text,
    /// A name that is defined here: lower case, digits and underscores, starting with a letter.
    Name,
    /// A name of a source or one of its columns: may start with underscores.
    SourceColumn,
    /// `<schema>.<table>`.
    Source,
    /// A Spark SQL type.
    Type,
    /// A SQL expression; any scalar.
    Expression,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of some words, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// A list, whose items may have to be there and to differ.
    List(&'static Shape, Items),
    /// A mapping from names to values of one shape.
    Map(&'static Shape, &'static Shape),
    /// A mapping with known keys.
    Object(&'static [Key]),
    /// Anything.
    Any,
}

/// What is asked of the items of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Items {
    /// Names; none stands twice, and there is at least one.
    Some,
    /// Names; none stands twice.
    Distinct,
    /// Things that may repeat, at least one.
    Many,
    /// Things that may repeat.
    Free,
}

/// One key of a mapping.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
    pub(crate) description: &'static str,
}

/// A key that must be there.
pub(crate) const fn required(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key { name, required: true, shape, description }
}

/// A key that may be there.
pub(crate) const fn optional(name: &'static str, shape: Shape, description: &'static str) -> Key {
    Key { name, required: false, shape, description }
}

#[cfg(test)]
mod tests;
