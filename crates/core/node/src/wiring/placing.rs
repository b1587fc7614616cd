//! Brings sealed blocks to their suppliers: one lane to each, receipts counted block by block.

use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{BlockId, DeviceId, JobId};
use storage::backup;
use storage::lane::{FragmentKey, Lane};
use storage::placement::{Effect, Event, Placement};
use storage::wire::Refusal;

use crate::input::{Failure, PutOutcome};
use crate::node::Node;
use crate::output::Output;

/// How long a lane rests after a transfer broke off, milliseconds; each further one in a row doubles
/// it.
const BROKEN_OFF_MS: u64 = 1_000;

/// What the placing of blocks holds.
#[derive(Default)]
pub(crate) struct Placing {
    blocks: BTreeMap<BlockId, Run>,
    lanes: BTreeMap<DeviceId, Lane>,
    /// Lanes that rest, and until when.
    rests: BTreeMap<DeviceId, Tick>,
}

struct Run {
    job: JobId,
    arrangement: u32,
    placement: Live<Placement>,
    receipted: BTreeSet<u8>,
}

impl Placing {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.rests.values().min().copied()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.blocks.values().map(|run| run.placement.snapshot())
    }

    fn is_idle(&self, job: JobId) -> bool {
        self.blocks.values().all(|run| run.job != job)
    }

    /// The supplier that holds things up, and why if it said so.
    fn held_up(
        &self,
        is_online: impl Fn(&DeviceId) -> bool,
    ) -> Option<(DeviceId, Option<Refusal>)> {
        let waiting = self.lanes.iter().filter(|(_, lane)| !lane.is_empty());
        let mut stuck = waiting.filter(|(device, lane)| lane.is_stuck() || !is_online(device));
        stuck.next().map(|(device, lane)| (*device, lane.refused))
    }
}

impl Node {
    pub(crate) fn poll_placing(&mut self) {
        let now = self.now.tick;
        let rested: Vec<DeviceId> = self
            .placing
            .rests
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(device, _)| *device)
            .collect();
        for device in rested {
            self.placing.rests.remove(&device);
            self.send_waiting(device);
        }
    }

    pub(crate) fn sealed(&mut self, job: JobId, block: BlockId, _fragment_bytes: u32) {
        let arrangement = self.arrangement_of(job).and_then(|n| self.book.arrangements.get(&n));
        let spread = arrangement.and_then(|arrangement| arrangement.spread());
        let (Some(arrangement), Some(spread)) = (arrangement, spread) else {
            self.order(Output::Release { block });
            return;
        };
        if self.placing.blocks.contains_key(&block) {
            return;
        }
        let devices: Vec<DeviceId> = arrangement.places.iter().map(|place| place.device).collect();
        let placement = Placement { fragments: spread.fragments() };
        let run = Run {
            job,
            arrangement: arrangement.number,
            placement: Live::start(placement, block.to_string()),
            receipted: BTreeSet::new(),
        };
        self.placing.blocks.insert(block, run);
        for index in 0..spread.fragments() {
            let device = devices[usize::from(spread.place_of(index))];
            self.placing.lanes.entry(device).or_default().push((block, index));
        }
        for device in devices {
            self.send_waiting(device);
        }
        self.look_for_hold_ups();
    }

    pub(crate) fn put_done(&mut self, device: DeviceId, key: FragmentKey, outcome: PutOutcome) {
        if let PutOutcome::Refused(Refusal::Ended | Refusal::NoContract) = outcome {
            self.place_refused(device, key.0);
        }
        let Some(lane) = self.placing.lanes.get_mut(&device) else { return };
        let rest_ms = match outcome {
            PutOutcome::Receipted { fragments, bytes } => {
                if lane.done(&key) {
                    self.receipted(device, key, (fragments, bytes));
                }
                None
            }
            PutOutcome::Refused(reason) => {
                lane.failed(key, Some(reason));
                Some(self.settings.clocks.refused_again_ms)
            }
            PutOutcome::Wrong => {
                lane.failed(key, Some(Refusal::Mismatch));
                Some(self.settings.clocks.refused_again_ms)
            }
            PutOutcome::Lost => {
                lane.failed(key, None);
                let rest_ms = BROKEN_OFF_MS << lane.broken().saturating_sub(1).min(16);
                Some(rest_ms.min(self.settings.clocks.refused_again_ms))
            }
        };
        match rest_ms {
            Some(rest_ms) => {
                self.placing.rests.insert(device, self.now.tick + rest_ms);
            }
            None => self.send_waiting(device),
        }
        self.placing.lanes.retain(|_, lane| !lane.is_empty() || lane.is_stuck());
        self.look_for_hold_ups();
    }

    /// The supplier says that the contract under which a block is placed is none.
    fn place_refused(&mut self, device: DeviceId, block: BlockId) {
        let placed = self.placing.blocks.get(&block).map(|run| run.arrangement);
        let number = placed.or_else(|| self.heals.goal_of(&block));
        let found = number.and_then(|number| self.book.arrangements.get(&number));
        let place = found
            .and_then(|found| found.places.iter().find(|place| place.device == device).cloned());
        if let Some(place) = place {
            self.contract_over(device, place.contract);
        }
    }

    pub(crate) fn recorded(&mut self, block: BlockId, ok: bool) {
        let event = if ok { Event::Recorded } else { Event::RecordFailed };
        self.feed_placement(block, event);
    }

    pub(crate) fn drop_blocks_of(&mut self, job: JobId) {
        let blocks: Vec<BlockId> = self
            .placing
            .blocks
            .iter()
            .filter(|(_, run)| run.job == job)
            .map(|(block, _)| *block)
            .collect();
        for block in blocks {
            for lane in self.placing.lanes.values_mut() {
                lane.drop_block(&block);
            }
            self.placing.lanes.retain(|_, lane| !lane.is_empty());
            self.feed_placement(block, Event::Drop);
        }
    }

    /// Sends fragments that were made anew to their suppliers.
    pub(crate) fn send_mended(&mut self, fragments: Vec<(DeviceId, FragmentKey)>) {
        for (device, key) in fragments {
            self.placing.lanes.entry(device).or_default().push(key);
            self.send_waiting(device);
        }
    }

    /// Sends no more fragments of a block.
    pub(crate) fn unsend(&mut self, block: &BlockId) {
        for lane in self.placing.lanes.values_mut() {
            lane.drop_block(block);
        }
        self.placing.lanes.retain(|_, lane| !lane.is_empty());
    }

    /// Whether a block is on its way to its suppliers for the first time.
    pub(crate) fn is_being_placed(&self, block: &BlockId) -> bool {
        self.placing.blocks.contains_key(block)
    }

    pub(crate) fn is_all_placed(&self, job: JobId) -> bool {
        self.placing.is_idle(job)
    }

    pub(crate) fn hold_up(&self) -> Option<Failure> {
        let (device, reason) = self.placing.held_up(|device| self.is_online(device))?;
        Some(Failure::HeldUp { device, reason })
    }

    /// A supplier came or went.
    pub(crate) fn lane_changed(&mut self, device: DeviceId) {
        self.send_waiting(device);
        self.look_for_hold_ups();
    }

    fn receipted(&mut self, device: DeviceId, (block, index): FragmentKey, counts: (u64, u64)) {
        if let Some(entry) = self.book.suppliers.get_mut(&device) {
            (entry.fragments, entry.bytes) = counts;
            entry.last_seen = Some(self.now.date);
        }
        match self.placing.blocks.get_mut(&block) {
            Some(run) => {
                if run.receipted.insert(index) {
                    self.feed_placement(block, Event::Receipted);
                }
            }
            None => self.mend_receipted(block, index),
        }
    }

    fn send_waiting(&mut self, device: DeviceId) {
        if !self.is_online(&device) || self.placing.rests.contains_key(&device) {
            return;
        }
        let Some(lane) = self.placing.lanes.get_mut(&device) else { return };
        while let Some((block, index)) = lane.send_next() {
            let placed = self.placing.blocks.get(&block).map(|run| run.arrangement);
            let number = placed.or_else(|| self.heals.goal_of(&block));
            let arrangement = number.and_then(|number| self.book.arrangements.get(&number));
            let place = arrangement.and_then(|arrangement| {
                arrangement.places.iter().find(|place| place.device == device)
            });
            match place {
                Some(place) => {
                    let (contract, supplier) = (place.contract, place.identity);
                    self.out.push(Output::Put { device, contract, supplier, block, index });
                }
                None => lane.forget(&(block, index)),
            }
        }
    }

    fn feed_placement(&mut self, block: BlockId, event: Event) {
        let Some(run) = self.placing.blocks.get_mut(&block) else { return };
        let (job, arrangement) = (run.job, run.arrangement);
        let effects = run.placement.feed(event, self.now.tick, &mut self.journal);
        if run.placement.is_done() {
            self.placing.blocks.remove(&block);
        }
        for effect in effects {
            match effect {
                Effect::Record => self.order(Output::Record { block, arrangement }),
                Effect::Release => self.order(Output::Release { block }),
                Effect::ReportPlaced => {
                    if self.placing.is_idle(job) {
                        self.feed_backup(job, backup::Event::AllPlaced);
                    }
                }
                Effect::ReportFailed => {
                    let what = "writing the catalog's database failed".into();
                    self.work_failed(job, Failure::OwnDisk { what });
                }
            }
        }
    }
}
