//! The default model as Spark SQL.
//!
//! The compiler stands on DataFusion, which housekeeping does not link: the program is built and asked, as a user would.

use std::path::Path;
use std::process::Command;

use super::GeneratedFile;
use crate::XtaskError;
use crate::repository::files_below;

/// Where the files are committed.
const DIRECTORY: &str = "resources/sql/spark";

/// The compiled files. Builds the program first.
///
/// # Errors
/// When the program cannot be built or refuses the models, or what it wrote cannot be read.
pub fn compiled_sql(root: &Path) -> Result<Vec<GeneratedFile>, XtaskError> {
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
        .args([
            "run",
            "--quiet",
            "--bin",
            "goldsmith",
            "--",
            "--quiet",
            "--models",
            "models",
            "compile",
            "--target",
            "spark",
            "--out",
        ])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(XtaskError::io(root))?;
    if !status.success() {
        return Err(XtaskError::Compile);
    }
    let mut files = Vec::new();
    for found in files_below(&out, ".")? {
        let content = std::fs::read_to_string(&found.path).map_err(XtaskError::io(&found.path))?;
        let name = found.name.trim_start_matches("./");
        files.push(GeneratedFile::new(format!("{DIRECTORY}/{name}"), content));
    }
    std::fs::remove_dir_all(&out).map_err(XtaskError::io(&out))?;
    Ok(files)
}
