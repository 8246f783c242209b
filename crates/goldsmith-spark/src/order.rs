//! The total order of versions, as [`goldsmith_query::order`] defines it.

use crate::carried::{Column, comparable};
use crate::names::{identifier, identifiers};

/// Numbers the rows of each key in a column `_rank` from 1, the latest version first: by `newest_first` descending with
/// nulls last, then by all other columns in the order of their names, likewise.
pub(crate) fn latest_first(columns: &[Column], key: &[String], newest_first: &[String]) -> String {
    let mut terms: Vec<String> =
        newest_first.iter().map(|name| format!("{} desc nulls last", identifier(name))).collect();
    terms.extend(
        content(columns, key.iter().chain(newest_first)).iter().map(|column| format!("{column} desc nulls last")),
    );
    if terms.is_empty() {
        // Rows of a key are equal then, so any of them will do; a window needs an order all the same.
        terms.extend(key.iter().map(|name| identifier(name)));
    }
    format!("row_number() over (\n  partition by {}\n  order by {}\n)", identifiers(key), wrapped(&terms))
}

/// All columns but the named ones, in the order of their names, in comparable form.
pub(crate) fn content<'a>(columns: &[Column], named: impl Iterator<Item = &'a String>) -> Vec<String> {
    let named: Vec<&String> = named.collect();
    let mut others: Vec<&Column> = columns.iter().filter(|column| !named.contains(&&column.name)).collect();
    others.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    others.iter().map(|column| comparable(&identifier(&column.name), &column.data_type)).collect()
}

/// Terms with commas between them, several on a line.
pub(crate) fn wrapped<S: AsRef<str>>(terms: &[S]) -> String {
    filled(terms, ", ", ",\n    ")
}

/// Conditions that all have to hold, several on a line.
pub(crate) fn conjunction<S: AsRef<str>>(terms: &[S]) -> String {
    filled(terms, " and ", "\n    and ")
}

/// Terms with what stands between two of them on one line, and where a line ends.
fn filled<S: AsRef<str>>(terms: &[S], between: &str, line_end: &str) -> String {
    const WIDTH: usize = 110;
    let mut out = String::new();
    let mut width = 0;
    for (index, term) in terms.iter().map(AsRef::as_ref).enumerate() {
        if index > 0 {
            if width + term.len() > WIDTH {
                out.push_str(line_end);
                width = 0;
            } else {
                out.push_str(between);
            }
        }
        width += term.len() + between.len();
        out.push_str(term);
    }
    out
}
