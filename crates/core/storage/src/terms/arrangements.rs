//! Which supplier has which place, and the short form in which a root document lists all arrangements
//! of a drive: each place once, arrangements by the numbers of their places.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Result, Write};

use base::{ContractId, DeviceId, IdentityId};
use borsh::{BorshDeserialize, BorshSerialize};

use super::ARRANGEMENTS_MAX;
use crate::policy::{Policy, Spread};

/// All arrangements of a root document, as it lists them, bytes at most: what is left for them
/// beside the largest head and keyring.
pub const ARRANGEMENTS_BYTES_MAX: usize = 36 * 1024;

/// One supplier in an arrangement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Place {
    /// Who keeps.
    pub identity: IdentityId,
    /// The device that keeps.
    pub device: DeviceId,
    /// Under which contract.
    pub contract: ContractId,
}

/// Which supplier has which place, for all blocks made while it was in force.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Arrangement {
    /// Its number, from 1; blocks name it.
    pub number: u32,
    /// The policy.
    pub policy: Policy,
    /// The suppliers by place.
    pub places: Vec<Place>,
}

impl Arrangement {
    /// The code and its layout, if the number of places fits the policy.
    pub fn spread(&self) -> Option<Spread> {
        Spread::new(self.policy, u8::try_from(self.places.len()).ok()?).ok()
    }
}

/// Whether a root document can name all of these.
pub fn arrangements_fit(arrangements: &[Arrangement]) -> bool {
    let mut bytes = Vec::new();
    arrangements.len() <= ARRANGEMENTS_MAX
        && serialize(&arrangements.to_vec(), &mut bytes).is_ok()
        && bytes.len() <= ARRANGEMENTS_BYTES_MAX
}

/// Writes all different places in the order of their first use, then the arrangements with the
/// indices of their places.
#[expect(clippy::ptr_arg, reason = "the derived code passes the field as it is")]
pub(super) fn serialize<W: Write>(list: &Vec<Arrangement>, writer: &mut W) -> Result<()> {
    let mut indices: BTreeMap<&Place, u16> = BTreeMap::new();
    let mut places: Vec<&Place> = vec![];
    for place in list.iter().flat_map(|arrangement| &arrangement.places) {
        if !indices.contains_key(place) {
            indices.insert(place, u16::try_from(places.len()).map_err(|_| invalid())?);
            places.push(place);
        }
    }
    places.serialize(writer)?;
    let short = list.iter().map(|arrangement| Short {
        number: arrangement.number,
        policy: arrangement.policy,
        places: arrangement.places.iter().filter_map(|place| indices.get(place).copied()).collect(),
    });
    short.collect::<Vec<_>>().serialize(writer)
}

/// Reads what `serialize` writes, and no other form of it: one value has one encoding.
pub(super) fn deserialize<R: Read>(reader: &mut R) -> Result<Vec<Arrangement>> {
    let places: Vec<Place> = Vec::deserialize_reader(reader)?;
    let short: Vec<Short> = Vec::deserialize_reader(reader)?;
    let distinct: std::collections::BTreeSet<&Place> = places.iter().collect();
    if distinct.len() != places.len() {
        return Err(invalid());
    }
    let mut used = 0;
    let mut list = Vec::with_capacity(short.len());
    for Short { number, policy, places: indices } in short {
        let mut these = Vec::with_capacity(indices.len());
        for index in indices.into_iter().map(usize::from) {
            if index > used {
                return Err(invalid());
            }
            used = used.max(index + 1);
            these.push(places.get(index).ok_or_else(invalid)?.clone());
        }
        list.push(Arrangement { number, policy, places: these });
    }
    if used == places.len() { Ok(list) } else { Err(invalid()) }
}

/// An arrangement in a root document.
#[derive(BorshSerialize, BorshDeserialize)]
struct Short {
    number: u32,
    policy: Policy,
    places: Vec<u16>,
}

fn invalid() -> Error {
    Error::new(ErrorKind::InvalidData, "a list of arrangements that nobody writes")
}
