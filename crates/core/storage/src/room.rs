//! How much a supplier may still promise and take: reservations are made before bytes flow, so that
//! any number of transfers at once stays within the quotas.

use std::collections::BTreeMap;

use base::{ContractId, IdentityId};

use crate::wire::Refusal;

#[cfg(test)]
mod tests;

/// What is promised to one customer, and used of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub customer: IdentityId,
    /// Bytes promised.
    pub quota_bytes: u64,
    /// Bytes kept.
    pub used_bytes: u64,
    /// Fragments kept.
    pub fragments: u64,
    /// Bytes on their way here.
    pub reserved_bytes: u64,
    /// Whether new bytes are taken.
    pub is_open: bool,
}

/// All promises of a supplier.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// Bytes given to the network.
    pub donated_bytes: u64,
    accounts: BTreeMap<ContractId, Account>,
    /// Bytes on their way under all contracts.
    reserved_bytes: u64,
}

impl Room {
    /// Room of `donated_bytes` without any promise.
    pub fn new(donated_bytes: u64) -> Self {
        Self { donated_bytes, accounts: BTreeMap::new(), reserved_bytes: 0 }
    }

    /// Bytes promised in open contracts, and bytes still kept for closed ones.
    pub fn promised_bytes(&self) -> u64 {
        let held = |account: &Account| {
            if account.is_open { account.quota_bytes } else { account.used_bytes }
        };
        self.accounts.values().map(held).fold(0, u64::saturating_add)
    }

    /// Bytes kept.
    pub fn used_bytes(&self) -> u64 {
        self.accounts.values().map(|account| account.used_bytes).fold(0, u64::saturating_add)
    }

    /// Bytes on their way here.
    pub fn reserved_bytes(&self) -> u64 {
        self.reserved_bytes
    }

    /// All accounts.
    pub fn accounts(&self) -> &BTreeMap<ContractId, Account> {
        &self.accounts
    }

    /// The account of a contract.
    pub fn account(&self, contract: &ContractId) -> Option<&Account> {
        self.accounts.get(contract)
    }

    /// Promises `quota_bytes` to `customer`.
    ///
    /// # Errors
    /// There is not so much to give.
    pub fn promise(
        &mut self,
        contract: ContractId,
        customer: IdentityId,
        quota_bytes: u64,
    ) -> Result<(), Refusal> {
        if quota_bytes > self.donated_bytes.saturating_sub(self.promised_bytes()) {
            return Err(Refusal::NoRoom);
        }
        self.restore(
            contract,
            Account {
                customer,
                quota_bytes,
                used_bytes: 0,
                fragments: 0,
                reserved_bytes: 0,
                is_open: true,
            },
        );
        Ok(())
    }

    /// Takes an account over from the store, whatever is donated now.
    pub fn restore(&mut self, contract: ContractId, account: Account) {
        self.accounts.insert(contract, account);
    }

    /// Takes a promise back that did not become a contract, or whose data is erased.
    pub fn withdraw(&mut self, contract: &ContractId) {
        if let Some(account) = self.accounts.remove(contract) {
            self.reserved_bytes = self.reserved_bytes.saturating_sub(account.reserved_bytes);
        }
    }

    /// Takes no more bytes under a contract.
    pub fn close(&mut self, contract: &ContractId) {
        if let Some(account) = self.accounts.get_mut(contract) {
            account.is_open = false;
        }
    }

    /// Whether `customer` may store `bytes` more under `contract`; if so they are reserved until
    /// `settle`.
    ///
    /// # Errors
    /// No contract of this customer, an ended one, or the quota is used up.
    pub fn reserve(
        &mut self,
        contract: &ContractId,
        customer: &IdentityId,
        bytes: u64,
    ) -> Result<(), Refusal> {
        let account = self.accounts.get_mut(contract).ok_or(Refusal::NoContract)?;
        if account.customer != *customer {
            return Err(Refusal::NotYours);
        }
        if !account.is_open {
            return Err(Refusal::Ended);
        }
        let taken = account.used_bytes.saturating_add(account.reserved_bytes);
        if bytes > account.quota_bytes.saturating_sub(taken) {
            return Err(Refusal::Quota);
        }
        account.reserved_bytes += bytes;
        self.reserved_bytes = self.reserved_bytes.saturating_add(bytes);
        Ok(())
    }

    /// Ends a reservation: `kept` says what the store now counts for the contract, if it kept it.
    pub fn settle(&mut self, contract: &ContractId, reserved_bytes: u64, kept: Option<(u64, u64)>) {
        if let Some(account) = self.accounts.get_mut(contract) {
            let reserved_bytes = reserved_bytes.min(account.reserved_bytes);
            account.reserved_bytes -= reserved_bytes;
            self.reserved_bytes = self.reserved_bytes.saturating_sub(reserved_bytes);
            if let Some((fragments, used_bytes)) = kept {
                account.fragments = fragments;
                account.used_bytes = used_bytes;
            }
        }
    }

    /// Whether `customer` may read and erase under `contract`.
    ///
    /// # Errors
    /// No such contract, or somebody else's.
    pub fn may_read(&self, contract: &ContractId, customer: &IdentityId) -> Result<(), Refusal> {
        let account = self.accounts.get(contract).ok_or(Refusal::NoContract)?;
        if account.customer == *customer { Ok(()) } else { Err(Refusal::NotYours) }
    }
}
