//! A disk in memory that fails as disks do, by a seed: torn, lost and misplaced writes, failed
//! syncs, no space, errors, rot. The simulator and the tests run the real recovery over it.
//!
//! A page cache stands between programs and the device, as under a file system: what was not
//! synced may survive a crash whole, in part (any set of 512-byte sectors), or not at all; names
//! that were created, removed or renamed without `sync_dir` likewise. After a failed sync the
//! cache calls the pages clean, as ext4 does, so a second sync would answer falsely.

mod content;
mod fate;
mod inode;
mod world;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::Hash;
use content::PAGE_BYTES;
use fate::mix;
use inode::SECTOR_BYTES;
use world::{Image, Operation, World};

use crate::disk::{Action, Disk, DiskError, DiskFile, Open, check_name};

/// What goes wrong with one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error of the device: a write is done in part, a sync leaves its pages clean and unsafe.
    Error,
    /// No space: a write is done in part.
    NoSpace,
    /// A write lands this many sectors further on, and reports success.
    Misdirected(u32),
    /// The power goes before the operation; nothing answers until [`FaultyDisk::crash`].
    PowerOff,
}

/// How often operations fail by chance, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Reads that fail.
    pub read_error_ppm: u32,
    /// Writes that fail.
    pub write_error_ppm: u32,
    /// Syncs that fail.
    pub sync_error_ppm: u32,
}

/// A disk that fails by a seed. Clones are handles to the same disk.
#[derive(Clone, Debug)]
pub struct FaultyDisk {
    world: Arc<Mutex<World>>,
}

impl FaultyDisk {
    /// An empty disk; `seed` draws the faults that come by chance.
    pub fn new(seed: u64) -> Self {
        Self::of(World::new(seed, Image::default()))
    }

    fn of(world: World) -> Self {
        Self { world: Arc::new(Mutex::new(world)) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes: handles of this boot are dead, the answer is the disk of the next boot.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut world = self.world();
        world.is_powered = false;
        Self::of(World {
            capacity: world.capacity,
            rates: world.rates,
            ignores_syncs: world.ignores_syncs,
            ..World::new(mix(world.seed, &[seed]), world.image.crash(seed))
        })
    }

    /// The program was killed: handles are dead, the cache of the system is still there.
    #[must_use]
    pub fn restart(&self) -> Self {
        let mut world = self.world();
        world.is_powered = false;
        Self::of(World {
            capacity: world.capacity,
            rates: world.rates,
            ignores_syncs: world.ignores_syncs,
            ..World::new(world.seed, world.image.clone())
        })
    }

    /// An independent copy as of now, without the faults.
    #[must_use]
    pub fn fork(&self) -> Self {
        let world = self.world();
        Self::of(World::new(world.seed, world.image.clone()))
    }

    /// How many operations there were, of every kind.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Lets the operation of this number fail; the first one is 1.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.world().planned.insert(operation, fault);
    }

    /// Faults by chance from now on.
    pub fn set_rates(&self, rates: Rates) {
        self.world().rates = rates;
    }

    /// How much the disk holds, bytes in whole pages of 4 KiB; `None` is without end.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.world().capacity = bytes;
    }

    /// Bytes in use, in whole pages.
    pub fn used_bytes(&self) -> u64 {
        self.world().image.used_bytes()
    }

    /// Makes a disk that lies: syncs succeed and do nothing. The control of every crash test.
    pub fn ignore_syncs(&self) {
        self.world().ignores_syncs = true;
    }

    /// From now on every state that a change leads to is kept, for [`FaultyDisk::moment`].
    pub fn keep_history(&self) {
        let mut world = self.world();
        world.history = Some(vec![world.image.clone()]);
    }

    /// How many states are kept: one more than there were changes.
    pub fn moments(&self) -> usize {
        self.world().history.as_ref().map_or(0, Vec::len)
    }

    /// A copy of the disk as it was after that many changes.
    pub fn moment(&self, changes: usize) -> Option<Self> {
        let world = self.world();
        let image = world.history.as_ref()?.get(changes)?.clone();
        Some(Self::of(World {
            capacity: world.capacity,
            ignores_syncs: world.ignores_syncs,
            ..World::new(world.seed, image)
        }))
    }

    /// Flips bits of one durable byte; false if there is no such byte, or it is being changed.
    pub fn rot(&self, name: &str, offset: u64, mask: u8) -> bool {
        let mut world = self.world();
        let Some(id) = world.image.inode_of(name) else { return false };
        world.image.inode_mut(id).rot(offset, mask)
    }

    /// Flips one bit somewhere in a page that is not zero, of a file whose name begins with `prefix`, and
    /// says where.
    pub fn rot_somewhere(&self, prefix: &str, seed: u64) -> Option<(String, u64)> {
        let pages: Vec<(String, u64)> = {
            let world = self.world();
            let files = world.image.names().filter(|(name, _)| name.starts_with(prefix));
            let written = |(name, file): (&String, &inode::Inode)| {
                let pages = file.cache.iter().filter(|(_, bytes)| **bytes != [0; PAGE_BYTES]);
                pages.map(|(page, _)| (name.clone(), page)).collect::<Vec<_>>()
            };
            files.flat_map(written).collect()
        };
        let chosen = mix(seed, &[20]).checked_rem(pages.len() as u64)?;
        let (name, page) = pages.into_iter().nth(chosen as usize)?;
        let offset = page * PAGE_BYTES as u64 + mix(seed, &[21]) % PAGE_BYTES as u64;
        self.rot(&name, offset, 1 << (mix(seed, &[22]) % 8)).then_some((name, offset))
    }

    /// A hash of all names and bytes that a program sees.
    pub fn digest(&self) -> Hash {
        let world = self.world();
        let mut hasher = blake3::Hasher::new();
        for (name, inode) in world.image.names() {
            hasher.update(name.as_bytes()).update(&inode.cache.len().to_le_bytes());
            for (page, bytes) in inode.cache.iter().filter(|(_, page)| **page != [0; PAGE_BYTES]) {
                hasher.update(&page.to_le_bytes()).update(bytes);
            }
        }
        Hash(*hasher.finalize().as_bytes())
    }

    /// A hash of all changes so far, in their order.
    pub fn trace(&self) -> Hash {
        Hash(*self.world().trace.finalize().as_bytes())
    }

    /// All files and their bytes, as a program sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let world = self.world();
        let read = |content: &content::Content| {
            let mut bytes = vec![0; content.len() as usize];
            content.read(0, &mut bytes);
            bytes
        };
        world.image.names().map(|(name, inode)| (name.clone(), read(&inode.cache))).collect()
    }
}

fn operation(action: Action, name: &str) -> Operation<'_> {
    Operation { action, name, offset: 0, bytes: 0 }
}

impl Disk for FaultyDisk {
    fn open(&self, name: &str, how: Open) -> Result<Arc<dyn DiskFile>, DiskError> {
        check_name(name)?;
        let mut world = self.world();
        let open = operation(Action::Open, name);
        world.begin(&open)?;
        let inode = match (world.image.inode_of(name), how) {
            (Some(id), Open::Existing | Open::OrCreate) => id,
            (Some(id), Open::Empty) => {
                world.image.inode_mut(id).set_len(0);
                world.changed(&open, &[]);
                id
            }
            (None, Open::Existing) => return Err(DiskError::NotFound { name: name.into() }),
            (None, Open::OrCreate | Open::Empty) => {
                let id = world.image.create(name);
                world.changed(&open, &[]);
                id
            }
        };
        drop(world);
        let (disk, name) = (self.clone(), name.to_string());
        let (is_poisoned, has_lock) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Arc::new(FaultyFile { disk, inode, name, is_poisoned, has_lock }))
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        let mut world = self.world();
        let remove = operation(Action::Remove, name);
        world.begin(&remove)?;
        world.image.remove(name)?;
        world.changed(&remove, &[]);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        check_name(to)?;
        let mut world = self.world();
        let rename = operation(Action::Rename, from);
        world.begin(&rename)?;
        world.image.rename(from, to)?;
        world.changed(&rename, &[to.as_bytes()]);
        Ok(())
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        let mut world = self.world();
        let sync = operation(Action::Sync, "/");
        if world.begin(&sync)? == Some(Fault::Error) {
            return Err(sync.fails(ErrorKind::Other));
        }
        if !world.ignores_syncs {
            world.image.sync_dir();
        }
        world.changed(&sync, &[]);
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut world = self.world();
        world.begin(&operation(Action::List, "/"))?;
        Ok(world.image.names().map(|(name, _)| name.clone()).collect())
    }

    fn free_space(&self) -> Result<u64, DiskError> {
        let mut world = self.world();
        world.begin(&operation(Action::List, "/"))?;
        Ok(world.free_bytes())
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    inode: u64,
    name: String,
    is_poisoned: AtomicBool,
    has_lock: AtomicBool,
}

impl Drop for FaultyFile {
    fn drop(&mut self) {
        if *self.has_lock.get_mut() {
            self.disk.world().locked.remove(&self.inode);
        }
    }
}

impl FaultyFile {
    fn check_poison(&self) -> Result<(), DiskError> {
        if self.is_poisoned.load(Ordering::Relaxed) {
            return Err(DiskError::Poisoned { name: self.name.clone() });
        }
        Ok(())
    }

    fn resize(&self, bytes: u64, apply: impl FnOnce(&mut World)) -> Result<(), DiskError> {
        self.check_poison()?;
        let mut world = self.disk.world();
        let resize = Operation { bytes, ..operation(Action::Resize, &self.name) };
        world.begin(&resize)?;
        apply(&mut world);
        world.changed(&resize, &[]);
        Ok(())
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), DiskError> {
        let mut world = self.disk.world();
        let bytes = out.len() as u64;
        world.begin(&Operation { offset, bytes, ..operation(Action::Read, &self.name) })?;
        let content = &world.image.inode(self.inode).cache;
        let end = offset + bytes;
        if end > content.len() {
            return Err(DiskError::Short { name: self.name.clone(), end });
        }
        content.read(offset, out);
        Ok(())
    }

    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> Result<(), DiskError> {
        self.check_poison()?;
        let bytes = parts.concat();
        let mut world = self.disk.world();
        let length = bytes.len() as u64;
        let write = Operation { offset, bytes: length, ..operation(Action::Write, &self.name) };
        let fault = world.begin(&write)?;
        let room = world.free_bytes() / PAGE_BYTES as u64;
        let content = &world.image.inode(self.inode).cache;
        let is_full = content.new_pages(offset, length) > room;
        let no_space = DiskError::NoSpace { name: self.name.clone() };
        let (at, count, answer) = match fault {
            Some(Fault::Error) => (offset, length / 2, Err(write.fails(ErrorKind::Other))),
            Some(Fault::NoSpace) => (offset, length / 2, Err(no_space)),
            _ if is_full => {
                let fits = |count: &u64| content.new_pages(offset, *count) <= room;
                let steps = (0..length).step_by(SECTOR_BYTES as usize).take_while(fits);
                (offset, steps.last().unwrap_or(0), Err(no_space))
            }
            Some(Fault::Misdirected(by)) => (offset + u64::from(by) * SECTOR_BYTES, length, Ok(())),
            Some(Fault::PowerOff) | None => (offset, length, Ok(())),
        };
        let written: Arc<[u8]> = bytes[..count as usize].into();
        if count > 0 || answer.is_ok() {
            world.image.inode_mut(self.inode).write(at, written);
            world.changed(&write, parts);
        }
        answer
    }

    fn set_len(&self, bytes: u64) -> Result<(), DiskError> {
        self.resize(bytes, |world| world.image.inode_mut(self.inode).set_len(bytes))
    }

    fn preallocate(&self, bytes: u64) -> Result<(), DiskError> {
        {
            let world = self.disk.world();
            let new_pages = world.image.inode(self.inode).cache.new_pages(0, bytes);
            if new_pages > world.free_bytes() / PAGE_BYTES as u64 {
                return Err(DiskError::NoSpace { name: self.name.clone() });
            }
        }
        self.resize(bytes, |world| world.image.inode_mut(self.inode).allocate(bytes))
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.check_poison()?;
        let mut world = self.disk.world();
        let sync = operation(Action::Sync, &self.name);
        if world.begin(&sync)? == Some(Fault::Error) {
            world.image.inode_mut(self.inode).fail_sync();
            world.changed(&sync, &[b"failed"]);
            self.is_poisoned.store(true, Ordering::Relaxed);
            return Err(sync.fails(ErrorKind::Other));
        }
        if !world.ignores_syncs {
            world.image.inode_mut(self.inode).sync();
        }
        world.changed(&sync, &[]);
        Ok(())
    }

    fn try_lock(&self) -> Result<(), DiskError> {
        if !self.disk.world().locked.insert(self.inode) {
            return Err(DiskError::Busy { name: self.name.clone() });
        }
        self.has_lock.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn len(&self) -> Result<u64, DiskError> {
        let mut world = self.disk.world();
        world.begin(&operation(Action::List, &self.name))?;
        Ok(world.image.inode(self.inode).cache.len())
    }
}

#[cfg(test)]
mod tests;
