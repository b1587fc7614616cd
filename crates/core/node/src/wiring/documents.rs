//! Gives root document and identity document to all suppliers, and says when a version is confirmed.

use std::collections::{BTreeMap, BTreeSet};

use base::{Date, DeviceId, JobId, Label, RequestId, Wire, encode};
use identity::{DeviceSigned, next_sequence};
use mesh::RecordKind;
use storage::backup;
use storage::terms::{ARRANGEMENTS_MAX, RootDocument};
use storage::wire::{DocumentKind, Message};

use crate::input::Failure;
use crate::node::Node;
use crate::output::Output;

/// A root document with what is needed to believe it.
pub(crate) type SignedRoot = DeviceSigned<RootDocument>;

/// What the wiring of documents holds.
#[derive(Default)]
pub(crate) struct Documents {
    /// The job whose version is being published.
    job: Option<JobId>,
    /// The order whose `Kept` makes it final here.
    keep: Option<u64>,
    is_concluded: bool,
    /// What the suppliers are to keep: sequence and bytes.
    current: BTreeMap<DocumentKind, (u64, Vec<u8>)>,
    /// Who keeps which.
    kept: BTreeSet<(DeviceId, DocumentKind)>,
    requests: BTreeMap<RequestId, (DeviceId, DocumentKind)>,
}

impl Node {
    /// The newest root document, if the drive has anything in it.
    pub(crate) fn root_document(&self) -> Option<RootDocument> {
        if self.book.head.is_empty() {
            return None;
        }
        let arrangements = self.book.arrangements.values().rev().take(ARRANGEMENTS_MAX);
        let mut arrangements: Vec<_> = arrangements.cloned().collect();
        arrangements.reverse();
        Some(RootDocument {
            identity: self.me.identity,
            space: self.space,
            sequence: self.book.root_sequence,
            // The date is that of the sequence, so that a restart makes the same document again.
            date: Date(self.book.root_sequence),
            keyring: self.keyring.clone(),
            arrangements,
            head: self.book.head.clone(),
        })
    }

    /// All blocks of a version are placed: make it the newest, here and for everybody.
    pub(crate) fn publish_version(&mut self, job: JobId, head: Vec<u8>) {
        self.book.head = head;
        self.book.root_sequence = next_sequence(Some(self.book.root_sequence), self.now.date);
        self.book.is_confirmed = false;
        self.documents.job = Some(job);
        self.documents.is_concluded = false;
        self.documents.keep = Some(self.keep_book());
    }

    pub(crate) fn kept(&mut self, id: u64, ok: bool) {
        if self.documents.keep != Some(id) {
            return;
        }
        self.documents.keep = None;
        let Some(job) = self.documents.job else { return };
        if ok {
            self.order(Output::Conclude { job });
            self.give_documents_out();
            self.publish_root();
        } else {
            let what = "the book of contracts could not be written".into();
            self.work_failed(job, Failure::OwnDisk { what });
        }
    }

    pub(crate) fn version_concluded(&mut self, job: JobId) {
        if self.documents.job == Some(job) {
            self.documents.is_concluded = true;
            self.look_at_confirmations();
        }
    }

    /// Makes the documents anew and gives them to every supplier that is there.
    pub(crate) fn give_documents_out(&mut self) {
        let Some(root) = self.root_document() else { return };
        let sequence = root.sequence;
        let credential = self.keys.credential();
        let signed = SignedRoot::new(&self.keys.device, Label::RootDocument, credential, root);
        let bytes = encode(&signed);
        let root_is_new =
            self.documents.current.get(&DocumentKind::Root).is_none_or(|old| old.1 != bytes);
        if root_is_new {
            self.documents.current.insert(DocumentKind::Root, (sequence, bytes));
            self.documents.kept.retain(|(_, kind)| *kind != DocumentKind::Root);
        }
        if !self.documents.current.contains_key(&DocumentKind::Identity)
            && let Some(document) = self.identity_document()
        {
            let entry = (document.body.edition.sequence, encode(&document));
            self.documents.current.insert(DocumentKind::Identity, entry);
        }
        for device in self.holders() {
            self.give_documents_to(device);
        }
    }

    /// Gives a supplier what it does not keep yet.
    pub(crate) fn give_documents_to(&mut self, device: DeviceId) {
        if !self.is_online(&device) || !self.holders().contains(&device) {
            return;
        }
        for (kind, (sequence, bytes)) in self.documents.current.clone() {
            if !self.documents.kept.contains(&(device, kind)) {
                let id = self.chance.request_id();
                self.documents.requests.insert(id, (device, kind));
                let message = Message::KeepDocument { kind, sequence, bytes };
                self.order(Output::Send { to: device, id, answer_to: None, message });
            }
        }
    }

    pub(crate) fn supplier_keeps(
        &mut self,
        device: DeviceId,
        answer_to: RequestId,
        (kind, sequence): (DocumentKind, u64),
    ) {
        let expected = self.documents.requests.remove(&answer_to) == Some((device, kind));
        let is_current =
            self.documents.current.get(&kind).is_some_and(|(current, _)| *current == sequence);
        if expected && is_current {
            self.documents.kept.insert((device, kind));
            self.look_at_confirmations();
        }
    }

    /// Whether everything that makes a version safe is confirmed.
    pub(crate) fn look_at_confirmations(&mut self) {
        let holders = self.holders();
        let kinds = [DocumentKind::Identity, DocumentKind::Root];
        let all_keep = holders
            .iter()
            .all(|device| kinds.iter().all(|kind| self.documents.kept.contains(&(*device, *kind))));
        let read_back = self.records.is_published(RecordKind::Root)
            && self.records.is_published(RecordKind::Identity);
        if holders.is_empty() || !all_keep || !read_back {
            return;
        }
        if !self.book.is_confirmed {
            self.book.is_confirmed = true;
            self.keep_book();
        }
        if let Some(job) = self.documents.job.filter(|_| self.documents.is_concluded) {
            self.documents.job = None;
            self.feed_backup(job, backup::Event::Confirmed);
        }
    }

    /// The suppliers of the arrangement in force.
    fn holders(&self) -> Vec<DeviceId> {
        let places = self.arrangement().map(|now| now.places.as_slice()).unwrap_or_default();
        places.iter().map(|place| place.device).collect()
    }
}

// The limit of a document is that of the message that carries it.
const _: () = assert!(RootDocument::BYTES_MAX < base::CONTROL_BYTES_MAX);
