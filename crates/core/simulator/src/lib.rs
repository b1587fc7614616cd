//! Many nodes in one world made from a seed: the real core, a slow and broken network, disks that tear
//! writes, nodes that lie. The same seed gives the same journal.
//!
//! What is modelled: delays, broken connections, partitions, the distributed hash table (delay, loss,
//! stale answers), the moment of a crash. What is real: the node, its automata, sessions and
//! envelopes, sealing, coding, masks, the fragment store with its recovery, the catalog.

mod audits;
mod being;
mod bulk;
mod carry;
mod chance;
mod links;
mod scenario;
mod source;
mod table;
mod work;
mod world;

/// All scenarios of the folder `scenarios`: name and text.
pub const SCENARIOS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

pub use scenario::{Scenario, ScenarioError, Verdict};
pub use world::{Setting, World};

#[cfg(test)]
mod tests;
