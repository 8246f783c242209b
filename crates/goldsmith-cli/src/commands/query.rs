//! `goldsmith query`

use std::io::Read;

use arrow::array::RecordBatch;
use goldsmith::model::{Model, SourceName, nearest};

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::render::number::plural;
use crate::render::{Paint, batches};
use crate::settings::Format;

/// Stands for a query on standard input.
const STANDARD_INPUT: &str = "-";

/// Answers a query in the form that is set.
pub(super) async fn query(context: &Context, sql: &str) -> Result<Outcome> {
    let printer = &context.printer;
    let sql = if sql == STANDARD_INPUT { standard_input()? } else { sql.to_string() };
    let engine = context.reading_engine()?;
    let result = engine.query(&sql).await.map_err(|error| explained(error, engine.model()))?;
    let text = match printer.format() {
        Format::Human => batches::table(&result, Paint(printer.stdout_color())),
        Format::Json => batches::json(&result),
        Format::Csv => batches::csv(&result),
    };
    printer.data(&text.map_err(Error::Unshowable)?)?;
    if printer.format() == Format::Human {
        let rows = result.iter().map(RecordBatch::num_rows).sum::<usize>();
        printer.say(&plural(rows as u64, "row"));
    }
    Ok(Outcome::Done)
}

/// What a query would have changed, as DataFusion names it.
const CHANGES: [&str; 3] = ["DDL not supported", "DML not supported", "Statement not supported"];

/// Adds what to do to a query that names a table that is not there, or would change something.
fn explained(error: goldsmith::Error, model: &Model) -> Error {
    let text = error.to_string();
    if CHANGES.iter().any(|change| text.contains(change)) {
        return Error::usage(
            "the query would change something, and queries only read",
            "ask with `select`, `with`, `show`, `describe` or `explain`; tables are filled by `goldsmith run` alone",
        );
    }
    let missing = text.split_once("table '").and_then(|(_, rest)| rest.split_once("' not found"));
    let Some((path, _)) = missing else {
        return error.into();
    };
    let name = without_defaults(path, &model.project.gold_schema);
    let help = match suggestion(name, model) {
        Some(found) if found != name => format!("did you mean `{found}`?"),
        _ => "run `goldsmith status` for the tables that are there; those of bronze are named with their schema".into(),
    };
    Error::usage(format!("the query names the table `{name}`, which is not there"), help)
}

/// The name of a table as a query has it: catalog and schema that are meant anyway are left out.
fn without_defaults<'p>(path: &'p str, gold_schema: &str) -> &'p str {
    let name = path.strip_prefix("datafusion.").unwrap_or(path);
    name.strip_prefix(gold_schema).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

/// The table that may have been meant, as a query has to name it. Tables of bronze go by the name of their source as well.
fn suggestion(name: &str, model: &Model) -> Option<String> {
    let in_bronze = |source: &SourceName| format!("{}.{}", model.project.bronze_schema, source.bronze_table());
    // The last two parts: Unity Catalog has a catalog before them.
    let source = name.rsplitn(3, '.').take(2).collect::<Vec<_>>();
    if let [table, schema] = source.as_slice() {
        let sources: Vec<String> = model.bronze.keys().map(ToString::to_string).collect();
        let found = nearest(&format!("{schema}.{table}"), sources.iter().map(String::as_str));
        if let Some(source) = model.bronze.keys().find(|source| found == Some(source.to_string().as_str())) {
            return Some(in_bronze(source));
        }
    }
    let table = name.rsplit('.').next()?;
    let bronze: Vec<String> = model.bronze.keys().map(SourceName::bronze_table).collect();
    let found = nearest(table, model.gold.keys().chain(&bronze).map(String::as_str))?;
    let source = model.bronze.keys().find(|source| source.bronze_table() == found);
    // A source of which no row went to quarantine has no table there, and its bronze table is no answer.
    if found == table && name == format!("{}.{table}", model.project.quarantine_schema) {
        return None;
    }
    Some(source.map_or_else(|| found.to_string(), in_bronze))
}

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|source| Error::File {
        action: "read the query from",
        path: "standard input".into(),
        source,
    })?;
    Ok(text)
}
