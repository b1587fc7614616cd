//! What every record does to the index and to the sums of its contract. The same function serves
//! a fresh append, the tail after a crash and the rebuilding of the whole index, so that the sums
//! are the same however they came about.

use std::collections::{BTreeMap, BTreeSet};

use base::{BlockId, ContractId, Signature, decode};
use borsh::BorshDeserialize;

use crate::contract::{Contract, Terms};
use crate::database::DatabaseError;
use crate::index::Index;
use crate::receipt::Receipt;
use crate::record::{Header, Kind};
use crate::rows::{
    CONTRACTS, FRAGMENTS, FragmentRow, OWNERS, OwnerRow, RECEIPTS, SEGMENTS, Usage,
    encode_contract, encode_place, encode_usage, fragment_key, owner_key, receipt_key,
};
use crate::segments::Place;

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    contracts: BTreeMap<ContractId, Contract>,
    changed: BTreeSet<ContractId>,
    usage: BTreeMap<u32, Usage>,
    used: BTreeSet<u32>,
    pub(crate) contract_next: u32,
}

/// A record as it was appended or found.
pub(crate) struct Entry<'a> {
    pub(crate) header: &'a Header,
    pub(crate) place: Place,
    pub(crate) payload: &'a [u8],
}

impl Accounts {
    pub(crate) fn load(
        contracts: BTreeMap<ContractId, Contract>,
        usage: BTreeMap<u32, Usage>,
        contract_next: u32,
    ) -> Self {
        Self { contracts, usage, contract_next, ..Self::default() }
    }

    pub(crate) fn contract(&self, id: &ContractId) -> Option<&Contract> {
        self.contracts.get(id)
    }

    pub(crate) fn contracts(&self) -> impl Iterator<Item = (&ContractId, &Contract)> {
        self.contracts.iter()
    }

    pub(crate) fn usage(&self) -> &BTreeMap<u32, Usage> {
        &self.usage
    }

    /// Takes note of one record.
    pub(crate) fn apply(&mut self, index: &Index, entry: &Entry<'_>) -> Result<(), DatabaseError> {
        self.usage_mut(entry.place).total += entry.place.units();
        match entry.header.kind {
            Kind::Fragment => {
                let number = self.contract_mut(entry).number;
                let key = fragment_key(number, &entry.header.block, entry.header.index);
                let old = index.get(FRAGMENTS, &key)?;
                let old = old.map(|row| FragmentRow::decode(&row)).transpose()?;
                self.fragment(index, entry, old);
            }
            Kind::Tombstone => self.tombstone(index, entry)?,
            Kind::Receipt => self.receipt(index, entry)?,
            Kind::ContractDocument => self.document(entry),
            Kind::Agreement => self.agreement(entry),
            Kind::OwnerRecord => self.owner_record(index, entry)?,
        }
        Ok(())
    }

    /// Takes note of a fragment just appended, in the place of `old`.
    pub(crate) fn fragment_appended(
        &mut self,
        index: &Index,
        entry: &Entry<'_>,
        old: Option<FragmentRow>,
    ) {
        self.usage_mut(entry.place).total += entry.place.units();
        self.fragment(index, entry, old);
    }

    fn fragment(&mut self, index: &Index, entry: &Entry<'_>, old: Option<FragmentRow>) {
        let sequence = entry.header.sequence;
        let row = FragmentRow { place: entry.place, sequence, is_damaged: false };
        let contract = self.contract_mut(entry);
        contract.sequence_seen = contract.sequence_seen.max(sequence);
        if let Some(old) = &old {
            contract.totals.subtract(old);
        }
        contract.totals.add(&row);
        let key = fragment_key(contract.number, &entry.header.block, entry.header.index);
        index.put(FRAGMENTS, key, row.encode());
        self.lives(entry.place);
        if let Some(old) = old {
            self.dies(old.place);
        }
    }

    fn tombstone(&mut self, index: &Index, entry: &Entry<'_>) -> Result<(), DatabaseError> {
        let contract = self.contract_mut(entry);
        contract.sequence_seen = contract.sequence_seen.max(entry.header.sequence);
        let number = contract.number;
        for (block, fragment) in decode_names(entry.payload) {
            let key = fragment_key(number, &block, fragment);
            let Some(row) = index.get(FRAGMENTS, &key)? else { continue };
            let row = FragmentRow::decode(&row)?;
            self.contract_mut(entry).totals.subtract(&row);
            index.delete(FRAGMENTS, key);
            self.dies(row.place);
        }
        Ok(())
    }

    fn receipt(&mut self, index: &Index, entry: &Entry<'_>) -> Result<(), DatabaseError> {
        let Ok(receipt) = decode::<Receipt>(entry.payload) else { return Ok(()) };
        let contract = self.contract_mut(entry);
        contract.sequence_seen = contract.sequence_seen.max(receipt.body.sequence);
        if receipt.body.sequence > contract.chain.sequence {
            contract.chain.sequence = receipt.body.sequence;
            contract.chain.hash = receipt.body.chain_hash();
        }
        let key = receipt_key(contract.number, receipt.body.sequence);
        if let Some(old) = index.get(RECEIPTS, &key)? {
            self.dies(crate::rows::decode_place(&old)?);
        }
        index.put(RECEIPTS, key, encode_place(&entry.place).to_vec());
        self.lives(entry.place);
        Ok(())
    }

    fn document(&mut self, entry: &Entry<'_>) {
        let Ok(terms) = decode::<Terms>(entry.payload) else { return };
        let contract = self.contract_mut(entry);
        contract.terms = terms;
        let old = contract.document.replace(entry.place.into());
        self.lives(entry.place);
        old.into_iter().for_each(|old| self.dies(old.into()));
    }

    fn agreement(&mut self, entry: &Entry<'_>) {
        let Ok(signature) = Signature::try_from_slice(entry.payload) else { return };
        let contract = self.contract_mut(entry);
        if entry.header.sequence < contract.chain.agreed {
            return;
        }
        contract.chain.agreed = entry.header.sequence;
        contract.chain.agreement = Some(signature);
        let old = contract.agreement_at.replace(entry.place.into());
        self.lives(entry.place);
        old.into_iter().for_each(|old| self.dies(old.into()));
    }

    fn owner_record(&mut self, index: &Index, entry: &Entry<'_>) -> Result<(), DatabaseError> {
        let key = owner_key(&entry.header.owner, entry.header.index);
        let old = index.get(OWNERS, &key)?.map(|row| OwnerRow::decode(&row)).transpose()?;
        let Header { sequence, hash, .. } = *entry.header;
        if old.is_some_and(|old| old.sequence > sequence) {
            return Ok(());
        }
        index.put(OWNERS, key, OwnerRow { place: entry.place, sequence, hash }.encode());
        self.lives(entry.place);
        if let Some(old) = old {
            self.dies(old.place);
        }
        Ok(())
    }

    /// The segment is gone.
    pub(crate) fn drop_segment(&mut self, index: &Index, segment: u32) {
        self.usage.remove(&segment);
        index.delete(SEGMENTS, segment.to_be_bytes().to_vec());
    }

    /// Stages the rows that are kept in memory.
    pub(crate) fn stage(&mut self, index: &Index) {
        for id in std::mem::take(&mut self.changed) {
            if let Some(contract) = self.contracts.get(&id) {
                index.put(CONTRACTS, id.0.to_vec(), encode_contract(contract));
            }
        }
        for segment in std::mem::take(&mut self.used) {
            if let Some(usage) = self.usage.get(&segment) {
                index.put(SEGMENTS, segment.to_be_bytes().to_vec(), encode_usage(*usage));
            }
        }
    }

    fn contract_mut(&mut self, entry: &Entry<'_>) -> &mut Contract {
        let Header { contract, owner, .. } = *entry.header;
        self.changed.insert(contract);
        let next = &mut self.contract_next;
        self.contracts.entry(contract).or_insert_with(|| {
            *next += 1;
            Contract::unknown(*next - 1, owner)
        })
    }

    fn lives(&mut self, place: Place) {
        self.usage_mut(place).live += place.units();
    }

    fn usage_mut(&mut self, place: Place) -> &mut Usage {
        self.used.insert(place.segment);
        self.usage.entry(place.segment).or_default()
    }

    fn dies(&mut self, place: Place) {
        // A segment that was already dropped has no row any more.
        if let Some(usage) = self.usage.get_mut(&place.segment) {
            self.used.insert(place.segment);
            usage.live = usage.live.saturating_sub(place.units());
        }
    }
}

/// The payload of a tombstone.
pub(crate) fn encode_names(names: &[(BlockId, u8)]) -> Vec<u8> {
    names.iter().flat_map(|(block, index)| [&block.0[..], &[*index]].concat()).collect()
}

pub(crate) fn decode_names(payload: &[u8]) -> impl Iterator<Item = (BlockId, u8)> {
    payload.chunks_exact(33).map(|name| {
        let mut block = [0; 32];
        block.copy_from_slice(&name[..32]);
        (BlockId(block), name[32])
    })
}
