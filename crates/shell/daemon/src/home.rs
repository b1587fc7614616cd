//! The directory that holds all of a node: keys, settings, stores. One process at a time uses it.
//! What is in it stands in `docs/operations/home.md`.

use std::path::{Path, PathBuf};

use base::{Hash, Wire};
use disk::document::{Document, HomeLock};
use storage::audit::Evidence;

use crate::peers::addresses::Anchors;
use crate::settings::{Settings, SettingsFile};

mod stores;
#[cfg(test)]
mod tests;

pub(crate) use stores::{Kept, read_kept};

/// A home that this process holds.
#[derive(Debug)]
pub(crate) struct Home {
    root: PathBuf,
    _lock: HomeLock,
}

impl Home {
    /// The home in this directory, which `lock` keeps others out of.
    pub(crate) fn new(root: impl Into<PathBuf>, lock: HomeLock) -> Self {
        Self { root: root.into(), _lock: lock }
    }

    /// The directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file of settings.
    pub(crate) fn settings_file(&self) -> SettingsFile {
        SettingsFile::of(&self.root)
    }

    /// Where the door for the command line is.
    pub(crate) fn socket(&self, settings: &Settings) -> PathBuf {
        self.root.join(&settings.api.socket)
    }

    /// What the node must not forget.
    pub(crate) fn book(&self) -> Document {
        Document::new(self.root.join("book"), 2, node::book::Book::BYTES_MAX)
    }

    /// Peers to begin with.
    pub(crate) fn anchors(&self) -> Document {
        Document::new(self.root.join("anchors"), 0, Anchors::BYTES_MAX)
    }

    /// What proves a supplier's fault, by its id. Makes the directory.
    pub(crate) fn evidence(&self, id: &Hash) -> std::io::Result<Document> {
        let directory = self.root.join("evidence");
        std::fs::create_dir_all(&directory)?;
        Ok(Document::new(directory.join(id.to_string()), 0, Evidence::BYTES_MAX))
    }

    /// When each scheduled backup was begun last.
    pub(crate) fn schedule(&self) -> Document {
        Document::new(self.root.join("schedule"), 0, 64 * 1024)
    }

    /// The directory of the fragments of others.
    pub(crate) fn supplier(&self, settings: &Settings) -> PathBuf {
        self.root.join(&settings.supplier.path)
    }
}
