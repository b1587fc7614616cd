//! Taking fragments in: all of a group become durable with one sync, and each contract gets one
//! receipt for what was taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{BlockId, ContractId, Date, Hash, IdentityId, encode};

use super::{FRAGMENT_BYTES_MAX, FragmentStore, MANIFEST_BYTES_MAX, StoreError};
use crate::accounts::Entry;
use crate::contract::Contract;
use crate::receipt::{
    Change, RECEIPT_ENTRIES_MAX, Receipt, ReceiptBody, ReceiptEntry, Sign, charge,
};
use crate::record::{ALIGN_BYTES, Header, Kind, plain_hash, units};
use crate::rows::{FRAGMENTS, FragmentRow, fragment_key};
use crate::segments::{AppendError, NewRecord, ReadRecordError};

/// A fragment that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The customer.
    pub owner: IdentityId,
    /// The contract.
    pub contract: ContractId,
    /// The block.
    pub block: BlockId,
    /// Which fragment of the block.
    pub index: u8,
    /// The plain BLAKE3 hash of the payload.
    pub masked_root: Hash,
    /// The block's manifest, at most [`MANIFEST_BYTES_MAX`].
    pub manifest: Vec<u8>,
    /// The masked bytes, 1 to [`FRAGMENT_BYTES_MAX`].
    pub payload: Vec<u8>,
}

/// What became of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable, and so is the receipt.
    Stored {
        /// The receipt that names it.
        receipt: Arc<Receipt>,
    },
    /// The same fragment was there already and is not counted twice.
    Present {
        /// The receipt that names it; `None` if that receipt is lost to damage.
        receipt: Option<Arc<Receipt>>,
    },
    /// It is not kept.
    Refused(Refusal),
}

/// Why a fragment is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such contract.
    #[error("there is no such contract")]
    UnknownContract,
    /// The contract takes nothing more.
    #[error("the contract is closed")]
    Closed,
    /// The contract is somebody else's.
    #[error("the contract belongs to somebody else")]
    Owner,
    /// The payload or the manifest is empty or too long.
    #[error("a fragment of {payload} bytes with a manifest of {manifest} is not taken")]
    Size {
        /// Length of the payload, bytes.
        payload: usize,
        /// Length of the manifest, bytes.
        manifest: usize,
    },
    /// The payload is not what its root says.
    #[error("the payload does not have the root it is said to have")]
    Root,
    /// Another payload is kept under this name; fragments never change.
    #[error("another fragment is kept under this name")]
    Conflict,
    /// The quota does not hold it.
    #[error("the quota has {left} bytes left")]
    Quota {
        /// What may still be put, bytes.
        left: u64,
    },
    /// The free space would fall below the floor.
    #[error("{free} bytes are free, {floor} must remain")]
    DiskFloor {
        /// What is free, bytes.
        free: u64,
        /// What must remain, bytes.
        floor: u64,
    },
    /// The store takes nothing now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be done with a put of a group.
enum Plan {
    Refuse(Refusal),
    /// Kept already, under the receipt of this sequence.
    Present(u64),
    /// The same as an earlier one of the group.
    Same(usize),
    /// Taken, in the place of a damaged one where there is one.
    Store(Option<FragmentRow>),
}

/// Whether payloads are compared with their roots here or were before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hashing {
    Here,
    Done,
}

impl Put {
    fn has_its_root(&self) -> bool {
        plain_hash(&self.payload) == self.masked_root
    }
}

type Drafts = BTreeMap<ContractId, ReceiptBody>;
type Receipts = BTreeMap<ContractId, Arc<Receipt>>;

impl FragmentStore {
    /// Takes fragments in, in groups of up to 512. What is answered `Stored` is durable with its
    /// receipt; everything else has changed nothing.
    pub fn commit(&mut self, puts: &[Put], sign: Sign<'_>, now: Date) -> Vec<Outcome> {
        self.commit_with(puts, Hashing::Here, sign, now)
    }

    /// The same for payloads that were hashed as they came and were found to have their roots;
    /// they are not hashed once more.
    pub fn commit_hashed(&mut self, puts: &[Put], sign: Sign<'_>, now: Date) -> Vec<Outcome> {
        self.commit_with(puts, Hashing::Done, sign, now)
    }

    fn commit_with(
        &mut self,
        puts: &[Put],
        hashing: Hashing,
        sign: Sign<'_>,
        now: Date,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(puts.len());
        while let Some(rest) = puts.get(outcomes.len()..).filter(|rest| !rest.is_empty()) {
            let group = &rest[..self.group_len(rest)];
            match self.commit_group(group, hashing, sign, now) {
                Ok(done) => outcomes.extend(done),
                Err(error) => {
                    let refused = Outcome::Refused(error.into());
                    outcomes.extend(group.iter().map(|_| refused.clone()));
                }
            }
        }
        outcomes
    }

    /// How many of the puts go into one batch.
    fn group_len(&self, puts: &[Put]) -> usize {
        let max = self.log.batch_units_max();
        let mut sum = 0;
        let fits = |put: &&Put| {
            sum += put_units(put);
            sum <= max
        };
        puts.iter().take(RECEIPT_ENTRIES_MAX).take_while(fits).count().max(1)
    }

    fn commit_group(
        &mut self,
        puts: &[Put],
        hashing: Hashing,
        sign: Sign<'_>,
        now: Date,
    ) -> Result<Vec<Outcome>, StoreError> {
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        if self.is_stalled() {
            self.flush()?;
        }
        let (mut plans, drafts) = self.plan(puts, hashing, now)?;
        let signed = |(id, body): (ContractId, ReceiptBody)| (id, Arc::new(body.sign(sign)));
        let receipts: Receipts = match self.floor_refusal(puts, &plans)? {
            Some(refusal) => {
                let is_store = |plan: &&mut Plan| matches!(plan, Plan::Store(_));
                plans.iter_mut().filter(is_store).for_each(|plan| {
                    *plan = Plan::Refuse(refusal.clone());
                });
                Receipts::new()
            }
            None => drafts
                .into_iter()
                .filter(|(_, body)| !body.entries.is_empty())
                .map(signed)
                .collect(),
        };
        if !receipts.is_empty() {
            self.append_group(puts, &plans, &receipts, now)?;
        }
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(puts.len());
        let mut earlier = BTreeMap::new();
        for (put, plan) in puts.iter().zip(plans) {
            let outcome = match plan {
                Plan::Refuse(refusal) => Outcome::Refused(refusal),
                Plan::Store(_) => Outcome::Stored { receipt: receipts[&put.contract].clone() },
                Plan::Same(of) => match &outcomes[of] {
                    Outcome::Stored { receipt } => {
                        Outcome::Present { receipt: Some(receipt.clone()) }
                    }
                    other => other.clone(),
                },
                Plan::Present(sequence) => {
                    let read = || self.reader().receipt(put.contract, sequence);
                    let receipt = earlier
                        .entry((put.contract, sequence))
                        .or_insert_with(|| read().ok().map(Arc::new));
                    Outcome::Present { receipt: receipt.clone() }
                }
            };
            outcomes.push(outcome);
        }
        self.flush_if_due();
        Ok(outcomes)
    }

    fn plan(
        &self,
        puts: &[Put],
        hashing: Hashing,
        now: Date,
    ) -> Result<(Vec<Plan>, Drafts), StoreError> {
        let accounts = self.shared.accounts();
        let key = |put: &Put| {
            let number = accounts.contract(&put.contract).map_or(u32::MAX, |known| known.number);
            fragment_key(number, &put.block, put.index)
        };
        let keys: Vec<Vec<u8>> = puts.iter().map(key).collect();
        let slices: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let rows = self.shared.index.get_many(FRAGMENTS, &slices)?;
        let mut drafts = Drafts::new();
        let mut seen: BTreeMap<&Vec<u8>, usize> = BTreeMap::new();
        let mut plans = Vec::with_capacity(puts.len());
        for (number, ((put, row), key)) in puts.iter().zip(rows).zip(&keys).enumerate() {
            let row = row.map(|row| FragmentRow::decode(&row)).transpose()?;
            let plan = match accounts.contract(&put.contract) {
                None => Plan::Refuse(Refusal::UnknownContract),
                Some(_) if hashing == Hashing::Here && !put.has_its_root() => {
                    Plan::Refuse(Refusal::Root)
                }
                Some(contract) => match self.judge(put, contract, row) {
                    Plan::Store(old) => match seen.get(key) {
                        Some(of) if puts[*of].masked_root == put.masked_root => Plan::Same(*of),
                        Some(_) => Plan::Refuse(Refusal::Conflict),
                        None => enter(put, contract, old, now, &mut drafts),
                    },
                    plan => plan,
                },
            };
            if matches!(plan, Plan::Store(_)) {
                seen.insert(key, number);
            }
            plans.push(plan);
        }
        Ok((plans, drafts))
    }

    /// What the put is by itself, before the quota.
    fn judge(&self, put: &Put, contract: &Contract, row: Option<FragmentRow>) -> Plan {
        let (payload, manifest) = (put.payload.len(), put.manifest.len());
        let is_size_right = (1..=FRAGMENT_BYTES_MAX).contains(&payload)
            && manifest <= MANIFEST_BYTES_MAX
            && put_units(put) <= self.log.batch_units_max();
        if contract.owner != put.owner {
            return Plan::Refuse(Refusal::Owner);
        }
        if !is_size_right {
            return Plan::Refuse(Refusal::Size { payload, manifest });
        }
        let Some(row) = row else {
            let is_open = !contract.terms.is_closed;
            return if is_open { Plan::Store(None) } else { Plan::Refuse(Refusal::Closed) };
        };
        if row.is_damaged {
            return Plan::Store(Some(row));
        }
        match self.shared.files.header(&row.place) {
            Ok(header) if header.hash == put.masked_root => Plan::Present(row.sequence),
            Ok(_) => Plan::Refuse(Refusal::Conflict),
            Err(ReadRecordError::Damaged) => Plan::Store(Some(row)),
            Err(ReadRecordError::Disk(error)) => Plan::Refuse(StoreError::Disk(error).into()),
        }
    }

    /// Why nothing may be written now for want of space, if so.
    fn floor_refusal(&self, puts: &[Put], plans: &[Plan]) -> Result<Option<Refusal>, StoreError> {
        let floor = self.settings.disk_floor_bytes;
        let stored = puts.iter().zip(plans).filter(|(_, plan)| matches!(plan, Plan::Store(_)));
        let units: u64 = stored.map(|(put, _)| put_units(put)).sum();
        if floor == 0 || units == 0 {
            return Ok(None);
        }
        let free = self.disk.free_space().map_err(StoreError::Disk)?;
        let is_enough = free >= floor.saturating_add(self.log.needs_bytes(units));
        Ok((!is_enough).then_some(Refusal::DiskFloor { free, floor }))
    }

    fn append_group(
        &mut self,
        puts: &[Put],
        plans: &[Plan],
        receipts: &Receipts,
        now: Date,
    ) -> Result<(), StoreError> {
        let mut records = Vec::new();
        let mut replaced = Vec::new();
        for (put, plan) in puts.iter().zip(plans) {
            let Plan::Store(old) = plan else { continue };
            let mut header =
                Header::new(Kind::Fragment, put.masked_root, &put.manifest, put.payload.len());
            (header.owner, header.contract, header.block) = (put.owner, put.contract, put.block);
            (header.index, header.date) = (put.index, now);
            header.sequence = receipts[&put.contract].body.sequence;
            records.push(NewRecord { header, text: &put.manifest, payload: &put.payload });
            replaced.push(*old);
        }
        let encoded: Vec<(ContractId, Vec<u8>)> =
            receipts.iter().map(|(id, receipt)| (*id, encode(&**receipt))).collect();
        for (id, bytes) in &encoded {
            let owner = self.shared.accounts().contract(id).map(|known| known.owner);
            let mut header = Header::new(Kind::Receipt, plain_hash(bytes), &[], bytes.len());
            (header.owner, header.contract, header.date) = (owner.unwrap_or_default(), *id, now);
            header.sequence = receipts[id].body.sequence;
            records.push(NewRecord { header, text: &[], payload: bytes });
        }
        let places = self.log.append(&records)?;
        let mut accounts = self.shared.accounts_mut();
        for (number, (record, place)) in records.iter().zip(places).enumerate() {
            let NewRecord { header, payload, .. } = record;
            let entry = Entry { header, place, payload };
            self.tail_bytes += place.units() * ALIGN_BYTES;
            match replaced.get(number) {
                Some(old) => accounts.fragment_appended(&self.shared.index, &entry, *old),
                None => accounts.apply(&self.shared.index, &entry).map_err(|_| {
                    // What is in memory no longer tells what is on the disk.
                    self.log.poison();
                    AppendError::Poisoned
                })?,
            }
        }
        Ok(())
    }
}

/// Enters a fragment into the receipt that its contract will get, if the quota holds it.
fn enter(
    put: &Put,
    contract: &Contract,
    old: Option<FragmentRow>,
    now: Date,
    drafts: &mut Drafts,
) -> Plan {
    let draft =
        drafts.entry(put.contract).or_insert_with(|| contract.next_receipt(put.contract, now));
    let bytes = put.payload.len() as u32;
    let replaced = old.map_or(0, |old| charge(old.place.payload_bytes));
    let others = draft.total_bytes - replaced;
    let left = contract.terms.quota_bytes.saturating_sub(others);
    if charge(bytes) > left {
        return Plan::Refuse(Refusal::Quota { left });
    }
    draft.total_bytes = others + charge(bytes);
    draft.total_fragments += u64::from(old.is_none());
    let (change, block, index, masked_root) = (Change::Kept, put.block, put.index, put.masked_root);
    draft.entries.push(ReceiptEntry { change, block, index, masked_root, bytes });
    Plan::Store(old)
}

/// What a put may take at most, its share of a receipt included, in units of 4 KiB.
fn put_units(put: &Put) -> u64 {
    // A receipt of one entry fits into one unit; of many, each adds less than a unit.
    u64::from(units(put.manifest.len() as u32, put.payload.len() as u32)) + 1
}
