//! `goldsmith config`

use clap::ValueEnum;
use serde_json::json;

use super::{Context, Outcome};
use crate::error::Result;
use crate::render::Paint;
use crate::render::table::{Align, TextTable};
use crate::settings::{Key, Origin, Secret, Settings};

/// One setting as it is shown.
struct Shown<'a> {
    name: String,
    value: Option<String>,
    origin: &'a Origin,
}

/// The word that stands for a value in settings.
fn word<T: ValueEnum>(value: &T) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_string())
}

/// Shows each setting with its value and origin.
pub(super) fn config(context: &Context) -> Result<Outcome> {
    let printer = &context.printer;
    let shown = all(&context.settings);
    if printer.is_json() {
        let settings: Vec<_> = shown
            .iter()
            .map(|setting| json!({"name": setting.name, "value": setting.value, "origin": setting.origin}))
            .collect();
        printer.json(&json!({"settings": settings}))?;
        return Ok(Outcome::Done);
    }
    let columns = [("setting", Align::Left), ("value", Align::Left), ("origin", Align::Left)];
    let mut table = TextTable::new(columns, Paint(printer.stdout_color()));
    for setting in &shown {
        table.row([&setting.name, setting.value.as_deref().unwrap_or("-"), &setting.origin.to_string()]);
    }
    printer.data(&table.render())?;
    Ok(Outcome::Done)
}

fn all(settings: &Settings) -> Vec<Shown<'_>> {
    let one = |key: Key, value: Option<String>, origin| Shown { name: key.to_string(), value, origin };
    let models = settings.models.value.as_ref().map(|path| path.display().to_string());
    let mut out = vec![
        one(Key::Models, models.or_else(|| Some("built-in".into())), &settings.models.origin),
        one(Key::Source, settings.source.value.clone(), &settings.source.origin),
        one(Key::Target, settings.target.value.clone(), &settings.target.origin),
        one(
            Key::Currency,
            settings.currency.value.clone().or_else(|| Some("the model's".into())),
            &settings.currency.origin,
        ),
        one(Key::Threads, Some(settings.threads.value.to_string()), &settings.threads.origin),
        one(Key::MemoryLimit, Some(settings.memory_limit.value.to_string()), &settings.memory_limit.origin),
        one(Key::Format, word(&settings.format.value), &settings.format.origin),
        one(Key::Color, word(&settings.color.value), &settings.color.origin),
        one(Key::LogFormat, word(&settings.log_format.value), &settings.log_format.origin),
    ];
    out.extend(settings.storage.iter().map(|(key, option)| Shown {
        name: format!("storage.{key}"),
        value: Some(Secret::MASK.into()),
        origin: &option.origin,
    }));
    out
}
