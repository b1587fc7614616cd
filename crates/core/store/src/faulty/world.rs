//! The state of a faulty disk and the faults that are planned for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use super::content::PAGE_BYTES;
use super::fate::{Mode, mix, text_key};
use super::inode::Inode;
use super::{Fault, Rates};
use crate::disk::{Action, DiskError};

/// What one boot sees of a disk. Cheap to copy: files share their bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    name_changes: Vec<NameChange>,
    inodes: BTreeMap<u64, Arc<Inode>>,
    inode_next: u64,
}

#[derive(Clone, Debug)]
enum NameChange {
    Create(String, u64),
    Remove(String),
    Rename(String, String, u64),
}

impl Image {
    pub(super) fn inode_of(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    pub(super) fn inode(&self, id: u64) -> &Inode {
        &self.inodes[&id]
    }

    pub(super) fn inode_mut(&mut self, id: u64) -> &mut Inode {
        Arc::make_mut(self.inodes.get_mut(&id).expect("handles name inodes that exist"))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&String, &Inode)> {
        self.names.iter().map(|(name, id)| (name, &*self.inodes[id]))
    }

    pub(super) fn create(&mut self, name: &str) -> u64 {
        let id = self.inode_next;
        self.inode_next += 1;
        self.inodes.insert(id, Arc::new(Inode::new(name)));
        self.names.insert(name.into(), id);
        self.name_changes.push(NameChange::Create(name.into(), id));
        id
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        if self.names.remove(name).is_none() {
            return Err(DiskError::NotFound { name: name.into() });
        }
        self.name_changes.push(NameChange::Remove(name.into()));
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let Some(id) = self.names.remove(from) else {
            return Err(DiskError::NotFound { name: from.into() });
        };
        self.names.insert(to.into(), id);
        self.inode_mut(id).name = to.into();
        self.name_changes.push(NameChange::Rename(from.into(), to.into(), id));
        Ok(())
    }

    pub(super) fn sync_dir(&mut self) {
        self.durable_names = self.names.clone();
        self.name_changes.clear();
    }

    /// Bytes of all files, in whole pages.
    pub(super) fn used_bytes(&self) -> u64 {
        let pages: u64 = self.names().map(|(_, inode)| inode.cache.pages()).sum();
        pages * PAGE_BYTES as u64
    }

    /// What the next boot finds after the power went.
    pub(super) fn crash(&self, seed: u64) -> Self {
        let mode = Mode::of(seed, "/");
        let mut names = self.durable_names.clone();
        let cut = mix(seed, &[8]) % (self.name_changes.len() as u64 + 1);
        for (number, change) in self.name_changes.iter().enumerate() {
            let kept = match mode {
                Mode::Nothing => false,
                Mode::Everything => true,
                // A journalled directory is changed in order.
                Mode::Prefix => (number as u64) < cut,
                Mode::Writes | Mode::Sectors => mix(seed, &change.key()).is_multiple_of(2),
            };
            if kept {
                change.apply(&mut names);
            }
        }
        let mut image = Self { inode_next: self.inode_next, ..Self::default() };
        for (name, id) in names {
            let content = self.inodes[&id].crash(seed);
            image.inodes.insert(id, Arc::new(Inode::settled(&name, content)));
            image.names.insert(name, id);
        }
        image.durable_names = image.names.clone();
        image
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Create(name, id) => {
                names.insert(name.clone(), *id);
            }
            Self::Remove(name) => {
                names.remove(name);
            }
            Self::Rename(from, to, id) => {
                if names.get(from) == Some(id) {
                    names.remove(from);
                }
                names.insert(to.clone(), *id);
            }
        }
    }

    fn key(&self) -> [u64; 3] {
        match self {
            Self::Create(name, _) => [9, text_key(name), 0],
            Self::Remove(name) => [10, text_key(name), 0],
            Self::Rename(from, to, _) => [11, text_key(from), text_key(to)],
        }
    }
}

/// The disk of one boot, with its faults.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) image: Image,
    pub(super) is_powered: bool,
    pub(super) ignores_syncs: bool,
    pub(super) capacity: Option<u64>,
    pub(super) rates: Rates,
    pub(super) planned: BTreeMap<u64, Fault>,
    pub(super) operations: u64,
    /// Inodes that a handle holds locked.
    pub(super) locked: BTreeSet<u64>,
    pub(super) history: Option<Vec<Image>>,
    pub(super) trace: blake3::Hasher,
}

/// One thing asked of the disk.
pub(super) struct Operation<'a> {
    pub(super) action: Action,
    pub(super) name: &'a str,
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

impl World {
    pub(super) fn new(seed: u64, image: Image) -> Self {
        Self {
            seed,
            image,
            is_powered: true,
            ignores_syncs: false,
            capacity: None,
            rates: Rates::default(),
            planned: BTreeMap::new(),
            operations: 0,
            locked: BTreeSet::new(),
            history: None,
            trace: blake3::Hasher::new(),
        }
    }

    /// Counts an operation and says which fault meets it.
    pub(super) fn begin(&mut self, operation: &Operation<'_>) -> Result<Option<Fault>, DiskError> {
        self.operations += 1;
        let planned = self.planned.remove(&self.operations);
        if planned == Some(Fault::PowerOff) {
            self.is_powered = false;
        }
        if !self.is_powered {
            return Err(operation.fails(ErrorKind::NotConnected));
        }
        let fault = planned.or_else(|| self.by_chance(operation));
        match (fault, operation.action) {
            (Some(Fault::Error), Action::Write | Action::Sync) => Ok(fault),
            (Some(Fault::Error), _) => Err(operation.fails(ErrorKind::Other)),
            (Some(Fault::NoSpace), Action::Resize | Action::Open) => {
                Err(DiskError::NoSpace { name: operation.name.into() })
            }
            (fault, _) => Ok(fault),
        }
    }

    /// Notes that something changed: for the trace and for the history.
    pub(super) fn changed(&mut self, operation: &Operation<'_>, bytes: &[&[u8]]) {
        let action = operation.action as u8;
        self.trace.update(&[action]).update(operation.name.as_bytes());
        self.trace.update(&operation.offset.to_le_bytes()).update(&operation.bytes.to_le_bytes());
        for part in bytes {
            self.trace.update(part);
        }
        if let Some(history) = &mut self.history {
            history.push(self.image.clone());
        }
    }

    pub(super) fn free_bytes(&self) -> u64 {
        let capacity = self.capacity.unwrap_or(1 << 50);
        capacity.saturating_sub(self.image.used_bytes())
    }

    fn by_chance(&self, operation: &Operation<'_>) -> Option<Fault> {
        let ppm = match operation.action {
            Action::Read => self.rates.read_error_ppm,
            Action::Write => self.rates.write_error_ppm,
            Action::Sync => self.rates.sync_error_ppm,
            Action::Open | Action::Resize | Action::Remove | Action::Rename | Action::List => 0,
        };
        if ppm == 0 {
            return None;
        }
        let syncs = self.image.inode_of(operation.name).map_or(0, |id| self.image.inode(id).syncs);
        let what = [operation.action as u64, text_key(operation.name), operation.offset];
        let drawn = mix(mix(self.seed, &what), &[operation.bytes, syncs]) % 1_000_000;
        (drawn < u64::from(ppm)).then_some(Fault::Error)
    }
}

impl Operation<'_> {
    pub(super) fn fails(&self, kind: ErrorKind) -> DiskError {
        DiskError::Io { action: self.action, name: self.name.into(), kind }
    }
}
