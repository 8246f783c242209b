//! The default model as Spark SQL.
//!
//! The compiler stands on DataFusion, which housekeeping does not link: the program is built and asked, as a user would.

use std::path::Path;
use std::process::Command;

use super::GeneratedFile;
use crate::XtaskError;
use crate::repository::files_below;

/// One compilation of the default model.
struct Compilation {
    /// Where its files are committed.
    directory: &'static str,
    /// Dialect and names.
    arguments: &'static [&'static str],
    /// The files that are committed; none: all of them.
    only: &'static [&'static str],
}

const COMPILATIONS: [Compilation; 2] = [
    Compilation { directory: "resources/sql/spark", arguments: &["--target", "spark"], only: &[] },
    // The dialects differ in the properties of tables alone, so a file of each kind shows what there is to see.
    Compilation {
        directory: "resources/sql/databricks",
        arguments: &[
            "--target",
            "databricks",
            "--catalog",
            "main",
            "--bronze-schema",
            "bronze",
            "--gold-schema",
            "gold",
            "--quarantine-schema",
            "quarantine",
        ],
        only: &[
            "setup.sql",
            "bronze/access_workspaces_latest.sql",
            "gold/dim_warehouse.sql",
            "gold/fact_warehouse_events.sql",
        ],
    },
];

/// The compiled files. Builds the program first.
///
/// # Errors
/// When the program cannot be built or refuses the models, or what it wrote cannot be read.
pub fn compiled_sql(root: &Path) -> Result<Vec<GeneratedFile>, XtaskError> {
    let mut files = Vec::new();
    for compilation in &COMPILATIONS {
        files.extend(compiled(root, compilation)?);
    }
    Ok(files)
}

fn compiled(root: &Path, compilation: &Compilation) -> Result<Vec<GeneratedFile>, XtaskError> {
    let out = std::env::temp_dir().join(format!("goldsmith-sql-{}", std::process::id()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo tells this program of itself would make build scripts of libraries, and all that is built on them, look out of date.
    let told = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(told)).for_each(|name| {
        command.env_remove(name);
    });
    let status = command
        .current_dir(root)
        .args(["run", "--quiet", "--bin", "goldsmith", "--", "--quiet", "--models", "models", "compile"])
        .args(compilation.arguments)
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(XtaskError::io(root))?;
    if !status.success() {
        return Err(XtaskError::Compile);
    }
    let mut files = Vec::new();
    for found in files_below(&out, ".")? {
        let name = found.name.trim_start_matches("./");
        if compilation.only.is_empty() || compilation.only.contains(&name) {
            let content = std::fs::read_to_string(&found.path).map_err(XtaskError::io(&found.path))?;
            files.push(GeneratedFile::new(format!("{}/{name}", compilation.directory), content));
        }
    }
    std::fs::remove_dir_all(&out).map_err(XtaskError::io(&out))?;
    Ok(files)
}
