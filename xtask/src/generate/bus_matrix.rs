//! The bus matrix: facts by dimensions.

use goldsmith_model::{GoldTable, LookupKind, Model};

use super::GeneratedFile;
use super::describe::{chosen, matched_on, part_played};
use super::markdown::{code, codes, generated_note, table, wide_table};

const BY_KEY: &str = "●";
const AS_OF: &str = "◷";
const INTERVAL: &str = "↔";

pub(super) fn file(model: &Model) -> GeneratedFile {
    let mut out = String::from("# Bus matrix\n\n");
    out.push_str(&generated_note("models/"));
    out.push_str(
        "\nWhich fact refers to which dimension. Dimensions that several facts share are conformed: they have the same \
         key and meaning everywhere.\n\n",
    );
    out.push_str(&format!(
        "{BY_KEY} the row with the business key · {AS_OF} the version in force at the event time · {INTERVAL} the interval \
         that contains the event time\n\n",
    ));
    out.push_str(&matrix(model));
    out.push_str(
        "\n## Look-ups\n\nHow each key is found. A key without a match, and one whose business key is null (for \
         principals: or empty), is -1, the unknown member.\n\n",
    );
    out.push_str(&details(model));
    GeneratedFile::new("gold_layer_design/bus_matrix.md", out)
}

/// The facts, by domain and name.
fn facts(model: &Model) -> Vec<&GoldTable> {
    let mut facts: Vec<&GoldTable> = model.gold.values().filter(|table| !table.is_dimension()).collect();
    facts.sort_by_key(|table| (&table.domain, &table.name));
    facts
}

fn matrix(model: &Model) -> String {
    let facts = facts(model);
    let uses = |dimension: &GoldTable| {
        facts.iter().filter(|fact| fact.dimensions.iter().any(|lookup| lookup.dimension == dimension.name)).count()
    };
    let mut dimensions: Vec<&GoldTable> = model.gold.values().filter(|table| table.is_dimension()).collect();
    dimensions.sort_by_key(|dimension| (std::cmp::Reverse(uses(dimension)), &dimension.name));

    let mut header = vec!["Fact".to_owned(), "Domain".to_owned()];
    header.extend(dimensions.iter().map(|dimension| dimension.name.trim_start_matches("dim_").replace('_', " ")));
    let rows: Vec<Vec<String>> = facts
        .iter()
        .map(|fact| {
            let mut row = vec![code(&fact.name), fact.domain.replace('_', " ")];
            row.extend(dimensions.iter().map(|dimension| cell(fact, dimension)));
            row
        })
        .collect();
    wide_table(&header, &rows)
}

fn cell(fact: &GoldTable, dimension: &GoldTable) -> String {
    let signs =
        fact.dimensions.iter().filter(|lookup| lookup.dimension == dimension.name).map(|lookup| match lookup.kind {
            LookupKind::Calendar { .. } | LookupKind::Plain { .. } => BY_KEY,
            LookupKind::AsOf { .. } => AS_OF,
            LookupKind::Interval { .. } => INTERVAL,
        });
    signs.collect::<Vec<_>>().join(" ")
}

fn details(model: &Model) -> String {
    let rows = facts(model).into_iter().flat_map(|fact| {
        fact.dimensions.iter().map(|lookup| {
            [
                code(&fact.name),
                code(&lookup.dimension),
                code(&lookup.key_column),
                code(part_played(lookup)),
                matched_on(lookup),
                chosen(lookup),
                codes(lookup.fetch.keys()),
            ]
        })
    });
    table(["Fact", "Dimension", "Key column", "Through", "Matched on", "Row", "Fetched"], rows)
}
