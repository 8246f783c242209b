//! Colors.

use std::fmt::Display;

use clap::builder::styling::{AnsiColor, Style};

/// Paints words when colors are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// For the word `error` and what failed.
    pub(crate) fn error(self, text: impl Display) -> String {
        self.with(Style::new().bold().fg_color(Some(AnsiColor::Red.into())), text)
    }

    /// For the word `warning`.
    pub(crate) fn warning(self, text: impl Display) -> String {
        self.with(Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())), text)
    }

    /// For the word `help`.
    pub(crate) fn help(self, text: impl Display) -> String {
        self.with(Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())), text)
    }

    /// For headings.
    pub(crate) fn heading(self, text: impl Display) -> String {
        self.with(Style::new().bold(), text)
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}
