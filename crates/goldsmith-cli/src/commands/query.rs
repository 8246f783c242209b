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

/// Adds a suggestion to a query that names a table that is not there.
fn explained(error: goldsmith::Error, model: &Model) -> Error {
    let text = error.to_string();
    let missing = text.split_once("table '").and_then(|(_, rest)| rest.split_once("' not found"));
    let Some((path, _)) = missing else {
        return error.into();
    };
    let name = path.rsplit('.').next().unwrap_or(path);
    let bronze: Vec<String> = model.bronze.keys().map(SourceName::bronze_table).collect();
    let known = model.gold.keys().chain(&bronze).map(String::as_str);
    let help = match nearest(name, known) {
        Some(found) if found != name => format!("did you mean `{found}`?"),
        _ => "run `goldsmith status` for the tables that are there; those of bronze are named with their schema".into(),
    };
    Error::usage(format!("the query names the table `{name}`, which is not there"), help)
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
