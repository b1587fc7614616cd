//! Both sides of an answer: how a supplier makes it, and what the customer makes of it.

use base::{Hash, PublicKey};
use codec::{FragmentClass, RangeProof, fragment_root};

use super::question::{Challenge, Question, Reply, SignedAnswer};
use crate::refusal::Refusal;

/// The supplier's reply. `kept` are the fragment's bytes as they are on the disk, or why they are
/// not to be had; `masked_root` is what it receipted.
///
/// A supplier that looks before it answers cannot cheat by mistake: bytes that went bad are told as
/// a loss, and never signed as if they were good. `Missing` is for what it receipted and lost; what
/// the customer had it erase is refused with `Ended`, which admits nothing, or a customer could make
/// evidence against it.
pub fn reply(question: Question, kept: Result<&[u8], Refusal>, masked_root: Hash) -> Reply {
    let refused = |reason| Reply::Refused { reason };
    let bytes = match kept {
        Ok(bytes) if fragment_root(bytes) == masked_root => bytes,
        Ok(_) => return refused(Refusal::Damaged),
        Err(reason) => return refused(reason),
    };
    match question {
        Question::Range { index } => match RangeProof::make(bytes, 0, index) {
            Ok(proof) => Reply::Range { proof },
            // A range outside the fragment is no question.
            Err(_) => refused(Refusal::Mismatch),
        },
        Question::Whole { key } => Reply::Whole { hash: whole_answer(&key, bytes) },
    }
}

/// The hash of a whole masked fragment under a key. The customer makes some of these when it places
/// a fragment and keeps them with their keys, for later it has not got the bytes any more.
pub fn whole_answer(key: &[u8; 32], masked: &[u8]) -> Hash {
    Hash(*blake3::keyed_hash(key, masked).as_bytes())
}

/// What the customer knows of the fragment that it asked about.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Its length.
    pub bytes: u32,
    /// Its root, as receipted.
    pub masked_root: Hash,
    /// The answer to a question about the whole.
    pub whole: Option<Hash>,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// It proves that the supplier has what was asked for.
    Passed,
    /// It admits a loss.
    LossProved,
    /// It is signed, and false.
    Cheated,
    /// It proves nothing, neither way.
    Evaded,
    /// It is no answer of this supplier to this question: as if nothing had come.
    Foreign,
}

/// Judges an answer that `supplier` is said to have signed.
pub fn judge(
    challenge: &Challenge,
    expected: &Expected,
    answer: &SignedAnswer,
    supplier: PublicKey,
) -> Judgement {
    let is_its = answer.verify(supplier, base::Label::AuditAnswer).is_ok();
    if !is_its || answer.body.challenge != challenge.id() {
        return Judgement::Foreign;
    }
    match (&answer.body.reply, challenge.question) {
        (Reply::Range { proof }, Question::Range { index }) => {
            let class = FragmentClass::of(expected.bytes as usize);
            if is_proved(proof, index, class, expected.masked_root) {
                Judgement::Passed
            } else {
                Judgement::Cheated
            }
        }
        // Only the customer knows what was right: enough for doubt, not for evidence.
        (Reply::Whole { hash }, Question::Whole { .. }) => match expected.whole {
            Some(right) if right == *hash => Judgement::Passed,
            Some(_) | None => Judgement::Evaded,
        },
        (Reply::Refused { reason: Refusal::Missing | Refusal::Damaged }, _) => {
            Judgement::LossProved
        }
        (Reply::Refused { .. }, _) => Judgement::Evaded,
        (Reply::Range { .. }, Question::Whole { .. })
        | (Reply::Whole { .. }, Question::Range { .. }) => Judgement::Evaded,
    }
}

/// Whether a proof is that of the range asked for.
pub(super) fn is_proved(
    proof: &RangeProof,
    index: u32,
    class: Option<FragmentClass>,
    root: Hash,
) -> bool {
    let is_of_range = (proof.level, proof.index) == (0, index);
    is_of_range && class.is_some_and(|class| proof.verify(class, root).is_ok())
}
