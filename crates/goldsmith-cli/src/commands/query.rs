//! `goldsmith query`

use std::io::Read;

use arrow::array::RecordBatch;

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
    let result = context.reading_engine()?.query(&sql).await?;
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

fn standard_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|source| Error::File {
        action: "read the query from",
        path: "standard input".into(),
        source,
    })?;
    Ok(text)
}
