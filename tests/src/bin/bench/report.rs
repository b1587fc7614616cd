//! Tables, for the terminal and as JSON.

use std::fmt;

use serde_json::{Map, Value};

/// One cell.
#[derive(Clone)]
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// A number, and how many digits after the point are shown.
    Number(f64, usize),
    /// Nothing to say.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    /// As many digits as say something: three or so.
    fn from(number: f64) -> Self {
        let digits = match number.abs() {
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 0.1 => 2,
            _ => 3,
        };
        Self::Number(number, digits)
    }
}

impl From<Option<f64>> for Cell {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, Self::from)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number, digits) => write!(f, "{number:.digits$}"),
            Self::Empty => f.write_str("–"),
        }
    }
}

/// Rows of measurements under common columns.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    notes: Vec<String>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { title: title.into(), columns, rows: vec![], notes: vec![] }
    }

    /// One more row, a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// A sentence below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Title, rows as objects, notes.
    pub(crate) fn to_json(&self) -> Value {
        let value = |cell: &Cell| match cell {
            Cell::Text(text) => Value::from(text.as_str()),
            Cell::Number(number, _) => Value::from(*number),
            Cell::Empty => Value::Null,
        };
        let object = |row: &Vec<Cell>| {
            let cells = row.iter().map(value);
            Value::from(self.columns.iter().cloned().zip(cells).collect::<Map<_, _>>())
        };
        let rows: Vec<Value> = self.rows.iter().map(object).collect();
        serde_json::json!({ "title": self.title, "rows": rows, "notes": self.notes })
    }
}

/// A table of Markdown that is also fit for the eye.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
        let width = |column: usize| {
            let cells = texts.iter().filter_map(|row| row.get(column));
            cells.chain([&self.columns[column]]).map(|text| text.chars().count()).max()
        };
        let widths: Vec<usize> = (0..self.columns.len()).filter_map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            f.write_str("|")?;
            for (number, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                match number {
                    0 => write!(f, " {cell:<width$} |")?,
                    _ => write!(f, " {cell:>width$} |")?,
                }
            }
            f.write_str("\n")
        };
        writeln!(f, "\n### {}\n", self.title)?;
        line(f, &self.columns)?;
        let rule = |(number, width): (usize, &usize)| match number {
            0 => "-".repeat(*width),
            _ => "-".repeat(width - 1) + ":",
        };
        line(f, &widths.iter().enumerate().map(rule).collect::<Vec<_>>())?;
        texts.iter().try_for_each(|row| line(f, row))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "\n{note}"))
    }
}
