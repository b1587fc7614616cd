//! Has suppliers prove, again and again, that they keep what they receipted. What the answers say of
//! a supplier goes to its judge (`judging`).

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{DAY_MS, DeviceId, Hash, Label};
use storage::allowance::Allowance;
use storage::audit::{Audit, Effect, Event, SignedChallenge};
use storage::brake::clocks_run;
use storage::ladder::{self, Rung};
use storage::wire::{Asker, Refusal};

use crate::book::Tie;
use crate::input::AuditOutcome;
use crate::node::Node;
use crate::output::Output;
use crate::settings::Settings;

/// What the auditing of suppliers holds.
pub(crate) struct Audits {
    is_on: bool,
    interval_ms: u64,
    answer_ms: u64,
    again_ms: u64,
    runs: BTreeMap<DeviceId, Live<Audit>>,
}

impl Audits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let clocks = &settings.clocks;
        Self {
            is_on: settings.audits,
            interval_ms: clocks.audit_ms,
            answer_ms: clocks.audit_answer_ms,
            again_ms: clocks.audit_again_ms,
            runs: BTreeMap::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.runs.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.runs.values().map(Live::snapshot)
    }

    /// What a customer may ask of this node under one contract: four times of what it asks itself,
    /// for those who ask again.
    pub(crate) fn allowance(&self, now: Tick) -> Allowance {
        let daily = (DAY_MS / self.interval_ms.max(1)).max(1).saturating_mul(4);
        Allowance::new(daily, (daily / 2).max(8), now)
    }
}

impl Node {
    pub(crate) fn poll_auditing(&mut self) {
        let now = self.now.tick;
        let due = self.audits.runs.iter();
        let due = due.filter(|(_, run)| run.deadline().is_some_and(|at| at <= now));
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            let Some(run) = self.audits.runs.get_mut(&device) else { continue };
            let effects = run.poll(now, &mut self.journal);
            self.carry_out_audit(device, effects, None);
        }
    }

    /// Audits these suppliers and no others. The first question to each comes at a random moment, so
    /// that not all are asked at once, and nobody knows when.
    pub(crate) fn audit(&mut self, wanted: &BTreeSet<DeviceId>) {
        self.audits.runs.retain(|device, _| wanted.contains(device));
        if !self.audits.is_on {
            return;
        }
        for device in wanted {
            if !self.audits.runs.contains_key(device) {
                let drawn = self.chance.number() % self.audits.interval_ms.max(1);
                let run = Audit {
                    interval_ms: self.audits.interval_ms,
                    answer_ms: self.audits.answer_ms,
                    again_ms: self.audits.again_ms,
                    first: self.now.tick + drawn,
                };
                self.audits.runs.insert(*device, Live::start(run, device.to_string()));
            }
        }
    }

    /// `Output::Audit` is carried out.
    pub(crate) fn audited(&mut self, device: DeviceId, outcome: AuditOutcome) {
        let (event, evidence) = match outcome {
            AuditOutcome::Passed => (Event::Passed, None),
            AuditOutcome::LossProved { evidence } => (Event::LossProved, Some(evidence)),
            AuditOutcome::Cheated { evidence } => (Event::Cheated, Some(evidence)),
            AuditOutcome::Evaded => (Event::Evaded, None),
            AuditOutcome::Vacant | AuditOutcome::Unasked => (Event::Vacant, None),
            // Silence is told by the clock, or by the broken link.
            AuditOutcome::Lost => return,
        };
        if let Some(run) = self.audits.runs.get_mut(&device) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_audit(device, effects, evidence);
        }
    }

    pub(crate) fn feed_audit(&mut self, device: DeviceId, event: Event) {
        if let Some(run) = self.audits.runs.get_mut(&device) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_audit(device, effects, None);
        }
    }

    fn carry_out_audit(&mut self, device: DeviceId, effects: Vec<Effect>, evidence: Option<Hash>) {
        for effect in effects {
            let judged = match effect {
                Effect::Ask | Effect::AskAgain => {
                    self.ask_proof(device, matches!(effect, Effect::AskAgain));
                    None
                }
                Effect::ReportPassed => Some(ladder::Event::AuditPassed),
                // While this node is cut off, silence is nobody's fault.
                Effect::ReportIgnored => self.clocks_run().then_some(ladder::Event::AuditIgnored),
                Effect::ReportLoss => {
                    evidence.map(|evidence| ladder::Event::LossProved { evidence })
                }
                Effect::ReportCheating => {
                    evidence.map(|evidence| ladder::Event::Cheated { evidence })
                }
            };
            if let Some(event) = judged {
                self.feed_ladder(device, event);
            }
        }
    }

    fn ask_proof(&mut self, device: DeviceId, is_again: bool) {
        if !self.is_online(&device) {
            return self.feed_audit(device, Event::Offline);
        }
        // Whose contract is over promises nothing any more, and who is fired has nothing to prove.
        let is_over = matches!(self.rung(&device), Rung::Fired { .. } | Rung::Shunned { .. });
        let entry = self.book.suppliers.get(&device);
        let entry = entry.filter(|entry| entry.tie == Tie::Active && !is_over);
        let Some(contract) = entry.and_then(|entry| entry.contract.clone()) else {
            return self.feed_audit(device, Event::Vacant);
        };
        self.order(Output::Audit { device, contract, is_again });
    }

    fn clocks_run(&self) -> bool {
        clocks_run(self.watching.brake_state())
    }

    /// A customer asks for proof: only the owner may, and not without end.
    pub(crate) fn may_audit(
        &mut self,
        challenge: &SignedChallenge,
        from: Asker,
    ) -> Result<(), Refusal> {
        let contract = challenge.body.contract;
        self.may_read(contract, from)?;
        let is_its = challenge.body.network == self.network
            && challenge.verify(from.device.into(), Label::AuditChallenge).is_ok();
        if !is_its {
            return Err(Refusal::Mismatch);
        }
        let now = self.now.tick;
        let fresh = self.audits.allowance(now);
        let allowance = self.supplier.audits.entry(contract).or_insert(fresh);
        if allowance.spend(1, now) { Ok(()) } else { Err(Refusal::Busy) }
    }
}
