//! Tables: aligned for a terminal, and Markdown as they are.

use std::fmt;

/// A table in the making. Columns of numbers are aligned to the right.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        Self { head: head.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// One more row, as wide as the head.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<_> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.head.len(), "a cell for each column: {cells:?}");
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| &row[column]).chain([&self.head[column]]);
        // Two dashes and a colon are the least that Markdown takes for a rule.
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
    }

    fn is_of_numbers(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| &row[column]).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> =
            (0..self.head.len()).map(|column| (self.width(column), self.is_of_numbers(column))).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for (cell, (width, right)) in cells.iter().zip(&columns) {
                if *right { write!(f, "| {cell:>width$} ")? } else { write!(f, "| {cell:<width$} ")? }
            }
            writeln!(f, "|")
        };
        line(f, &self.head)?;
        for (width, right) in &columns {
            let rule = "-".repeat(width - usize::from(*right));
            write!(f, "| {rule}{} ", if *right { ":" } else { "" })?;
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_on_the_right() {
        let mut table = Table::new(["what", "ms"]);
        table.row(["a join".to_owned(), "12.5".to_owned()]);
        table.row(["é".to_owned(), "3.0".to_owned()]);
        let lines = ["| what   |   ms |", "| ------ | ---: |", "| a join | 12.5 |", "| é      |  3.0 |"];
        assert_eq!(table.to_string(), lines.map(|line| format!("{line}\n")).concat());
    }
}
