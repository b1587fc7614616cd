//! Gives root document and identity document to all suppliers, and says when a version is confirmed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use automata::{Live, Snapshot, Tick};
use base::{DeviceId, JobId, Label, Wire, encode};
use identity::{DeviceSigned, SignedDocument, next_sequence};
use mesh::RecordKind;
use storage::backup;
use storage::deposit::{Deposit, Effect, Event, State};
use storage::terms::RootDocument;
use storage::wire::{DocumentKind, Message, Refusal};

use crate::input::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::wiring::requests::Request;

/// A root document with what is needed to believe it.
pub(crate) type SignedRoot = DeviceSigned<RootDocument>;

/// What the wiring of documents holds.
#[derive(Default)]
pub(crate) struct Documents {
    version: Option<Version>,
    /// The order of the book without which the newest root document is not given out.
    order: Option<u64>,
    /// The newest root document, if another device has made and signed it.
    inherited: Option<(RootDocument, Vec<u8>)>,
    /// What the suppliers are to keep: sequence and bytes.
    current: BTreeMap<DocumentKind, (u64, Vec<u8>)>,
    deposits: BTreeMap<(DeviceId, DocumentKind), Live<Deposit>>,
}

/// A version that is being published.
struct Version {
    job: JobId,
    /// The head before it.
    before: Vec<u8>,
    is_kept: bool,
    is_concluded: bool,
}

impl Documents {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.deposits.values().filter_map(Live::deadline).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.deposits.values().map(Live::snapshot)
    }
}

impl Node {
    pub(crate) fn poll_documents(&mut self) {
        let now = self.now.tick;
        let due = self.documents.deposits.iter();
        let due = due.filter(|(_, run)| run.deadline().is_some_and(|deadline| deadline <= now));
        for (device, kind) in due.map(|(key, _)| *key).collect::<Vec<_>>() {
            let Some(run) = self.documents.deposits.get_mut(&(device, kind)) else { continue };
            let effects = run.poll(now, &mut self.journal);
            self.carry_out_deposit(device, kind, effects);
        }
    }

    /// The newest root document, if the drive has anything in it.
    pub(crate) fn root_document(&self) -> Option<RootDocument> {
        if self.book.head.is_empty() {
            return None;
        }
        Some(RootDocument {
            identity: self.me.identity,
            space: self.space,
            sequence: self.book.root_sequence,
            date: self.book.root_date,
            keyring: self.keyring.clone(),
            arrangements: self.book.arrangements.values().cloned().collect(),
            head: self.book.head.clone(),
        })
    }

    /// The newest root document and its signed form: as another device made it, else made here.
    pub(crate) fn newest_root(&self) -> Option<(RootDocument, Vec<u8>)> {
        let sequence = self.book.root_sequence;
        let inherited = self.documents.inherited.as_ref();
        if let Some(inherited) = inherited.filter(|(root, _)| root.sequence == sequence) {
            return Some(inherited.clone());
        }
        let root = self.root_document()?;
        let credential = self.keys.credential();
        let signed =
            SignedRoot::new(&self.keys.device, Label::RootDocument, credential, root.clone());
        Some((root, encode(&signed)))
    }

    /// Another device has made the newest root document.
    pub(crate) fn inherit(&mut self, root: RootDocument, bytes: Vec<u8>) {
        self.documents.inherited = Some((root, bytes));
    }

    /// All blocks of a version are placed: make it the newest, here and for everybody.
    pub(crate) fn publish_version(&mut self, job: JobId, head: Vec<u8>) {
        let before = std::mem::replace(&mut self.book.head, head);
        self.documents.version = Some(Version { job, before, is_kept: false, is_concluded: false });
        self.root_changed();
    }

    /// What the root document says is no longer so: there is to be a newer one.
    pub(crate) fn root_changed(&mut self) {
        if !self.book.head.is_empty() {
            let seen = self.book.root_sequence.max(self.finding.seen_sequence);
            self.book.root_sequence = next_sequence(Some(seen), self.now.date);
            self.book.root_date = self.now.date;
            self.book.root_maker = Some(self.me.device);
            self.book.is_confirmed = false;
        }
        self.documents.order = Some(self.keep_book());
    }

    /// A version of the book is durable, or could not be written.
    pub(crate) fn version_kept(&mut self, id: u64, ok: bool) {
        if self.documents.order.is_none_or(|order| id < order) {
            return;
        }
        if ok {
            self.documents.order = None;
            if let Some(version) = self.documents.version.as_mut().filter(|each| !each.is_kept) {
                version.is_kept = true;
                let job = version.job;
                self.order(Output::Conclude { job });
            }
            return self.give_out();
        }
        if let Some(version) = self.documents.version.take_if(|version| !version.is_kept) {
            self.book.head = version.before;
            self.documents.order = Some(self.keep_book());
            let what = "the book of contracts could not be written".into();
            self.work_failed(version.job, Failure::OwnDisk { what });
        }
    }

    /// The worker has written the version into the database.
    pub(crate) fn version_concluded(&mut self, job: JobId) {
        if let Some(version) = self.documents.version.as_mut().filter(|each| each.job == job) {
            version.is_concluded = true;
            self.feed_backup(job, backup::Event::Published { everywhere: false });
            self.look_at_confirmations();
        }
    }

    /// The job is over, or begins again: its version is no longer waited for. What was not yet
    /// written down is taken back.
    pub(crate) fn forget_version(&mut self, job: JobId) {
        let version = self.documents.version.take_if(|version| version.job == job);
        if let Some(version) = version.filter(|version| !version.is_kept) {
            self.book.head = version.before;
            self.documents.order = Some(self.keep_book());
        }
    }

    /// Gives the newest root document to every supplier and the root record to the distributed hash
    /// table, unless it is not yet written down here, or another device may have a newer one.
    pub(crate) fn give_out(&mut self) {
        let may = self.is_drive_ready() && self.has_looked() && !self.is_catching_up();
        if !may || self.documents.order.is_some() {
            return;
        }
        let Some((root, bytes)) = self.newest_root() else { return };
        self.document_changed(DocumentKind::Root, (root.sequence, bytes));
        self.publish_root();
    }

    /// The identity document that is published is kept by the suppliers too.
    pub(crate) fn identity_changed(&mut self, document: &SignedDocument) {
        let newest = (document.body.edition.sequence, encode(document));
        self.document_changed(DocumentKind::Identity, newest);
    }

    /// A supplier is connected: it gets what it does not keep yet.
    pub(crate) fn holder_online(&mut self, device: DeviceId) {
        for kind in [DocumentKind::Identity, DocumentKind::Root] {
            self.feed_deposit(device, kind, Event::Online);
        }
    }

    pub(crate) fn holder_lost(&mut self, device: DeviceId) {
        for kind in [DocumentKind::Identity, DocumentKind::Root] {
            self.feed_deposit(device, kind, Event::PeerLost);
        }
    }

    pub(crate) fn supplier_keeps(
        &mut self,
        device: DeviceId,
        (kind, sequence): (DocumentKind, u64),
    ) {
        let current = self.documents.current.get(&kind);
        if current.is_some_and(|(current, _)| *current == sequence) {
            self.feed_deposit(device, kind, Event::Kept);
        }
    }

    pub(crate) fn supplier_refuses(
        &mut self,
        device: DeviceId,
        kind: DocumentKind,
        reason: Refusal,
    ) {
        self.feed_deposit(device, kind, Event::Refused);
        if reason == Refusal::Older {
            self.newer_suspected(kind);
        }
    }

    /// Whether everything that makes a version safe is confirmed.
    pub(crate) fn look_at_confirmations(&mut self) {
        let holders = self.holders();
        let sequence = self.documents.current.get(&DocumentKind::Root).map(|(newest, _)| *newest);
        let is_newest = sequence == Some(self.book.root_sequence) && self.documents.order.is_none();
        let is_kept = |device: &DeviceId, kind| {
            let run = self.documents.deposits.get(&(*device, kind));
            run.is_some_and(|run| *run.state() == State::Kept)
        };
        let kinds = [DocumentKind::Identity, DocumentKind::Root];
        let all_keep = holders.iter().all(|device| kinds.iter().all(|kind| is_kept(device, *kind)));
        let read_back = self.records.is_published(RecordKind::Root, sequence)
            && self.records.is_published(RecordKind::Identity, None);
        if holders.is_empty() || !is_newest || !all_keep || !read_back {
            return;
        }
        if !self.book.is_confirmed {
            self.book.is_confirmed = true;
            self.keep_book();
        }
        if let Some(version) = self.documents.version.take_if(|version| version.is_concluded) {
            self.feed_backup(version.job, backup::Event::Published { everywhere: true });
        }
    }

    fn document_changed(&mut self, kind: DocumentKind, newest: (u64, Vec<u8>)) {
        let is_new = self.documents.current.get(&kind) != Some(&newest);
        self.documents.current.insert(kind, newest);
        if is_new {
            let of_kind = self.documents.deposits.keys().filter(|(_, each)| *each == kind);
            for (device, _) in of_kind.copied().collect::<Vec<_>>() {
                self.feed_deposit(device, kind, Event::Changed);
                if !self.is_online(&device) {
                    self.feed_deposit(device, kind, Event::PeerLost);
                }
            }
        }
        self.sync_holders();
    }

    /// Each supplier of the arrangement in force is to keep each document; others need not.
    fn sync_holders(&mut self) {
        let holders = self.holders();
        self.documents.deposits.retain(|(device, _), _| holders.contains(device));
        let settings = Deposit {
            answer_ms: self.settings.clocks.answer_ms,
            again_ms: self.settings.clocks.refused_again_ms,
        };
        let kinds: Vec<DocumentKind> = self.documents.current.keys().copied().collect();
        let all = holders.iter().flat_map(|device| kinds.iter().map(|kind| (*device, *kind)));
        for (device, kind) in all {
            if let Entry::Vacant(place) = self.documents.deposits.entry((device, kind)) {
                place.insert(Live::start(settings, format!("{} to {device}", name(kind))));
                if self.is_online(&device) {
                    self.feed_deposit(device, kind, Event::Online);
                }
            }
        }
    }

    /// The suppliers of the arrangement in force.
    fn holders(&self) -> BTreeSet<DeviceId> {
        let places = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        places.iter().map(|place| place.device).collect()
    }

    fn feed_deposit(&mut self, device: DeviceId, kind: DocumentKind, event: Event) {
        if let Some(run) = self.documents.deposits.get_mut(&(device, kind)) {
            let effects = run.feed(event, self.now.tick, &mut self.journal);
            self.carry_out_deposit(device, kind, effects);
        }
    }

    fn carry_out_deposit(&mut self, device: DeviceId, kind: DocumentKind, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SendDocument => {
                    if let Some((sequence, bytes)) = self.documents.current.get(&kind).cloned() {
                        let message = Message::KeepDocument { kind, sequence, bytes };
                        self.ask(device, Request::Keep(kind), message);
                    }
                }
                Effect::ReportKept => self.look_at_confirmations(),
            }
        }
    }
}

fn name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Identity => "identity document",
        DocumentKind::Root => "root document",
    }
}

// The limit of a document is that of the message that carries it.
const _: () = assert!(RootDocument::BYTES_MAX < base::CONTROL_BYTES_MAX);
