//! Contracts: opening, changing and closing them, and the customer's agreement to receipts.

use base::{ContractId, Date, IdentityId, Signature, encode};

use super::{CONTRACTS_MAX, FragmentStore, StoreError};
use crate::contract::{ContractView, Terms};
use crate::record::{Header, Kind, TEXT_BYTES_MAX, plain_hash};
use crate::segments::{NewRecord, Place};

/// A contract that is to be opened, or opened anew with other terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub contract: ContractId,
    /// The customer.
    pub owner: IdentityId,
    /// The agreement that both sides signed, at most 64 KiB; kept, not read.
    pub document: Vec<u8>,
    /// What may be kept, bytes: payloads, each rounded up to 4 KiB.
    pub quota_bytes: u64,
    /// Until when.
    pub until: Date,
}

/// Why a contract is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// There is no such contract.
    #[error("there is no such contract")]
    Unknown,
    /// It is somebody else's.
    #[error("the contract belongs to somebody else")]
    Owner,
    /// The document is too long.
    #[error("a document of {bytes} bytes is too long")]
    TooLong {
        /// Its length, bytes.
        bytes: usize,
    },
    /// The store keeps as many contracts as it can.
    #[error("the store keeps {CONTRACTS_MAX} contracts and takes no more")]
    TooMany,
    /// There is no receipt of this sequence, or a later one was agreed to.
    #[error("the last receipt is {last}, agreed is {agreed}")]
    Sequence {
        /// The sequence of the last receipt.
        last: u64,
        /// The sequence agreed to.
        agreed: u64,
    },
    /// The document is lost to damage.
    #[error("the document of the contract is damaged")]
    Damaged,
    /// The store takes nothing now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FragmentStore {
    /// Opens a contract, or gives an open or closed one of the same owner other terms.
    /// Whether that is right is decided by those who hold the document.
    ///
    /// # Errors
    /// As [`ContractError`] says.
    pub fn open_contract(&mut self, opening: &Opening, now: Date) -> Result<(), ContractError> {
        let bytes = opening.document.len();
        if bytes > TEXT_BYTES_MAX {
            return Err(ContractError::TooLong { bytes });
        }
        {
            let accounts = self.shared.accounts();
            match accounts.contract(&opening.contract) {
                Some(known) if known.owner != opening.owner => return Err(ContractError::Owner),
                None if accounts.contracts().count() >= CONTRACTS_MAX => {
                    return Err(ContractError::TooMany);
                }
                Some(_) | None => {}
            }
        }
        let Opening { quota_bytes, until, .. } = *opening;
        let terms = Terms { quota_bytes, until, is_closed: false };
        self.write_terms(opening, terms, now)
    }

    /// Ends the taking of fragments; what is there can still be read and deleted.
    ///
    /// # Errors
    /// As [`ContractError`] says.
    pub fn close_contract(&mut self, id: ContractId, now: Date) -> Result<(), ContractError> {
        let known = self.shared.accounts().contract(&id).cloned().ok_or(ContractError::Unknown)?;
        let place: Place = known.document.ok_or(ContractError::Damaged)?.into();
        let (_, document, _) =
            self.shared.files.record(&place).map_err(|_| ContractError::Damaged)?;
        let Terms { quota_bytes, until, .. } = known.terms;
        let opening = Opening { contract: id, owner: known.owner, document, quota_bytes, until };
        self.write_terms(&opening, Terms { is_closed: true, ..known.terms }, now)
    }

    fn write_terms(
        &mut self,
        opening: &Opening,
        terms: Terms,
        now: Date,
    ) -> Result<(), ContractError> {
        let payload = encode(&terms);
        let text = &opening.document;
        let hash = plain_hash(&payload);
        let mut header = Header::new(Kind::ContractDocument, hash, text, payload.len());
        (header.owner, header.contract, header.date) = (opening.owner, opening.contract, now);
        let record = NewRecord { header, text, payload: &payload };
        self.append_small(&[record]).map_err(StoreError::from)?;
        Ok(())
    }

    /// Keeps the customer's signature under a receipt. Whose it is and whether it holds is
    /// verified by who calls; receipts are cumulative, so only the latest agreement is kept.
    ///
    /// # Errors
    /// As [`ContractError`] says.
    pub fn agree(
        &mut self,
        id: ContractId,
        sequence: u64,
        signature: Signature,
        now: Date,
    ) -> Result<(), ContractError> {
        let known = self.shared.accounts().contract(&id).cloned().ok_or(ContractError::Unknown)?;
        let chain = known.chain;
        if sequence == chain.agreed && chain.agreement == Some(signature) {
            return Ok(());
        }
        if sequence > chain.sequence || sequence <= chain.agreed {
            let (last, agreed) = (chain.sequence, chain.agreed);
            return Err(ContractError::Sequence { last, agreed });
        }
        let payload = signature.0;
        let mut header = Header::new(Kind::Agreement, plain_hash(&payload), &[], payload.len());
        (header.owner, header.contract, header.date) = (known.owner, id, now);
        header.sequence = sequence;
        let record = NewRecord { header, text: &[], payload: &payload };
        self.append_small(&[record]).map_err(StoreError::from)?;
        Ok(())
    }

    /// All contracts in the order of their ids.
    pub fn contracts(&self) -> Vec<ContractView> {
        self.reader().contracts()
    }
}
