//! From parser events to nodes.

use saphyr_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use super::{Entry, Node, Span, Style, Value};
use crate::diagnostic::Code;

/// Nesting beyond this is no model file; it bounds the recursion of everything that walks the tree.
const MAX_DEPTH: usize = 64;

/// A problem of the YAML text itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyntaxProblem {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Reads a file. The tree is there whenever the text is plain, well-formed YAML, even when a key stands twice in it.
pub(crate) fn parse(text: &str) -> (Option<Node>, Vec<SyntaxProblem>) {
    let mut builder = Builder { text, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                if builder.event(event, span).is_err() {
                    return (None, builder.problems);
                }
            }
            Err(error) => {
                let marker = error.marker();
                let span = Span { start: marker.index(), end: marker.index() + 1 };
                let code = if error.info().contains("anchor") { Code::UnsupportedYaml } else { Code::MalformedYaml };
                let help = "the cause is often just before: an open bracket or quote, an indentation that is off";
                builder.problem(code, span, error.info().to_owned(), (code == Code::MalformedYaml).then_some(help));
                return (None, builder.problems);
            }
        }
    }
    if builder.root.is_none() && builder.problems.is_empty() {
        let span = Span { start: 0, end: 1 };
        let help = "fill the file, or remove it; `goldsmith schema` prints what a kind of file may say";
        builder.problem(Code::MalformedYaml, span, "the file holds no YAML document".to_owned(), Some(help));
    }
    // What a file means that uses more than plain YAML is not certain, so nothing else is said about it.
    let is_plain = builder.problems.iter().all(|problem| problem.code != Code::UnsupportedYaml);
    (builder.root.filter(|_| is_plain), builder.problems)
}

/// A collection that is being read.
enum Open {
    Sequence(Span, Vec<Node>),
    Mapping(Span, Vec<Entry>, Option<(String, Span)>),
}

/// Reading went too deep to go on.
struct TooDeep;

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    stack: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    problems: Vec<SyntaxProblem>,
}

impl Builder<'_> {
    fn line(&self, span: Span) -> usize {
        self.text.chars().take(span.start).filter(|c| *c == '\n').count() + 1
    }

    fn problem(&mut self, code: Code, span: Span, message: String, help: Option<&str>) {
        self.problems.push(SyntaxProblem { code, span, message, help: help.map(str::to_owned) });
    }

    fn unsupported(&mut self, span: Span, message: &str, help: &str) {
        self.problem(Code::UnsupportedYaml, span, message.to_owned(), Some(help));
    }

    fn event(&mut self, event: Event<'_>, span: ParserSpan) -> Result<(), TooDeep> {
        let span = convert(span);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.unsupported(
                        span,
                        "a model file is one YAML document",
                        "move the second document to a file of its own",
                    );
                }
            }
            Event::Alias(_) => {
                self.unsupported(span, "aliases are not used in model files", "write the value out");
                self.push(Node { span, value: Value::Scalar { text: String::new(), style: Style::SingleQuoted } });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.decorations(span, anchor, tag.is_some());
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                self.push(Node { span, value: Value::Scalar { text: text.into_owned(), style } });
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.is_some())?;
                self.stack.push(Open::Sequence(span, Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.open(span, anchor, tag.is_some())?;
                self.stack.push(Open::Mapping(span, Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Open::Sequence(start, items)) => {
                    self.push(Node { span: Span { end: span.end, ..start }, value: Value::Sequence(items) });
                }
                Some(Open::Mapping(start, entries, _)) => {
                    self.push(Node { span: Span { end: span.end, ..start }, value: Value::Mapping(entries) });
                }
                None => {}
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn open(&mut self, span: Span, anchor: usize, tagged: bool) -> Result<(), TooDeep> {
        self.decorations(span, anchor, tagged);
        if self.stack.len() >= MAX_DEPTH {
            self.unsupported(span, "the file is nested too deeply", "model files need only a few levels");
            return Err(TooDeep);
        }
        Ok(())
    }

    fn decorations(&mut self, span: Span, anchor: usize, tagged: bool) {
        if anchor > 0 {
            self.unsupported(
                span,
                "anchors are not used in model files",
                "remove the anchor and write the value out where it is used",
            );
        }
        if tagged {
            self.unsupported(
                span,
                "tags are not used in model files",
                "remove the tag; quote a value that must be text",
            );
        }
    }

    fn push(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => {
                if self.documents <= 1 {
                    self.root = Some(node);
                }
            }
            Some(Open::Sequence(_, items)) => items.push(node),
            Some(Open::Mapping(_, entries, pending)) => match pending.take() {
                Some((key, key_span)) => entries.push(Entry { key, key_span, value: node }),
                None => {
                    let span = node.span;
                    let (key, simple) = match node.value {
                        Value::Scalar { text, .. } => (text, true),
                        _ => (String::new(), false),
                    };
                    let first = entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span);
                    *pending = Some((key.clone(), span));
                    if !simple {
                        self.unsupported(span, "a key must be a plain word", "write the key as text");
                    } else if let Some(first) = first {
                        let line = self.line(first);
                        let help = format!("it stands first in line {line}; remove one of the two");
                        self.problem(Code::DuplicateKey, span, format!("the key `{key}` is there twice"), Some(&help));
                    }
                }
            },
        }
    }
}

fn convert(span: ParserSpan) -> Span {
    Span { start: span.start.index(), end: span.end.index().max(span.start.index()) }
}
