//! Rules about the text of files: length, left-over marks, paths of one machine.

use std::path::Path;

use super::Violation;
use crate::XtaskError;
use crate::repository::RepositoryFile;

/// Longest Rust file, in lines.
const LONGEST: usize = 800;

/// Marks of unfinished work. In two parts, so that this file does not hold them.
const UNFINISHED: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("dbg", "!(")];

/// Places that exist on one machine only; in two parts for the same reason.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

/// Files that are written by tools from elsewhere.
const FOREIGN: [&str; 3] = ["Cargo.lock", "LICENSE", "uv.lock"];

pub(super) fn check(root: &Path, files: &[RepositoryFile]) -> Result<Vec<Violation>, XtaskError> {
    let mut out = Vec::new();
    for file in files.iter().filter(|file| !FOREIGN.contains(&file.name.as_str())) {
        let Some(text) = file.text()? else { continue };
        if file.name.ends_with(".rs") {
            let lines = text.lines().count();
            if lines > LONGEST {
                out.push(Violation::of_file(
                    &file.name,
                    format!("{lines} lines are too many, split the file ({LONGEST} at most)"),
                ));
            }
        }
        let root = root.to_string_lossy();
        for (index, line) in text.lines().enumerate() {
            let found = of_line(line, &root).into_iter();
            out.extend(found.map(|message| Violation::of_line(&file.name, index + 1, message)));
        }
    }
    Ok(out)
}

fn of_line(line: &str, root: &str) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(mark) = UNFINISHED.iter().find(|mark| starts_a_word(line, mark)) {
        out.push(format!("`{mark}` is unfinished work"));
    }
    let paths = MACHINE_PATHS.iter().copied().chain([root]);
    if let Some(path) = paths.into_iter().find(|path| starts_a_word(line, path)) {
        out.push(format!("`{path}` is a path of one machine"));
    }
    out
}

/// Whether the text stands somewhere in the line, and not as the end of a longer word or path.
fn starts_a_word(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_paths_are_found_where_they_begin() {
        let cases = [
            (concat!("// TO", "DO: later"), 1),
            (concat!("see AUTO", "DOC"), 0),
            (concat!("    dbg", "!(value);"), 1),
            (concat!("path = \"/ho", "me/someone/x\""), 1),
            (concat!("dev/ho", "me/x"), 0),
            ("cd /checkout/crates", 1),
        ];
        for (line, expected) in cases {
            assert_eq!(of_line(line, "/checkout").len(), expected, "{line}");
        }
    }
}
