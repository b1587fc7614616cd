//! The keys of the drive, and what `codec` seals and opens with them.

use std::collections::BTreeMap;

use base::{ChunkId, SymmetricKey};
use codec::{EpochKeys, Kind, OpenError, Opener, RecordScope, SealError, Sealer};
use spaces::Keyring;

use crate::catalog::Place;
use crate::format::ChunkKind;
use crate::restore::{RestoreError, damaged};
use crate::tree::Cutter;

/// The keys of all epochs of the drive.
pub(crate) struct Keys {
    keyring: Keyring,
    epochs: BTreeMap<u32, EpochKeys>,
}

impl Keys {
    pub(crate) fn new(keyring: &Keyring) -> Self {
        let epochs = keyring.epochs().filter_map(|epoch| {
            let secret = keyring.epoch(epoch)?.clone();
            let id_key = keyring.id_key().clone();
            Some((epoch, EpochKeys::new(keyring.space(), epoch, id_key, secret)))
        });
        Self { epochs: epochs.collect(), keyring: keyring.clone() }
    }

    /// The keys under which everything new is sealed.
    pub(crate) fn newest(&self) -> &EpochKeys {
        self.epochs.last_key_value().expect("a keyring has an epoch").1
    }

    /// Makes the table that decides where files are cut.
    pub(crate) fn gear_key(&self) -> &SymmetricKey {
        self.keyring.gear_key()
    }

    /// Says where directories are cut.
    pub(crate) fn cutter(&self) -> Cutter {
        Cutter::new(&self.gear_key().derive("bitdust drive directory pages v1", &[]))
    }

    /// Seals a part of the head as a record of its own; `salt` is used for nothing else.
    pub(crate) fn seal_record<'s>(
        &self,
        sealer: &'s mut Sealer,
        id: ChunkId,
        salt: &[u8; 32],
        plain: &[u8],
    ) -> Result<&'s [u8], SealError> {
        let (epoch, secret) = self.keyring.newest();
        sealer.seal_record(&self.scope(epoch, secret, id), salt, plain)
    }

    /// The plaintext of a chunk.
    pub(crate) fn open<'o>(
        &self,
        opener: &'o mut Opener,
        place: &Place,
        sealed: &[u8],
    ) -> Result<&'o [u8], RestoreError> {
        let no_key = RestoreError::NoKey { chunk: place.id, epoch: place.epoch };
        let keys = self.epochs.get(&place.epoch).ok_or(no_key)?;
        opener.open(keys, codec_kind(place.kind), place.id, sealed).map_err(|_| damaged(place))
    }

    /// The plaintext of a part of the head.
    pub(crate) fn open_record<'o>(
        &self,
        opener: &'o mut Opener,
        place: &Place,
        sealed: &[u8],
    ) -> Result<&'o [u8], RestoreError> {
        let no_key = RestoreError::NoKey { chunk: place.id, epoch: place.epoch };
        let secret = self.keyring.epoch(place.epoch).ok_or(no_key)?;
        let scope = self.scope(place.epoch, secret, place.id);
        let plain = opener.open_record(&scope, sealed).map_err(|_| damaged(place))?;
        if self.newest().chunk_id(plain) == place.id { Ok(plain) } else { Err(damaged(place)) }
    }

    /// Seals the reference to the head; the epoch beside it says under which keys.
    pub(crate) fn seal_root<'s>(
        &self,
        sealer: &'s mut Sealer,
        salt: &[u8; 32],
        plain: &[u8],
    ) -> Result<(u32, &'s [u8]), SealError> {
        let (epoch, secret) = self.keyring.newest();
        let scope = root_scope(&self.keyring, epoch, secret);
        Ok((epoch, sealer.seal_record(&scope, salt, plain)?))
    }

    /// The reference to the head; nothing if the keyring has not got the epoch.
    pub(crate) fn open_root<'o>(
        keyring: &Keyring,
        opener: &'o mut Opener,
        epoch: u32,
        sealed: &[u8],
    ) -> Option<Result<&'o [u8], OpenError>> {
        let secret = keyring.epoch(epoch)?;
        Some(opener.open_record(&root_scope(keyring, epoch, secret), sealed))
    }

    fn scope<'k>(&self, epoch: u32, secret: &'k SymmetricKey, id: ChunkId) -> RecordScope<'k> {
        RecordScope { space: self.keyring.space(), epoch, kind: Kind::Catalog, id: id.0, secret }
    }
}

/// There is one reference for each salt.
fn root_scope<'k>(keyring: &Keyring, epoch: u32, secret: &'k SymmetricKey) -> RecordScope<'k> {
    RecordScope { space: keyring.space(), epoch, kind: Kind::Root, id: [0; 32], secret }
}

/// The kind that a chunk is sealed as.
pub(crate) fn codec_kind(kind: ChunkKind) -> Kind {
    match kind {
        ChunkKind::Data => Kind::Data,
        ChunkKind::Tree | ChunkKind::Index | ChunkKind::Head => Kind::Catalog,
    }
}
