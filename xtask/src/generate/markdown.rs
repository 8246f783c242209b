//! Small pieces of markdown.

/// The note at the top of every generated document.
pub(super) fn generated_note(origin: &str) -> String {
    format!("<!-- Generated from {origin} by `cargo xtask generate`; do not edit. -->\n")
}

/// Prose as it stands between markup: what markdown would read as markup is escaped, outside of code spans.
pub(super) fn prose(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let characters: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for (at, &c) in characters.iter().enumerate() {
        let escaped = match c {
            '`' => {
                in_code = !in_code;
                false
            }
            '*' | '<' => !in_code,
            // An underscore between letters is no markup.
            '_' => !(in_code || is_word(at.checked_sub(1)) && is_word(Some(at + 1))),
            _ => false,
        };
        if escaped {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A code span.
pub(super) fn code(text: impl AsRef<str>) -> String {
    let text = text.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
    format!("`{text}`")
}

/// Several code spans, separated by commas.
pub(super) fn codes<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

/// A table; the cells are markdown.
pub(super) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut out = String::new();
    line(&mut out, header);
    line(&mut out, [(); N].map(|()| "---"));
    for row in rows {
        line(&mut out, row);
    }
    out
}

/// A table whose number of columns is only known from the header; the cells are markdown.
pub(super) fn wide_table(header: &[String], rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    line(&mut out, header);
    line(&mut out, header.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { ":-:" }));
    for row in rows {
        line(&mut out, row);
    }
    out
}

fn line<T: AsRef<str>>(out: &mut String, cells: impl IntoIterator<Item = T>) {
    out.push('|');
    for cell in cells {
        let cell = cell.as_ref().replace('|', "\\|");
        out.push_str(&format!(" {cell} |"));
    }
    out.push('\n');
}

/// A fenced Mermaid diagram.
pub(super) fn mermaid(lines: &[String]) -> String {
    format!("```mermaid\n{}\n```\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_meaning() {
        let cases = [
            ("start <= t < end", "start \\<= t \\< end"),
            ("one member, __REDACTED__.", "one member, \\_\\_REDACTED\\_\\_."),
            ("the column user_id\n  of `a_*` there", "the column user_id of `a_*` there"),
        ];
        for (text, expected) in cases {
            assert_eq!(prose(text), expected);
        }
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert_eq!(table(["a"], [[code("x|y")]]), "| a |\n| --- |\n| `x\\|y` |\n");
    }
}
