//! The engine knows no table by name: a gold table is its model file and nothing else.

use super::{Violation, gold_tables};
use crate::XtaskError;
use crate::repository::RepositoryFile;

/// The generator of made-up system tables and the test kit are about the concrete tables; the help texts of the
/// command line give examples with them.
const EXEMPT: [&str; 3] = ["crates/goldsmith-synth/", "crates/goldsmith-testkit/", "crates/goldsmith-cli/src/args/"];

pub(super) fn check(files: &[RepositoryFile]) -> Result<Vec<Violation>, XtaskError> {
    let tables: Vec<&str> = gold_tables(files).into_iter().map(|(table, _)| table).collect();
    let mut out = Vec::new();
    for file in files {
        let is_engine = file.name.starts_with("crates/") && file.name.contains("/src/") && file.name.ends_with(".rs");
        let is_test = file.name.ends_with("/tests.rs") || file.name.contains("/tests/");
        if !is_engine || is_test || EXEMPT.iter().any(|start| file.name.starts_with(start)) {
            continue;
        }
        let Some(text) = file.text()? else { continue };
        for (line, table) in named_tables(&text, &tables) {
            out.push(Violation::of_line(
                &file.name,
                line,
                format!("the engine must not know the table `{table}` by name"),
            ));
        }
    }
    Ok(out)
}

/// The tables that code names outside of comments and test modules, with their lines.
fn named_tables<'t>(text: &str, tables: &[&'t str]) -> Vec<(usize, &'t str)> {
    let mut out = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let code = line.trim_start();
        if code.starts_with("#[cfg(test)]") {
            skip_item(&mut lines, line.len() - code.len());
        } else if !code.starts_with("//") {
            let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            out.extend(tables.iter().filter(|table| words.contains(*table)).map(|table| (index + 1, *table)));
        }
    }
    out
}

/// Skips an item: as formatted code stands, it ends with a semicolon or a brace at its own indentation.
fn skip_item<'l>(lines: &mut impl Iterator<Item = (usize, &'l str)>, indentation: usize) {
    for (_, line) in lines {
        let code = line.trim_start();
        let is_outer = line.len() - code.len() == indentation;
        if is_outer && !code.starts_with('#') && (code.starts_with('}') || code.ends_with([';', '}'])) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_code_only() {
        let text = "\
//! For instance `dim_a`.
fn find() -> &'static str { \"dim_a\" }
// dim_a is large.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    fn name() -> &'static str {
        \"dim_a\"
    }
}
const OTHER: &str = \"select * from dim_b, dim_a_b\";
#[cfg(test)]
use dim_a;
const LAST: &str = \"dim_a\";
";
        assert_eq!(named_tables(text, &["dim_a", "dim_b"]), [(2, "dim_a"), (11, "dim_b"), (14, "dim_a")]);
    }
}
