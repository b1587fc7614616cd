//! Brings the own drive into hand: opened, or found again with the words alone.

use std::collections::BTreeMap;

use automata::Tick;
use base::{DeviceId, Label, decode};
use storage::custody::{Effect, Event, State};
use storage::terms::RootDocument;
use storage::wire::{DocumentKind, Message};

use crate::book::{Book, SupplierEntry};
use crate::input::DriveCondition;
use crate::node::Node;
use crate::output::Output;
use crate::wiring::documents::SignedRoot;

/// What the search for the drive holds.
#[derive(Default)]
pub(crate) struct Finding {
    /// Suppliers named in the root record, and whether they have answered.
    asked: BTreeMap<DeviceId, bool>,
    newest: Option<RootDocument>,
    /// Whether the last look-up found nothing.
    pub(crate) found_nothing: bool,
    /// Whether fewer than half of the suppliers answered when the drive was found again.
    pub(crate) few_answered: bool,
    started: Option<Tick>,
}

impl Node {
    pub(crate) fn is_drive_ready(&self) -> bool {
        *self.custody.state() == State::Ready
    }

    pub(crate) fn open(&mut self, book: Option<Book>, drive: DriveCondition) {
        self.finding.started = Some(self.now.tick);
        let is_known = book.is_some();
        self.book = book.unwrap_or_default();
        let event = match drive {
            DriveCondition::Fresh => Event::Opened,
            DriveCondition::Present if is_known && !self.book.is_recovering => Event::Opened,
            DriveCondition::Present | DriveCondition::Absent => Event::Absent,
            DriveCondition::Broken => Event::Broken,
        };
        self.book.is_recovering = !matches!(event, Event::Opened);
        self.resume_contracts();
        self.want_suppliers();
        self.start_services();
        self.feed_custody(event);
    }

    pub(crate) fn poll_custody(&mut self) {
        let effects = self.custody.poll(self.now.tick, &mut self.journal);
        self.carry_out_custody(effects);
    }

    pub(crate) fn rebuilt(&mut self, ok: bool) {
        self.feed_custody(if ok { Event::Rebuilt } else { Event::RebuildFailed });
    }

    pub(crate) fn root_record_found(&mut self, suppliers: Vec<DeviceId>) {
        self.finding.found_nothing = false;
        self.finding.newest = None;
        self.finding.asked = suppliers.into_iter().map(|device| (device, false)).collect();
        self.feed_custody(Event::RecordFound);
    }

    pub(crate) fn root_record_missing(&mut self) {
        self.feed_custody(Event::NothingFound);
    }

    /// A supplier of the root record is connected: ask it.
    pub(crate) fn ask_for_root(&mut self, device: DeviceId) {
        let is_collecting = matches!(self.custody.state(), State::Collecting { .. });
        if is_collecting && self.finding.asked.get(&device) == Some(&false) {
            let id = self.chance.request_id();
            let message =
                Message::AskDocument { owner: self.me.identity, kind: DocumentKind::Root };
            self.order(Output::Send { to: device, id, answer_to: None, message });
        }
    }

    /// A supplier of the root record answered, or cannot be reached.
    pub(crate) fn root_answered(&mut self, device: DeviceId, bytes: Option<&[u8]>) {
        let Some(answered) = self.finding.asked.get_mut(&device) else { return };
        *answered = true;
        let root = bytes.and_then(|bytes| self.believe_root(bytes));
        let any = root.is_some();
        if let Some(root) = root {
            let known = self.finding.newest.as_ref().map(|newest| newest.sequence);
            if known.is_none_or(|known| known < root.sequence) {
                self.finding.newest = Some(root);
            }
        }
        let all = self.finding.asked.values().all(|answered| *answered);
        self.feed_custody(Event::Answered { all, any });
    }

    /// Whether the node waits for this supplier's root document.
    pub(crate) fn is_asked_for_root(&self, device: &DeviceId) -> bool {
        matches!(self.custody.state(), State::Collecting { .. })
            && self.finding.asked.get(device) == Some(&false)
    }

    fn believe_root(&self, bytes: &[u8]) -> Option<RootDocument> {
        let signed: SignedRoot = decode(bytes).ok()?;
        let speaker = signed.verify(Label::RootDocument, self.now.date).ok()?;
        let root = signed.body;
        let is_mine = speaker.identity == self.me.identity
            && root.identity == self.me.identity
            && root.space == self.space;
        is_mine.then_some(root)
    }

    fn feed_custody(&mut self, event: Event) {
        let effects = self.custody.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_custody(effects);
    }

    fn carry_out_custody(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::LookUp => self.seek_records(),
                Effect::AskSuppliers => self.ask_suppliers(),
                Effect::Rebuild => self.rebuild(),
                Effect::ReportReady => self.drive_ready(),
                Effect::ReportNothing => self.finding.found_nothing = true,
            }
        }
    }

    fn ask_suppliers(&mut self) {
        if self.finding.asked.is_empty() {
            self.feed_custody(Event::Answered { all: true, any: false });
        }
        for device in self.finding.asked.keys().copied().collect::<Vec<_>>() {
            if self.is_online(&device) {
                self.ask_for_root(device);
            } else {
                self.order(Output::Connect { device });
            }
        }
    }

    fn rebuild(&mut self) {
        let Some(root) = self.finding.newest.take() else { return };
        let answered = self.finding.asked.values().filter(|answered| **answered).count();
        self.finding.few_answered = answered * 2 < self.finding.asked.len();
        self.book.root_sequence = root.sequence;
        self.book.head = root.head.clone();
        self.book.is_confirmed = true;
        self.keyring = root.keyring.clone();
        for arrangement in &root.arrangements {
            for place in &arrangement.places {
                self.book.suppliers.entry(place.device).or_insert_with(|| SupplierEntry {
                    identity: place.identity,
                    contract: None,
                    is_active: false,
                    last_seen: None,
                    fragments: 0,
                    bytes: 0,
                });
            }
            self.book.arrangements.insert(arrangement.number, arrangement.clone());
        }
        self.want_suppliers();
        self.order(Output::Rebuild { root });
    }

    fn drive_ready(&mut self) {
        self.book.is_recovering = false;
        self.keep_book();
        for device in self.peers.keys().copied().collect::<Vec<_>>() {
            self.ask_standing(device);
        }
        self.publish_records();
        if !self.book.is_confirmed {
            self.give_documents_out();
        }
        self.drive_changed();
        self.count_places();
    }

    /// A supplier known from a root document is asked for the contract.
    pub(crate) fn ask_standing(&mut self, device: DeviceId) {
        let place = self
            .arrangement()
            .and_then(|arrangement| arrangement.places.iter().find(|place| place.device == device));
        let Some(contract) = place.map(|place| place.contract) else { return };
        let is_unknown =
            self.book.suppliers.get(&device).is_some_and(|entry| entry.contract.is_none());
        if is_unknown && self.is_drive_ready() {
            let id = self.chance.request_id();
            let message = Message::AskStanding { contract: Some(contract) };
            self.order(Output::Send { to: device, id, answer_to: None, message });
        }
    }
}
