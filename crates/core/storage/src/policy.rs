//! How data is spread: the code, and which supplier keeps which fragment.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The most suppliers one drive may have.
pub const SUPPLIERS_MAX: u8 = 64;

/// A named way to spread data over suppliers.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// n Data and n Parity fragments on n suppliers: any ⌊n/2⌋ may be lost. Stored: 2x.
    #[default]
    Double,
    /// 16 of 44, for home nodes that come and go. Stored: 2.75x.
    Standard,
    /// 16 of 56. Stored: 3.5x.
    Vault,
    /// 8 of 64. Stored: 8x.
    Bunker,
}

/// Why suppliers and policy do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpreadError {
    /// `double` takes 1 to 64.
    #[error("{0} suppliers: between 1 and {SUPPLIERS_MAX} are possible")]
    Suppliers(u8),
    /// The other policies have a fixed number.
    #[error("this policy needs exactly {needed} suppliers, not {found}")]
    Fixed {
        /// What the policy needs.
        needed: u8,
        /// What was asked for.
        found: u8,
    },
}

impl Policy {
    /// The number of suppliers that the policy prescribes; `double` leaves it to the user.
    pub const fn suppliers(self) -> Option<u8> {
        match self {
            Self::Double => None,
            Self::Standard => Some(44),
            Self::Vault => Some(56),
            Self::Bunker => Some(64),
        }
    }

    /// Its name in settings and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::Standard => "standard",
            Self::Vault => "vault",
            Self::Bunker => "bunker",
        }
    }

    /// The policy of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Double, Self::Standard, Self::Vault, Self::Bunker]
            .into_iter()
            .find(|policy| policy.name() == name)
    }
}

/// A code laid over a number of suppliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Spread {
    /// Data fragments of a block.
    pub data: u8,
    /// Parity fragments of a block.
    pub parity: u8,
    /// Suppliers that keep them.
    pub suppliers: u8,
}

impl Spread {
    /// The spread of `policy` over `suppliers`.
    ///
    /// # Errors
    /// The number does not fit the policy.
    pub fn new(policy: Policy, suppliers: u8) -> Result<Self, SpreadError> {
        match (policy, policy.suppliers()) {
            (_, Some(needed)) if needed != suppliers => {
                Err(SpreadError::Fixed { needed, found: suppliers })
            }
            (Policy::Double, _) if !(1..=SUPPLIERS_MAX).contains(&suppliers) => {
                Err(SpreadError::Suppliers(suppliers))
            }
            (Policy::Double, _) => Ok(Self { data: suppliers, parity: suppliers, suppliers }),
            (Policy::Standard | Policy::Vault, _) => {
                Ok(Self { data: 16, parity: suppliers - 16, suppliers })
            }
            (Policy::Bunker, _) => Ok(Self { data: 8, parity: 56, suppliers }),
        }
    }

    /// Fragments of a block.
    pub fn fragments(self) -> u8 {
        self.data + self.parity
    }

    /// The place of the supplier that keeps fragment `index`: with `double`, place i keeps Data i
    /// and Parity i, else each place keeps one fragment.
    pub fn place_of(self, index: u8) -> u8 {
        index % self.suppliers
    }

    /// The fragments kept at `place`.
    pub fn fragments_at(self, place: u8) -> impl Iterator<Item = u8> {
        (place..self.fragments()).step_by(usize::from(self.suppliers))
    }

    /// How many suppliers, whichever they are, may be lost without losing data.
    pub fn may_lose(self) -> u8 {
        let each = self.fragments().div_ceil(self.suppliers);
        self.parity / each
    }

    /// How many of the suppliers must be left.
    pub fn needed(self) -> u8 {
        self.suppliers - self.may_lose()
    }

    /// Bytes that each supplier must promise so that `needed_bytes` of packed data fit.
    pub fn quota_bytes(self, needed_bytes: u64) -> u64 {
        let stored = u128::from(needed_bytes) * u128::from(self.fragments());
        let each = stored.div_ceil(u128::from(self.data) * u128::from(self.suppliers));
        u64::try_from(each).unwrap_or(u64::MAX)
    }
}
