//! Lineage: from sources over bronze to gold, with the source-to-target mapping of every column.

use std::collections::BTreeSet;

use goldsmith_model::{ColumnRole, GoldTable, Model, SourceName};

use super::describe::{load, role, rows, scope};
use super::markdown::{code, codes, generated_note, mermaid, table};
use super::origin::{only_source, origins, without_prefix};
use super::{GeneratedFile, by_domain};

pub(super) fn files(model: &Model) -> Vec<GeneratedFile> {
    let mut files = vec![GeneratedFile::new("gold_layer_design/lineage.md", index(model))];
    for (domain, tables) in by_domain(model) {
        files.push(GeneratedFile::new(
            format!("gold_layer_design/lineage/{domain}.md"),
            of_domain(model, domain, &tables),
        ));
    }
    files
}

fn index(model: &Model) -> String {
    let mut out = String::from("# Lineage\n\n");
    out.push_str(&generated_note("models/"));
    out.push_str(&format!(
        "\nEach source has one bronze table, which keeps every row that was ever delivered. Gold is computed from bronze \
         only. Schemas: `{}`, `{}` and, for rows that no key identifies, `{}`.\n\n## Sources and bronze\n\n",
        model.project.bronze_schema, model.project.gold_schema, model.project.quarantine_schema
    ));
    let sources = model.bronze.values().map(|bronze| {
        let readers = model.gold.values().filter(|gold| gold.sources().contains(&&bronze.source));
        [
            code(bronze.source.to_string()),
            code(bronze.source.bronze_table()),
            bronze.mutability.name().replace('_', " "),
            load(bronze.load).to_owned(),
            scope(bronze.scope).to_owned(),
            bronze.retention_days.map_or_else(|| "kept".to_owned(), |days| format!("{days} days")),
            codes(&bronze.natural_key),
            bronze.sequence_by.as_ref().map(code).unwrap_or_default(),
            readers.map(gold_link).collect::<Vec<_>>().join(", "),
        ]
    });
    let header =
        ["Source", "Bronze", "Rows change as", "Load", "Scope", "Retention", "Natural key", "Sequence", "Gold"];
    out.push_str(&table(header, sources));
    out.push_str("\n## Gold\n\n");
    let gold = by_domain(model).into_values().flatten().map(|gold| {
        let lookups: BTreeSet<&str> = gold.dimensions.iter().map(|lookup| lookup.dimension.as_str()).collect();
        [gold_link(gold), codes(gold.sources().into_iter().map(ToString::to_string)), codes(lookups)]
    });
    out.push_str(&table(["Table", "Sources", "Dimensions looked up"], gold));
    out
}

fn gold_link(gold: &GoldTable) -> String {
    format!("[`{0}`](lineage/{1}.md#{0})", gold.name, gold.domain)
}

fn of_domain(model: &Model, domain: &str, tables: &[&GoldTable]) -> String {
    let mut out = format!("# Lineage: {}\n\n{}\n", domain.replace('_', " "), generated_note("models/"));
    let flow = flow(tables);
    if flow.len() > 1 {
        out.push_str(&mermaid(&flow));
    }
    for gold in tables {
        out.push_str(&format!("\n## {}\n\n{}\n\n", gold.name, rows(gold)));
        let prefix = only_source(gold);
        if let Some(source) = prefix {
            out.push_str(&format!(
                "Source {}, through the bronze table {}. Fields of that source are named without it.\n\n",
                code(source.to_string()),
                code(source.bronze_table())
            ));
        }
        let columns = origins(model, gold).into_iter().filter(|origin| origin.column.role != ColumnRole::Audit);
        let rows = columns.map(|origin| {
            let fields = origin.fields.iter().map(|field| without_prefix(field, prefix)).collect::<Vec<_>>();
            [code(&origin.column.name), role(origin.column.role).to_owned(), origin.rule, codes(fields)]
        });
        out.push_str(&table(["Column", "Role", "Rule", "Source fields"], rows));
    }
    out
}

/// The flow of the tables of a domain. Look-ups are left out: they are in the diagrams and the bus matrix.
fn flow(tables: &[&GoldTable]) -> Vec<String> {
    let mut lines = vec!["flowchart LR".to_owned()];
    let sources: BTreeSet<&SourceName> = tables.iter().flat_map(|gold| gold.sources()).collect();
    for source in sources {
        let bronze = source.bronze_table();
        lines.push(format!("    source_{bronze}[(\"{source}\")] --> {bronze}[\"{bronze}\"]"));
    }
    for gold in tables {
        for source in gold.sources() {
            lines.push(format!("    {} --> {}", source.bronze_table(), gold.name));
        }
    }
    lines
}
