//! Holds what this node thinks of each supplier, and draws the consequences: whom it does not count
//! on is replaced, and whom it has dismissed is not hired again unasked.

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::DeviceId;
use storage::ladder::{Effect, Event, Ladder, Rung, Verdict};
use storage::margin::Standing;

use crate::node::Node;

/// Verdicts that are kept, also of those who are suppliers no more.
const VERDICTS_MAX: usize = 4_096;

/// What the judging of suppliers holds.
#[derive(Default)]
pub(crate) struct Judging {
    ladder: Ladder,
    runs: BTreeMap<DeviceId, Live<Ladder>>,
}

impl Judging {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.runs.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.runs.values().map(Live::snapshot)
    }
}

impl Node {
    pub(crate) fn poll_judging(&mut self) {
        let now = self.now.tick;
        let due = self.judging.runs.iter();
        let due = due.filter(|(_, run)| run.deadline().is_some_and(|at| at <= now));
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            let Some(run) = self.judging.runs.get_mut(&device) else { continue };
            let effects = run.poll(now, &mut self.journal);
            self.carry_out_ladder(device, effects);
        }
    }

    /// Judges these suppliers and no others; verdicts of earlier days stand.
    pub(crate) fn judge(&mut self, wanted: &BTreeSet<DeviceId>) {
        self.judging.runs.retain(|device, _| wanted.contains(device));
        let ladder = self.judging.ladder;
        for device in wanted {
            if !self.judging.runs.contains_key(device) {
                let state = self.rung(device).state(&ladder, self.now.tick);
                let run = Live::resume(ladder, device.to_string(), state);
                self.judging.runs.insert(*device, run);
            }
        }
    }

    pub(crate) fn feed_ladder(&mut self, device: DeviceId, event: Event) {
        if let Some(run) = self.judging.runs.get_mut(&device) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_ladder(device, effects);
        } else if let Event::Judged { trust: true } = event {
            self.book.verdicts.remove(&device);
        }
    }

    /// Where a supplier stands.
    pub(crate) fn rung(&self, device: &DeviceId) -> Rung {
        self.book.verdicts.get(device).map(|verdict| verdict.rung).unwrap_or_default()
    }

    /// Whether others are to take its place however many suppliers are left.
    pub(crate) fn is_condemned(&self, device: &DeviceId) -> bool {
        match self.rung(device) {
            Rung::Trusted | Rung::Watch { .. } | Rung::Contain { .. } => false,
            Rung::Drain { .. } | Rung::Fired { .. } | Rung::Shunned { .. } => true,
        }
    }

    /// Whether it is not to be hired unless the user wants it.
    pub(crate) fn is_unwelcome(&self, device: &DeviceId) -> bool {
        self.is_condemned(device)
            || matches!(self.rung(device), Rung::Contain { is_absent: false, .. })
    }

    /// How far a supplier is counted on: as its presence says, and no further than it is trusted.
    pub(crate) fn standing(&self, device: &DeviceId) -> Standing {
        let present = self.watching.standing(device);
        match self.rung(device) {
            Rung::Trusted | Rung::Watch { .. } | Rung::Contain { is_absent: true, .. } => present,
            Rung::Contain { is_absent: false, .. } | Rung::Drain { .. } => {
                present.max(Standing::Missing)
            }
            Rung::Fired { .. } | Rung::Shunned { .. } => Standing::Gone,
        }
    }

    fn carry_out_ladder(&mut self, device: DeviceId, effects: Vec<Effect>) {
        // What follows from a verdict looks it up.
        if effects.iter().any(|effect| matches!(effect, Effect::Keep)) {
            self.keep_verdict(device);
        }
        for effect in effects {
            match effect {
                Effect::ReportContained | Effect::EndContract => self.replace_missing(),
                Effect::Dismiss => {
                    if let Some(entry) = self.book.suppliers.get_mut(&device) {
                        entry.is_dismissed = true;
                    }
                    self.replace_missing();
                }
                Effect::Disconnect => self.want_suppliers(),
                // It is relied on again, and keeps its place.
                Effect::ReportTrusted | Effect::ReportWatched => self.keep_place(&device),
                Effect::Keep => {}
            }
        }
    }

    fn keep_verdict(&mut self, device: DeviceId) {
        let Some(run) = self.judging.runs.get(&device) else { return };
        let rung = Rung::of(run.state());
        let verdicts = &mut self.book.verdicts;
        if rung == Rung::Trusted {
            verdicts.remove(&device);
        } else {
            if verdicts.len() >= VERDICTS_MAX && !verdicts.contains_key(&device) {
                let oldest = verdicts.iter().min_by_key(|(_, verdict)| verdict.since);
                oldest.map(|(device, _)| *device).map(|oldest| verdicts.remove(&oldest));
            }
            let verdict = Verdict { rung, since: self.now.date, reason: String::new() };
            verdicts.insert(device, verdict);
        }
        self.keep_book();
    }
}
