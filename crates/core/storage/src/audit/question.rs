//! What is asked and answered in an audit; both are signed, so that they can be shown to others.

use base::{BlockId, ContractId, Date, Hash, NetworkId, Signed, Wire, encode, hash};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::RangeProof;

use crate::refusal::Refusal;

/// The bytes of a fragment that one question is about, and that one answer carries.
pub const RANGE_BYTES: u32 = 1024;

/// What is asked about a fragment as it is kept, masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Question {
    /// One range with the hashes that lead to the root of the fragment.
    Range {
        /// How many ranges of [`RANGE_BYTES`] are before it.
        index: u32,
    },
    /// The hash of the whole fragment under a key that is first seen now, so that nothing but the
    /// whole fragment answers it.
    Whole {
        /// The key.
        key: [u8; 32],
    },
}

/// A question to one supplier.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Challenge {
    /// The network in which it is asked.
    pub network: NetworkId,
    /// The contract under which the fragment is kept.
    pub contract: ContractId,
    /// Of this block.
    pub block: BlockId,
    /// The fragment.
    pub index: u8,
    /// The root under which it was receipted: of a fragment that was erased and put again, other
    /// bytes may be kept under the same name.
    pub masked_root: Hash,
    /// What.
    pub question: Question,
    /// Makes two questions different, and an answer to one of them no answer to the other.
    pub nonce: [u8; 16],
    /// When it was asked.
    pub date: Date,
}

impl Wire for Challenge {
    const BYTES_MAX: usize = 256;
}

/// Signed by the customer's device under `Label::AuditChallenge`.
pub type SignedChallenge = Signed<Challenge>;

impl Challenge {
    /// What the answer names.
    pub fn id(&self) -> Hash {
        hash("bitdust audit challenge v1", &encode(self))
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Reply {
    /// The range.
    Range {
        /// Its bytes and what leads from them to the root.
        proof: RangeProof,
    },
    /// The whole fragment.
    Whole {
        /// Its hash under the key asked for.
        hash: Hash,
    },
    /// It is not done. `Missing` and `Damaged` are admissions of a loss; the others prove nothing.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Answer {
    /// Which question.
    pub challenge: Hash,
    /// The answer.
    pub reply: Reply,
}

impl Wire for Answer {
    const BYTES_MAX: usize = 2048;
}

/// Signed by the supplier's device under `Label::AuditAnswer`.
pub type SignedAnswer = Signed<Answer>;

/// The range of a fragment of `bytes` that a random number asks for; each byte is as likely.
pub fn ask_range(bytes: u32, random: u64) -> Question {
    let ranges = u64::from((bytes / RANGE_BYTES).max(1));
    Question::Range { index: u32::try_from(random % ranges).unwrap_or(0) }
}
