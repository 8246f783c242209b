//! `goldsmith synth`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use goldsmith_synth::{Generator, SynthConfig};
use serde_json::json;

use super::generate::{self, Delivered};
use super::{Context, Outcome, check_unused};
use crate::error::{Error, Result};
use crate::interrupt::{self, Words};
use crate::render::Paint;
use crate::render::number::{grouped, plural};
use crate::render::table::{Align, TextTable};

/// Writes generated system tables, one commit for each delivery.
pub(super) async fn synth(context: &Context, out: &str, config: SynthConfig) -> Result<Outcome> {
    // Rows added to tables that are there already would not be what the numbers promise.
    if !out.contains("://") {
        check_unused(Path::new(out))?;
    }
    let batches = config.batches;
    let generator = Generator::new(config)?;
    let (model, _) = goldsmith::ModelSource::Embedded.load()?;
    let options = context.lake_options();
    let printer = &context.printer;
    let mut tables: Vec<Delivered> = generator.tables().iter().map(|source| Delivered { source, rows: 0 }).collect();
    let cancelled = Arc::new(AtomicBool::new(false));
    let listening = interrupt::listen(printer, words(out), {
        let cancelled = cancelled.clone();
        move || cancelled.store(true, Ordering::Relaxed)
    });
    for batch in 0..batches {
        let stopped = || cancelled.load(Ordering::Relaxed);
        let delivered = generate::deliver(&model, &generator, batch, &options, out, stopped).await;
        let delivered = match delivered {
            Err(Error::Engine(goldsmith::Error::Cancelled)) => return Err(partial(out, batch, batches)),
            delivered => delivered?,
        };
        printer.say(&format!("delivery {} of {batches}: {}", batch + 1, plural(generate::total(&delivered), "row")));
        for (table, delivered) in tables.iter_mut().zip(delivered) {
            table.rows += delivered.rows;
        }
    }
    drop(listening);
    if printer.is_json() {
        printer.json(&json!({
            "directory": out,
            "deliveries": batches,
            "rows_delivered": generate::total(&tables),
            "tables": tables,
        }))?;
        return Ok(Outcome::Done);
    }
    let mut shown =
        TextTable::new([("source", Align::Left), ("rows delivered", Align::Right)], Paint(printer.stdout_color()));
    for table in &tables {
        shown.row([table.source, &grouped(table.rows)]);
    }
    shown.row(["total", &grouped(generate::total(&tables))]);
    printer.data(&shown.render())?;
    Ok(Outcome::Done)
}

/// Nothing goes on with tables that were not generated to their end.
fn words(out: &str) -> Words {
    Words {
        asked: "cancelling: the table that is being written is finished; interrupt again to stop at once".into(),
        aborted: format!("aborted; `{out}` is partial, remove it before it is generated anew").into(),
    }
}

fn partial(out: &str, batch: usize, batches: usize) -> Error {
    Error::usage(
        format!("cancelled in delivery {} of {batches}: `{out}` is partial", batch + 1),
        "remove it before it is generated anew",
    )
}
