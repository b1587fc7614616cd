//! Real nodes as processes on loopback, for the demo and the end-to-end tests.

mod config;
mod process;

pub use config::{Config, Media};
pub use process::{Daemon, init, recover};
