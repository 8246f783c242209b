//! Entity relationship diagrams: one of the whole model, one per domain.

use goldsmith_model::{ColumnRole, DataType, GoldColumn, GoldTable, Model, gold_columns};

use super::describe::{part_played, read_columns};
use super::markdown::{generated_note, mermaid, prose};
use super::{GeneratedFile, by_domain};

/// Number of carried columns that a diagram shows of each table; the data dictionary has them all.
const CARRIED_SHOWN: usize = 6;

/// Number of facts that make a dimension so common that its lines hide the others.
const COMMON: usize = 12;

pub(super) fn files(model: &Model) -> Vec<GeneratedFile> {
    let mut files = vec![GeneratedFile::new("gold_layer_design/erd/master.md", master(model))];
    for (domain, tables) in by_domain(model) {
        files.push(GeneratedFile::new(format!("gold_layer_design/erd/{domain}.md"), of_domain(model, domain, &tables)));
    }
    files
}

fn master(model: &Model) -> String {
    let mut out = String::from("# Master diagram\n\n");
    out.push_str(&generated_note("models/"));
    let common: Vec<&str> =
        model.gold.values().filter(|table| is_common(model, table)).map(|t| t.name.as_str()).collect();
    out.push_str(&format!(
        "\nAll tables and their relations; the columns are in the diagrams of the domains. Each fact row refers to exactly \
         one row of each of its dimensions, which is the unknown member (-1) where nothing matches.\n\n\
         ## Without the dimensions that most facts have\n\nThe same without {}, whose lines hide the others. Facts without \
         another dimension are not shown.\n\n",
        common.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    ));
    out.push_str(&mermaid(&relations_only(model, &common)));
    out.push_str("\n## Everything\n\n");
    out.push_str(&mermaid(&relations_only(model, &[])));
    out
}

fn is_common(model: &Model, table: &GoldTable) -> bool {
    let refers = |fact: &&GoldTable| fact.dimensions.iter().any(|lookup| lookup.dimension == table.name);
    model.gold.values().filter(refers).count() >= COMMON
}

fn relations_only(model: &Model, without: &[&str]) -> Vec<String> {
    let mut lines = vec!["erDiagram".to_owned(), "    direction LR".to_owned()];
    for fact in by_domain(model).into_values().flatten() {
        for lookup in fact.dimensions.iter().filter(|lookup| !without.contains(&lookup.dimension.as_str())) {
            lines.push(format!("    {} ||--o{{ {} : \"\"", lookup.dimension, fact.name));
        }
    }
    lines
}

fn of_domain(model: &Model, domain: &str, tables: &[&GoldTable]) -> String {
    let mut out = format!("# Diagram: {}\n\n", domain.replace('_', " "));
    out.push_str(&generated_note("models/"));
    out.push_str(&format!(
        "\nKeys, folded, derived and fetched columns and the first carried ones; all columns are in the \
         [data dictionary](../data_dictionary/{domain}.md). Of dimensions of other domains only the keys are shown. \
         A line bears the column that leads to the dimension; how a row is chosen is in the \
         [bus matrix](../bus_matrix.md#look-ups).\n\n",
    ));
    for table in tables {
        out.push_str(&format!("- `{}`: {} per row. {}\n", table.name, prose(&table.grain), prose(&table.description)));
    }
    out.push('\n');

    let mut lines = vec!["erDiagram".to_owned(), "    direction LR".to_owned()];
    let mut shown: Vec<&str> = Vec::new();
    for table in tables {
        for lookup in &table.dimensions {
            lines.push(format!("    {} ||--o{{ {} : \"{}\"", lookup.dimension, table.name, part_played(lookup)));
        }
    }
    for table in tables {
        lines.extend(entity(table, selection(model, table)));
    }
    for lookup in tables.iter().flat_map(|table| &table.dimensions) {
        let Some(dimension) = model.gold.get(&lookup.dimension) else { continue };
        if dimension.domain != domain && !shown.contains(&dimension.name.as_str()) {
            shown.push(&dimension.name);
            let is_key = |column: &GoldColumn| matches!(column.role, ColumnRole::SurrogateKey | ColumnRole::Key);
            lines.extend(entity(dimension, gold_columns(model, dimension).into_iter().filter(is_key).collect()));
        }
    }
    out.push_str(&mermaid(&lines));
    out
}

/// The columns of a table that are worth a line in a diagram.
fn selection(model: &Model, table: &GoldTable) -> Vec<GoldColumn> {
    let looked_up: Vec<&str> = table.dimensions.iter().flat_map(read_columns).collect();
    let mut carried = 0;
    let mut columns = gold_columns(model, table);
    columns.retain(|column| match column.role {
        ColumnRole::Audit => false,
        ColumnRole::Carried => {
            let is_event_time = table.event_time.as_ref() == Some(&column.name);
            let is_own_field = column.source_path.as_ref().is_some_and(|(_, path)| *path == [column.name.as_str()]);
            let is_plain = is_own_field && column.data_type.as_ref().is_some_and(DataType::is_scalar);
            // What only leads to a dimension is on the line to it.
            let leads_elsewhere = column.name == "account_id" || looked_up.contains(&column.name.as_str());
            if is_event_time {
                return true;
            }
            carried += usize::from(is_plain && !leads_elsewhere);
            is_plain && !leads_elsewhere && carried <= CARRIED_SHOWN
        }
        _ => true,
    });
    columns
}

/// An entity with its keys first.
fn entity(table: &GoldTable, mut columns: Vec<GoldColumn>) -> Vec<String> {
    columns.sort_by_key(|column| match column.role {
        ColumnRole::SurrogateKey => (0, 0),
        ColumnRole::Key => (1, table.key.iter().position(|name| *name == column.name).unwrap_or_default()),
        ColumnRole::DimensionKey => (2, 0),
        _ => (3, 0),
    });
    let mut lines = vec![format!("    {} {{", table.name)];
    for column in columns {
        let mark = match column.role {
            ColumnRole::SurrogateKey => " PK",
            ColumnRole::Key if !table.is_dimension() => " PK",
            ColumnRole::Key => " \"business key\"",
            ColumnRole::DimensionKey => " FK",
            _ => "",
        };
        lines.push(format!("        {} {}{mark}", type_word(column.data_type.as_ref()), column.name));
    }
    lines.push("    }".to_owned());
    lines
}

/// The type in one word: the diagrams know no parameters of types.
fn type_word(data_type: Option<&DataType>) -> String {
    let text = data_type.map_or_else(|| "string".to_owned(), ToString::to_string);
    text.split(['(', '<']).next().unwrap_or_default().to_owned()
}
