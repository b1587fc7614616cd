//! Brings the own drive into hand: opened, or found again with the words alone; and takes over what
//! another device of the same identity has published.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{DeviceId, Hash, Label, decode};
use mesh::RootRecord;
use storage::custody::{Custody, Effect, Event, State};
use storage::terms::RootDocument;
use storage::wire::{DocumentKind, Message};

use crate::book::{Book, SupplierEntry, Tie};
use crate::input::DriveCondition;
use crate::node::Node;
use crate::output::Output;
use crate::settings::Clocks;
use crate::wiring::documents::SignedRoot;
use crate::wiring::lookups::LOOK_MS;
use crate::wiring::requests::Request;

/// What the search for the drive holds.
pub(crate) struct Finding {
    settings: Custody,
    custody: Live<Custody>,
    /// Fetches what another device has published, while the drive is in use.
    pursuit: Option<Live<Custody>>,
    /// The newest root record of the last look-up, with its sequence.
    pub(crate) found_root: Option<(u64, RootRecord)>,
    /// The highest sequence seen anywhere: the next one of ours is higher.
    pub(crate) seen_sequence: u64,
    /// Suppliers named in the root record.
    asked: BTreeMap<DeviceId, Asked>,
    /// The newest root document that is believed.
    newest: Option<Believed>,
    /// Whether somebody had what the record promises.
    has_news: bool,
    /// Whether the root document is to be made anew: others hold one that looks as new as ours.
    must_renew: bool,
    /// Whether the last look-up found nothing.
    pub(crate) found_nothing: bool,
    /// Whether fewer than half of the suppliers answered when the drive was found again.
    pub(crate) few_answered: bool,
}

/// A root document of this identity, as a supplier gave it.
#[derive(Clone)]
struct Believed {
    /// The key generation that vouches for the device that signed it. The thief of an old key
    /// cannot win by a huge sequence.
    generation: u32,
    root: RootDocument,
    /// As it was signed; none if it was made from the book.
    bytes: Vec<u8>,
}

/// How it stands with a supplier that was asked for the root document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Waiting,
    Unreachable,
    Answered,
}

impl Finding {
    pub(crate) fn new(clocks: &Clocks) -> Self {
        let settings =
            Custody { seek_ms: clocks.seek_ms, look_ms: LOOK_MS, collect_ms: clocks.collect_ms };
        Self {
            settings,
            custody: Live::start(settings, "own drive"),
            pursuit: None,
            found_root: None,
            seen_sequence: 0,
            asked: BTreeMap::new(),
            newest: None,
            has_news: false,
            must_renew: false,
            found_nothing: false,
            few_answered: false,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Tick> {
        let pursuit = self.pursuit.as_ref().and_then(Live::deadline);
        [self.custody.deadline(), pursuit].into_iter().flatten().min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        std::iter::once(self.custody.snapshot()).chain(self.pursuit.as_ref().map(Live::snapshot))
    }

    pub(crate) fn state(&self) -> &'static str {
        self.custody.state().into()
    }

    /// Whether the drive is just being made anew.
    pub(crate) fn is_coming(&self) -> bool {
        matches!(self.custody.state(), State::Collecting { .. } | State::Rebuilding)
    }

    fn run(&self) -> &Live<Custody> {
        self.pursuit.as_ref().unwrap_or(&self.custody)
    }

    fn is_collecting(&self) -> bool {
        matches!(self.run().state(), State::Collecting { .. })
    }

    /// Whether at least half of the suppliers were heard.
    fn is_half_heard(&self) -> bool {
        let heard = self.asked.values().filter(|asked| **asked == Asked::Answered).count();
        heard * 2 >= self.asked.len()
    }
}

impl Node {
    pub(crate) fn is_drive_ready(&self) -> bool {
        *self.finding.custody.state() == State::Ready
    }

    /// Whether another device has published something that is not here yet.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.finding.pursuit.is_some()
    }

    pub(crate) fn open(&mut self, book: Option<Book>, drive: DriveCondition) {
        let is_known = book.is_some();
        let was_found = is_known && !self.book.is_recovering;
        // Only the database is gone: what the book says leads to everything.
        let root = self.root_document().filter(|root| was_found && !root.keyring.is_empty());
        let event = match (drive, root) {
            (DriveCondition::Fresh, _) => Event::Opened,
            (DriveCondition::Present, _) if was_found => Event::Opened,
            (DriveCondition::Absent | DriveCondition::Broken, Some(root)) => {
                let generation = self.keys.chain.generation();
                self.finding.newest = Some(Believed { generation, root, bytes: vec![] });
                Event::Known
            }
            (DriveCondition::Present | DriveCondition::Absent, _) => Event::Absent,
            (DriveCondition::Broken, None) => Event::Broken,
        };
        self.book.is_recovering = matches!(event, Event::Absent | Event::Broken);
        if drive == DriveCondition::Fresh && !is_known {
            self.need_not_look();
        }
        // What this device made is made again as it was; what another one signed is not.
        let is_own = self.book.root_maker == Some(self.me.device);
        self.finding.must_renew = !self.book.is_confirmed && !is_own;
        self.resume_contracts();
        self.want_suppliers();
        self.start_services();
        self.feed_finding(event);
    }

    pub(crate) fn poll_finding(&mut self) {
        let effects = self.finding.custody.poll(self.now.tick, &mut self.journal);
        self.carry_out_finding(effects);
        if let Some(pursuit) = self.finding.pursuit.as_mut() {
            let effects = pursuit.poll(self.now.tick, &mut self.journal);
            self.carry_out_finding(effects);
        }
    }

    pub(crate) fn rebuilt(&mut self, ok: bool) {
        if *self.finding.run().state() != State::Rebuilding {
            return;
        }
        match self.finding.newest.take() {
            Some(believed) if ok => {
                self.take_over(believed);
                self.feed_finding(Event::Rebuilt);
            }
            _ => {
                self.feed_finding(Event::RebuildFailed);
                self.drive_failed();
            }
        }
    }

    /// A look-up for a drive that is not here, or not up to date, is done.
    pub(crate) fn root_looked(&mut self) {
        match self.finding.found_root.clone() {
            Some((sequence, root)) if *self.finding.run().state() != State::Rebuilding => {
                self.finding.seen_sequence = self.finding.seen_sequence.max(sequence);
                self.finding.found_nothing = false;
                self.finding.newest = None;
                self.finding.has_news = false;
                let all = root.suppliers.into_iter().map(|device| (device, Asked::Waiting));
                self.finding.asked = all.collect();
                self.feed_finding(Event::RecordFound);
            }
            Some(_) => {}
            None => self.feed_finding(Event::NothingFound),
        }
    }

    /// Begins to fetch what another device has published, if it has. Says whether it did.
    pub(crate) fn pursue_newer(&mut self) -> bool {
        let found = self.finding.found_root.as_ref();
        let is_newer =
            found.is_some_and(|(sequence, root)| self.is_newer(*sequence, root.document));
        if is_newer {
            let until = self.now.tick + LOOK_MS;
            let seeking = State::Seeking { until };
            let pursuit = Live::resume(self.finding.settings, "newer version", seeking);
            self.finding.pursuit = Some(pursuit);
            self.interrupt_backups();
            self.root_looked();
        }
        is_newer
    }

    /// A supplier of the root record is connected: ask it.
    pub(crate) fn ask_for_root(&mut self, device: DeviceId) {
        if self.is_asked_for_root(&device) {
            let (owner, kind) = (self.me.identity, DocumentKind::Root);
            self.ask(device, Request::Root, Message::AskDocument { owner, kind });
        }
    }

    /// A supplier of the root record answered.
    pub(crate) fn root_answered(&mut self, device: DeviceId, bytes: Option<&[u8]>) {
        // What this device has already is no news to a pursuit.
        let believed = bytes.and_then(|bytes| self.believe_root(bytes)).filter(|believed| {
            !self.is_catching_up()
                || believed.generation >= self.keys.chain.generation()
                    && self.is_newer(believed.root.sequence, self.root_hash(&believed.root))
        });
        if let Some(believed) = believed {
            let rank = |each: &Believed| (each.generation, each.root.sequence);
            if self.finding.newest.as_ref().is_none_or(|known| rank(known) < rank(&believed)) {
                self.finding.newest = Some(believed);
            }
        }
        self.root_asked(device, Asked::Answered);
    }

    /// A supplier of the root record cannot be reached.
    pub(crate) fn root_unreachable(&mut self, device: DeviceId) {
        if self.is_asked_for_root(&device) {
            self.root_asked(device, Asked::Unreachable);
        }
    }

    /// A supplier went away before it answered: it is reached for again.
    pub(crate) fn reach_for_root(&mut self, device: DeviceId) {
        if self.is_asked_for_root(&device) {
            self.order(Output::Connect { device });
        }
    }

    /// Nobody has anything newer than this device: what waited for that goes on.
    pub(crate) fn root_is_newest(&mut self) {
        if std::mem::take(&mut self.finding.must_renew) {
            self.root_changed();
        } else {
            self.give_out();
        }
        self.go_on_with_heads();
        self.suppliers_ready();
    }

    fn is_asked_for_root(&self, device: &DeviceId) -> bool {
        self.finding.is_collecting() && self.finding.asked.get(device) == Some(&Asked::Waiting)
    }

    fn root_asked(&mut self, device: DeviceId, now: Asked) {
        let Some(asked) = self.finding.asked.get_mut(&device) else { return };
        *asked = now;
        let all = self.finding.asked.values().all(|asked| *asked != Asked::Waiting);
        let any = self.finding.newest.is_some();
        self.feed_finding(Event::Answered { all, any });
    }

    fn is_newer(&self, sequence: u64, document: Hash) -> bool {
        let own = self.newest_root().map(|(root, _)| self.root_hash(&root));
        sequence > self.book.root_sequence
            || sequence == self.book.root_sequence && own != Some(document)
    }

    fn believe_root(&self, bytes: &[u8]) -> Option<Believed> {
        let signed: SignedRoot = decode(bytes).ok()?;
        let speaker = signed.verify(Label::RootDocument, self.now.date).ok()?;
        let root = signed.body;
        let is_mine = speaker.identity == self.me.identity
            && root.identity == self.me.identity
            && root.space == self.space;
        let (generation, bytes) = (speaker.generation, bytes.to_vec());
        is_mine.then_some(Believed { generation, root, bytes })
    }

    fn feed_finding(&mut self, event: Event) {
        let run = self.finding.pursuit.as_mut().unwrap_or(&mut self.finding.custody);
        let effects = run.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_finding(effects);
    }

    fn carry_out_finding(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::LookUp if self.is_pursuit_vain() => self.give_pursuit_up(),
                Effect::LookUp => self.look_up_all(),
                Effect::AskSuppliers => self.ask_suppliers(),
                Effect::Rebuild => self.rebuild(),
                Effect::ReportReady if self.is_catching_up() => self.end_pursuit(),
                Effect::ReportReady => self.drive_ready(),
                Effect::ReportNothing if self.is_pursuit_vain() => self.give_pursuit_up(),
                Effect::ReportNothing => {
                    self.finding.found_nothing = !self.is_catching_up();
                }
            }
        }
    }

    /// Half of the suppliers were heard and none has what the record promises: whoever wrote it did
    /// not get far, for a version is not safe before all suppliers have it.
    fn is_pursuit_vain(&self) -> bool {
        self.is_catching_up() && !self.finding.has_news && self.finding.is_half_heard()
    }

    /// Our next root document is newer than what the record promised.
    fn give_pursuit_up(&mut self) {
        self.finding.must_renew = true;
        self.end_pursuit();
    }

    fn end_pursuit(&mut self) {
        self.finding.pursuit = None;
        self.root_is_newest();
        self.count_places();
    }

    fn ask_suppliers(&mut self) {
        if self.finding.asked.is_empty() {
            self.feed_finding(Event::Answered { all: true, any: false });
        }
        for device in self.finding.asked.keys().copied().collect::<Vec<_>>() {
            if self.is_online(&device) {
                self.ask_for_root(device);
            } else {
                self.order(Output::Connect { device });
            }
        }
        self.drive_coming();
    }

    /// What the newest root document names is needed to fetch the catalog.
    fn rebuild(&mut self) {
        let Some(Believed { root, .. }) = self.finding.newest.clone() else { return };
        self.finding.has_news = true;
        if !self.finding.asked.is_empty() {
            self.finding.few_answered = !self.finding.is_half_heard();
        }
        for arrangement in &root.arrangements {
            for place in &arrangement.places {
                self.book.suppliers.entry(place.device).or_insert_with(|| SupplierEntry {
                    identity: place.identity,
                    contract: None,
                    tie: Tie::Named,
                    is_dismissed: false,
                    last_seen: None,
                    fragments: 0,
                    bytes: 0,
                });
            }
            self.book.used.insert(arrangement.number);
            self.book.arrangements.insert(arrangement.number, arrangement.clone());
        }
        self.want_suppliers();
        self.drive_coming();
        self.order(Output::Rebuild { root });
    }

    /// The database is that of this root document now.
    fn take_over(&mut self, believed: Believed) {
        let Believed { root, bytes, .. } = believed;
        self.book.root_sequence = root.sequence;
        self.book.root_date = root.date;
        self.book.head.clone_from(&root.head);
        self.keyring.clone_from(&root.keyring);
        if !bytes.is_empty() {
            self.book.is_confirmed = false;
            self.book.root_maker = None;
            self.inherit(root, bytes);
        }
        self.keep_book();
    }

    fn drive_ready(&mut self) {
        self.book.is_recovering = false;
        self.keep_book();
        for device in self.peers.keys().copied().collect::<Vec<_>>() {
            self.ask_standing(device);
        }
        self.publish_records();
        self.drive_changed();
        self.count_places();
    }
}
