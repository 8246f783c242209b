//! From table and pointer to file, line and column.

use std::collections::HashMap;
use std::ops::Range;

use crate::syntax::{Node, Span, Value, part_of_scalar};

/// A stretch of one line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File, relative to the models directory.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Number of characters, at least 1.
    pub length: usize,
    /// The line.
    pub snippet: String,
}

impl Place {
    /// The very beginning of a file, for problems of a file as a whole.
    pub fn start_of(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 1, column: 1, length: 1, snippet: String::new() }
    }
}

/// One file with its tree.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Path relative to the models directory.
    pub(crate) path: String,
    characters: Vec<char>,
    /// First character of each line.
    lines: Vec<usize>,
    pub(crate) root: Option<Node>,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str, root: Option<Node>) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let mut lines = vec![0];
        for (at, c) in characters.iter().enumerate() {
            // A carriage return ends a line too, unless a line feed follows.
            if *c == '\n' || (*c == '\r' && characters.get(at + 1) != Some(&'\n')) {
                lines.push(at + 1);
            }
        }
        Self { path: path.to_owned(), characters, lines, root }
    }

    /// The place of a span: its first line only. What lies behind the text stands at the last character.
    pub(crate) fn place(&self, span: Span) -> Place {
        let last = self.characters.iter().rposition(|c| !c.is_whitespace()).unwrap_or(0);
        let start = if span.start < self.characters.len() { span.start } else { last };
        let index = self.lines.partition_point(|line| *line <= start).saturating_sub(1);
        let line_start = self.lines.get(index).copied().unwrap_or(0);
        let line_end = self.lines.get(index + 1).copied().unwrap_or(self.characters.len());
        let line: String = self.characters.get(line_start..line_end).unwrap_or_default().iter().collect();
        let snippet = line.trim_end().to_owned();
        let left = (line_start + snippet.chars().count()).saturating_sub(start);
        let length = span.end.saturating_sub(start).min(left).max(1);
        Place { file: self.path.clone(), line: index + 1, column: start - line_start + 1, length, snippet }
    }

    /// The place of what a pointer leads to, or of the nearest thing above it.
    pub(crate) fn locate(&self, pointer: &str) -> Place {
        match self.follow(pointer) {
            Some((span, _)) => self.place(span),
            None => self.place(Span { start: 0, end: 1 }),
        }
    }

    /// The place of a part of the scalar that a pointer leads to.
    fn locate_within(&self, pointer: &str, range: Range<usize>) -> Place {
        let part = self.follow(pointer).and_then(|(span, node)| match &node?.value {
            Value::Scalar { text, style } => part_of_scalar(&self.characters, span, *style, text, range),
            _ => None,
        });
        part.map_or_else(|| self.locate(pointer), |span| self.place(span))
    }

    /// The span to show, and the node when the pointer was followed to its end.
    fn follow(&self, pointer: &str) -> Option<(Span, Option<&Node>)> {
        let (pointer, wants_key) = pointer.strip_suffix('~').map_or((pointer, false), |pointer| (pointer, true));
        let mut key = None;
        let mut node = self.root.as_ref()?;
        let mut shown = node.span;
        for step in steps(pointer) {
            let next = match step {
                Step::Key(name) => {
                    let entry = node.entries().iter().find(|entry| entry.key == name);
                    key = entry.map(|entry| entry.key_span);
                    entry.map(|entry| match &entry.value.value {
                        Value::Scalar { .. } if entry.value.span.end > entry.value.span.start => {
                            (entry.value.span, &entry.value)
                        }
                        _ => (entry.key_span, &entry.value),
                    })
                }
                Step::Index(index) => node.items().get(index).map(|item| (item.span, item)),
            };
            match next {
                Some((span, found)) => (shown, node) = (span, found),
                None => return Some((shown, None)),
            }
        }
        Some((key.filter(|_| wants_key).unwrap_or(shown), Some(node)))
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// `members[3].columns.user_name` as steps. Nothing in it is an error: what cannot be read leads nowhere.
/// A key with a dot in it is written `["billing.usage"]`.
fn steps(pointer: &str) -> Vec<Step<'_>> {
    let mut out = Vec::new();
    let mut rest = pointer;
    while !rest.is_empty() {
        if let Some((key, after)) = rest.strip_prefix("[\"").and_then(|inner| inner.split_once("\"]")) {
            out.push(Step::Key(key));
            rest = after;
        } else if let Some((index, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            out.push(Step::Index(index.parse().unwrap_or(usize::MAX)));
            rest = after;
        } else {
            let body = rest.trim_start_matches('.');
            // A bracket that nothing closes is part of a key, so that reading always goes on.
            let end =
                body.char_indices().skip(1).find(|(_, c)| matches!(c, '.' | '[')).map_or(body.len(), |(at, _)| at);
            let (key, after) = body.split_at(end);
            if !key.is_empty() {
                out.push(Step::Key(key));
            }
            rest = after;
        }
    }
    out
}

/// Knows where everything of a loaded model stands in its files.
#[derive(Debug, Clone, Default)]
pub struct Locator {
    files: HashMap<String, SourceFile>,
}

impl Locator {
    pub(crate) fn insert(&mut self, table: &str, file: SourceFile) {
        self.files.insert(table.to_owned(), file);
    }

    /// The place of something in the file of a gold table, of a source (`billing.usage`), or of the project
    /// (`project`).
    ///
    /// The pointer names keys and indices, for instance `derived.list_cost.expr`, `members[3].columns.user_name`,
    /// `dimensions[2]` or `key[1]`; a key with a dot in it is written `["billing.usage"]`, and a `~` at the end means the
    /// key instead of its value. What the file does not say (a default) gives the nearest place above it; the
    /// empty pointer is the whole file. `None` when there is no such table.
    pub fn locate(&self, table: &str, pointer: &str) -> Option<Place> {
        self.files.get(table).map(|file| file.locate(pointer))
    }

    /// The place of a part of a text, `range` in bytes of the text as it was read (the expression). It finds its way
    /// through quotes, escapes and folded lines, and ends with the line at the latest.
    pub fn locate_within(&self, table: &str, pointer: &str, range: Range<usize>) -> Option<Place> {
        self.files.get(table).map(|file| file.locate_within(pointer, range))
    }

    /// The file of a gold table or source, relative to the models directory.
    pub fn file(&self, table: &str) -> Option<&str> {
        self.files.get(table).map(|file| file.path.as_str())
    }
}
