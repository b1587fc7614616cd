//! Names of things: 32 bytes each, of which no two kinds can be mixed up.

use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// The checksum or the alphabet is wrong: most likely a typing error.
    #[error("not a valid id: a character is wrong or missing")]
    Checksum,
    /// It is an id, but of another kind.
    #[error("this names something else: it starts with '{found}', expected '{expected}'")]
    Kind {
        /// The prefix that was found.
        found: String,
        /// The prefix of the expected kind.
        expected: &'static str,
    },
    /// It does not hold 32 bytes.
    #[error("an id holds 32 bytes, this one {0}")]
    Length(usize),
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The prefix of the text form (bech32m, BIP-350).
            pub const PREFIX: &'static str = $prefix;
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&text(Self::PREFIX, &self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(Self::PREFIX, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// Who somebody is, for ever: the hash of the inception document.
    IdentityId, "bd"
);
id!(
    /// One device: its Ed25519 public key, from which the network library's peer id follows.
    DeviceId, "bddev"
);
id!(
    /// One network: the hash of its name; networks never mix.
    NetworkId, "bdnet"
);
id!(
    /// A set of members with keys and data: the own drive, a share, a group, a site.
    SpaceId, "bdspace"
);
id!(
    /// A block: the hash of its manifest.
    BlockId, "bdblk"
);
id!(
    /// A chunk: the keyed hash of its plaintext.
    ChunkId, "bdchk"
);
id!(
    /// A contract: the hash of the agreement that both sides signed.
    ContractId, "bdcon"
);
id!(
    /// A running job: a backup, a restore, a check.
    JobId, "bdjob"
);
id!(
    /// One request and its answer.
    RequestId, "bdreq"
);

fn text(prefix: &'static str, bytes: &[u8]) -> String {
    let hrp = Hrp::parse(prefix).expect("prefixes are short lower-case ASCII");
    bech32::encode::<Bech32m>(hrp, bytes).expect("32 bytes are far below the limit of bech32m")
}

fn parse(expected: &'static str, text: &str) -> Result<[u8; 32], ParseIdError> {
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text.trim())
        .map_err(|_| ParseIdError::Checksum)?;
    let found = checked.hrp().to_lowercase();
    if found != expected {
        return Err(ParseIdError::Kind { found, expected });
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let length = bytes.len();
    bytes.try_into().map_err(|_| ParseIdError::Length(length))
}
