//! Statements that create tables.

use goldsmith_model::{BronzeTable, DataType, LoadMode};
use goldsmith_query::columns::{INGESTED_AT, IS_PRESENT, RUN_ID, SOURCE_VERSION};

use crate::chain::listed;
use crate::names::{Layer, Names, identifier, literal};
use crate::options::Target;
use crate::script::Statement;

/// A column of a table that is created.
pub(crate) struct Definition<'a> {
    pub(crate) name: &'a str,
    pub(crate) data_type: &'a DataType,
    pub(crate) nullable: bool,
    pub(crate) comment: &'a str,
}

/// What makes a table one that the native engine can write: room for its position, and no feature that Databricks turns on by
/// itself and that the engine cannot write. Sail cannot write such tables, so they are made for Databricks alone.
const DATABRICKS_PROPERTIES: &[(&str, &str)] = &[
    ("delta.feature.domainMetadata", "supported"),
    ("delta.enableRowTracking", "false"),
    ("delta.enableDeletionVectors", "false"),
];

/// `create table if not exists`. A table with a place of its own may be there already, as another engine or version made it, and a
/// catalog that does not know it yet: a second statement then makes it known as it is, since servers refuse to create a table over
/// one that differs in no more than a comment.
pub(crate) fn create(
    names: &Names,
    (layer, table): (Layer, &str),
    columns: &[Definition<'_>],
    (what, comment): (&str, &str),
    target: Target,
) -> Vec<Statement> {
    let name = names.table(layer, table);
    let location = names.location(layer, table).map(|location| format!("\nlocation {}", literal(&location)));
    let attach = location.as_ref().map(|location| {
        let sql = format!("create table if not exists {name}\nusing delta{location}");
        Statement::new(
            "attach",
            "In place of the one before, where a table is there that differs: makes it known as it is.",
            sql,
        )
    });
    let location = location.unwrap_or_default();
    let items: Vec<String> = columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " not null" };
            let comment = match column.comment {
                "" => String::new(),
                text => format!(" comment {}", literal(text)),
            };
            format!("{} {}{null}{comment}", identifier(column.name), column.data_type)
        })
        .collect();
    let properties = match target {
        Target::Spark => String::new(),
        Target::Databricks => {
            let each: Vec<String> = DATABRICKS_PROPERTIES
                .iter()
                .map(|(name, value)| format!("{} = {}", literal(name), literal(value)))
                .collect();
            format!("\ntblproperties ({})", each.join(", "))
        }
    };
    let sql = format!(
        "create table if not exists {name} (\n{}\n)\nusing delta{location}\ncomment {}{properties}",
        listed(&items),
        literal(comment)
    );
    std::iter::once(Statement::new("create", what, sql)).chain(attach).collect()
}

/// The columns that bronze adds to those of the source.
pub(crate) const METADATA: [(&str, DataType, &str); 4] = [
    (SOURCE_VERSION, DataType::BigInt, "Version of the source that delivered the row."),
    (INGESTED_AT, DataType::Timestamp, "When the run that took the row over began."),
    (RUN_ID, DataType::String, "Run that took the row over."),
    (IS_PRESENT, DataType::Boolean, "Whether the source still shows the row."),
];

/// The metadata columns that the bronze table of a source has.
pub(crate) fn metadata(bronze: &BronzeTable) -> impl Iterator<Item = &'static (&'static str, DataType, &'static str)> {
    let merged = bronze.load == LoadMode::Merge;
    METADATA.iter().filter(move |(name, _, _)| merged || *name != IS_PRESENT)
}

/// The columns of a bronze table.
pub(crate) fn bronze_columns(bronze: &BronzeTable) -> Vec<Definition<'_>> {
    let own = bronze.columns.iter().map(|(name, column)| Definition {
        name,
        data_type: &column.data_type,
        nullable: true,
        comment: &column.description,
    });
    own.chain(metadata(bronze).map(|(name, data_type, comment)| Definition {
        name,
        data_type,
        nullable: true,
        comment,
    }))
    .collect()
}
