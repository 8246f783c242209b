//! `goldsmith test`

use std::sync::Arc;

use goldsmith::data_tests::run_tests_until;
use goldsmith::model::{DataTest, Model, nearest};
use tokio_util::sync::CancellationToken;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::interrupt::{self, Words};
use crate::render::{Paint, data_tests};
use crate::settings::Verbosity;

/// Runs the data tests of the model and tells which cases do not hold.
pub(super) async fn test(context: &Context, select: &[String]) -> Result<Outcome> {
    let (model, tests) = context.model()?.load_tests()?;
    let tests = selected(&model, tests, select)?;
    let printer = &context.printer;
    let cancellation = CancellationToken::new();
    let asked = cancellation.clone();
    let listening = interrupt::listen(printer, Words::DATA_TESTS, move || asked.cancel());
    let outcome = run_tests_until(&Arc::new(model), &tests, context.settings.threads.value, &cancellation).await;
    drop(listening);
    let reports = outcome
        .map_err(|error| Error::cancelled(error, "nothing was written but tables of the cases, which are deleted"))?;
    let is_success = reports.iter().all(goldsmith::data_tests::CaseReport::is_success);
    if printer.is_json() {
        printer.json(&data_tests::json(&reports))?;
        return Ok(Outcome::of(is_success));
    }
    let paint = Paint(printer.stdout_color());
    if printer.verbosity() > Verbosity::Normal {
        printer.data(&data_tests::table(&reports, paint))?;
    }
    for failure in data_tests::failures(&reports, paint) {
        printer.data(&failure)?;
    }
    if printer.verbosity() != Verbosity::Quiet {
        printer.data(&data_tests::summary(&reports))?;
    }
    Ok(Outcome::of(is_success))
}

/// The tests of the selected tables; each name must have one.
fn selected(model: &Model, tests: Vec<DataTest>, select: &[String]) -> Result<Vec<DataTest>> {
    if tests.is_empty() {
        return Err(Error::usage(
            "the model has no data tests",
            "write one as `tests/TABLE.yaml`; `goldsmith schema test` prints what it may say",
        ));
    }
    if select.is_empty() {
        return Ok(tests);
    }
    let is_of =
        |table: &str, name: &str| table == name || model.gold.get(table).is_some_and(|gold| gold.domain == name);
    for name in select {
        if tests.iter().any(|test| is_of(&test.table, name)) {
            continue;
        }
        if model.gold.contains_key(name) {
            return Err(Error::usage(
                format!("`{name}` has no data test"),
                format!("write one as `tests/{name}.yaml`"),
            ));
        }
        let known = model.gold.keys().chain(model.gold.values().map(|table| &table.domain));
        let help = nearest(name, known.map(String::as_str)).map_or_else(
            || "name a gold table or a domain, or leave the selection out for all tests".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Error::usage(format!("`{name}` is no gold table or domain of the model"), help));
    }
    let is_selected = |test: &DataTest| select.iter().any(|name| is_of(&test.table, name));
    Ok(tests.into_iter().filter(is_selected).collect())
}
