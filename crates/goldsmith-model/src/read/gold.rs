//! `gold/<domain>/<table>.yaml`.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{as_written, boolean, data_type, description, source, text, text_map, texts, write_mode};
use crate::domain::{
    AggregateFunction, Calendar, Conservation, DataType, DerivedColumn, Fetch, Member, SourceName, WriteMode,
};
use crate::shape::Kind;
use crate::syntax::Node;

/// A gold file as read, before anything in it is resolved.
#[derive(Debug, Default)]
pub(crate) struct RawGold {
    pub(crate) name: String,
    /// None when the file does not tell.
    pub(crate) kind: Option<Kind>,
    pub(crate) domain: String,
    pub(crate) description: String,
    pub(crate) grain: String,
    pub(crate) owner: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) source: Option<SourceName>,
    pub(crate) key: Vec<String>,
    pub(crate) sequence_by: Option<String>,
    pub(crate) event_time: Option<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) cluster_by: Vec<String>,
    pub(crate) write_mode: Option<WriteMode>,
    pub(crate) delete_time: Option<String>,
    pub(crate) untracked: Vec<String>,
    pub(crate) interval: Option<(String, String)>,
    pub(crate) fold: Option<RawFold>,
    pub(crate) members: Vec<Member>,
    pub(crate) aggregates: IndexMap<String, RawAggregate>,
    pub(crate) empty_is_null: bool,
    pub(crate) calendar: Calendar,
    pub(crate) derived: IndexMap<String, DerivedColumn>,
    pub(crate) lookups: Vec<RawLookup>,
    pub(crate) laws: Vec<RawLaw>,
    /// Columns whose declared type cannot be read; nothing is said about their type.
    pub(crate) untyped: HashSet<String>,
}

#[derive(Debug)]
pub(crate) struct RawFold {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) columns: IndexMap<String, RawFoldColumn>,
}

#[derive(Debug)]
pub(crate) struct RawFoldColumn {
    pub(crate) function: String,
    pub(crate) column: Option<String>,
    pub(crate) of: Option<String>,
    pub(crate) data_type: DataType,
    pub(crate) description: String,
}

#[derive(Debug)]
pub(crate) struct RawAggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) column: String,
    pub(crate) by: Vec<String>,
    pub(crate) data_type: DataType,
    pub(crate) description: String,
}

#[derive(Debug)]
pub(crate) struct RawLookup {
    /// Position in the file; items that cannot be read are left out.
    pub(crate) index: usize,
    pub(crate) dimension: String,
    pub(crate) date: Option<String>,
    pub(crate) key: IndexMap<String, String>,
    pub(crate) constant: IndexMap<String, String>,
    pub(crate) as_of: Option<String>,
    pub(crate) key_column: Option<String>,
    pub(crate) empty_is_null: bool,
    pub(crate) fetch: IndexMap<String, Fetch>,
    /// Keys that stand in the file.
    pub(crate) keys: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct RawLaw {
    /// Position in the file; items that cannot be read are left out.
    pub(crate) index: usize,
    pub(crate) law: Conservation,
}

pub(crate) fn gold(file: &Node, name: String, domain: String) -> RawGold {
    let mut untyped = HashSet::new();
    let mut typed = |name: &str, node: &Node| {
        data_type(node).unwrap_or_else(|| {
            untyped.insert(name.to_owned());
            DataType::String
        })
    };
    let derived = entries(file, "derived")
        .map(|(name, node)| {
            let expression = node.get("expr").and_then(as_written).unwrap_or_default();
            let column = DerivedColumn { expression, data_type: typed(name, node), description: description(node) };
            (name.to_owned(), column)
        })
        .collect();
    let fold = file.get("fold").and_then(|node| fold(node, &mut typed));
    let aggregates = entries(file, "aggregate")
        .filter_map(|(name, node)| {
            let function = match text(node, "function")?.as_str() {
                "min" => AggregateFunction::Min,
                "max" => AggregateFunction::Max,
                "last" => AggregateFunction::Last,
                _ => return None,
            };
            let aggregate = RawAggregate {
                function,
                column: text(node, "column")?,
                by: texts(node, "by"),
                data_type: typed(name, node),
                description: description(node),
            };
            Some((name.to_owned(), aggregate))
        })
        .collect();
    RawGold {
        name,
        kind: Kind::of(file),
        domain,
        description: description(file),
        grain: text(file, "grain").unwrap_or_default(),
        owner: text(file, "owner"),
        tags: texts(file, "tags"),
        source: source(file, "source"),
        key: texts(file, "key"),
        sequence_by: text(file, "sequence_by"),
        event_time: text(file, "event_time"),
        exclude: texts(file, "exclude"),
        cluster_by: texts(file, "cluster_by"),
        write_mode: write_mode(file),
        delete_time: text(file, "delete_time"),
        untracked: texts(file, "untracked"),
        interval: file.get("interval").and_then(|node| Some((text(node, "start")?, text(node, "end")?))),
        fold,
        members: items(file, "members").filter_map(|(_, node)| member(node)).collect(),
        aggregates,
        empty_is_null: boolean(file, "empty_is_null"),
        calendar: Calendar {
            descriptions: file.get("calendar").map(|node| text_map(node, "descriptions")).unwrap_or_default(),
        },
        derived,
        lookups: items(file, "dimensions").filter_map(|(index, node)| lookup(index, node)).collect(),
        laws: items(file, "conserves").filter_map(|(index, node)| law(index, node)).collect(),
        untyped,
    }
}

fn entries<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    node.get(key).map(Node::entries).unwrap_or_default().iter().map(|entry| (entry.key.as_str(), &entry.value))
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = (usize, &'a Node)> {
    node.get(key).map(Node::items).unwrap_or_default().iter().enumerate()
}

fn fold(node: &Node, typed: &mut impl FnMut(&str, &Node) -> DataType) -> Option<RawFold> {
    let slice = node.get("slice")?;
    let columns = entries(node, "columns").map(|(name, rule)| {
        let column = RawFoldColumn {
            function: text(rule, "function").unwrap_or_default(),
            column: text(rule, "column"),
            of: text(rule, "of"),
            data_type: typed(name, rule),
            description: description(rule),
        };
        (name.to_owned(), column)
    });
    Some(RawFold { start: text(slice, "start")?, end: text(slice, "end")?, columns: columns.collect() })
}

/// A member whose source is no source name keeps its place in the list, as the pointers count it.
fn member(node: &Node) -> Option<Member> {
    let unknown = || SourceName { schema: String::new(), table: text(node, "source").unwrap_or_default() };
    let columns =
        entries(node, "columns").filter_map(|(name, expression)| Some((name.to_owned(), as_written(expression)?)));
    Some(Member { source: source(node, "source").unwrap_or_else(unknown), columns: columns.collect() })
}

fn lookup(index: usize, node: &Node) -> Option<RawLookup> {
    let fetch = entries(node, "fetch").filter_map(|(name, fetch)| {
        Some((name.to_owned(), Fetch { column: text(fetch, "column")?, description: description(fetch) }))
    });
    Some(RawLookup {
        index,
        dimension: text(node, "dimension")?,
        date: text(node, "date"),
        key: text_map(node, "key"),
        constant: text_map(node, "constant"),
        as_of: text(node, "as_of"),
        key_column: text(node, "key_column"),
        empty_is_null: boolean(node, "empty_is_null"),
        fetch: fetch.collect(),
        keys: node.entries().iter().map(|entry| entry.key.clone()).collect(),
    })
}

fn law(index: usize, node: &Node) -> Option<RawLaw> {
    let law = Conservation {
        name: text(node, "name")?,
        sum: node.get("sum").and_then(as_written)?,
        equals: node.get("equals").and_then(as_written),
        by: texts(node, "by"),
        description: description(node),
    };
    Some(RawLaw { index, law })
}
