//! Looks for the own records in the distributed hash table: on an empty machine, after each start,
//! and before a version is published, for another device may have been faster.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use automata::{Live, Snapshot, Tick};
use base::MINUTE_MS;
use mesh::lookup::{Effect, Event, Lookup};
use mesh::{Record, RecordKey, RecordKind, SALTS};

use crate::node::Node;
use crate::output::Output;
use crate::wiring::records::Purpose;

/// One look-up takes at most so long, milliseconds.
pub(crate) const LOOK_MS: u64 = MINUTE_MS;

/// Look-ups that are under way.
#[derive(Default)]
pub(crate) struct Lookups {
    runs: BTreeMap<RecordKind, Look>,
    /// Whether both own records were looked for since the start.
    has_looked: bool,
}

struct Look {
    run: Live<Lookup>,
    newest: Option<Record>,
}

impl Lookups {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.runs.values().filter_map(|look| look.run.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.runs.values().map(|look| look.run.snapshot())
    }
}

impl Node {
    /// Whether both own records were looked for since the start, so that what is published builds
    /// on the newest that can be found.
    pub(crate) fn has_looked(&self) -> bool {
        self.records.lookups.has_looked
    }

    /// A new identity has no records that could be found.
    pub(crate) fn need_not_look(&mut self) {
        self.records.lookups.has_looked = true;
    }

    pub(crate) fn poll_lookups(&mut self) {
        for kind in self.records.lookups.runs.keys().copied().collect::<Vec<_>>() {
            let Some(look) = self.records.lookups.runs.get_mut(&kind) else { continue };
            let effects = look.run.poll(self.now.tick, &mut self.journal);
            self.carry_out_lookup(kind, effects);
        }
    }

    pub(crate) fn look_up_all(&mut self) {
        self.look_up(RecordKind::Identity);
        self.look_up(RecordKind::Root);
    }

    /// Looks for the newest own record of a kind; `looked` is called when it is known.
    pub(crate) fn look_up(&mut self, kind: RecordKind) {
        if let Entry::Vacant(place) = self.records.lookups.runs.entry(kind) {
            let settings =
                Lookup { answer_ms: LOOK_MS / 2, attempts_max: 1, ..Lookup::thorough(SALTS) };
            let run = Live::start(settings, super::records::kind_name(kind));
            place.insert(Look { run, newest: None });
            self.poll_lookups();
        }
    }

    /// A part of the table answered a look-up.
    pub(crate) fn look_answered(&mut self, kind: RecordKind, found: Option<Record>) {
        let Some(look) = self.records.lookups.runs.get_mut(&kind) else { return };
        let known = look.newest.as_ref().map(Record::rank);
        let event = match found {
            None => Event::NothingFound,
            Some(found) => match Some(found.rank()).cmp(&known) {
                std::cmp::Ordering::Less => Event::OlderFound,
                std::cmp::Ordering::Equal => Event::SameFound,
                std::cmp::Ordering::Greater => {
                    look.newest = Some(found);
                    Event::NewerFound
                }
            },
        };
        let effects = look.run.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_lookup(kind, effects);
    }

    fn carry_out_lookup(&mut self, kind: RecordKind, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask => {
                    for key in RecordKey::all(kind, self.me.identity.0) {
                        let query = self.records.query(key, Purpose::Look);
                        self.order(Output::GetRecord { query, key: key.bytes() });
                    }
                }
                // Kept in `look_answered`; the shell gives the newest to those that had an older one.
                Effect::Keep | Effect::WriteBack => {}
                Effect::ReportFound | Effect::ReportMissing => {
                    let look = self.records.lookups.runs.remove(&kind);
                    self.records.forget_looks(kind);
                    self.looked(kind, look.and_then(|look| look.newest));
                }
            }
        }
    }

    fn looked(&mut self, kind: RecordKind, newest: Option<Record>) {
        match newest {
            Some(Record::Identity(document)) => self.identity_found(document),
            Some(Record::Root(root)) => {
                self.finding.found_root = Some((root.body.edition.sequence, root.body));
            }
            Some(Record::Contact(_) | Record::Offer(_)) => {}
            None if kind == RecordKind::Root => self.finding.found_root = None,
            None => {}
        }
        if self.records.lookups.runs.is_empty() {
            self.all_looked();
        }
    }

    fn all_looked(&mut self) {
        if !self.is_drive_ready() || self.is_catching_up() {
            return self.root_looked();
        }
        let is_first = !std::mem::replace(&mut self.records.lookups.has_looked, true);
        if !self.pursue_newer() {
            if is_first {
                self.publish_records();
            }
            self.root_is_newest();
        }
    }
}
