//! The loop: feeds the node and carries out what it says.

mod border;
mod bulk;
#[cfg(test)]
mod fixtures;
pub mod handle;
mod home;
mod peers;
mod records;
mod requests;
mod run;
mod services;
pub mod settings;
mod supplier;
pub mod view;
pub mod work;

pub use requests::{FAILURE_CODES, failure_view};
pub use run::{Running, Start, StartError, start};
