//! One node of the world, with its disks and what its shell would hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use automata::Tick;
use base::{BlockId, DeviceId, IdentityId, NetworkId, SecretKey, SymmetricKey, decode};
use identity::{DeviceName, Keystore, Phrase, Seed};
use mesh::{Hello, Proving, Session};
use node::book::Book;
use node::input::{DriveCondition, Tenant};
use node::settings::Settings;
use node::{Node, Setup};
use spaces::{Keyring, own_drive};
use storage::terms::Contract;
use storage::wire::Asker;
use store::{Disk, FaultyDisk, FragmentStore};

use crate::bulk::Stream;
use crate::work::Works;
use crate::world::START;

/// How a node treats those who rely on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Honesty {
    #[default]
    Honest,
    /// Gives back fragments with a flipped bit.
    Garbage,
    /// Gives back another fragment than the one asked for.
    Swapped,
    /// Has thrown so much of what it receipted away.
    Drops { percent: u8 },
    /// Is there, but answers no audits.
    Evades,
}

impl Honesty {
    /// Whether it has thrown this fragment away.
    pub(crate) fn has_dropped(self, (block, index): (BlockId, u8)) -> bool {
        match self {
            Self::Drops { percent } => (block.0[31] ^ index) as u32 * 100 / 256 < percent.into(),
            Self::Honest | Self::Garbage | Self::Swapped | Self::Evades => false,
        }
    }
}

/// A node that is alive.
pub(crate) struct Life {
    pub(crate) node: Node,
    /// When the node wants to be woken, as it said after the last input.
    pub(crate) deadline: Option<Tick>,
    pub(crate) store: Option<FragmentStore>,
    pub(crate) works: Works,
    pub(crate) sessions: BTreeMap<usize, Session>,
    pub(crate) streams: BTreeMap<u64, Stream>,
}

/// A node, dead or alive.
pub(crate) struct Being {
    pub(crate) life: Option<Life>,
    /// Grows with each life, so that what was meant for an earlier one is dropped.
    pub(crate) lives: u32,
    pub(crate) keys: Keystore,
    pub(crate) settings: Settings,
    pub(crate) supplier_disk: FaultyDisk,
    pub(crate) drive_disk: FaultyDisk,
    pub(crate) book: Option<Book>,
    pub(crate) keyring: Vec<u8>,
    pub(crate) condition: DriveCondition,
    pub(crate) honesty: Honesty,
    seed: u64,
}

pub(crate) const NETWORK: NetworkId = NetworkId([0x51; 32]);

impl Being {
    /// A new identity on an empty device.
    pub(crate) fn new(seed: u64, settings: Settings) -> Self {
        let keys = keys_of(seed, seed);
        let space = own_drive(keys.identity(), &keys.storage_root);
        let keyring = Keyring::create(space, &secret("sim keyring", seed));
        Self {
            life: None,
            lives: 0,
            settings,
            supplier_disk: FaultyDisk::new(seed),
            drive_disk: FaultyDisk::new(seed ^ 1),
            book: None,
            keyring: keyring.seal(&keys.storage_root, [7; 32]),
            condition: DriveCondition::Fresh,
            honesty: Honesty::Honest,
            keys,
            seed,
        }
    }

    /// The same identity on another, empty device, made from the words.
    pub(crate) fn from_words(old: &Self) -> Self {
        let seed = old.seed.wrapping_add(0x1000_0000);
        let keys = keys_of(old.seed, seed);
        Self {
            drive_disk: FaultyDisk::new(seed),
            supplier_disk: FaultyDisk::new(seed ^ 1),
            condition: DriveCondition::Absent,
            lives: old.lives,
            keys,
            ..Self::new(old.seed, old.settings.clone())
        }
    }

    pub(crate) fn asker(&self) -> Asker {
        Asker {
            identity: self.keys.identity(),
            device: self.keys.device_id(),
            generation: self.keys.chain.generation(),
        }
    }

    pub(crate) fn device(&self) -> DeviceId {
        self.keys.device_id()
    }

    pub(crate) fn identity(&self) -> IdentityId {
        self.keys.identity()
    }

    /// Begins to live; what is on the disks is recovered by the code that users run. The tenants
    /// are those that the store has.
    pub(crate) fn wake(&mut self) -> Vec<Tenant> {
        self.lives += 1;
        let entropy = secret("sim entropy", self.seed ^ (u64::from(self.lives) << 32));
        let node = Node::new(Setup {
            settings: self.settings.clone(),
            keys: self.keys.clone(),
            network: NETWORK,
            space: own_drive(self.keys.identity(), &self.keys.storage_root),
            keyring: self.keyring.clone(),
            entropy,
        });
        let store = self.open_store();
        let tenants = store.as_ref().map(tenants).unwrap_or_default();
        let works = Works::open(&self.drive_disk, &self.keyring, &self.keys);
        self.life = Some(Life {
            node,
            deadline: None,
            store,
            works,
            sessions: BTreeMap::new(),
            streams: BTreeMap::new(),
        });
        tenants
    }

    /// The power goes: what was not synced may be lost or torn.
    pub(crate) fn crash(&mut self, seed: u64) {
        self.life = None;
        self.supplier_disk = self.supplier_disk.crash(seed);
        self.drive_disk = self.drive_disk.crash(seed ^ 0x5555);
    }

    pub(crate) fn hello(&self, challenge: [u8; 32]) -> Hello {
        Hello::new(NETWORK, self.keys.credential(), challenge)
    }

    fn open_store(&self) -> Option<FragmentStore> {
        // A customer that gives nothing has no store.
        if self.settings.donated_bytes == 0 {
            return None;
        }
        let small = store::fragments::Settings {
            segment_bytes: 4 << 20,
            preallocate_bytes: 64 << 10,
            reserve_bytes: 64 << 10,
            cache_bytes: 1 << 20,
            ..store::fragments::Settings::usual(secret("sim store", self.seed).0)
        };
        let disk: Arc<dyn Disk> = Arc::new(self.supplier_disk.clone());
        FragmentStore::open(disk, small).ok()
    }
}

/// How messages are proved: with real signatures, or faster.
pub(crate) fn proving(is_full: bool) -> Proving {
    match is_full {
        true => Proving::Signatures,
        false => Proving::KeyedHashes(SymmetricKey([9; 32])),
    }
}

fn tenants(store: &FragmentStore) -> Vec<Tenant> {
    let reader = store.reader();
    let views = reader.contracts();
    let contracts = views.into_iter().filter_map(|view| {
        let document = reader.document(view.contract).ok()?;
        Some(Tenant {
            contract: decode::<Contract>(&document).ok()?,
            fragments: view.totals.fragments,
            used_bytes: view.totals.bytes,
            is_open: !view.terms.is_closed,
        })
    });
    contracts.collect()
}

fn keys_of(person: u64, device: u64) -> Keystore {
    let phrase = Phrase::from_entropy(secret("sim words", person).0);
    let seed = Seed::new(&phrase);
    let name = DeviceName::new("simulated").expect("a short name");
    let device = SecretKey::from_seed(secret("sim device", device));
    let keys = Keystore::from_seed(&seed, seed.chain(), device, name, START);
    keys.expect("made from one seed")
}

fn secret(label: &'static str, seed: u64) -> SymmetricKey {
    SymmetricKey(base::hash(label, &seed.to_le_bytes()).0)
}
