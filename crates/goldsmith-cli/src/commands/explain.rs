//! `goldsmith explain`

use goldsmith::model::Code;
use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::render::Paint;
use crate::render::table::{Align, TextTable};

/// Prints what is documented about a code, or the list of all codes.
pub(super) fn explain(context: &Context, code: Option<&str>) -> Result<Outcome> {
    match code {
        Some(text) => one(context, text)?,
        None => all(context)?,
    }
    Ok(Outcome::Done)
}

fn one(context: &Context, text: &str) -> Result<()> {
    let printer = &context.printer;
    let code: Code = text.parse().map_err(|unknown: goldsmith::model::diagnostic::UnknownCode| {
        let help = match unknown.suggestion {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "run `goldsmith explain` for the list of codes".into(),
        };
        Error::usage(format!("no problem has the code `{text}`"), help)
    })?;
    if printer.is_json() {
        return printer.json(&document(code));
    }
    let heading = Paint(printer.stdout_color()).heading(code);
    printer.data(&format!("{heading}: {}\n\n{}", code.title(), code.explain().trim()))
}

fn all(context: &Context) -> Result<()> {
    let printer = &context.printer;
    if printer.is_json() {
        return printer.json(&json!({"codes": Code::ALL.iter().map(|code| document(*code)).collect::<Vec<_>>()}));
    }
    let columns = [("code", Align::Left), ("what it stands for", Align::Left)];
    let mut table = TextTable::new(columns, Paint(printer.stdout_color()));
    for code in Code::ALL {
        table.row([code.as_str(), code.title()]);
    }
    printer.data(&table.render())
}

fn document(code: Code) -> Value {
    json!({"code": code, "title": code.title(), "text": code.explain().trim()})
}
