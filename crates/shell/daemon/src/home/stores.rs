//! Reads what the loop keeps in a home. What cannot be read is done without, for all of it can be
//! had from elsewhere; the user is told.

use base::{Wire, decode};
use disk::document::{Document, LoadError};
use node::book::Book;

use super::Home;
use crate::peers::addresses::Anchors;

/// What the loop keeps in a home.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// What the node kept.
    pub(crate) book: Option<Book>,
    /// Peers to begin with.
    pub(crate) anchors: Anchors,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
}

/// Reads it. Blocks.
pub(crate) fn read_kept(home: &Home) -> Kept {
    let mut warnings = vec![];
    // Without the book, contracts and suppliers are found again as on an empty machine.
    let book = load(&home.book(), &mut warnings);
    let anchors = load(&home.anchors(), &mut vec![]).unwrap_or_default();
    Kept { book, anchors, warnings }
}

/// The newest whole generation of a document; none if there never was one.
fn load<T: Wire>(document: &Document, warnings: &mut Vec<String>) -> Option<T> {
    let file = document.path().display();
    match document.load(decode::<T>) {
        Ok(loaded) => {
            if loaded.generation > 0 {
                tracing::warn!(%file, "an older version of a file had to do");
                warnings.push(format!("{file} was damaged; the version before is used."));
            }
            Some(loaded.value)
        }
        Err(LoadError::Missing { .. }) => None,
        Err(LoadError::Damaged { first, .. }) => {
            tracing::error!(%file, %first, "a file of the home is damaged");
            warnings
                .push(format!("{file} was damaged; what was in it is looked for in the network."));
            None
        }
    }
}
