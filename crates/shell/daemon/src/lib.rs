//! The loop: feeds the node and carries out what it says.

pub mod handle;
pub mod settings;
pub mod view;
