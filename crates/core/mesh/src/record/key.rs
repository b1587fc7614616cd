//! Under which keys records are stored: `/bitdust/<kind>/`, 32 bytes of subject, a salt.

use base::DeviceId;

use super::OfferedService;

/// Keys of a record that must not get lost. The salt leads to other neighbours in the table, so
/// that whoever surrounds one key does not surround all.
pub const SALTS: u8 = 4;
/// Lists over which the volunteers for one service are spread.
pub const SHARDS: u8 = 16;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// An identity's document.
    Identity,
    /// An identity's root record.
    Root,
    /// A device's contact record.
    Contact,
    /// A device's offer.
    Offer,
}

impl RecordKind {
    const ALL: [Self; 4] = [Self::Identity, Self::Root, Self::Contact, Self::Offer];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Identity => "/bitdust/identity/",
            Self::Root => "/bitdust/root/",
            Self::Contact => "/bitdust/contact/",
            Self::Offer => "/bitdust/offer/",
        }
    }

    /// How many keys a record of this kind has.
    pub const fn salts(self) -> u8 {
        match self {
            Self::Identity | Self::Root => SALTS,
            Self::Contact | Self::Offer => 1,
        }
    }
}

/// A key of the distributed hash table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey {
    /// What it is about.
    pub kind: RecordKind,
    /// Who: an identity for identity documents and root records, a device for the others.
    pub subject: [u8; 32],
    /// Which of the keys, from 0.
    pub salt: u8,
}

/// Why bytes are no key of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordKeyError {
    /// No known kind.
    #[error("a key of no known kind of record")]
    Kind,
    /// Not 32 bytes of subject and a salt that this kind has.
    #[error("a malformed key of a record")]
    Subject,
}

impl RecordKey {
    /// All keys of a record.
    pub fn all(kind: RecordKind, subject: [u8; 32]) -> Vec<Self> {
        (0..kind.salts()).map(|salt| Self { kind, subject, salt }).collect()
    }

    /// The key as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        [self.kind.prefix().as_bytes(), &self.subject, &[self.salt]].concat()
    }

    /// Reads what [`RecordKey::bytes`] gave.
    ///
    /// # Errors
    /// An unknown kind, another length, or a salt that the kind has not.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordKeyError> {
        let found = RecordKind::ALL
            .into_iter()
            .find_map(|kind| bytes.strip_prefix(kind.prefix().as_bytes()).map(|rest| (kind, rest)));
        let (kind, rest) = found.ok_or(RecordKeyError::Kind)?;
        match rest.split_first_chunk() {
            Some((subject, [salt])) if *salt < kind.salts() => {
                Ok(Self { kind, subject: *subject, salt: *salt })
            }
            _ => Err(RecordKeyError::Subject),
        }
    }
}

/// The key under which devices that offer a service announce themselves, one of [`SHARDS`] lists. A
/// device stands in one of them only; whoever looks for volunteers reads some of them.
pub fn volunteers_key(service: OfferedService, shard: u8) -> Vec<u8> {
    let name = match service {
        OfferedService::Supplier => "supplier",
    };
    format!("/bitdust/volunteers/{name}/{}", shard % SHARDS).into_bytes()
}

impl OfferedService {
    /// The list in which a device stands.
    pub fn shard(self, device: DeviceId) -> u8 {
        device.0[31] % SHARDS
    }
}
