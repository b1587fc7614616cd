//! What any third node can verify of a supplier's fault: nothing in it is hearsay.
//!
//! It consists of what the supplier signed itself: the contract, the receipt for the fragment, and the
//! answer; and of the customer's signed question. That the devices speak for the identities of the
//! contract is checked where credentials are. What the customer had erased is no fault: a supplier
//! refuses it in other words than what it lost (`judge::reply`).

use base::{Hash, Label, Wire, encode, hash};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::FragmentClass;
use store::{Change, Receipt, ReceiptEntry};

use super::judge::is_proved;
use super::question::{Question, Reply, SignedAnswer, SignedChallenge};
use crate::refusal::Refusal;
use crate::terms::{Contract, ContractError};

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// Who promised what to whom.
    pub contract: Contract,
    /// The supplier's word that it keeps the fragment.
    pub receipt: Receipt,
    /// The question.
    pub challenge: SignedChallenge,
    /// The answer.
    pub answer: SignedAnswer,
}

impl Wire for Evidence {}

/// What is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The supplier admits that what it receipted is not there.
    Loss,
    /// The supplier signed something false.
    Cheating,
}

/// Why nothing is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// One of the signatures under the contract is wrong.
    #[error("the contract is none")]
    Contract(#[from] ContractError),
    /// Something is about another network or contract.
    #[error("the parts do not belong together")]
    Unrelated,
    /// The supplier did not sign this.
    #[error("the receipt is not the supplier's")]
    Receipt,
    /// The customer did not sign this.
    #[error("the question is not the customer's")]
    Challenge,
    /// The supplier did not sign this, or it answers another question.
    #[error("the answer is not the supplier's, or not to this question")]
    Answer,
    /// The receipt does not say that the fragment is kept.
    #[error("the receipt does not name the fragment")]
    NotReceipted,
    /// The question was not asked while the supplier had promised to keep the fragment.
    #[error("the question was asked before the receipt or after its end")]
    Date,
    /// The answer is right, or proves nothing.
    #[error("the answer is no fault")]
    NoFault,
}

impl Evidence {
    /// What the ladder and others name it by.
    pub fn id(&self) -> Hash {
        hash("bitdust audit evidence v1", &encode(self))
    }

    /// What it proves, from its own bytes alone.
    ///
    /// # Errors
    /// As [`EvidenceError`] says: then it proves nothing.
    pub fn verify(&self) -> Result<Finding, EvidenceError> {
        self.contract.verify()?;
        let supplier = self.contract.terms.device.into();
        let customer = self.contract.customer_device.into();
        let receipt = self.receipt.verify(supplier, Label::Receipt);
        let receipt = receipt.map_err(|_| EvidenceError::Receipt)?;
        let challenge = self.challenge.verify(customer, Label::AuditChallenge);
        let challenge = challenge.map_err(|_| EvidenceError::Challenge)?;
        let answer = self.answer.verify(supplier, Label::AuditAnswer);
        let answer = answer.map_err(|_| EvidenceError::Answer)?;

        let contract = self.contract.terms.id();
        let is_related = challenge.network == self.contract.terms.network
            && challenge.contract == contract
            && receipt.contract == contract;
        if !is_related {
            return Err(EvidenceError::Unrelated);
        }
        if answer.challenge != challenge.id() {
            return Err(EvidenceError::Answer);
        }
        if challenge.date < receipt.date || challenge.date > receipt.until {
            return Err(EvidenceError::Date);
        }
        let is_it = |entry: &&ReceiptEntry| {
            entry.change == Change::Kept
                && (entry.block, entry.index) == (challenge.block, challenge.index)
                && entry.masked_root == challenge.masked_root
        };
        let entry = receipt.entries.iter().rev().find(is_it).ok_or(EvidenceError::NotReceipted)?;
        match (&answer.reply, challenge.question) {
            (Reply::Refused { reason: Refusal::Missing | Refusal::Damaged }, _) => {
                Ok(Finding::Loss)
            }
            (Reply::Range { proof }, Question::Range { index }) => {
                let class = FragmentClass::of(entry.bytes as usize);
                let exists = class.is_some_and(|class| index < class.bytes() as u32 / 1024);
                let is_right = is_proved(proof, index, class, entry.masked_root);
                if exists && !is_right {
                    Ok(Finding::Cheating)
                } else {
                    Err(EvidenceError::NoFault)
                }
            }
            (Reply::Refused { .. } | Reply::Range { .. } | Reply::Whole { .. }, _) => {
                Err(EvidenceError::NoFault)
            }
        }
    }
}
