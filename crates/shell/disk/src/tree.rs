//! Trees of files: scanning them for a backup, reading them, writing them back at a restore,
//! comparing them, and making a sample one.

//!
//! Everything works relative to open directories (`openat`), so that neither a long path nor a
//! directory that is moved meanwhile leads elsewhere. Linux and macOS; Linux is what is tested.

pub mod cause;
pub mod compare;
pub mod model;
pub mod read;
pub mod sample;
pub mod scan;
pub mod write;

mod owners;
mod sparse;
mod stat;
mod xattr;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
