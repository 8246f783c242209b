//! Lists the files of the default model, so that they are compiled into the library.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = models(Path::new(&std::env::var("CARGO_MANIFEST_DIR")?))?;
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.canonicalize()?)?;
    }
    code.push_str("]\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

/// The directory of the default model. In the repository it lies at the top, with a link here through which it gets into the
/// published crate; where links are not checked out as such, it is found at the top.
fn models(crate_directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let places = ["models", "../../models"].map(|place| crate_directory.join(place));
    match places.into_iter().find(|place| place.is_dir()) {
        Some(place) => Ok(place.canonicalize()?),
        None => Err("the files of the default model are missing: there is no directory `models`".into()),
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !directory.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
