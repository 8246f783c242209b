//! The wheel and the image have the version of the workspace in their names, wherever these stand.

use toml::Table;

use super::Violation;
use crate::XtaskError;
use crate::repository::RepositoryFile;

/// Decides the version.
const MANIFEST: &str = "Cargo.toml";

/// What stands before the version in the name of a wheel and of an image; in two parts, so that this file does not hold it.
const NAMES: [&str; 2] = [concat!("gold", "smith-"), concat!("gold", "smith:")];

pub(super) fn check(files: &[RepositoryFile]) -> Result<Vec<Violation>, XtaskError> {
    let mut out = Vec::new();
    let manifest = match files.iter().find(|file| file.name == MANIFEST) {
        Some(file) => file.text()?,
        None => None,
    };
    let Some(version) = manifest.as_deref().and_then(of_workspace) else {
        out.push(Violation::of_file(MANIFEST, "a version in `[workspace.package]` is expected"));
        return Ok(out);
    };
    for file in files {
        let Some(text) = file.text()? else { continue };
        out.extend(named(&text).into_iter().filter(|(_, name)| *name != version).map(|(line, name)| {
            Violation::of_line(&file.name, line, format!("`{name}` is not the version of the workspace, `{version}`"))
        }));
    }
    Ok(out)
}

fn of_workspace(manifest: &str) -> Option<String> {
    let manifest: Table = manifest.parse().ok()?;
    Some(manifest.get("workspace")?.get("package")?.get("version")?.as_str()?.to_owned())
}

/// The versions that a text gives to the wheel or the image, with their lines.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, name) in NAMES.into_iter().flat_map(|name| line.match_indices(name)) {
            let rest = line.get(at + name.len()..).unwrap_or_default();
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let version = rest.get(..end).unwrap_or_default().trim_end_matches('.');
            if version.split('.').count() == 3 {
                out.push((index + 1, version.to_owned()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_wheels_and_images_are_named() {
        let manifest = "[workspace.package]\nversion = \"1.20.3\"\n";
        assert_eq!(of_workspace(manifest).as_deref(), Some("1.20.3"));
        assert_eq!(of_workspace("[package]\nversion = \"1.20.3\"\n"), None);
        let [wheel, image] = NAMES;
        let text =
            format!("{wheel}model and {wheel}2\n`{wheel}1.20.3-cp310-abi3.whl`\nR/{image}1.2.0.\n{image}latest\n");
        assert_eq!(named(&text), [(2, "1.20.3".to_owned()), (3, "1.2.0".to_owned())]);
    }
}
