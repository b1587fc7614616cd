//! Keeping data with suppliers: policies, contracts, placement, backup, restore, and the supplier's
//! side of it. Protocol: `docs/protocols/storage.md`.

pub mod allowance;
pub mod audit;
pub mod backup;
pub mod brake;
pub mod candidates;
pub mod contract;
pub mod custody;
pub mod deposit;
pub mod durability;
pub mod fetch;
pub mod healing;
pub mod hiring;
pub mod ladder;
pub mod lane;
pub mod margin;
pub mod placement;
pub mod policy;
pub mod presence;
mod refusal;
pub mod repair;
pub mod retrieval;
pub mod room;
pub mod tenancy;
pub mod terms;
pub mod uptime;
pub mod wire;

#[cfg(test)]
mod story;
