//! Aligned columns, dates and sizes for people.

use base::Date;
use unicode_width::UnicodeWidthStr;

use crate::screen::printable;

#[cfg(test)]
mod tests;

/// Rows of cells under a heading; numbers stand at the right.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    empty: &'static str,
}

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// A table; a head that begins with `>` makes a column of numbers. `empty` is said of no rows.
    pub(crate) fn new(heads: &[&'static str], empty: &'static str) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new(), empty }
    }

    /// Adds one row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| printable(cell).replace('\n', " ")).collect());
    }

    /// The table as text.
    pub(crate) fn text(&self) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        let heads: Vec<String> =
            self.heads.iter().map(|head| head.trim_start_matches('>').to_owned()).collect();
        let all: Vec<&Vec<String>> = std::iter::once(&heads).chain(&self.rows).collect();
        let width = |column: usize| all.iter().map(|row| row[column].width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let mut text = String::new();
        for row in all {
            let cells = row.iter().zip(&widths).zip(&self.heads);
            let cells: Vec<String> = cells
                .map(|((cell, width), head)| {
                    let space = " ".repeat(width - cell.width());
                    if head.starts_with('>') { space + cell } else { cell.clone() + &space }
                })
                .collect();
            text.push_str(cells.join(GAP).trim_end());
            text.push('\n');
        }
        text
    }
}

/// Names and values, one to a line, the values below each other.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| {
        let space = " ".repeat(width - name.width());
        format!("{name}{space}{GAP}{}\n", printable(value).replace('\n', " "))
    };
    facts.iter().map(line).collect()
}

/// Unix milliseconds as a date in UTC.
pub(crate) fn date(ms: u64) -> String {
    Date(ms).to_string().replace('T', " ").replace('Z', " UTC")
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
