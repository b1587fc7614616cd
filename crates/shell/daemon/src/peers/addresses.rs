//! Where peers were reached or said to be: a limited list, part of which is kept for the next start.

use std::collections::BTreeMap;

use base::{DeviceId, Wire};
use borsh::{BorshDeserialize, BorshSerialize};

/// Peers whose addresses are remembered.
const PEERS_MAX: usize = 1024;
/// Addresses remembered for one peer.
const ADDRESSES_MAX: usize = 8;
/// The longest address, bytes.
const ADDRESS_BYTES_MAX: usize = 256;
/// Peers that are kept for the next start.
const ANCHORS_MAX: usize = 64;

/// The addresses of peers, newest first.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    known: BTreeMap<DeviceId, Entry>,
    turn: u64,
}

#[derive(Debug, Default)]
struct Entry {
    addresses: Vec<String>,
    /// The highest is the newest.
    turn: u64,
    /// Whether there was a connection.
    is_proven: bool,
}

/// Peers to begin with at the next start.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Anchors(pub(crate) Vec<Anchor>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Anchor {
    pub(crate) device: DeviceId,
    pub(crate) addresses: Vec<String>,
}

impl Wire for Anchors {
    const BYTES_MAX: usize = ANCHORS_MAX * (64 + ADDRESSES_MAX * (4 + ADDRESS_BYTES_MAX));
}

impl Addresses {
    /// Somebody says that the peer is there.
    pub(crate) fn learn(&mut self, device: DeviceId, addresses: Vec<String>) {
        self.turn += 1;
        let entry = self.known.entry(device).or_default();
        entry.turn = self.turn;
        for address in addresses.into_iter().filter(|address| is_plain(address)).rev() {
            entry.addresses.retain(|known| *known != address);
            entry.addresses.insert(0, address);
        }
        entry.addresses.truncate(ADDRESSES_MAX);
        self.forget_oldest();
    }

    /// The peer is connected.
    pub(crate) fn prove(&mut self, device: DeviceId) {
        self.turn += 1;
        let entry = self.known.entry(device).or_default();
        (entry.turn, entry.is_proven) = (self.turn, true);
        self.forget_oldest();
    }

    /// Where the peer may be reached.
    pub(crate) fn of(&self, device: DeviceId) -> Vec<String> {
        self.known.get(&device).map(|entry| entry.addresses.clone()).unwrap_or_default()
    }

    /// Those to begin with next time: proven ones, the newest first.
    pub(crate) fn anchors(&self) -> Anchors {
        let useful = |entry: &&Entry| entry.is_proven && !entry.addresses.is_empty();
        let mut proven: Vec<_> = self.known.iter().filter(|(_, entry)| useful(entry)).collect();
        proven.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.turn));
        let anchor = |(device, entry): (&DeviceId, &Entry)| Anchor {
            device: *device,
            addresses: entry.addresses.clone(),
        };
        Anchors(proven.into_iter().take(ANCHORS_MAX).map(anchor).collect())
    }

    // Unproven ones first, so that nobody can push out the peers we know by making names up.
    fn forget_oldest(&mut self) {
        while self.known.len() > PEERS_MAX {
            let oldest = self.known.iter().min_by_key(|(_, entry)| (entry.is_proven, entry.turn));
            let Some(device) = oldest.map(|(device, _)| *device) else { return };
            self.known.remove(&device);
        }
    }
}

fn is_plain(address: &str) -> bool {
    address.starts_with('/')
        && address.len() <= ADDRESS_BYTES_MAX
        && address.bytes().all(|byte| byte.is_ascii_graphic())
}
