//! Plain tables: a line below the header, columns apart by blanks.

use comfy_table::{Cell, CellAlignment, Table, TableComponent, presets};

use super::Paint;

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table in the making.
pub(crate) struct TextTable {
    table: Table,
    columns: Vec<Align>,
    paint: Paint,
}

impl TextTable {
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>, paint: Paint) -> Self {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_style(TableComponent::HeaderLines, '─');
        table.set_style(TableComponent::MiddleHeaderIntersections, '─');
        let (names, columns): (Vec<&str>, Vec<Align>) = columns.into_iter().unzip();
        table.set_header(names.iter().zip(&columns).map(|(name, align)| cell(name, *align)));
        Self { table, columns, paint }
    }

    /// Adds a row; cells beyond the columns are dropped.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let row: Vec<Cell> =
            cells.into_iter().zip(&self.columns).map(|(text, align)| cell(text.as_ref(), *align)).collect();
        self.table.add_row(row);
    }

    /// The text, without a line end.
    pub(crate) fn render(&self) -> String {
        let mut lines: Vec<String> = self.table.lines().map(|line| line.trim_end().to_string()).collect();
        if let Some(header) = lines.first_mut() {
            *header = self.paint.heading(&*header);
        }
        lines.join("\n")
    }
}

fn cell(text: &str, align: Align) -> Cell {
    // A terminal must never act on what stands in the data.
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    Cell::new(text).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}
