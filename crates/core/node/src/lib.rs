//! All subjects wired into one value: `Node::handle(Input, now) -> Vec<Output>`.
//!
//! All that the world can do to the node is in [`input`], all that the node can ask of the world in
//! [`output`]. The subjects meet in `wiring`.

pub mod book;
pub mod catalogue;
mod chance;
pub mod durability;
pub mod input;
pub mod keeping;
mod node;
pub mod output;
pub mod service;
pub mod settings;
mod wiring;
pub mod wish;

pub use node::{Node, Now, Setup, atlases, drawings};

#[cfg(test)]
mod tests;
