//! The workers with real files, in a world whose suppliers are a table in memory.

mod backups;
mod checks;
mod mending;
mod readings;
mod recoveries;
pub(super) mod restores;
pub(super) mod world;
