//! The records and providers that this node keeps for others and for itself, within limits.
//!
//! Every record goes through [`Records::keep`] and so through the validator, whoever brings it. When
//! a quota is full, what is farthest from this node's place in the key space makes room.

mod providers;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use libp2p::PeerId;
use libp2p::kad::store::{Error as StoreError, RecordStore};
use libp2p::kad::{KBucketDistance, KBucketKey, ProviderRecord, Record, RecordKey};

use crate::handle::{Counts, count};
use crate::{Limits, PutError, Validator, Verdict};

use providers::Providers;

/// Bytes of a record's key.
const KEY_BYTES_MAX: usize = 128;

/// A stored record, and what it counts for.
pub(crate) struct Entry {
    record: Record,
    publisher: [u8; 32],
    /// Who brought the first record of this key; `None` stands for this node itself.
    source: Option<PeerId>,
    distance: KBucketDistance,
}

/// The records and providers that this node keeps.
pub(crate) struct Records {
    place: KBucketKey<PeerId>,
    limits: Limits,
    validator: Validator,
    counts: Arc<Counts>,
    entries: HashMap<RecordKey, Entry>,
    providers: Providers,
}

impl Records {
    pub(crate) fn new(
        myself: PeerId,
        limits: Limits,
        validator: Validator,
        counts: Arc<Counts>,
    ) -> Self {
        let providers = Providers::new(myself, &limits);
        let place = KBucketKey::from(myself);
        Self { place, limits, validator, counts, entries: HashMap::new(), providers }
    }

    /// Stores a record if it is valid, better than the stored one, and within the quotas. The same
    /// bytes again only renew the time.
    pub(crate) fn keep(
        &mut self,
        record: Record,
        source: Option<PeerId>,
        now: Instant,
    ) -> Result<(), PutError> {
        let kept = self.try_keep(record, source, now);
        match kept {
            Ok(()) if source.is_none() => {}
            Ok(()) => count(&self.counts.records_kept),
            Err(PutError::Refused) => count(&self.counts.records_refused),
            Err(_) => count(&self.counts.records_over_quota),
        }
        kept
    }

    fn try_keep(
        &mut self,
        mut record: Record,
        source: Option<PeerId>,
        now: Instant,
    ) -> Result<(), PutError> {
        if record.value.len() > self.limits.record_bytes_max
            || record.key.as_ref().len() > KEY_BYTES_MAX
        {
            return Err(PutError::TooLarge);
        }
        let stored = self.entries.get(&record.key);
        if source.is_some() {
            let latest = now + self.limits.record_time;
            record.expires = Some(record.expires.map_or(latest, |expires| expires.min(latest)));
        } else if stored.is_none_or(|entry| entry.source.is_some()) {
            let own = self.entries.values().filter(|entry| entry.source.is_none()).count();
            if own >= self.limits.own_records_max {
                return Err(PutError::TooMany);
            }
        }
        let stored = stored.map(|entry| entry.record.value.as_slice());
        if stored == Some(&record.value) {
            self.renew(record, source);
            return Ok(());
        }
        let Verdict::Accept { publisher } =
            (self.validator)(record.key.as_ref(), &record.value, stored)
        else {
            return Err(PutError::Refused);
        };
        let distance = self.place.distance(&KBucketKey::new(record.key.clone()));
        let mut entry = Entry { record, publisher, source, distance };
        match self.entries.get(&entry.record.key) {
            // A newer record takes over the place of the older one, and what it counts for.
            Some(older) if source.is_some() => entry.source = older.source,
            Some(_) => {}
            None => self.make_room(&entry, now)?,
        }
        self.entries.insert(entry.record.key.clone(), entry);
        Ok(())
    }

    /// An own record stays own, and what was somebody else's becomes own when it is published here.
    fn renew(&mut self, record: Record, source: Option<PeerId>) {
        let Some(entry) = self.entries.get_mut(&record.key) else { return };
        match (entry.source, source) {
            (_, None) => {
                entry.record = record;
                entry.source = None;
            }
            (None, Some(_)) => {}
            (Some(_), Some(_)) => {
                entry.record.expires = entry.record.expires.max(record.expires);
            }
        }
    }

    /// Sees to it that each quota has a place for the newcomer, or says why not.
    fn make_room(&mut self, newcomer: &Entry, now: Instant) -> Result<(), PutError> {
        let Some(source) = newcomer.source else { return Ok(()) };
        let limits = &self.limits;
        let quotas = [
            (limits.records_per_publisher_max, Quota::Publisher(newcomer.publisher)),
            (limits.records_per_source_max, Quota::Source(source)),
            (limits.records_max, Quota::All),
        ];
        for (max, quota) in quotas {
            let taken = self.entries.values().filter(|entry| quota.counts(entry)).count();
            if taken < max {
                continue;
            }
            self.entries.retain(|_, entry| !(quota.counts(entry) && entry.record.is_expired(now)));
            let counted = self.entries.values().filter(|entry| quota.counts(entry));
            if counted.clone().count() < max {
                continue;
            }
            let farthest = counted.max_by_key(|entry| entry.distance);
            let Some(farthest) = farthest.filter(|entry| entry.distance > newcomer.distance) else {
                return Err(PutError::TooMany);
            };
            let key = farthest.record.key.clone();
            self.entries.remove(&key);
            count(&self.counts.records_evicted);
        }
        Ok(())
    }

    /// Remembers that a peer provides a key.
    pub(crate) fn keep_provider(&mut self, record: ProviderRecord) -> Result<(), StoreError> {
        self.providers.keep(record)
    }
}

/// What a limit counts. Own records count for none of them.
enum Quota {
    Publisher([u8; 32]),
    Source(PeerId),
    All,
}

impl Quota {
    fn counts(&self, entry: &Entry) -> bool {
        entry.source.is_some()
            && match self {
                Self::Publisher(publisher) => entry.publisher == *publisher,
                Self::Source(source) => entry.source == Some(*source),
                Self::All => true,
            }
    }
}

impl RecordStore for Records {
    type RecordsIter<'a> = std::iter::Map<
        std::collections::hash_map::Values<'a, RecordKey, Entry>,
        fn(&'a Entry) -> Cow<'a, Record>,
    >;
    type ProvidedIter<'a> = std::vec::IntoIter<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        self.entries.get(key).map(|entry| Cow::Borrowed(&entry.record))
    }

    /// The library calls this for records that this node publishes, and nowhere else.
    fn put(&mut self, record: Record) -> Result<(), StoreError> {
        self.keep(record, None, Instant::now()).map_err(|error| match error {
            PutError::TooLarge => StoreError::ValueTooLarge,
            _ => StoreError::MaxRecords,
        })
    }

    fn remove(&mut self, key: &RecordKey) {
        self.entries.remove(key);
    }

    fn records(&self) -> Self::RecordsIter<'_> {
        self.entries.values().map(|entry| Cow::Borrowed(&entry.record))
    }

    fn add_provider(&mut self, record: ProviderRecord) -> Result<(), StoreError> {
        self.providers.keep(record)
    }

    fn providers(&self, key: &RecordKey) -> Vec<ProviderRecord> {
        self.providers.of(key)
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        self.providers.own()
    }

    fn remove_provider(&mut self, key: &RecordKey, provider: &PeerId) {
        self.providers.remove(key, provider);
    }
}

#[cfg(test)]
mod tests;
