//! Links to the peers that are wanted, and who gets which message.

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::DeviceId;
use mesh::peer_link::{Effect, Event, PeerLink, State};
use storage::contract;
use storage::ladder::Rung;
use storage::wire::Asker;

use crate::book::Tie;
use crate::node::{Node, Peer};
use crate::output::Output;

/// Peers that are known to be connected at most; the shell has a lower limit for connections.
const PEERS_MAX: usize = 1024;

/// Links to wanted peers: my suppliers.
#[derive(Default)]
pub(crate) struct Links(BTreeMap<DeviceId, Live<PeerLink>>);

impl Links {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.0.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.0.values().map(Live::snapshot)
    }

    /// Whether a connection to this peer is being made.
    pub(crate) fn is_trying(&self, device: &DeviceId) -> bool {
        let state = self.0.get(device).map(Live::state);
        matches!(state, Some(State::Dialing { .. } | State::Greeting { .. }))
    }
}

impl Node {
    pub(crate) fn poll_links(&mut self) {
        for device in self.links.0.keys().copied().collect::<Vec<_>>() {
            let Some(link) = self.links.0.get_mut(&device) else { continue };
            let deadline = link.deadline();
            let effects = link.poll(self.now.tick, &mut self.journal);
            let has_moved = link.deadline() != deadline;
            self.carry_out_link(device, effects);
            if has_moved {
                self.drive_changed();
            }
        }
    }

    /// Dials the suppliers that are not connected, unless they were tried a moment ago. Returns
    /// those to whom connections are being made.
    pub(crate) fn dial_absent(&mut self) -> BTreeSet<DeviceId> {
        let mut devices: BTreeSet<DeviceId> = self.links.0.keys().copied().collect();
        for device in &devices {
            self.feed_link(*device, Event::Needed);
        }
        devices.retain(|device| self.links.is_trying(device));
        devices
    }

    /// Keeps links to all suppliers that hold data or have a contract, and to no others.
    pub(crate) fn want_suppliers(&mut self) {
        let placed = self.book.arrangements.values().flat_map(|arrangement| &arrangement.places);
        let mut wanted: BTreeSet<DeviceId> = placed.map(|place| place.device).collect();
        let tied = self.book.suppliers.iter();
        let tied = tied.filter(|(_, entry)| matches!(entry.tie, Tie::Active | Tie::Ending));
        wanted.extend(tied.map(|(device, _)| *device));
        let mut linked = wanted.clone();
        linked.retain(|device| !matches!(self.rung(device), Rung::Shunned { .. }));
        for device in &linked {
            if !self.links.0.contains_key(device) {
                // So much of the device's id spreads the links over a second, or over the longest
                // wait if that is shorter.
                let spread_ms_max = self.settings.clocks.reconnect_ms_max.clamp(1, 1_000);
                let drawn = u64::from(u16::from_le_bytes([device.0[0], device.0[1]]));
                let spread_ms = drawn % spread_ms_max;
                let settings = PeerLink {
                    wait_ms_max: self.settings.clocks.reconnect_ms_max,
                    ..PeerLink::new(spread_ms)
                };
                let link = Live::start(settings, device.to_string());
                self.links.0.insert(*device, link);
                if self.is_online(device) {
                    self.feed_link(*device, Event::Connected);
                    self.feed_link(*device, Event::Greeted);
                }
            }
        }
        self.watch(&wanted);
        let unwanted = self.links.0.keys().filter(|device| !linked.contains(device)).copied();
        for device in unwanted.collect::<Vec<_>>() {
            self.feed_link(device, Event::Unwant);
            self.links.0.remove(&device);
        }
    }

    pub(crate) fn peer_online(&mut self, asker: Asker, network: Option<u64>) {
        let device = asker.device;
        if !self.peers.contains_key(&device) && self.peers.len() >= PEERS_MAX {
            return;
        }
        self.peers.insert(device, Peer { asker, network, is_silent: false });
        self.seen(&device);
        self.somebody_came(device);
        self.feed_link(device, Event::Connected);
        self.feed_link(device, Event::Greeted);
        self.feed_contract(device, contract::Event::Online);
        self.ask_for_root(device);
        self.ask_standing(device);
        self.holder_online(device);
        self.lane_changed(device);
        self.fetches_changed(device);
        self.drive_changed();
    }

    pub(crate) fn peer_offline(&mut self, device: DeviceId) {
        if self.peers.remove(&device).is_none() {
            return;
        }
        self.seen(&device);
        self.somebody_left(device);
        self.requests.forget(&device);
        self.feed_link(device, Event::Lost);
        self.feed_contract(device, contract::Event::PeerLost);
        self.holder_lost(device);
        self.lane_changed(device);
        self.fetches_changed(device);
        self.reach_for_root(device);
    }

    pub(crate) fn peer_unreachable(&mut self, device: DeviceId) {
        // An attempt may end in vain although the peer has come by itself meanwhile.
        if !self.is_online(&device) {
            self.feed_link(device, Event::DialFailed);
            self.feed_contract(device, contract::Event::Unreachable);
            self.root_unreachable(device);
            self.drive_changed();
        }
    }

    fn seen(&mut self, device: &DeviceId) {
        if let Some(entry) = self.book.suppliers.get_mut(device) {
            entry.last_seen = Some(self.now.date);
        }
    }

    fn feed_link(&mut self, device: DeviceId, event: Event) {
        if let Some(link) = self.links.0.get_mut(&device) {
            let effects = link.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_link(device, effects);
        }
    }

    // The shell greets by itself as soon as a connection stands, and looks for addresses when it
    // is told to connect.
    fn carry_out_link(&mut self, device: DeviceId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Dial => self.order(Output::Connect { device }),
                Effect::FindAddress | Effect::Greet | Effect::Close => {}
                Effect::ReportOnline | Effect::ReportOffline => {}
            }
        }
    }
}
