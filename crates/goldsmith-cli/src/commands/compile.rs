//! `goldsmith compile`

use std::fs;
use std::path::Path;

use goldsmith_spark::{CompileOptions, Compiled, MANIFEST};
use serde_json::{Value, json};

use super::{Context, Outcome, not_a_directory};
use crate::error::{Error, Result};
use crate::render::number::plural;

/// Writes the statements of all tables.
pub(super) fn compile(context: &Context, options: &CompileOptions, out: &Path) -> Result<Outcome> {
    let (model, _) = context.model()?.load()?;
    let compiled = goldsmith_spark::compile(&model, options)?;
    let files = write(&compiled, out)?;
    let statements: usize = compiled.scripts.iter().map(|script| script.statements.len()).sum();
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&json!({
            "directory": out,
            "target": options.target.name(),
            "files": files,
            "statements": statements,
        }))?;
        return Ok(Outcome::Done);
    }
    let tables = model.bronze.len() + model.gold.len();
    printer.data(&format!(
        "{} for {} in {} below {}\n",
        plural(statements as u64, "statement"),
        plural(tables as u64, "table"),
        plural(files.len() as u64, "file"),
        out.display()
    ))?;
    Ok(Outcome::Done)
}

/// Writes the files and removes those that a former manifest lists and nothing writes any more. Returns the paths.
fn write(compiled: &Compiled, out: &Path) -> Result<Vec<String>> {
    if out.is_file() {
        return Err(not_a_directory(out));
    }
    let former = former_files(out)?;
    let mut written = Vec::new();
    for (path, text) in compiled.files() {
        let full = out.join(&path);
        if let Some(directory) = full.parent() {
            fs::create_dir_all(directory).map_err(|source| Error::file("create", directory, source))?;
        }
        fs::write(&full, text).map_err(|source| Error::file("write", &full, source))?;
        written.push(path);
    }
    for stale in former.iter().filter(|path| !written.contains(path)) {
        let full = out.join(stale);
        match fs::remove_file(&full) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("remove", &full, source));
            }
            _ => {}
        }
    }
    Ok(written)
}

/// The files of the manifest that lies there. A directory with content but without a manifest is none of ours.
fn former_files(out: &Path) -> Result<Vec<String>> {
    let path = out.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
            return if is_empty {
                Ok(Vec::new())
            } else {
                Err(Error::usage(
                    format!("the directory `{}` has other content", out.display()),
                    "give an empty or a new one, or one of a former compilation, with `--out`",
                ))
            };
        }
        Err(source) => return Err(Error::file("read", &path, source)),
    };
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    let scripts = manifest["scripts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_below =
        |file: &&str| Path::new(file).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    Ok(scripts.iter().filter_map(|script| script["file"].as_str()).filter(is_below).map(str::to_owned).collect())
}
