//! Own records in the distributed hash table, and the search for the own root record.

use std::collections::BTreeMap;

use automata::{Live, Snapshot, Tick};
use base::DeviceId;
use identity::{CertifiedDevice, DOCUMENT_LIFE_MS_MAX, IdentityDocument, Services, SignedDocument};
use identity::{Edition, next_sequence};
use mesh::publication::{Effect, Event, Publication};
use mesh::{
    OFFER_LIFE_MS_MAX, OfferedService, ROOT_LIFE_MS_MAX, Rank, Record, RecordKey, RecordKind,
    RootRecord, ServiceOffer, sort,
};
use storage::terms::{RootDocument, TERM_MS};

use crate::node::Node;
use crate::output::Output;

/// What the wiring of records holds.
#[derive(Default)]
pub(crate) struct Records {
    own: BTreeMap<RecordKind, Own>,
    /// What was asked of the distributed hash table.
    queries: BTreeMap<u64, (RecordKey, Purpose)>,
    asked: u64,
    /// Queries of the search that are not answered, and the newest found so far.
    seeking: usize,
    found: Option<Record>,
    /// Other devices of this identity, as its document names them.
    pub(crate) siblings: Vec<CertifiedDevice>,
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
enum Purpose {
    Write,
    ReadBack,
    Seek,
}

impl Records {
    pub(crate) fn deadline(&self) -> Option<Tick> {
        self.own.values().filter_map(|own| own.run.deadline()).min()
    }

    pub(crate) fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.own.values().map(|own| own.run.snapshot())
    }

    /// Whether the newest version was read back.
    pub(crate) fn is_published(&self, kind: RecordKind) -> bool {
        use mesh::publication::State;
        let own = self.own.get(&kind);
        own.is_some_and(|own| matches!(own.run.state(), State::Published { .. }))
    }

    fn query(&mut self, key: RecordKey, purpose: Purpose) -> u64 {
        self.asked += 1;
        self.queries.insert(self.asked, (key, purpose));
        self.asked
    }
}

impl Node {
    pub(crate) fn poll_records(&mut self) {
        for kind in self.records.own.keys().copied().collect::<Vec<_>>() {
            let Some(own) = self.records.own.get_mut(&kind) else { continue };
            let effects = own.run.poll(self.now.tick, &mut self.journal);
            self.carry_out_publication(kind, effects);
        }
    }

    /// Publishes all that this node has to say about itself, unless it does not yet know whether
    /// it is somebody who was here before.
    pub(crate) fn publish_records(&mut self) {
        if self.is_drive_ready() && self.services.is_on("dht") {
            self.publish_identity();
            self.publish_root();
            if self.services.is_on("supplier") {
                self.publish_offer();
            }
        }
    }

    pub(crate) fn publish_root(&mut self) {
        let Some(root) = self.root_document() else { return };
        let places = root.arrangements.last().map(|last| last.places.as_slice()).unwrap_or(&[]);
        let suppliers: Vec<DeviceId> = places.iter().map(|place| place.device).collect();
        let edition = self.edition(root.sequence, ROOT_LIFE_MS_MAX);
        let document = self.root_hash(&root);
        let record = RootRecord { edition, document, suppliers };
        if let Ok(record) = Record::sign_root(&self.keys.master, self.keys.chain.clone(), record) {
            self.publish(record);
        }
    }

    pub(crate) fn publish_offer(&mut self) {
        let free_bytes = self.supplier.room.donated_bytes - self.supplier.promised_bytes();
        let sequence = next_sequence(None, self.now.date);
        let offer = ServiceOffer {
            edition: self.edition(sequence, OFFER_LIFE_MS_MAX),
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

    /// The identity document with this device in it.
    pub(crate) fn identity_document(&self) -> Option<SignedDocument> {
        let mut devices = vec![CertifiedDevice::new(&self.keys.certificate)];
        let others = self.records.siblings.iter().filter(|other| other.device != self.me.device);
        devices.extend(others.take(identity::DEVICES_MAX - 1).cloned());
        let supplies = self.services.is_on("supplier");
        let document = IdentityDocument {
            edition: self.edition(next_sequence(None, self.now.date), DOCUMENT_LIFE_MS_MAX),
            agreement: self.keys.agreement.public(),
            devices,
            services: if supplies { Services::SUPPLIER } else { Services::default() },
            sources: vec![],
        };
        SignedDocument::publish(&self.keys.master, self.keys.chain.clone(), document).ok()
    }

    /// Looks for the own root record and identity document.
    pub(crate) fn seek_records(&mut self) {
        self.records.queries.retain(|_, (_, purpose)| *purpose != Purpose::Seek);
        self.records.found = None;
        let identity = self.me.identity.0;
        let mut keys = RecordKey::all(RecordKind::Root, identity);
        keys.extend(RecordKey::all(RecordKind::Identity, identity));
        self.records.seeking = keys.len();
        for key in keys {
            let query = self.records.query(key, Purpose::Seek);
            self.order(Output::GetRecord { query, key: key.bytes() });
        }
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
            Purpose::Seek => self.sought(newest),
        }
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

    fn sought(&mut self, newest: Option<Record>) {
        match newest {
            Some(Record::Identity(document)) => {
                self.records.siblings = document.body.devices.clone();
            }
            Some(root @ Record::Root(_)) => {
                let known = self.records.found.as_ref().map(Record::rank);
                if known.is_none_or(|known| known < root.rank()) {
                    self.records.found = Some(root);
                }
            }
            Some(Record::Contact(_) | Record::Offer(_)) | None => {}
        }
        self.records.seeking = self.records.seeking.saturating_sub(1);
        if self.records.seeking == 0 {
            match self.records.found.take() {
                Some(Record::Root(root)) => self.root_record_found(root.body.suppliers),
                _ => self.root_record_missing(),
            }
        }
    }

    fn publish_identity(&mut self) {
        if let Some(document) = self.identity_document() {
            self.publish(Record::Identity(document));
        }
    }

    fn publish(&mut self, record: Record) {
        let kind = record.kind();
        let expires = self.tick_of(record.edition().expires);
        let settings = match kind {
            RecordKind::Identity | RecordKind::Root => Publication::lasting(),
            RecordKind::Contact | RecordKind::Offer => Publication::brief(),
        };
        let subject = kind_name(kind);
        let own = self.records.own.entry(kind).or_insert_with(|| Own {
            run: Live::start(settings, subject),
            record: record.clone(),
            open: 0,
            any_ok: false,
            newest: None,
        });
        own.record = record;
        self.feed_publication(kind, Event::Publish { expires });
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
                Effect::ReportSuperseded | Effect::Renew | Effect::ReportExpired => {
                    self.renew_record(kind);
                }
                Effect::Unpublish => {}
            }
        }
    }

    // Another device of this identity may have written a newer one; the next of ours is newer yet.
    fn renew_record(&mut self, kind: RecordKind) {
        match kind {
            RecordKind::Identity => self.publish_identity(),
            RecordKind::Root => {}
            RecordKind::Offer => self.publish_offer(),
            RecordKind::Contact => {}
        }
    }

    fn ask_for_all_keys(&mut self, kind: RecordKind, purpose: Purpose) {
        // Late answers to an earlier attempt must not count for this one.
        self.records.queries.retain(|_, (key, old)| key.kind != kind || *old == Purpose::Seek);
        let Some(own) = self.records.own.get_mut(&kind) else { return };
        let (keys, value) = (own.record.keys(), own.record.bytes());
        (own.open, own.any_ok, own.newest) = (keys.len(), false, None);
        for key in keys {
            let query = self.records.query(key, purpose);
            let key = key.bytes();
            self.order(match purpose {
                Purpose::Write => Output::PutRecord { query, key, value: value.clone() },
                Purpose::ReadBack | Purpose::Seek => Output::GetRecord { query, key },
            });
        }
    }

    fn edition(&self, sequence: u64, life_ms: u64) -> Edition {
        Edition::new(self.network, sequence, self.now.date, life_ms)
    }

    fn root_hash(&self, root: &RootDocument) -> base::Hash {
        base::hash("bitdust root document v1", &base::encode(root))
    }
}

fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Identity => "identity document",
        RecordKind::Root => "root record",
        RecordKind::Contact => "contact record",
        RecordKind::Offer => "offer",
    }
}
