//! `cargo xtask <command>`: see `cargo xtask help`.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use xtask::generate::GeneratedFile;
use xtask::{XtaskError, generate, load_model, root, tidy};

const HELP: &str = "\
Housekeeping of this repository.

Usage: cargo xtask <command>

Commands:
  generate          writes the documents, schemas and SQL that are generated from the models
  generate --check  reports those that are not current, and writes nothing
  tidy              checks the fences between the crates and the rules of the repository
  help              prints this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["generate"] => write_documents(),
        ["generate", "--check"] => check_documents(),
        ["tidy"] => check_tidiness(),
        ["help" | "--help" | "-h"] | [] => say(HELP).map(|()| ExitCode::SUCCESS),
        _ => complain(HELP).map(|()| ExitCode::FAILURE),
    };
    result.unwrap_or_else(|error| {
        let mut text = format!("error: {error}\n");
        let mut cause = error.source();
        while let Some(source) = cause {
            text.push_str(&format!("  caused by: {source}\n"));
            cause = source.source();
        }
        // With a closed standard error nobody is left to be told.
        let _ = complain(&text);
        ExitCode::FAILURE
    })
}

/// Everything that is generated and committed.
fn all_files(root: &Path) -> Result<Vec<GeneratedFile>, XtaskError> {
    let mut files = generate::generated_files(&load_model(root)?)?;
    files.extend(generate::compiled_sql(root)?);
    Ok(files)
}

fn write_documents() -> Result<ExitCode, XtaskError> {
    let root = root();
    let files = all_files(&root)?;
    for path in generate::write(&root, &files)? {
        say(&format!("{path}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check_documents() -> Result<ExitCode, XtaskError> {
    let root = root();
    let files = all_files(&root)?;
    let drift = generate::drift(&root, &files)?;
    for found in &drift {
        complain(&format!("{found}\n"))?;
    }
    if drift.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    complain("help: run `cargo xtask generate` and commit what it writes\n")?;
    Ok(ExitCode::FAILURE)
}

fn check_tidiness() -> Result<ExitCode, XtaskError> {
    let violations = tidy::violations(&root())?;
    for violation in &violations {
        complain(&format!("{violation}\n"))?;
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say(text: &str) -> Result<(), XtaskError> {
    std::io::stdout().write_all(text.as_bytes()).map_err(XtaskError::Report)
}

fn complain(text: &str) -> Result<(), XtaskError> {
    std::io::stderr().write_all(text.as_bytes()).map_err(XtaskError::Report)
}
