//! The data dictionary: every table and column.

use goldsmith_model::{ColumnRole, GoldColumn, GoldTable, Model};

use super::describe::{kind, role, rows};
use super::markdown::{code, codes, generated_note, prose, table};
use super::origin::{ColumnOrigin, only_source, origins, without_prefix};
use super::{GeneratedFile, by_domain};

/// Number of source fields of one column that are named; the lineage names them all.
const FIELDS_SHOWN: usize = 4;

pub(super) fn files(model: &Model) -> Vec<GeneratedFile> {
    let mut files = vec![GeneratedFile::new("gold_layer_design/data_dictionary.md", index(model))];
    for (domain, tables) in by_domain(model) {
        let mut text = format!("# Data dictionary: {}\n\n{}", domain.replace('_', " "), generated_note("models/"));
        for gold in tables {
            text.push('\n');
            text.push_str(&entry(model, gold));
        }
        files.push(GeneratedFile::new(format!("gold_layer_design/data_dictionary/{domain}.md"), text));
    }
    files
}

fn index(model: &Model) -> String {
    let mut out = String::from("# Data dictionary\n\n");
    out.push_str(&generated_note("models/"));
    let dimensions = model.gold.values().filter(|table| table.is_dimension()).count();
    out.push_str(&format!(
        "\n{dimensions} dimensions and {} facts. Each link leads to the columns.\n\n",
        model.gold.len() - dimensions
    ));
    let entries = by_domain(model).into_iter().flat_map(|(domain, tables)| {
        tables.into_iter().map(move |gold| {
            [
                format!("[`{0}`](data_dictionary/{domain}.md#{0})", gold.name),
                domain.replace('_', " "),
                kind(gold).to_owned(),
                prose(&gold.grain),
                codes(&gold.key),
                prose(&gold.description),
            ]
        })
    });
    out.push_str(&table(["Table", "Domain", "Kind", "One row is", "Key", "Description"], entries));
    out.push_str(
        "\n## Roles of columns\n\n\
         - **surrogate key**: key of a dimension row, a pure function of its business key (and of `valid_from` for SCD 2). \
         It is the same after every rebuild. -1 is the unknown member.\n\
         - **key**: part of the business key of a dimension or of the natural key of a fact.\n\
         - **carried**: taken over from the source. Struct fields become columns of their own; arrays of structs and the \
         like become JSON text in a column that ends in `_json`.\n\
         - **folded**: one value out of many source rows.\n\
         - **derived**: computed by an expression; the expression is in the [lineage](lineage.md).\n\
         - **fetched**: taken over from the dimension row that the fact refers to.\n\
         - **dimension key**: surrogate key of a dimension row, -1 when there is none.\n\
         - **validity**: from when until when a version holds; `valid_from <= t < valid_to`.\n\
         - **audit**: written by the engine: the run that wrote the row, and when.\n\
         \n## Conservation laws\n\n\
         A law names a sum that a table has in common with its source: the sum over the rows of the table equals the sum over \
         the latest version of each key in the source or, in a fact folded from slices, over its distinct slices. It holds for \
         each combination of values of the columns named in it, to the last digit. Null counts as nothing.\n",
    );
    out
}

fn entry(model: &Model, gold: &GoldTable) -> String {
    let mut out = format!("## {}\n\n{}\n\n", gold.name, prose(&gold.description));
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("- **{name}**: {value}\n"));
        }
    };
    fact("Kind", kind(gold).to_owned());
    fact("Grain", prose(&gold.grain));
    fact("Rows", rows(gold));
    fact("Key", codes(&gold.key));
    fact("Sources", codes(gold.sources().into_iter().map(ToString::to_string)));
    fact("Event time", gold.event_time.as_ref().map(code).unwrap_or_default());
    fact("Clustered by", codes(&gold.cluster_by));
    fact("Not carried", codes(&gold.exclude));
    fact("Owner", gold.owner.as_deref().map(prose).unwrap_or_default());
    fact("Tags", codes(&gold.tags));
    out.push('\n');
    let rows = origins(model, gold).into_iter().map(|origin| {
        let column = &origin.column;
        [
            code(&column.name),
            column.data_type.as_ref().map(|data_type| code(data_type.to_string())).unwrap_or_default(),
            role(column.role).to_owned(),
            source_fields(gold, &origin),
            description(column),
        ]
    });
    out.push_str(&table(["Column", "Type", "Role", "Source fields", "Description"], rows));
    out.push_str(&laws(gold));
    out
}

/// The sums that the table has in common with its source.
fn laws(gold: &GoldTable) -> String {
    if gold.conserves.is_empty() {
        return String::new();
    }
    let rows = gold.conserves.iter().map(|law| {
        let by = if law.by.is_empty() { "all rows".to_owned() } else { codes(&law.by) };
        [code(&law.name), code(&law.sum), code(law.equals()), by, prose(&law.description)]
    });
    let header = ["Law", "Sum here", "Sum over the source", "For each", "What it says"];
    format!("\nConservation laws:\n\n{}", table(header, rows))
}

/// The source fields behind a column, as far as they say something: keys are told by the look-ups.
fn source_fields(gold: &GoldTable, origin: &ColumnOrigin) -> String {
    match origin.column.role {
        ColumnRole::SurrogateKey | ColumnRole::DimensionKey => String::new(),
        ColumnRole::Audit => "engine".to_owned(),
        _ if origin.fields.len() > FIELDS_SHOWN => {
            format!("[{} fields](../lineage/{}.md#{})", origin.fields.len(), gold.domain, gold.name)
        }
        _ => codes(origin.fields.iter().map(|field| without_prefix(field, only_source(gold)))),
    }
}

fn description(column: &GoldColumn) -> String {
    let mut text = prose(&column.description);
    if !column.tags.is_empty() {
        text.push_str(&format!(" [{}]", column.tags.join(", ")));
    }
    text
}
