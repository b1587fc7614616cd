//! Own records in the distributed hash table.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::{DAY_MS, DeviceId, HOUR_MS};
use identity::{CertifiedDevice, DOCUMENT_LIFE_MS_MAX, IdentityDocument, Services, SignedDocument};
use identity::{Edition, next_sequence};
use mesh::publication::{Effect, Event, Publication, State};
use mesh::{
    OFFER_LIFE_MS_MAX, OfferedService, ROOT_LIFE_MS_MAX, Rank, Record, RecordKey, RecordKind,
    RootRecord, ServiceOffer, sort,
};
use storage::terms::{RootDocument, TERM_MS};
use storage::wire::DocumentKind;

use crate::node::Node;
use crate::output::Output;
use crate::wiring::lookups::Lookups;

/// An identity document that ends in less time than this is made anew rather than adopted.
const FRESH_MS: u64 = 60 * DAY_MS;

/// What the wiring of records holds.
#[derive(Default)]
pub(crate) struct Records {
    own: BTreeMap<RecordKind, Own>,
    /// What was asked of the distributed hash table.
    queries: BTreeMap<u64, (RecordKey, Purpose)>,
    asked: u64,
    pub(crate) lookups: Lookups,
    /// The newest own identity document that was found.
    found_identity: Option<SignedDocument>,
    /// A supplier has a newer own identity document than can be found: one newer still is due.
    is_outdone: bool,
    /// When that was so last; at most once an hour, for a supplier may say so falsely.
    outdone: Option<Tick>,
}

struct Own {
    run: Live<Publication>,
    record: Record,
    /// Queries not answered, whether one succeeded, the newest version read back.
    open: usize,
    any_ok: bool,
    newest: Option<Rank>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    ReadBack,
    Look,
}

impl Records {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        let own = self.own.values().filter_map(|own| own.run.deadline());
        own.chain(self.lookups.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.own.values().map(|own| own.run.snapshot()).chain(self.lookups.snapshots())
    }

    /// Whether the newest version (this one, if a sequence is named) was read back.
    pub(crate) fn is_published(&self, kind: RecordKind, sequence: Option<u64>) -> bool {
        self.own.get(&kind).is_some_and(|own| {
            matches!(own.run.state(), State::Published { .. })
                && sequence.is_none_or(|sequence| own.record.edition().sequence == sequence)
        })
    }

    pub(crate) fn query(&mut self, key: RecordKey, purpose: Purpose) -> u64 {
        self.asked += 1;
        self.queries.insert(self.asked, (key, purpose));
        self.asked
    }

    /// Answers to a look-up that is over are not waited for.
    pub(crate) fn forget_looks(&mut self, kind: RecordKind) {
        self.queries.retain(|_, (key, purpose)| key.kind != kind || *purpose != Purpose::Look);
    }

    /// How many queries are not answered.
    #[cfg(test)]
    pub(crate) fn open_queries(&self) -> usize {
        self.queries.len()
    }
}

impl Node {
    pub(crate) fn poll_records(&mut self) {
        self.poll_lookups();
        for kind in self.records.own.keys().copied().collect::<Vec<_>>() {
            let Some(own) = self.records.own.get_mut(&kind) else { continue };
            let effects = own.run.poll(self.now.tick, &mut self.journal);
            self.carry_out_publication(kind, effects);
        }
    }

    /// Publishes all that this node has to say about itself, unless it does not yet know whether
    /// it is somebody who was here before.
    pub(crate) fn publish_records(&mut self) {
        if !self.is_drive_ready() || !self.services.is_on("dht") {
            return;
        }
        if !self.has_looked() {
            return self.look_up_all();
        }
        self.publish_identity();
        self.give_out();
        self.publish_offer();
    }

    pub(crate) fn publish_root(&mut self) {
        let Some((root, _)) = self.newest_root() else { return };
        let edition = Edition::new(self.network, root.sequence, root.date, ROOT_LIFE_MS_MAX);
        if edition.expires <= self.now.date {
            return self.root_changed();
        }
        let places = root.arrangements.last().map(|last| last.places.as_slice()).unwrap_or(&[]);
        let suppliers: Vec<DeviceId> = places.iter().map(|place| place.device).collect();
        let record = RootRecord { edition, document: self.root_hash(&root), suppliers };
        if let Ok(record) = Record::sign_root(&self.keys.master, self.keys.chain.clone(), record) {
            self.publish(record);
        }
    }

    /// Gives so many bytes to the network from now on. What was promised stays promised.
    pub(crate) fn offer(&mut self, bytes: u64) {
        self.supplier.room.donated_bytes = bytes;
        self.publish_offer();
    }

    /// Says what this node has to give, if it is a supplier.
    pub(crate) fn publish_offer(&mut self) {
        let is_known = self.is_drive_ready() && self.has_looked();
        if !is_known || !self.services.is_on("dht") || !self.services.is_on("supplier") {
            return;
        }
        let free_bytes = self.supplier.room.donated_bytes - self.supplier.promised_bytes();
        let seen = self.own_sequence(RecordKind::Offer);
        let sequence = next_sequence(seen, self.now.date);
        let offer = ServiceOffer {
            edition: Edition::new(self.network, sequence, self.now.date, OFFER_LIFE_MS_MAX),
            service: OfferedService::Supplier,
            free_bytes,
            quota_bytes_max: free_bytes,
            term_ms_max: TERM_MS,
            price: 0,
        };
        let credential = self.keys.credential();
        if let Ok(record) = Record::sign_offer(&self.keys.device, credential, offer) {
            self.publish(record);
        }
    }

    /// The newest own identity document was found: other devices have written it, or this one.
    pub(crate) fn identity_found(&mut self, document: SignedDocument) {
        let others = document.body.devices.iter().filter(|each| each.device != self.me.device);
        let siblings: Vec<CertifiedDevice> = others.cloned().collect();
        if self.book.siblings != siblings {
            self.book.siblings = siblings;
            self.keep_book();
        }
        self.records.found_identity = Some(document);
        if self.has_looked() && self.is_drive_ready() {
            self.publish_identity();
        }
    }

    /// Somebody has, or had, something newer than this device.
    pub(crate) fn newer_suspected(&mut self, kind: DocumentKind) {
        let may = self.records.outdone.is_none_or(|at| self.now.tick.0 >= at.0 + HOUR_MS);
        if kind == DocumentKind::Identity && may {
            self.records.outdone = Some(self.now.tick);
            self.records.is_outdone = true;
        }
        self.look_up(match kind {
            DocumentKind::Identity => RecordKind::Identity,
            DocumentKind::Root => RecordKind::Root,
        });
    }

    pub(crate) fn record_put(&mut self, query: u64, ok: bool) {
        let Some((key, Purpose::Write)) = self.records.queries.remove(&query) else { return };
        let Some(own) = self.records.own.get_mut(&key.kind) else { return };
        own.any_ok |= ok;
        own.open = own.open.saturating_sub(1);
        if own.open == 0 {
            let event = if own.any_ok { Event::Written } else { Event::WriteFailed };
            self.feed_publication(key.kind, event);
        }
    }

    pub(crate) fn record_got(&mut self, query: u64, values: Vec<Vec<u8>>) {
        let Some((key, purpose)) = self.records.queries.remove(&query) else { return };
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let newest = sort(self.network, &key.bytes(), &values, self.now.date).newest;
        match purpose {
            Purpose::Write => {}
            Purpose::ReadBack => self.read_back(key.kind, newest),
            Purpose::Look => self.look_answered(key.kind, newest),
        }
    }

    pub(crate) fn root_hash(&self, root: &RootDocument) -> base::Hash {
        base::hash("bitdust root document v1", &base::encode(root))
    }

    /// Publishes the identity document with this device in it: the newest that was found, if there
    /// is nothing to be changed, else a newer one.
    pub(crate) fn publish_identity(&mut self) {
        let found = self.records.found_identity.clone();
        // What this device gave out just before it ended may have come to some and not to the table.
        let is_outdone = std::mem::take(&mut self.records.is_outdone);
        let document = match found.filter(|found| self.says_all(found) && !is_outdone) {
            Some(found) => Some(found),
            None => self.identity_document(),
        };
        let Some(document) = document else { return };
        self.identity_changed(&document);
        self.records.found_identity = Some(document.clone());
        self.publish(Record::Identity(document));
    }

    fn says_all(&self, found: &SignedDocument) -> bool {
        let own = CertifiedDevice::new(&self.keys.certificate);
        found.chain == self.keys.chain
            && found.body.devices.contains(&own)
            && self.services_after(found.body.services) == found.body.services
            && found.body.agreement == self.keys.agreement.public()
            && found.body.edition.expires > self.now.date.plus_ms(FRESH_MS)
    }

    /// What the document is to say is offered, if it says `found` now: what other devices offer
    /// stays.
    fn services_after(&self, found: Services) -> Services {
        let own = match self.is_enabled("supplier") {
            true => Services::SUPPLIER,
            false => Services::default(),
        };
        if self.book.siblings.is_empty() { own } else { found.with(own) }
    }

    fn identity_document(&self) -> Option<SignedDocument> {
        let mut devices = vec![CertifiedDevice::new(&self.keys.certificate)];
        let others = self.book.siblings.iter().filter(|other| other.device != self.me.device);
        devices.extend(others.take(identity::DEVICES_MAX - 1).cloned());
        let found = self.records.found_identity.as_ref();
        let seen = found.map(|found| found.body.edition.sequence);
        let services = found.map(|found| found.body.services).unwrap_or_default();
        let sequence = next_sequence(seen, self.now.date);
        let document = IdentityDocument {
            edition: Edition::new(self.network, sequence, self.now.date, DOCUMENT_LIFE_MS_MAX),
            agreement: self.keys.agreement.public(),
            devices,
            services: self.services_after(services),
            sources: vec![],
        };
        SignedDocument::publish(&self.keys.master, self.keys.chain.clone(), document).ok()
    }

    fn own_sequence(&self, kind: RecordKind) -> Option<u64> {
        self.records.own.get(&kind).map(|own| own.record.edition().sequence)
    }

    fn read_back(&mut self, kind: RecordKind, newest: Option<Record>) {
        let Some(own) = self.records.own.get_mut(&kind) else { return };
        own.newest = own.newest.max(newest.map(|record| record.rank()));
        own.open = own.open.saturating_sub(1);
        if own.open > 0 {
            return;
        }
        let mine = own.record.rank();
        let event = match own.newest {
            None => Event::NothingFound,
            Some(found) if found == mine => Event::SameFound,
            Some(found) if found < mine => Event::OlderFound,
            Some(_) => Event::NewerFound,
        };
        self.feed_publication(kind, event);
    }

    fn publish(&mut self, record: Record) {
        let kind = record.kind();
        let expires = self.tick_of(record.edition().expires);
        let settings = match kind {
            RecordKind::Identity | RecordKind::Root => Publication::lasting(),
            RecordKind::Contact | RecordKind::Offer => Publication::brief(),
        };
        let is_new = self.records.own.get(&kind).is_none_or(|own| own.record != record);
        let own = self.records.own.entry(kind).or_insert_with(|| Own {
            run: Live::start(settings, kind_name(kind)),
            record: record.clone(),
            open: 0,
            any_ok: false,
            newest: None,
        });
        // One that is on its way, or there, is not written once more for nothing.
        if is_new || matches!(own.run.state(), State::Idle | State::Renewing { .. }) {
            own.record = record;
            self.feed_publication(kind, Event::Publish { expires });
        }
    }

    fn feed_publication(&mut self, kind: RecordKind, event: Event) {
        let Some(own) = self.records.own.get_mut(&kind) else { return };
        let effects = own.run.feed(event, self.now.tick, &mut self.journal);
        self.carry_out_publication(kind, effects);
    }

    fn carry_out_publication(&mut self, kind: RecordKind, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write => self.ask_for_all_keys(kind, Purpose::Write),
                Effect::ReadBack => self.ask_for_all_keys(kind, Purpose::ReadBack),
                Effect::ReportPublished => self.look_at_confirmations(),
                Effect::ReportSuperseded => self.superseded(kind),
                Effect::Renew | Effect::ReportExpired => self.renew_record(kind),
                Effect::Unpublish => {}
            }
        }
    }

    /// Another device of this identity has written a newer one.
    fn superseded(&mut self, kind: RecordKind) {
        match kind {
            RecordKind::Identity | RecordKind::Root => self.look_up(kind),
            RecordKind::Offer => self.publish_offer(),
            RecordKind::Contact => {}
        }
    }

    fn renew_record(&mut self, kind: RecordKind) {
        match kind {
            RecordKind::Identity => self.publish_identity(),
            RecordKind::Root => self.root_changed(),
            RecordKind::Offer => self.publish_offer(),
            RecordKind::Contact => {}
        }
    }

    fn ask_for_all_keys(&mut self, kind: RecordKind, purpose: Purpose) {
        // Late answers to an earlier attempt must not count for this one.
        self.records.queries.retain(|_, (key, old)| key.kind != kind || *old == Purpose::Look);
        let Some(own) = self.records.own.get_mut(&kind) else { return };
        let (keys, value) = (own.record.keys(), own.record.bytes());
        (own.open, own.any_ok, own.newest) = (keys.len(), false, None);
        for key in keys {
            let query = self.records.query(key, purpose);
            let key = key.bytes();
            self.order(match purpose {
                Purpose::Write => Output::PutRecord { query, key, value: value.clone() },
                Purpose::ReadBack | Purpose::Look => Output::GetRecord { query, key },
            });
        }
    }
}

pub(crate) fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Identity => "identity document",
        RecordKind::Root => "root record",
        RecordKind::Contact => "contact record",
        RecordKind::Offer => "offer",
    }
}
