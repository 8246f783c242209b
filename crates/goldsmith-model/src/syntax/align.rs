//! Finds a part of a scalar's value in the text of the file.

use super::{Span, Style};

/// Where a part of a scalar stands; `range` counts bytes of the scalar's value.
///
/// Value and text are walked side by side. White space is skipped in both, because folding rewrites only that.
pub(crate) fn part_of_scalar(
    file: &[char],
    span: Span,
    style: Style,
    value: &str,
    range: std::ops::Range<usize>,
) -> Option<Span> {
    let mut raw = span.start + usize::from(matches!(style, Style::SingleQuoted | Style::DoubleQuoted));
    let mut first = None;
    let mut last = None;
    for (offset, symbol) in value.char_indices() {
        if offset >= range.end.max(range.start + 1) {
            break;
        }
        if symbol.is_whitespace() && style != Style::DoubleQuoted {
            continue;
        }
        let (at, next) = next_symbol(file, raw, style, symbol)?;
        raw = next;
        if offset >= range.start {
            first.get_or_insert(at);
            last = Some(next);
        }
    }
    // A range at the very end of the text points behind the last character.
    let start = first.unwrap_or(raw.min(span.end));
    Some(Span { start, end: last.unwrap_or(start + 1) })
}

/// Where the next character of the value stands in the file, and where reading goes on after it.
fn next_symbol(file: &[char], mut at: usize, style: Style, symbol: char) -> Option<(usize, usize)> {
    loop {
        let c = *file.get(at)?;
        match style {
            Style::DoubleQuoted if c == '\\' => {
                let width = match file.get(at + 1)? {
                    'x' => 4,
                    'u' => 6,
                    'U' => 10,
                    '\n' | '\r' => {
                        at += 2;
                        continue;
                    }
                    _ => 2,
                };
                return Some((at, at + width));
            }
            Style::SingleQuoted if c == '\'' => return Some((at, at + 2)),
            _ if c == symbol => return Some((at, at + 1)),
            _ if c.is_whitespace() && symbol.is_whitespace() => return Some((at, at + 1)),
            _ if c.is_whitespace() => at += 1,
            _ => return None,
        }
    }
}
