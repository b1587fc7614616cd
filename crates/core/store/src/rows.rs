//! The rows of the fragment store's index: their tables, keys and forms.

use base::{BlockId, ContractId, Hash, IdentityId, Wire, decode, encode};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::contract::Contract;
use crate::database::{DatabaseError, Table};
use crate::segments::{Place, Position};

pub(crate) const FRAGMENTS: Table = Table("fragments");
pub(crate) const RECEIPTS: Table = Table("receipts");
pub(crate) const CONTRACTS: Table = Table("contracts");
pub(crate) const OWNERS: Table = Table("owners");
pub(crate) const SEGMENTS: Table = Table("segments");
pub(crate) const CHECKPOINT: Table = Table("checkpoint");
pub(crate) const CHECKPOINT_KEY: &[u8] = b"checkpoint";

/// Where a fragment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FragmentRow {
    pub(crate) place: Place,
    /// The receipt that names it.
    pub(crate) sequence: u64,
    /// It was read and found broken.
    pub(crate) is_damaged: bool,
}

const FRAGMENT_ROW_BYTES: usize = PLACE_BYTES + 9;
const PLACE_BYTES: usize = 16;

impl FragmentRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAGMENT_ROW_BYTES);
        bytes.extend_from_slice(&encode_place(&self.place));
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.push(u8::from(self.is_damaged));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DatabaseError> {
        let (place, rest) = bytes.split_at_checked(PLACE_BYTES).ok_or_else(|| broken(FRAGMENTS))?;
        let (sequence, flag) = rest.split_at_checked(8).ok_or_else(|| broken(FRAGMENTS))?;
        let is_damaged = flag == [1];
        if flag.len() != 1 {
            return Err(broken(FRAGMENTS));
        }
        let sequence = u64::from_le_bytes(sequence.try_into().map_err(|_| broken(FRAGMENTS))?);
        Ok(Self { place: decode_place(place)?, sequence, is_damaged })
    }
}

pub(crate) fn encode_place(place: &Place) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    let numbers = [place.segment, place.at, place.text_bytes, place.payload_bytes];
    for (piece, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        piece.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

pub(crate) fn decode_place(bytes: &[u8]) -> Result<Place, DatabaseError> {
    let number = |at: usize| {
        let piece = bytes.get(at..at + 4).and_then(|piece| piece.try_into().ok());
        piece.map(u32::from_le_bytes).ok_or_else(|| broken(RECEIPTS))
    };
    let (segment, at) = (number(0)?, number(4)?);
    Ok(Place { segment, at, text_bytes: number(8)?, payload_bytes: number(12)? })
}

/// Fragments stand in the order of (contract, block, index); contracts go by a short number.
pub(crate) fn fragment_key(contract: u32, block: &BlockId, index: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(37);
    key.extend_from_slice(&contract.to_be_bytes());
    key.extend_from_slice(&block.0);
    key.push(index);
    key
}

pub(crate) fn parse_fragment_key(key: &[u8]) -> Result<(u32, BlockId, u8), DatabaseError> {
    let parse = || {
        let (contract, rest) = key.split_first_chunk::<4>()?;
        let (block, rest) = rest.split_first_chunk::<32>()?;
        let [index] = rest else { return None };
        Some((u32::from_be_bytes(*contract), BlockId(*block), *index))
    };
    parse().ok_or_else(|| broken(FRAGMENTS))
}

pub(crate) fn receipt_key(contract: u32, sequence: u64) -> Vec<u8> {
    [&contract.to_be_bytes()[..], &sequence.to_be_bytes()].concat()
}

/// The first key that no key of this contract reaches.
pub(crate) fn contract_end(contract: u32) -> [u8; 4] {
    contract.saturating_add(1).to_be_bytes()
}

pub(crate) fn owner_key(owner: &IdentityId, kind: u8) -> Vec<u8> {
    [&owner.0[..], &[kind]].concat()
}

/// Where an owner record is kept, and its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnerRow {
    pub(crate) place: Place,
    pub(crate) sequence: u64,
    pub(crate) hash: Hash,
}

impl OwnerRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        [&encode_place(&self.place)[..], &self.sequence.to_le_bytes(), &self.hash.0].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DatabaseError> {
        let (place, rest) = bytes.split_at_checked(PLACE_BYTES).ok_or_else(|| broken(OWNERS))?;
        let (sequence, hash) = rest.split_first_chunk::<8>().ok_or_else(|| broken(OWNERS))?;
        let hash = Hash(hash.try_into().map_err(|_| broken(OWNERS))?);
        Ok(Self { place: decode_place(place)?, sequence: u64::from_le_bytes(*sequence), hash })
    }
}

/// How much of a segment is still needed, in units of 4 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) total: u64,
    pub(crate) live: u64,
}

pub(crate) fn encode_usage(usage: Usage) -> Vec<u8> {
    [usage.total.to_le_bytes(), usage.live.to_le_bytes()].concat()
}

pub(crate) fn decode_usage(bytes: &[u8]) -> Result<Usage, DatabaseError> {
    let numbers = bytes.split_first_chunk::<8>().and_then(|(total, live)| {
        Some((u64::from_le_bytes(*total), u64::from_le_bytes(live.try_into().ok()?)))
    });
    let (total, live) = numbers.ok_or_else(|| broken(SEGMENTS))?;
    Ok(Usage { total, live })
}

/// Up to where the index is complete; segment 0 while nothing was ever written.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Checkpoint {
    /// The store's key, should no segment tell it.
    pub(crate) key: [u8; 32],
    pub(crate) segment: u32,
    pub(crate) at: u32,
    pub(crate) batch: u64,
    pub(crate) last_at: u32,
    /// The number of the next contract.
    pub(crate) contract_next: u32,
    /// Segments whose last live records were copied away; their files may still be there.
    pub(crate) dropped: Vec<u32>,
}

impl Wire for Checkpoint {}

impl Checkpoint {
    pub(crate) fn position(&self) -> Position {
        let Self { segment, at, batch, last_at, .. } = *self;
        Position { segment, at, batch, last_at }
    }
}

pub(crate) fn encode_contract(contract: &Contract) -> Vec<u8> {
    encode(contract)
}

pub(crate) fn decode_contract(
    key: &[u8],
    value: &[u8],
) -> Result<(ContractId, Contract), DatabaseError> {
    let id = key.try_into().map(ContractId).map_err(|_| broken(CONTRACTS))?;
    Ok((id, decode(value).map_err(|_| broken(CONTRACTS))?))
}

pub(crate) fn broken(table: Table) -> DatabaseError {
    DatabaseError::Damaged { what: format!("a row of '{}' has another form", table.0) }
}
