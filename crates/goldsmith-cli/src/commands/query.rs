//! `goldsmith query`

use std::io::Read;

use arrow::array::RecordBatch;
use goldsmith::CATALOG;
use goldsmith::model::{Model, SourceName, nearest};

use super::{Context, Outcome};
use crate::error::{Error, Result, innermost};
use crate::render::number::plural;
use crate::render::{Paint, batches, query_plan};
use crate::settings::Format;

/// Stands for a query on standard input.
const STANDARD_INPUT: &str = "-";

/// Answers a query in the form that is set.
pub(super) async fn query(context: &Context, sql: &str) -> Result<Outcome> {
    let printer = &context.printer;
    let sql = if sql == STANDARD_INPUT { standard_input()? } else { sql.to_string() };
    let engine = context.reading_engine()?;
    let result = engine.query(&sql).await.map_err(|error| explained(error, engine.model()))?;
    if let (Format::Human, Some(plan)) = (printer.format(), query_plan::text(&result)) {
        printer.data(&plan)?;
        return Ok(Outcome::Done);
    }
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

/// What DataFusion says of a text without any statement.
const NO_STATEMENT: &str = "No SQL statements were provided";

/// What DataFusion says of more than one statement.
const SEVERAL: &str = "only supports a single SQL statement";

/// How the parser of DataFusion begins.
const NO_SQL: &str = "sql parser error";

/// A query that most people want to make.
const EXAMPLE: &str = "`select * from TABLE limit 10`";

/// Adds what to do to a query that names a table that is not there, or would change something.
fn explained(error: goldsmith::Error, model: &Model) -> Error {
    let text = error.to_string();
    if CHANGES.iter().any(|change| text.contains(change)) {
        return Error::usage(
            "the query would change something, and queries only read",
            "ask with `select`, `with`, `show`, `describe` or `explain`; tables are filled by `goldsmith run` alone",
        );
    }
    if text.contains(NO_STATEMENT) {
        return Error::usage("the query is empty", format!("write one in SQL, such as {EXAMPLE}"));
    }
    if text.contains(SEVERAL) {
        return Error::usage("the query has several statements", "ask one after the other");
    }
    if let Some(column) = unknown_column(&text) {
        return column;
    }
    let cause = innermost(&error);
    if cause.starts_with(NO_SQL) {
        return Error::Query { cause, help: format!("write it in SQL, such as {EXAMPLE}") };
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

/// What to tell of a column that is not there. DataFusion lists all that are, which can be hundreds.
fn unknown_column(text: &str) -> Option<Error> {
    let (_, rest) = text.split_once("No field named ")?;
    // The name ends with the first period that is not inside of it.
    let is_end = |at: &usize| rest[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let end = rest.match_indices('.').map(|(at, _)| at).find(is_end).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let known = rest.split_once("Valid fields are ").map(|(_, list)| list.trim_end_matches('.')).unwrap_or_default();
    let plain = |column: &str| column.rsplit('.').next().unwrap_or(column).to_owned();
    let columns: Vec<String> = known.split(", ").map(plain).collect();
    let help = match nearest(&plain(name), columns.iter().map(String::as_str)) {
        Some(near) if near != name => format!("did you mean `{near}`?"),
        _ => "run `goldsmith query 'describe TABLE'` for the columns of a table".to_owned(),
    };
    Some(Error::usage(format!("the query names the column `{name}`, which is not there"), help))
}

/// The name of a table as a query has it: catalog and schema that are meant anyway are left out.
fn without_defaults<'p>(path: &'p str, gold_schema: &str) -> &'p str {
    let name = path.strip_prefix(CATALOG).and_then(|rest| rest.strip_prefix('.')).unwrap_or(path);
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
