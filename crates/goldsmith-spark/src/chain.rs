//! Chains of common table expressions: named steps, each with a comment.

/// Steps of a query, each of which reads those before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    name: String,
    comment: String,
    query: String,
}

impl Chain {
    /// Adds a step. The comment is one line or several.
    pub(crate) fn push(&mut self, name: impl Into<String>, comment: impl Into<String>, query: impl Into<String>) {
        self.steps.push(Step { name: name.into(), comment: comment.into(), query: query.into() });
    }

    /// The name of the last step.
    pub(crate) fn last(&self) -> &str {
        self.steps.last().map_or("", |step| step.name.as_str())
    }

    /// The whole query: the steps, then `select`.
    pub(crate) fn query(&self, select: &str) -> String {
        if self.steps.is_empty() {
            return select.to_owned();
        }
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|step| {
                let comment: String = step.comment.lines().map(|line| format!("-- {line}\n")).collect();
                format!("{comment}{} as (\n{}\n)", step.name, indented(&step.query))
            })
            .collect();
        format!("with\n{}\n{select}", steps.join(",\n\n"))
    }
}

/// The text with two more blanks before each line.
pub(crate) fn indented(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("  {line}") })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Items of a list, one per line, with commas between them.
pub(crate) fn listed<S: AsRef<str>>(items: &[S]) -> String {
    items.iter().map(|item| format!("  {}", item.as_ref())).collect::<Vec<_>>().join(",\n")
}
