//! Brings blocks back for the workers that want them.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{BlockId, DeviceId};
use storage::fetch::{Effect, Event, Fetch, Fragments, Need, Reach};
use storage::policy::Spread;
use storage::terms::Place;
use storage::wire::Refusal;

use crate::input::{Failure, GetOutcome};
use crate::node::Node;
use crate::output::Output;

/// How often a fragment is asked for while its supplier stays connected.
const TRIES_MAX: u8 = 3;

/// All blocks that are being fetched.
#[derive(Default)]
pub(crate) struct Fetching(BTreeMap<u64, Run>);

struct Run {
    fetch: Live<Fetch>,
    fragments: Fragments,
    block: BlockId,
    spread: Spread,
    places: Vec<Place>,
    tries: BTreeMap<u8, u8>,
}

impl Fetching {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.0.values().filter_map(|run| run.fetch.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.0.values().map(|run| run.fetch.snapshot())
    }
}

impl Node {
    pub(crate) fn poll_fetching(&mut self) {
        let now = self.now.tick;
        let due = self
            .fetching
            .0
            .iter()
            .filter(|(_, run)| run.fetch.deadline().is_some_and(|deadline| deadline <= now));
        for fetch in due.map(|(fetch, _)| *fetch).collect::<Vec<_>>() {
            let Some(run) = self.fetching.0.get_mut(&fetch) else { continue };
            let effects = run.fetch.poll(now, &mut self.journal);
            self.carry_out_fetch(fetch, effects);
        }
    }

    pub(crate) fn wanted(
        &mut self,
        fetch: u64,
        block: BlockId,
        arrangement: u32,
        (spread, need): (Spread, Need),
    ) {
        let found = self.book.arrangements.get(&arrangement);
        let Some(found) = found.filter(|found| found.spread() == Some(spread)) else {
            let what = format!("block {block} names the unknown arrangement {arrangement}");
            self.order(Output::Withhold { fetch, failure: Failure::Damaged { what } });
            return;
        };
        let patience_ms = self.settings.clocks.fetch_patience_ms;
        let run = Run {
            fetch: Live::start(Fetch { patience_ms }, fetch.to_string()),
            fragments: Fragments::new(spread, need),
            block,
            spread,
            places: found.places.clone(),
            tries: BTreeMap::new(),
        };
        self.fetching.0.insert(fetch, run);
        self.look_at_fetch(fetch);
    }

    pub(crate) fn unwanted(&mut self, fetch: u64) {
        self.feed_fetch(fetch, Event::Cancel);
    }

    pub(crate) fn assembled(&mut self, fetch: u64, ok: bool) {
        self.feed_fetch(fetch, if ok { Event::Assembled } else { Event::AssembleFailed });
    }

    pub(crate) fn get_done(&mut self, fetch: u64, index: u8, outcome: GetOutcome) {
        let Some(run) = self.fetching.0.get_mut(&fetch) else { return };
        if index >= run.spread.fragments() {
            return;
        }
        let place = run.places[usize::from(run.spread.place_of(index))].clone();
        match outcome {
            GetOutcome::Arrived => run.fragments.arrived(index),
            GetOutcome::Lost | GetOutcome::Refused(Refusal::Busy | Refusal::DiskFailed) => {
                run.fragments.lost(index);
                let tries = run.tries.entry(index).or_default();
                *tries += 1;
                if *tries >= TRIES_MAX {
                    run.fragments.gone(index);
                } else if self.peers.contains_key(&place.device) {
                    run.fragments.place_returned(run.spread.place_of(index));
                }
            }
            GetOutcome::Refused(_) | GetOutcome::Wrong => run.fragments.gone(index),
        }
        if outcome == GetOutcome::Refused(Refusal::NoContract) {
            self.contract_over(place.device, place.contract);
        }
        self.look_at_fetch(fetch);
    }

    /// A supplier came or went.
    pub(crate) fn fetches_changed(&mut self, device: DeviceId) {
        let is_online = self.is_online(&device);
        self.change_fetches(device, |fragments, place| {
            if is_online {
                fragments.place_heard(place);
                fragments.place_returned(place);
            }
        });
    }

    /// A supplier that was asked says nothing, so others are asked in its place; or it is heard again.
    pub(crate) fn supplier_silent(&mut self, device: DeviceId, is_silent: bool) {
        let Some(peer) = self.peers.get_mut(&device) else { return };
        peer.is_silent = is_silent;
        let change = if is_silent { Fragments::place_silent } else { Fragments::place_heard };
        self.change_fetches(device, change);
    }

    fn change_fetches(&mut self, device: DeviceId, change: impl Fn(&mut Fragments, u8)) {
        let mut touched = vec![];
        for (fetch, run) in &mut self.fetching.0 {
            let place = run.places.iter().position(|place| place.device == device);
            if let Some(place) = place.and_then(|place| u8::try_from(place).ok()) {
                change(&mut run.fragments, place);
                touched.push(*fetch);
            }
        }
        for fetch in touched {
            self.look_at_fetch(fetch);
        }
    }

    fn look_at_fetch(&mut self, fetch: u64) {
        let Some(run) = self.fetching.0.get(&fetch) else { return };
        let reach = self.reach(&run.places);
        let outlook = run.fragments.outlook(|place| reach[usize::from(place)]);
        self.feed_fetch(fetch, Event::Changed { outlook });
    }

    /// How the supplier of each place is reached.
    fn reach(&self, places: &[Place]) -> Vec<Reach> {
        let reach = |place: &Place| match self.peers.get(&place.device) {
            None => Reach::Away,
            Some(peer) if peer.is_silent => Reach::Silent,
            Some(_) => Reach::Heard,
        };
        places.iter().map(reach).collect()
    }

    fn feed_fetch(&mut self, fetch: u64, event: Event) {
        let Some(run) = self.fetching.0.get_mut(&fetch) else { return };
        let effects = run.fetch.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_fetch(fetch, effects);
    }

    fn carry_out_fetch(&mut self, fetch: u64, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::AskFragments => self.ask_fragments(fetch),
                Effect::Assemble => self.assemble(fetch),
                Effect::ReportComplete => {}
                Effect::ReportMissing => self.report_missing(fetch),
                Effect::ReportDamaged => {
                    let Some(run) = self.fetching.0.get(&fetch) else { continue };
                    let what = format!("block {}: its fragments contradict each other", run.block);
                    self.order(Output::Withhold { fetch, failure: Failure::Damaged { what } });
                }
            }
        }
        if self.fetching.0.get(&fetch).is_some_and(|run| run.fetch.is_done()) {
            self.fetching.0.remove(&fetch);
        }
    }

    fn ask_fragments(&mut self, fetch: u64) {
        let Some(run) = self.fetching.0.get(&fetch) else { return };
        let reach = self.reach(&run.places);
        let Some(run) = self.fetching.0.get_mut(&fetch) else { return };
        for index in run.fragments.ask(|place| reach[usize::from(place)]) {
            let place = &run.places[usize::from(run.spread.place_of(index))];
            self.out.push(Output::Get {
                fetch,
                device: place.device,
                contract: place.contract,
                supplier: place.identity,
                block: run.block,
                index,
            });
        }
    }

    fn assemble(&mut self, fetch: u64) {
        let Some(run) = self.fetching.0.get(&fetch) else { return };
        let seen = |index: u8| {
            let place = &run.places[usize::from(run.spread.place_of(index))];
            let entry = self.book.suppliers.get(&place.device);
            (index, entry.and_then(|entry| entry.last_seen).map(|date| date.0))
        };
        let unreached = match run.fragments.need() {
            Need::Everything => run.fragments.unreached().map(seen).collect(),
            Need::Data(_) | Need::These(_) => vec![],
        };
        self.order(Output::Assemble { fetch, unreached });
    }

    fn report_missing(&mut self, fetch: u64) {
        let Some(run) = self.fetching.0.get(&fetch) else { return };
        let reach = self.reach(&run.places);
        let gone = run.fragments.gone_places();
        let usable =
            |place: &u8| reach[usize::from(*place)] != Reach::Away && !gone.contains(place);
        let have = (0..run.spread.suppliers).filter(usable).count();
        let absent = (0..run.spread.suppliers).filter(|place| !usable(place));
        let missing = absent.map(|place| {
            let device = run.places[usize::from(place)].device;
            let entry = self.book.suppliers.get(&device);
            (device, entry.and_then(|entry| entry.last_seen).map(|date| date.0))
        });
        let failure = Failure::TooFewSuppliers {
            have: u8::try_from(have).unwrap_or(u8::MAX),
            need: run.spread.needed(),
            missing: missing.collect(),
        };
        self.order(Output::Withhold { fetch, failure });
    }
}
