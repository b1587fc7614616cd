//! One drive with its database on a faulty disk and its blocks in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use base::{BlockId, ChunkId, Date, IdentityId, SpaceId, SymmetricKey};
use codec::{BlockCoder, Manifest, Shape, Suite};
use spaces::Keyring;
use store::drive::{ChunkPlace, FragmentReceipt};
use store::{Drive, FaultyDisk, Table};

use super::model::{File, Item, Run, merged};
use crate::Stop;
use crate::backup::{BackupError, Committed, Meta, Outcome, SealedBlock, Session, Settings};
use crate::catalog::{Catalog, Placed, Stat};
use crate::format::{BlockEntry, Kind, Node, Version};
use crate::restore::{
    BlockSource, Filter, Range, Reader, RestoreError, Run as Given, SourceError, Step, Walk,
};

/// A block at its suppliers.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) entry: BlockEntry,
    manifest: Manifest,
    fragments: Vec<Vec<u8>>,
    pub(crate) lost: BTreeSet<usize>,
}

/// All suppliers.
#[derive(Clone, Default)]
pub(crate) struct Suppliers {
    pub(crate) blocks: BTreeMap<BlockId, Kept>,
    pub(crate) reads: Vec<(BlockId, Vec<Range>)>,
    pub(crate) expected: usize,
    /// Whether a block may come again: when the database lost its last commit.
    pub(crate) takes_again: bool,
}

impl Suppliers {
    pub(crate) fn keep(&mut self, sealed: &SealedBlock) {
        let kept = Kept {
            entry: sealed.entry.clone(),
            manifest: sealed.manifest.clone(),
            fragments: sealed.stripe.fragments().map(<[u8]>::to_vec).collect(),
            lost: BTreeSet::new(),
        };
        assert_eq!(kept.manifest.block_id(), kept.entry.id);
        assert!((1..=kept.entry.data_bytes()).contains(&sealed.content_bytes));
        let again = self.blocks.insert(sealed.entry.id, kept).is_some();
        assert!(!again || self.takes_again, "a block is sealed twice");
    }

    pub(crate) fn stored_bytes(&self) -> u64 {
        let bytes = |kept: &Kept| kept.fragments.iter().map(|one| one.len() as u64).sum::<u64>();
        self.blocks.values().map(bytes).sum()
    }
}

impl BlockSource for Suppliers {
    fn read(&mut self, block: &BlockEntry, ranges: &[Range]) -> Result<Vec<Vec<u8>>, SourceError> {
        self.reads.push((block.id, ranges.to_vec()));
        let needed = u16::from(block.k);
        let Some(kept) = self.blocks.get(&block.id) else {
            return Err(SourceError::Missing { present: 0, needed });
        };
        assert_eq!(&kept.entry, block);
        let have: Vec<usize> =
            (0..kept.fragments.len()).filter(|index| !kept.lost.contains(index)).collect();
        let present = have.len() as u16;
        if present < needed {
            return Err(SourceError::Missing { present, needed });
        }
        let size = block.fragment_bytes as usize;
        let mut read = Vec::new();
        for range in ranges {
            assert_eq!((range.offset as usize % size, range.length as usize % size), (0, 0));
            let mut bytes = Vec::new();
            for index in range.offset as usize / size..range.end() as usize / size {
                bytes.extend(kept.fragment(index, &have));
            }
            read.push(bytes);
        }
        Ok(read)
    }

    fn expect(&mut self, _: &BlockEntry, _: &[Range]) {
        self.expected += 1;
    }
}

impl Kept {
    fn fragment(&self, index: usize, have: &[usize]) -> Vec<u8> {
        if have.contains(&index) {
            return self.fragments[index].clone();
        }
        let verified: Vec<_> = have
            .iter()
            .map(|index| self.manifest.verify(*index, &self.fragments[*index]).unwrap())
            .collect();
        let mut out = vec![0; self.entry.fragment_bytes as usize];
        let coder = BlockCoder::new(self.manifest.shape());
        coder.rebuild(&self.manifest, &verified, &[index], &mut [&mut out]).unwrap();
        out
    }
}

pub(crate) struct World {
    pub(crate) disk: FaultyDisk,
    pub(crate) drive: Drive,
    pub(crate) keyring: Keyring,
    pub(crate) suppliers: Suppliers,
    pub(crate) shape: Shape,
    pub(crate) runs: u8,
    /// What the root document holds.
    pub(crate) head: Vec<u8>,
}

pub(crate) fn shape(data: usize, parity: usize) -> Shape {
    Shape::new(data, parity).unwrap()
}

pub(crate) fn drive(disk: &FaultyDisk) -> Drive {
    Drive::open(Arc::new(disk.clone()), "drive").unwrap()
}

impl World {
    pub(crate) fn new(shape: Shape) -> Self {
        let disk = FaultyDisk::new(1);
        let keyring = Keyring::create(SpaceId([1; 32]), &SymmetricKey([2; 32]));
        let (drive, suppliers) = (drive(&disk), Suppliers::default());
        Self { drive, disk, keyring, suppliers, shape, runs: 0, head: Vec::new() }
    }

    pub(crate) fn settings(&mut self) -> Settings {
        self.runs += 1;
        Settings {
            shape: self.shape,
            arrangement: 4,
            started: Date(1_000 * u64::from(self.runs)),
            suite: Suite::for_this_machine(),
            random: SymmetricKey([self.runs; 32]),
        }
    }

    pub(crate) fn backup(&mut self, tree: &Item) -> Committed {
        self.try_backup(tree, usize::MAX).unwrap()
    }

    /// One run that ends when `blocks` blocks are sealed.
    pub(crate) fn try_backup(
        &mut self,
        tree: &Item,
        blocks: usize,
    ) -> Result<Committed, BackupError> {
        let settings = self.settings();
        let salt = [self.runs; 32];
        let sealed = Arc::new(Mutex::new(0));
        let (send, receive) = channel();
        let sink = Box::new(move |block| {
            let mut sealed = sealed.lock().unwrap();
            if *sealed == blocks {
                return Err(Stop);
            }
            *sealed += 1;
            send.send(block).unwrap();
            Ok(())
        });
        let mut session = Session::new(&self.drive, &self.keyring, &settings, sink)?;
        let mut push = Push { suppliers: &mut self.suppliers, receive, head: Vec::new() };
        let pushed = push.all(&mut session, tree, salt);
        push.drain(&mut session)?;
        pushed?;
        self.head = push.head;
        session.commit_version()
    }

    pub(crate) fn reader(&mut self) -> Reader<'_> {
        Reader::new(&self.drive, &self.keyring, &mut self.suppliers)
    }

    pub(crate) fn version(&self, number: u64) -> Version {
        Catalog::new(&self.drive).version(number).unwrap().unwrap()
    }

    pub(crate) fn restore(&mut self, number: u64) -> Result<Item, RestoreError> {
        let version = self.version(number);
        restore(&version, &mut self.reader())
    }
}

struct Push<'a> {
    suppliers: &'a mut Suppliers,
    receive: Receiver<SealedBlock>,
    head: Vec<u8>,
}

impl Push<'_> {
    fn all(
        &mut self,
        session: &mut Session<'_>,
        tree: &Item,
        salt: [u8; 32],
    ) -> Result<(), BackupError> {
        self.item(session, b"/home/ann", tree)?;
        session.seal_content(vec![b"/home/ann".to_vec()], Date(9), true)?;
        self.drain(session)?;
        session.seal_index()?;
        self.drain(session)?;
        self.head = session.seal_head(salt)?;
        self.drain(session)
    }

    fn item(
        &mut self,
        session: &mut Session<'_>,
        name: &[u8],
        item: &Item,
    ) -> Result<(), BackupError> {
        let meta = |attributes: &crate::format::Attributes, hard_link| Meta {
            attributes: attributes.clone(),
            hard_link,
        };
        match item {
            Item::Symlink(target, attributes) => {
                session.symlink(name, meta(attributes, None), target)
            }
            Item::Directory(entries, attributes) => {
                session.enter_directory(name, meta(attributes, None))?;
                for (name, item) in entries {
                    self.item(session, name, item)?;
                }
                session.leave_directory(true)
            }
            Item::File(file) => {
                let stat = stat(file);
                let linked = |session: &mut Session<'_>| match file.hard_link {
                    Some(group) => session.hard_link(name, &stat, group),
                    None => Ok(false),
                };
                if session.reuse(name, &stat)? || linked(session)? {
                    return Ok(());
                }
                session.begin_file(name, meta(&file.attributes, file.hard_link), stat)?;
                for run in &file.runs {
                    match run {
                        Run::Data(bytes) => session.write(bytes)?,
                        Run::Hole(bytes) => session.zeros(*bytes)?,
                    }
                    self.drain(session)?;
                }
                session.end_file(Outcome::Whole { is_settled: true })?;
                self.drain(session)
            }
        }
    }

    /// Suppliers take what was sealed, and say so in another order.
    fn drain(&mut self, session: &mut Session<'_>) -> Result<(), BackupError> {
        let mut placed = Vec::new();
        while let Ok(sealed) = self.receive.try_recv() {
            self.suppliers.keep(&sealed);
            let receipt = FragmentReceipt {
                supplier: IdentityId([3; 32]),
                contract: base::ContractId([4; 32]),
                sequence: 5,
                masked_root: base::Hash([6; 32]),
                until: Date(7),
            };
            placed.push(Placed { block: sealed.entry.id, fragments: vec![(0, receipt)] });
            session.give_back(sealed.stripe);
        }
        placed.reverse();
        if placed.is_empty() { Ok(()) } else { session.placed(&placed) }
    }
}

/// All rows of chunks, in the order of their ids.
pub(crate) fn chunks(drive: &Drive) -> BTreeMap<ChunkId, ChunkPlace> {
    let mut rows: BTreeMap<ChunkId, ChunkPlace> = BTreeMap::new();
    loop {
        let last = rows.last_key_value().map(|(id, _)| id.0);
        let after = last.as_ref().map_or(Bound::Unbounded, |id| Bound::Excluded(&id[..]));
        let page = drive.database().scan(Table("chunks"), after, 1_000).unwrap();
        if page.rows.is_empty() {
            return rows;
        }
        for (id, row) in page.rows {
            rows.insert(ChunkId(id.try_into().unwrap()), base::decode(&row).unwrap());
        }
    }
}

/// What `stat` would say: another content has another time.
pub(crate) fn stat(file: &File) -> Stat {
    let mut hasher = base::Hasher::new("test stat");
    for run in &file.runs {
        match run {
            Run::Data(bytes) => hasher.update(bytes).update(b"data"),
            Run::Hole(bytes) => hasher.update(&bytes.to_le_bytes()),
        };
    }
    hasher.update(&borsh::to_vec(&file.attributes).unwrap());
    let hash = hasher.finish().0;
    Stat {
        size: file.bytes(),
        mtime_ns: 1,
        ctime_ns: i64::from_le_bytes(hash[..8].try_into().unwrap()),
        inode: file.hard_link.unwrap_or(99),
        mode: file.attributes.mode,
    }
}

/// The only root of a version, as a tree.
pub(crate) fn restore(version: &Version, reader: &mut Reader<'_>) -> Result<Item, RestoreError> {
    let mut walk = Walk::new(version, Filter::all());
    let mut stack: Vec<(Vec<u8>, Item)> = Vec::new();
    loop {
        let (path, item) = match walk.next(reader)? {
            None => panic!("the root never ended"),
            Some(Step::Enter { path, node, .. }) => {
                let directory = Item::Directory(Default::default(), node.attributes);
                stack.push((path, directory));
                continue;
            }
            Some(Step::Entry { path, node, .. }) => (path, item(node, reader)?),
            Some(Step::Leave { path, is_complete, .. }) => {
                assert!(is_complete);
                let (entered, item) = stack.pop().unwrap();
                assert_eq!(entered, path);
                (path, item)
            }
        };
        let Some((above, Item::Directory(entries, _))) = stack.last_mut() else {
            assert_eq!(walk.next(reader)?, None);
            return Ok(item);
        };
        let start = if above.is_empty() { 0 } else { above.len() + 1 };
        entries.insert(path[start..].to_vec(), item);
    }
}

fn item(node: Node, reader: &mut Reader<'_>) -> Result<Item, RestoreError> {
    let Node { kind, attributes, hard_link } = node;
    match kind {
        Kind::Directory { .. } => panic!("a directory is entered"),
        Kind::Symlink { target } => Ok(Item::Symlink(target, attributes)),
        Kind::File { content } => {
            let mut runs = Vec::new();
            reader.read(&content, &mut |run| {
                runs.push(match run {
                    Given::Bytes(bytes) => Run::Data(bytes.to_vec()),
                    Given::Hole(bytes) => Run::Hole(bytes),
                });
                Ok(())
            })?;
            Ok(Item::File(File { runs: merged(runs), attributes, hard_link }))
        }
    }
}
