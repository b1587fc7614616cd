//! Heals the data: what lies under an older arrangement is brought to the suppliers that took the
//! places of those who are gone; then the older arrangement names them, in the next root document.
//!
//! The workers fetch and make fragments (`Output::Mend`); they travel in the same lanes as those of a
//! backup, and are read back before they count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automata::{Live, Snapshot, Tick};
use base::{BlockId, JobId};
use storage::healing::{Effect, Event, Healing};
use storage::margin::Standing;
use storage::repair::{self, Repair};
use storage::terms::{Arrangement, Place};

use crate::input::MendOutcome;
use crate::node::Node;
use crate::output::Output;

/// Blocks that are repaired at a time: each may take a block's memory.
const AT_ONCE_MAX: usize = 4;

/// What the healing holds.
pub(crate) struct Heals {
    run: Live<Healing>,
    walk: Option<Walk>,
}

/// One walk through the blocks of an arrangement.
struct Walk {
    /// The arrangement that lacks suppliers, and the one that has them.
    from: u32,
    goal: u32,
    /// The places that differ, with their new suppliers.
    places: BTreeMap<u8, Place>,
    /// The last block that was listed, and whether others may be behind it.
    after: Option<BlockId>,
    more: bool,
    queue: VecDeque<BlockId>,
    repairs: BTreeMap<BlockId, Mending>,
}

struct Mending {
    run: Live<Repair>,
    fragments: Vec<(u8, Place)>,
    receipted: BTreeSet<u8>,
}

impl Heals {
    pub(crate) fn new(again_ms: u64) -> Self {
        Self { run: Live::start(Healing { again_ms }, "own drive"), walk: None }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        let repairs = self.walk.iter().flat_map(|walk| walk.repairs.values());
        repairs.filter_map(|mending| mending.run.deadline()).chain(self.run.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> Vec<Snapshot> {
        let repairs = self.walk.iter().flat_map(|walk| walk.repairs.values());
        let repairs = repairs.map(|mending| mending.run.snapshot());
        std::iter::once(self.run.snapshot()).chain(repairs).collect()
    }

    /// The arrangement that a block is being brought to.
    pub(crate) fn goal_of(&self, block: &BlockId) -> Option<u32> {
        let walk = self.walk.as_ref()?;
        walk.repairs.contains_key(block).then_some(walk.goal)
    }
}

impl Node {
    pub(crate) fn poll_healing(&mut self) {
        let now = self.now.tick;
        let effects = self.heals.run.poll(now, &mut self.journal);
        self.carry_out_healing(effects);
        let repairs = self.heals.walk.iter().flat_map(|walk| &walk.repairs);
        let due = repairs.filter(|(_, mending)| mending.run.deadline().is_some_and(|at| at <= now));
        for block in due.map(|(block, _)| *block).collect::<Vec<_>>() {
            let walk = self.heals.walk.as_mut();
            let Some(mending) = walk.and_then(|walk| walk.repairs.get_mut(&block)) else {
                continue;
            };
            let effects = mending.run.poll(now, &mut self.journal);
            self.carry_out_repair(block, effects);
        }
    }

    /// Suppliers or arrangements changed: looks whether anything is to be healed, and whether what is
    /// being healed still is.
    pub(crate) fn look_for_healing(&mut self) {
        let is_true = |walk: &Walk| {
            let goal = self.whole_arrangement().filter(|goal| goal.number == walk.goal);
            let from = self.book.arrangements.get(&walk.from);
            let places = from.zip(goal).map(|(from, goal)| replaced(from, goal));
            places.as_ref() == Some(&walk.places) && !self.is_placed_under(walk.from)
        };
        match &self.heals.walk {
            Some(walk) if is_true(walk) => {}
            Some(_) => self.feed_healing(Event::Stopped),
            None if self.next_walk().is_some() => self.feed_healing(Event::Wanted),
            None => {}
        }
    }

    pub(crate) fn blocks_listed(
        &mut self,
        arrangement: u32,
        blocks: Option<Vec<BlockId>>,
        more: bool,
    ) {
        let Some(walk) = self.heals.walk.as_mut().filter(|walk| walk.from == arrangement) else {
            return;
        };
        let Some(blocks) = blocks else { return self.feed_healing(Event::Stopped) };
        walk.after = blocks.last().copied().or(walk.after);
        walk.more = more;
        let any = !blocks.is_empty();
        walk.queue = blocks.into();
        self.feed_healing(Event::Listed { any });
    }

    pub(crate) fn mended(&mut self, block: BlockId, outcome: MendOutcome) {
        use repair::Event as E;
        match outcome {
            MendOutcome::Made => {
                self.feed_repair(block, E::Enough);
                self.feed_repair(block, E::Coded);
            }
            MendOutcome::Short => self.feed_repair(block, E::Short),
            MendOutcome::Failed => {
                self.feed_repair(block, E::Enough);
                self.feed_repair(block, E::CodeFailed);
            }
        }
    }

    /// A new supplier has a fragment, durably.
    pub(crate) fn mend_receipted(&mut self, block: BlockId, index: u8) {
        let walk = self.heals.walk.as_mut();
        let mending = walk.and_then(|walk| walk.repairs.get_mut(&block));
        if mending.is_some_and(|mending| mending.receipted.insert(index)) {
            self.feed_repair(block, repair::Event::Receipted);
        }
    }

    pub(crate) fn mend_verified(&mut self, block: BlockId, ok: bool) {
        let walk = self.heals.walk.as_ref();
        let Some(mending) = walk.and_then(|walk| walk.repairs.get(&block)) else { return };
        if !ok {
            return self.feed_repair(block, repair::Event::VerifyFailed);
        }
        for _ in 0..mending.fragments.len() {
            self.feed_repair(block, repair::Event::Verified);
        }
    }

    pub(crate) fn mend_recorded(&mut self, block: BlockId, ok: bool) {
        let Some(walk) = self.heals.walk.as_mut() else { return };
        if !walk.repairs.get(&block).is_some_and(|mending| mending.run.is_done()) {
            return;
        }
        walk.repairs.remove(&block);
        self.order(Output::Release { block });
        if ok { self.repair_next() } else { self.feed_healing(Event::Stopped) }
    }

    /// An arrangement that data lies under, of whose suppliers some are gone for good, with the one
    /// in force, which has others in their places.
    fn next_walk(&self) -> Option<Walk> {
        if !self.is_drive_ready() || self.is_catching_up() || self.book.head.is_empty() {
            return None;
        }
        let goal = self.whole_arrangement()?;
        let used = self.book.used.iter().filter_map(|number| self.book.arrangements.get(number));
        let from = used.into_iter().find(|from| {
            let is_like = from.policy == goal.policy && from.places.len() == goal.places.len();
            is_like && !replaced(from, goal).is_empty() && !self.is_placed_under(from.number) && {
                // Those who are only away may come back: nothing is taken from them unasked.
                let lost = replaced(from, goal);
                lost.keys().all(|place| {
                    let old = from.places.get(usize::from(*place));
                    old.is_some_and(|old| self.standing_at(old) == Standing::Gone)
                })
            }
        })?;
        Some(Walk {
            from: from.number,
            goal: goal.number,
            places: replaced(from, goal),
            after: None,
            more: true,
            queue: VecDeque::new(),
            repairs: BTreeMap::new(),
        })
    }

    /// Whether a backup goes on under this arrangement.
    fn is_placed_under(&self, number: u32) -> bool {
        let jobs: Vec<JobId> = self.jobs.open();
        jobs.into_iter().any(|job| self.arrangement_of(job) == Some(number))
    }

    fn feed_healing(&mut self, event: Event) {
        let effects = self.heals.run.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_healing(effects);
    }

    fn carry_out_healing(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::List => self.list_blocks(),
                Effect::Repair => self.repair_next(),
                Effect::Rearrange => self.rearrange(),
                Effect::Drop => self.drop_walk(),
                Effect::Look => self.look_for_healing(),
            }
        }
    }

    fn list_blocks(&mut self) {
        if self.heals.walk.is_none() {
            self.heals.walk = self.next_walk();
        }
        if let Some(walk) = &self.heals.walk {
            let (arrangement, after) = (walk.from, walk.after);
            self.order(Output::ListBlocks { arrangement, after });
        }
    }

    /// Begins with the next blocks; tells when none is left of those that were listed.
    fn repair_next(&mut self) {
        loop {
            let Some(walk) = self.heals.walk.as_mut() else { return };
            if walk.repairs.len() >= AT_ONCE_MAX {
                return;
            }
            let Some(block) = walk.queue.pop_front() else {
                if walk.repairs.is_empty() {
                    let more = walk.more;
                    self.feed_healing(Event::Repaired { more });
                }
                return;
            };
            let spread = self.book.arrangements.get(&walk.goal).and_then(Arrangement::spread);
            let Some(spread) = spread else { return self.feed_healing(Event::Stopped) };
            let fragments: Vec<(u8, Place)> = walk
                .places
                .iter()
                .flat_map(|(number, place)| {
                    spread.fragments_at(*number).map(|index| (index, place.clone()))
                })
                .collect();
            let count = u8::try_from(fragments.len()).unwrap_or(u8::MAX);
            let run = Live::start(Repair::new(count), block.to_string());
            walk.repairs.insert(block, Mending { run, fragments, receipted: BTreeSet::new() });
            // It begins with the next look at the timers.
        }
    }

    fn feed_repair(&mut self, block: BlockId, event: repair::Event) {
        let walk = self.heals.walk.as_mut();
        if let Some(mending) = walk.and_then(|walk| walk.repairs.get_mut(&block)) {
            let effects = mending.run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_repair(block, effects);
        }
    }

    fn carry_out_repair(&mut self, block: BlockId, effects: Vec<repair::Effect>) {
        for effect in effects {
            let Some(walk) = self.heals.walk.as_mut() else { return };
            let goal = walk.goal;
            let Some(mending) = walk.repairs.get_mut(&block) else { return };
            match effect {
                repair::Effect::Collect => {
                    let fragments = mending.fragments.clone();
                    self.order(Output::Mend { block, fragments });
                }
                // Whoever collects makes them at once.
                repair::Effect::Code => {}
                repair::Effect::Place => {
                    mending.receipted.clear();
                    let fragments = mending.fragments.iter();
                    let fragments = fragments.map(|(index, to)| (to.device, (block, *index)));
                    let fragments = fragments.collect();
                    self.send_mended(fragments);
                }
                repair::Effect::Verify => {
                    self.order(Output::VerifyMended { block, arrangement: goal });
                }
                repair::Effect::Record => self.order(Output::RecordMended { block }),
                // Released when it is recorded: until then the receipts are there.
                repair::Effect::Release => {}
                repair::Effect::ReportWrong => {}
            }
        }
    }

    /// All blocks have their fragments at the new suppliers.
    fn rearrange(&mut self) {
        let Some(walk) = self.heals.walk.take() else { return };
        let Some(from) = self.book.arrangements.get_mut(&walk.from) else { return };
        for (number, place) in walk.places {
            if let Some(old) = from.places.get_mut(usize::from(number)) {
                *old = place;
            }
        }
        let arrangement = from.clone();
        self.order(Output::KeepArrangement { arrangement });
        self.root_changed();
        self.want_suppliers();
    }

    fn drop_walk(&mut self) {
        let Some(walk) = self.heals.walk.take() else { return };
        for block in walk.repairs.into_keys() {
            if !self.is_being_placed(&block) {
                self.unsend(&block);
                self.order(Output::Release { block });
            }
        }
    }
}

/// The places of `from` that have another supplier, or another contract, in `goal`.
fn replaced(from: &Arrangement, goal: &Arrangement) -> BTreeMap<u8, Place> {
    let pairs = from.places.iter().zip(&goal.places).enumerate();
    let other = pairs.filter(|(_, (old, new))| old != new);
    other.filter_map(|(at, (_, new))| Some((u8::try_from(at).ok()?, new.clone()))).collect()
}
