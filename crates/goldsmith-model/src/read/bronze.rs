//! `bronze/<schema>/<table>.yaml`.

use super::{boolean, data_type, description, integer, text, texts, write_mode};
use crate::domain::{BronzeTable, ColumnDef, DataType, LoadMode, MutabilityClass, Scope, SourceName};
use crate::syntax::Node;

/// A bronze file as read.
#[derive(Debug)]
pub(crate) struct RawBronze {
    pub(crate) table: BronzeTable,
    /// The class as it stands in the file; the table has a stand-in when it is not known.
    pub(crate) mutability: Option<MutabilityClass>,
    /// Whether its columns are not all known, so that nothing can be said about a column that is missing.
    pub(crate) opaque: bool,
}

pub(crate) fn bronze(file: Option<&Node>, source: SourceName) -> RawBronze {
    let word = |key: &str| file.and_then(|file| text(file, key));
    let mutability = word("mutability");
    let mutability = MutabilityClass::ALL.into_iter().find(|class| Some(class.name()) == mutability.as_deref());
    let mut opaque = file.is_none_or(|file| file.get("columns").is_none_or(|columns| columns.entries().is_empty()));
    let mut table = BronzeTable {
        source,
        description: file.map(description).unwrap_or_default(),
        mutability: mutability.unwrap_or(MutabilityClass::AppendEvent),
        load: if word("load").as_deref() == Some("merge") { LoadMode::Merge } else { LoadMode::Append },
        scope: if word("scope").as_deref() == Some("global") { Scope::Global } else { Scope::Regional },
        retention_days: file.and_then(|file| integer(file, "retention_days")).and_then(|days| days.try_into().ok()),
        natural_key: file.map(|file| texts(file, "natural_key")).unwrap_or_default(),
        sequence_by: word("sequence_by"),
        date_column: word("date_column"),
        optional: file.is_some_and(|file| boolean(file, "optional")),
        write_mode: file.and_then(write_mode),
        columns: Default::default(),
    };
    for entry in file.and_then(|file| file.get("columns")).map(Node::entries).unwrap_or_default() {
        let data_type = data_type(&entry.value);
        opaque |= data_type.is_none();
        let values = entry.value.get("values").map(|_| texts(&entry.value, "values"));
        let column = ColumnDef {
            data_type: data_type.unwrap_or(DataType::String),
            description: description(&entry.value),
            values: values.filter(|values| !values.is_empty()),
            tags: texts(&entry.value, "tags"),
        };
        table.columns.entry(entry.key.clone()).or_insert(column);
    }
    RawBronze { table, mutability, opaque }
}
