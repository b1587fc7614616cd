//! Trees in memory, made from a seed, that are pushed into a run and compared after a restore.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use crate::format::{Attributes, Time, Xattr};

/// A run of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Data(Vec<u8>),
    Hole(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) runs: Vec<Run>,
    pub(crate) attributes: Attributes,
    pub(crate) hard_link: Option<u64>,
}

pub(crate) type Entries = BTreeMap<Vec<u8>, Item>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    File(File),
    Directory(Entries, Attributes),
    Symlink(Vec<u8>, Attributes),
}

impl Item {
    pub(crate) fn file(bytes: &[u8]) -> Self {
        Self::sparse(vec![Run::Data(bytes.to_vec())])
    }

    pub(crate) fn sparse(runs: Vec<Run>) -> Self {
        let attributes = Attributes { mode: 0o644, ..Attributes::default() };
        Self::File(File { runs: merged(runs), attributes, hard_link: None })
    }

    pub(crate) fn directory<N: Into<Vec<u8>>>(
        entries: impl IntoIterator<Item = (N, Self)>,
    ) -> Self {
        let entries = entries.into_iter().map(|(name, item)| (name.into(), item)).collect();
        Self::Directory(entries, Attributes { mode: 0o755, ..Attributes::default() })
    }

    /// Files and links, and bytes of all files.
    pub(crate) fn size(&self) -> (u64, u64) {
        match self {
            Self::File(file) => (1, file.bytes()),
            Self::Symlink(..) => (1, 0),
            Self::Directory(entries, _) => {
                entries.values().map(Self::size).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
            }
        }
    }
}

impl File {
    pub(crate) fn bytes(&self) -> u64 {
        let length = |run: &Run| match run {
            Run::Data(bytes) => bytes.len() as u64,
            Run::Hole(bytes) => *bytes,
        };
        self.runs.iter().map(length).sum()
    }
}

/// Neighbours of one kind become one; short holes become data, as a run stores them.
pub(crate) fn merged(runs: Vec<Run>) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        let run = match run {
            Run::Hole(bytes) if bytes < 4096 => Run::Data(vec![0; bytes as usize]),
            run => run,
        };
        match (merged.last_mut(), run) {
            (_, Run::Data(bytes)) if bytes.is_empty() => {}
            (Some(Run::Data(last)), Run::Data(bytes)) => last.extend(bytes),
            (Some(Run::Hole(last)), Run::Hole(bytes)) => *last += bytes,
            (_, run) => merged.push(run),
        }
    }
    merged
}

pub(crate) fn random_bytes(length: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill_bytes(&mut bytes);
    bytes
}

/// A tree with everything that is odd in names, kinds and attributes.
pub(crate) fn random_tree(random: &mut ChaCha8Rng) -> Item {
    let mut links = BTreeMap::new();
    let entries = random_entries(3, &mut links, random);
    Item::Directory(entries, random_attributes(random))
}

fn random_entries(
    depth: usize,
    links: &mut BTreeMap<u64, File>,
    random: &mut ChaCha8Rng,
) -> Entries {
    let count = random.random_range(0..12);
    let mut entries = Entries::new();
    for _ in 0..count {
        let name = random_name(random);
        let item = match random.random_range(0..10) {
            0..=1 if depth > 0 => {
                Item::Directory(random_entries(depth - 1, links, random), random_attributes(random))
            }
            2 => {
                let length = random.random_range(0..300);
                Item::Symlink(random_bytes(length, random), random_attributes(random))
            }
            3 => {
                let group = random.random_range(0..4);
                let file = links
                    .entry(group)
                    .or_insert_with(|| File { hard_link: Some(group), ..random_file(random) });
                Item::File(file.clone())
            }
            _ => Item::File(random_file(random)),
        };
        entries.insert(name, item);
    }
    entries
}

fn random_name(random: &mut ChaCha8Rng) -> Vec<u8> {
    match random.random_range(0..8) {
        0 => vec![b'x'; 255],
        1 => b"...".to_vec(),
        2 => b"line\nfeed \x1b[31m".to_vec(),
        3 => {
            let length = random.random_range(1..20);
            let mut name = random_bytes(length, random);
            name.iter_mut().filter(|byte| **byte == 0 || **byte == b'/').for_each(|byte| *byte = 7);
            if name == b"." || name == b".." { b"-".to_vec() } else { name }
        }
        _ => format!("name-{}", random.random_range(0..1000)).into_bytes(),
    }
}

fn random_file(random: &mut ChaCha8Rng) -> File {
    let mut runs = Vec::new();
    let count = if random.random_range(0..5) == 0 { random.random_range(1..6) } else { 1 };
    for _ in 0..count {
        let length = match random.random_range(0..12) {
            0 => 0,
            1 => random.random_range(255..258),
            2 => random.random_range(500_000..600_000),
            3 => random.random_range(0..3_000_000),
            _ => random.random_range(0..9_000),
        };
        match random.random_range(0..3) {
            0 => runs.push(Run::Data(vec![b'a'; length])),
            _ => runs.push(Run::Data(random_bytes(length, random))),
        }
        if count > 1 {
            runs.push(Run::Hole(random.random_range(1..2_000_000)));
        }
    }
    File { runs: merged(runs), attributes: random_attributes(random), hard_link: None }
}

fn random_attributes(random: &mut ChaCha8Rng) -> Attributes {
    let xattrs = (0..random.random_range(0..3)).map(|number| {
        let length = random.random_range(0..40);
        Xattr { name: format!("user.{number}").into_bytes(), value: random_bytes(length, random) }
    });
    let xattrs = xattrs.collect();
    Attributes {
        mode: random.random_range(0..0o10000),
        uid: random.random(),
        gid: random.random_range(0..3),
        user: random.random_bool(0.5).then(|| b"ann".to_vec()),
        group: None,
        mtime: Time::new(random.random(), random.random_range(0..1_000_000_000)),
        xattrs,
    }
}
