//! What the store says, as it is said to customers.

use storage::wire::Refusal;
use store::fragments::{ContractError, DeleteError, OwnerRecordError, ReadError, StoreError};

pub(super) fn of_put(refusal: &store::fragments::Refusal) -> Refusal {
    use store::fragments::Refusal as Store;
    match refusal {
        Store::UnknownContract => Refusal::NoContract,
        Store::Closed => Refusal::Ended,
        Store::Owner => Refusal::NotYours,
        Store::Size { .. } | Store::Root | Store::Conflict => Refusal::Mismatch,
        Store::Quota { .. } => Refusal::Quota,
        Store::DiskFloor { .. } => Refusal::DiskFull,
        Store::Store(error) => of_store(error),
    }
}

pub(super) fn of_store(error: &StoreError) -> Refusal {
    match error {
        StoreError::NoSpace => Refusal::DiskFull,
        StoreError::Poisoned | StoreError::Disk(_) | StoreError::Index(_) => Refusal::DiskFailed,
    }
}

pub(super) fn of_contract(error: &ContractError) -> Refusal {
    match error {
        ContractError::Unknown => Refusal::NoContract,
        ContractError::Owner => Refusal::NotYours,
        ContractError::TooLong { .. } | ContractError::Sequence { .. } => Refusal::Terms,
        ContractError::TooMany => Refusal::NoRoom,
        ContractError::Damaged => Refusal::DiskFailed,
        ContractError::Store(error) => of_store(error),
    }
}

pub(super) fn of_delete(error: &DeleteError) -> Refusal {
    match error {
        DeleteError::UnknownContract => Refusal::NoContract,
        DeleteError::TooMany { .. } => Refusal::Busy,
        DeleteError::Store(error) => of_store(error),
    }
}

pub(super) fn of_record(error: &OwnerRecordError) -> Refusal {
    match error {
        OwnerRecordError::Older { .. } => Refusal::Older,
        OwnerRecordError::TooLong { .. } => Refusal::Mismatch,
        OwnerRecordError::Store(error) => of_store(error),
    }
}

pub(super) fn of_read(error: &ReadError) -> Refusal {
    match error {
        ReadError::NotFound => Refusal::Missing,
        ReadError::Range { .. } | ReadError::Damaged => Refusal::Damaged,
        ReadError::Index(_) | ReadError::Disk(_) => Refusal::DiskFailed,
    }
}
