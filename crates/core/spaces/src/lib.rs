//! What files, messages and sites stand on: a space, its keys and their epochs.
//!
//! Bytes and rules are in `docs/protocols/identity.md`, section Keyrings.

mod keyring;
mod sealed;

pub use keyring::{EPOCHS_MAX, Keyring, KeyringError, own_drive};
pub use sealed::{OpenError, SEALED_BYTES_MAX};
