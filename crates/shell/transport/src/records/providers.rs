//! Who provides what, within limits.

use std::borrow::Cow;
use std::collections::HashMap;

use libp2p::PeerId;
use libp2p::kad::store::Error as StoreError;
use libp2p::kad::{KBucketDistance, KBucketKey, ProviderRecord, RecordKey};

use crate::Limits;
use crate::address::ADDRESSES_PER_PEER_MAX;

/// The providers of one key.
struct Key {
    providers: Vec<ProviderRecord>,
    /// From this node's place to the key.
    distance: KBucketDistance,
}

/// Who provides what.
pub(super) struct Providers {
    myself: PeerId,
    place: KBucketKey<PeerId>,
    keys_max: usize,
    per_key_max: usize,
    per_peer_max: usize,
    keys: HashMap<RecordKey, Key>,
}

impl Providers {
    pub(super) fn new(myself: PeerId, limits: &Limits) -> Self {
        Self {
            myself,
            place: KBucketKey::from(myself),
            keys_max: limits.provided_keys_max,
            per_key_max: limits.providers_per_key_max,
            per_peer_max: limits.provided_keys_per_peer_max,
            keys: HashMap::new(),
        }
    }

    /// Remembers a provider. Of one key those closest to it are kept; of all keys those closest to
    /// this node. This node itself always finds a place among the providers of a key.
    pub(super) fn keep(&mut self, mut record: ProviderRecord) -> Result<(), StoreError> {
        record.addresses.truncate(ADDRESSES_PER_PEER_MAX);
        if let Some(key) = self.keys.get_mut(&record.key)
            && let Some(old) = key.providers.iter_mut().find(|old| old.provider == record.provider)
        {
            *old = record;
            return Ok(());
        }
        let provided = self.keys.values().flat_map(|key| &key.providers);
        if provided.filter(|one| one.provider == record.provider).count() >= self.per_peer_max {
            return Err(StoreError::MaxProvidedKeys);
        }
        self.make_room(&record)?;
        let place = &self.place;
        let key = self.keys.entry(record.key.clone()).or_insert_with(|| Key {
            providers: Vec::new(),
            distance: place.distance(&KBucketKey::new(record.key.clone())),
        });
        key.providers.push(record);
        Ok(())
    }

    fn make_room(&mut self, record: &ProviderRecord) -> Result<(), StoreError> {
        let target = KBucketKey::new(record.key.clone());
        let myself = self.myself;
        let far = |peer: &PeerId| (*peer != myself, KBucketKey::from(*peer).distance(&target));
        if let Some(key) = self.keys.get_mut(&record.key) {
            if key.providers.len() < self.per_key_max {
                return Ok(());
            }
            let farthest =
                key.providers.iter().enumerate().max_by_key(|(_, one)| far(&one.provider));
            let Some((at, _)) =
                farthest.filter(|(_, one)| far(&one.provider) > far(&record.provider))
            else {
                return Err(StoreError::MaxProvidedKeys);
            };
            key.providers.swap_remove(at);
            return Ok(());
        }
        if self.keys.len() < self.keys_max {
            return Ok(());
        }
        let distance = self.place.distance(&target);
        let others = self
            .keys
            .iter()
            .filter(|(_, key)| key.providers.iter().all(|one| one.provider != myself));
        let farthest = others.max_by_key(|(_, key)| key.distance);
        let Some((name, _)) = farthest
            .filter(|(_, key)| key.distance > distance || record.provider == myself)
            .map(|(name, key)| (name.clone(), key.distance))
        else {
            return Err(StoreError::MaxProvidedKeys);
        };
        self.keys.remove(&name);
        Ok(())
    }

    pub(super) fn of(&self, key: &RecordKey) -> Vec<ProviderRecord> {
        self.keys.get(key).map(|key| key.providers.clone()).unwrap_or_default()
    }

    pub(super) fn own(&self) -> std::vec::IntoIter<Cow<'_, ProviderRecord>> {
        let all = self.keys.values().flat_map(|key| &key.providers);
        let own = all.filter(|one| one.provider == self.myself);
        own.map(Cow::Borrowed).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn remove(&mut self, key: &RecordKey, provider: &PeerId) {
        let Some(found) = self.keys.get_mut(key) else { return };
        found.providers.retain(|one| one.provider != *provider);
        if found.providers.is_empty() {
            self.keys.remove(key);
        }
    }
}
