//! Watches the suppliers: which of them are there, for how long the others are not, and whether it is
//! this node that is cut off. What is counted of their fragments follows from it (`durability`).

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{DeviceId, HOUR_MS};
use storage::brake::{self, Brake, Departures, clocks_run};
use storage::margin::Standing;
use storage::presence::{self, Attendance, Limits, Presence};
use storage::uptime::Uptime;

use crate::node::Node;
use crate::output::Output;
use crate::settings::Clocks;

/// What was measured is written down so often: a crash forgets no more of an absence.
const KEEP_MS: u64 = HOUR_MS;

/// What the watching of suppliers holds.
pub(crate) struct Watching {
    limits: Limits,
    suppliers: BTreeMap<DeviceId, Watched>,
    brake: Live<Brake>,
    departures: Departures,
    /// When attendances are written down next.
    keep_at: Option<Tick>,
}

struct Watched {
    presence: Live<Presence>,
    uptime: Uptime,
    /// Until when its uptime is counted.
    counted: Tick,
    /// Its network when it was last seen by this process.
    network: Option<u64>,
}

impl Watched {
    fn is_present(&self) -> bool {
        *self.presence.state() == presence::State::Present
    }
}

impl Watching {
    pub(crate) fn new(clocks: &Clocks) -> Self {
        let limits = Limits {
            suspect_ms: clocks.suspect_ms,
            missing_ms: clocks.missing_ms,
            forgotten_ms: clocks.forgotten_ms,
        };
        let brake = Brake {
            probe_ms: clocks.probe_ms,
            again_ms: clocks.probe_again_ms,
            slow_ms: clocks.slow_repair_ms,
        };
        Self {
            limits,
            suppliers: BTreeMap::new(),
            brake: Live::start(brake, "own node"),
            departures: Departures::default(),
            keep_at: None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        let presences = self.suppliers.values().filter_map(|each| each.presence.deadline());
        presences.chain(self.brake.deadline()).chain(self.keep_at).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        let presences = self.suppliers.values().map(|each| each.presence.snapshot());
        std::iter::once(self.brake.snapshot()).chain(presences)
    }

    /// State of the automaton `brake`.
    pub(crate) fn brake(&self) -> &'static str {
        self.brake.state().into()
    }

    /// How far a supplier is counted on; one that is not watched is not known to be away.
    pub(crate) fn standing(&self, device: &DeviceId) -> Standing {
        let watched = self.suppliers.get(device).map(|each| &each.presence);
        watched.map_or(Standing::Present, |run| run.automaton().standing(run.state()))
    }

    /// For how long a supplier is away, milliseconds, and the share of the time it is there.
    pub(crate) fn attendance(&self, device: &DeviceId, now: Tick) -> Option<(u64, Option<u32>)> {
        let watched = self.suppliers.get(device)?;
        let away_ms = watched.presence.automaton().spent_ms(watched.presence.state(), now);
        Some((away_ms, watched.uptime.share()))
    }

    /// The network in which a supplier was last seen.
    pub(crate) fn network(&self, device: &DeviceId) -> Option<u64> {
        self.suppliers.get(device)?.network
    }

    /// Counts the time since it was counted last; while this node is cut off it is nobody's.
    fn count_uptime(&mut self, now: Tick) {
        let does_count = clocks_run(self.brake.state());
        for watched in self.suppliers.values_mut() {
            let ms = now.since(watched.counted);
            watched.counted = watched.counted.max(now);
            if does_count {
                let is_present = watched.is_present();
                watched.uptime.pass(ms, is_present);
            }
        }
    }
}

impl Node {
    pub(crate) fn poll_watching(&mut self) {
        let now = self.now.tick;
        let effects = self.watching.brake.poll(now, &mut self.journal);
        self.carry_out_brake(effects);
        let due = self.watching.suppliers.iter();
        let due = due.filter(|(_, each)| each.presence.deadline().is_some_and(|at| at <= now));
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            let Some(watched) = self.watching.suppliers.get_mut(&device) else { continue };
            let effects = watched.presence.poll(now, &mut self.journal);
            self.carry_out_presence(effects);
        }
        if self.watching.keep_at.is_some_and(|at| at <= now) {
            self.keep_attendances();
        }
    }

    /// Watches these suppliers and no others.
    pub(crate) fn watch(&mut self, wanted: &BTreeSet<DeviceId>) {
        let now = self.now.tick;
        let Watching { suppliers, departures, .. } = &mut self.watching;
        for device in suppliers.keys().filter(|device| !wanted.contains(device)) {
            departures.came(device); // It has not left: it was let go.
        }
        suppliers.retain(|device, _| wanted.contains(device));
        let new = wanted.iter().filter(|device| !suppliers.contains_key(device));
        let new: Vec<DeviceId> = new.copied().collect();
        // All of them first: what is kept of them is written anew as soon as one of them moves.
        for device in &new {
            let kept = self.book.attendances.get(device).copied().unwrap_or_default();
            let presence =
                Presence { limits: self.watching.limits, spent_ms: kept.spent_ms, begun: now };
            let watched = Watched {
                presence: Live::start(presence, device.to_string()),
                uptime: kept.uptime,
                counted: now,
                network: None,
            };
            self.watching.suppliers.insert(*device, watched);
        }
        for device in new {
            if self.is_online(&device) {
                self.supplier_came(device);
            } else {
                // At the start all of them: nothing is known of this node's own line either.
                self.supplier_departed(device);
            }
        }
        let is_watching = !self.watching.suppliers.is_empty();
        self.watching.keep_at = match self.watching.keep_at {
            Some(at) if is_watching => Some(at),
            _ => is_watching.then_some(now + KEEP_MS),
        };
    }

    /// Anybody is connected: whoever hears that is not cut off.
    pub(crate) fn somebody_came(&mut self, device: DeviceId) {
        self.supplier_came(device);
        self.feed_brake(brake::Event::Heard);
    }

    /// A peer is not connected any more.
    pub(crate) fn somebody_left(&mut self, device: DeviceId) {
        if self.watching.suppliers.contains_key(&device) {
            let clocks_run = clocks_run(self.watching.brake.state());
            self.feed_presence(device, presence::Event::Left { clocks_run });
            self.supplier_departed(device);
        }
    }

    /// `Output::Probe` is carried out.
    pub(crate) fn probed(&mut self, heard: bool) {
        if heard {
            self.feed_brake(brake::Event::Heard);
        }
    }

    fn supplier_came(&mut self, device: DeviceId) {
        let network = self.peers.get(&device).and_then(|peer| peer.network);
        if let Some(watched) = self.watching.suppliers.get_mut(&device) {
            watched.network = network;
            self.watching.departures.came(&device);
            self.feed_presence(device, presence::Event::Came);
        }
    }

    fn supplier_departed(&mut self, device: DeviceId) {
        let suppliers = self.watching.suppliers.len();
        if self.watching.departures.left(device, suppliers, self.now.tick) {
            self.feed_brake(brake::Event::ManyLeft);
        }
    }

    fn feed_presence(&mut self, device: DeviceId, event: presence::Event) {
        let now = self.now.tick;
        self.watching.count_uptime(now);
        if let Some(watched) = self.watching.suppliers.get_mut(&device) {
            let effects = watched.presence.feed(event, now, &mut self.journal);
            self.carry_out_presence(effects);
        }
    }

    fn carry_out_presence(&mut self, effects: Vec<presence::Effect>) {
        for effect in effects {
            match effect {
                presence::Effect::Keep => self.keep_attendances(),
                // What is counted follows from the state itself.
                presence::Effect::ReportReturned | presence::Effect::ReportSuspect => {}
                presence::Effect::ReportMissing | presence::Effect::ReportForgotten => {}
            }
        }
    }

    fn feed_brake(&mut self, event: brake::Event) {
        // The time before belongs to the state before.
        self.watching.count_uptime(self.now.tick);
        let effects = self.watching.brake.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_brake(effects);
    }

    fn carry_out_brake(&mut self, effects: Vec<brake::Effect>) {
        for effect in effects {
            match effect {
                brake::Effect::Probe => self.order(Output::Probe),
                brake::Effect::StopClocks => self.feed_all(&presence::Event::ClocksStopped),
                brake::Effect::RunClocks => self.feed_all(&presence::Event::ClocksRun),
                // Told by the state itself.
                brake::Effect::ReportCutOff => {}
                brake::Effect::SlowRepair | brake::Effect::FreeRepair => {}
            }
        }
    }

    fn feed_all(&mut self, event: &presence::Event) {
        let devices: Vec<DeviceId> = self.watching.suppliers.keys().copied().collect();
        for device in devices {
            self.feed_presence(device, event.clone());
        }
    }

    fn keep_attendances(&mut self) {
        let now = self.now.tick;
        self.watching.count_uptime(now);
        let kept = self.watching.suppliers.iter().map(|(device, watched)| {
            let spent_ms = watched.presence.automaton().spent_ms(watched.presence.state(), now);
            (*device, Attendance { spent_ms, uptime: watched.uptime })
        });
        self.book.attendances = kept.collect();
        self.watching.keep_at = Some(now + KEEP_MS);
        self.keep_book();
    }
}
