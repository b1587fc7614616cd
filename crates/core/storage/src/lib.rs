//! Keeping data with suppliers: policies, contracts, placement, backup, restore, and the supplier's
//! side of it. Protocol: `docs/protocols/storage.md`.

pub mod backup;
pub mod candidates;
pub mod contract;
pub mod custody;
pub mod deposit;
pub mod fetch;
pub mod hiring;
pub mod lane;
pub mod placement;
pub mod policy;
pub mod retrieval;
pub mod room;
pub mod tenancy;
pub mod terms;
pub mod wire;

#[cfg(test)]
mod story;
