//! `goldsmith models`

use std::fs;
use std::path::Path;

use goldsmith::model::load::embedded_files;
use serde_json::json;

use super::{Context, Outcome, check_unused};
use crate::error::{Error, Result};
use crate::render::number::plural;

/// Writes the files of the built-in model.
pub(super) fn models(context: &Context, out: &Path) -> Result<Outcome> {
    check_unused(out)?;
    let files = embedded_files();
    for (name, text) in files {
        let path = out.join(name);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|source| Error::file("create the directory", directory, source))?;
        }
        fs::write(&path, text).map_err(|source| Error::file("write", &path, source))?;
    }
    let printer = &context.printer;
    if printer.is_json() {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        printer.json(&json!({"directory": out, "files": names}))?;
        return Ok(Outcome::Done);
    }
    printer.data(&format!("{} below {}\n", plural(files.len() as u64, "file"), out.display()))?;
    printer.say(&format!("`goldsmith validate --models {}` checks them after a change", out.display()));
    Ok(Outcome::Done)
}
