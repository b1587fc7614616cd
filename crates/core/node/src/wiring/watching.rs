//! Watches the suppliers: which of them are there, for how long the others are not, and whether it is
//! this node that is cut off. What is counted of their fragments follows from it (`durability`).

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{DeviceId, HOUR_MS};
use storage::audit;
use storage::brake::{self, Brake, Departures, clocks_run};
use storage::contract;
use storage::durability::Scheme;
use storage::ladder;
use storage::margin::Standing;
use storage::presence::{self, Attendance, Limits, Presence};
use storage::repair::plan::Pace;
use storage::uptime::Uptime;

use crate::node::Node;
use crate::output::Output;
use crate::settings::Settings;

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
    pace: Option<Pace>,
    /// Missing suppliers whose places others are to take.
    replaced: BTreeSet<DeviceId>,
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
    pub(crate) fn new(settings: &Settings) -> Self {
        let clocks = &settings.clocks;
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
            pace: (settings.replacements_daily > 0)
                .then(|| Pace::new(0, settings.replacements_daily.into(), Tick(0))),
            replaced: BTreeSet::new(),
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

    pub(crate) fn brake_state(&self) -> &brake::State {
        self.brake.state()
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

    /// Whether another supplier is to take the place of this one.
    pub(crate) fn is_replaced(&self, device: &DeviceId) -> bool {
        self.replaced.contains(device)
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
            self.carry_out_presence(device, effects);
        }
        if self.watching.keep_at.is_some_and(|at| at <= now) {
            self.keep_attendances();
            self.replace_missing();
        }
    }

    /// Watches these suppliers and no others.
    pub(crate) fn watch(&mut self, wanted: &BTreeSet<DeviceId>) {
        let now = self.now.tick;
        self.judge(wanted);
        self.audit(wanted);
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
        self.feed_audit(device, audit::Event::Online);
        self.feed_brake(brake::Event::Heard);
    }

    /// A peer is not connected any more.
    pub(crate) fn somebody_left(&mut self, device: DeviceId) {
        self.feed_audit(device, audit::Event::Offline);
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
            self.carry_out_presence(device, effects);
        }
    }

    fn carry_out_presence(&mut self, device: DeviceId, effects: Vec<presence::Effect>) {
        for effect in effects {
            match effect {
                presence::Effect::Keep => self.keep_attendances(),
                // Nothing is moved because of one that is back.
                presence::Effect::ReportReturned => {
                    self.feed_ladder(device, ladder::Event::Returned);
                    if !self.is_unwelcome(&device) {
                        self.watching.replaced.remove(&device);
                    }
                }
                presence::Effect::ReportMissing => {
                    self.feed_ladder(device, ladder::Event::Missing);
                    self.replace_missing();
                }
                // What is counted follows from the state itself.
                presence::Effect::ReportSuspect => self.feed_ladder(device, ladder::Event::Away),
                presence::Effect::ReportForgotten => {
                    self.feed_ladder(device, ladder::Event::LongAway);
                }
            }
        }
    }

    /// Looks for others for the places of missing suppliers, one by one, if so few are left that the
    /// policy wants it, and for those of suppliers that are no longer relied on in any case. They keep
    /// their contracts until their places are taken.
    pub(crate) fn replace_missing(&mut self) {
        let Some(spread) = self.spread().filter(|_| clocks_run(self.watching.brake.state())) else {
            return;
        };
        let Some(places) = self.arrangement().map(|now| now.places.clone()) else { return };
        let scheme = Scheme::new(self.settings.policy, spread);
        let counted = places.iter().filter(|place| self.standing_at(place).counts()).count();
        let is_wanted = u8::try_from(counted).is_ok_and(|counted| scheme.wants_repair(counted));
        if !self.is_drive_ready() || !self.services.is_on("customer") {
            return;
        }
        for place in places {
            let device = place.device;
            let is_missing = !self.standing_at(&place).counts()
                && (is_wanted || self.is_condemned(&device))
                && self.customer.is_active(&device)
                && !self.watching.is_replaced(&device);
            let pace = self.watching.pace.as_mut();
            if is_missing && pace.is_some_and(|pace| pace.may_replace(self.now.tick)) {
                self.watching.replaced.insert(device);
            }
        }
        if !self.watching.replaced.is_empty() {
            self.count_places();
        }
    }

    /// Nobody else is to take its place any more.
    pub(crate) fn keep_place(&mut self, device: &DeviceId) {
        if self.watching.standing(device).counts() {
            self.watching.replaced.remove(device);
        }
    }

    /// An arrangement was put in force: the contracts of those whose places were taken end.
    pub(crate) fn end_replaced(&mut self) {
        let places = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        let placed: BTreeSet<DeviceId> = places.iter().map(|place| place.device).collect();
        let ended: Vec<DeviceId> = self.watching.replaced.difference(&placed).copied().collect();
        for device in ended {
            self.watching.replaced.remove(&device);
            self.feed_contract(device, contract::Event::End);
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
                brake::Effect::SlowRepair => self.set_slow(true),
                brake::Effect::FreeRepair => self.set_slow(false),
            }
        }
    }

    fn set_slow(&mut self, is_slow: bool) {
        if let Some(pace) = &mut self.watching.pace {
            pace.set_slow(is_slow);
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
