//! What is printed where: results on the standard output, everything else on the standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::errors::{Failure, Outcome};

/// How the user wants to be told things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    is_json: bool,
    is_quiet: bool,
}

impl Screen {
    /// A screen for people, or for programs if `is_json`.
    pub(crate) fn new(is_json: bool, is_quiet: bool) -> Self {
        Self { is_json, is_quiet }
    }

    /// Whether programs read it.
    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// Whether progress may be drawn: for people, at a terminal.
    pub(crate) fn has_progress(self) -> bool {
        !self.is_json && !self.is_quiet && io::stderr().is_terminal()
    }

    /// A result: one JSON document, or what `human` makes of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn show<T: Serialize + ?Sized>(
        self,
        value: &T,
        human: impl FnOnce(&T) -> String,
    ) -> Outcome<()> {
        if self.is_json { self.document(value) } else { self.text(&human(value)) }
    }

    /// One item of a list that has no end yet: a line of JSON, or a line of text.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn line<T: Serialize + ?Sized>(
        self,
        value: &T,
        human: impl FnOnce(&T) -> String,
    ) -> Outcome<()> {
        if !self.is_json {
            return self.text(&human(value));
        }
        let mut line = serde_json::to_vec(value).map_err(|error| unwritten(&error.into()))?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// They cannot be written.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Outcome<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| unwritten(&error))
    }

    /// What is no result but good to know.
    pub(crate) fn hint(self, text: &str) {
        if !self.is_quiet {
            tell(text);
        }
    }

    /// What must be known whatever was asked for.
    pub(crate) fn warn(self, text: &str) {
        tell(text);
    }

    /// Why it did not work: three lines, and for programs a JSON document in place of the result.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure::Told(error) = failure else { return };
        if self.is_json {
            // If this cannot be written either, the text below still says why.
            let _ = self.line(&json!({ "error": error }), ToString::to_string);
        }
        tell(&failure.to_string());
    }

    fn document<T: Serialize + ?Sized>(self, value: &T) -> Outcome<()> {
        let mut text =
            serde_json::to_vec_pretty(value).map_err(|error| unwritten(&error.into()))?;
        text.push(b'\n');
        self.bytes(&text)
    }

    fn text(self, text: &str) -> Outcome<()> {
        let mut text = printable(text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.bytes(text.as_bytes())
    }
}

/// The text without characters that command a terminal; others may have chosen it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn tell(text: &str) {
    // Nobody reads it if this fails; the exit code remains.
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

fn unwritten(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        return Failure::Unread;
    }
    Failure::caused("output-failed", "The output cannot be written", error)
}
