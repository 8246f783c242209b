//! The name of the wheel says for which glibc it is; wherever it stands, it is the one that the tests of the wheel hold.

use super::Violation;
use crate::XtaskError;
use crate::repository::RepositoryFile;

/// Holds the built wheel to a glibc: the one place where its version is decided.
const DECIDES: &str = "python/tests/test_package.py";

/// What a wheel's name says before the version of its glibc; in two parts, so that this file does not hold it.
const TAG: &str = concat!("many", "linux_");

pub(super) fn check(files: &[RepositoryFile]) -> Result<Vec<Violation>, XtaskError> {
    let mut out = Vec::new();
    let decision = match files.iter().find(|file| file.name == DECIDES) {
        Some(file) => file.text()?,
        None => None,
    };
    let Some(glibc) = decision.as_deref().and_then(decided) else {
        out.push(Violation::of_file(DECIDES, "a line `GLIBC = (MAJOR, MINOR)` is expected"));
        return Ok(out);
    };
    for file in files {
        let Some(text) = file.text()? else { continue };
        out.extend(named(&text).into_iter().filter(|(_, name)| *name != glibc).map(|(line, name)| {
            Violation::of_line(&file.name, line, format!("`{TAG}{name}` is not what is built, `{TAG}{glibc}`"))
        }));
    }
    Ok(out)
}

/// The version that the tests allow, as names of wheels write it.
fn decided(text: &str) -> Option<String> {
    let version = text.lines().find_map(|line| line.strip_prefix("GLIBC = (")?.strip_suffix(')'))?;
    let (major, minor) = version.split_once(", ")?;
    Some(format!("{major}_{minor}"))
}

/// The versions that a text names, with their lines.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices(TAG) {
            let rest = line.get(at + TAG.len()..).unwrap_or_default();
            let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
            let major = digits(rest);
            let minor = digits(rest.get(major.len() + 1..).unwrap_or_default());
            if !major.is_empty() && !minor.is_empty() {
                out.push((index + 1, format!("{major}_{minor}")));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_wheels_are_named() {
        assert_eq!(decided("import re\nGLIBC = (2, 35)\n").as_deref(), Some("2_35"));
        assert_eq!(decided("needs GLIBC\n"), None);
        let text =
            format!("a.whl\nx-{TAG}2_28_x86_64.whl and `{TAG}2_35`\nTag: {}\n{TAG}2\n", TAG.trim_end_matches('_'));
        assert_eq!(named(&text), [(2, "2_28".to_owned()), (2, "2_35".to_owned())]);
    }
}
