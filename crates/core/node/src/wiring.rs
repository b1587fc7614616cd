//! Where subjects meet: the effects of one become events of another, or orders to the world.

pub(crate) mod arranging;
pub(crate) mod backups;
pub(crate) mod customer;
pub(crate) mod documents;
pub(crate) mod enduring;
pub(crate) mod fetching;
pub(crate) mod finding;
pub(crate) mod healing;
pub(crate) mod hiring;
pub(crate) mod jobs;
pub(crate) mod lookups;
pub(crate) mod notes;
pub(crate) mod overview;
pub(crate) mod peers;
pub(crate) mod placing;
pub(crate) mod records;
pub(crate) mod reports;
pub(crate) mod requested;
pub(crate) mod requests;
pub(crate) mod retrievals;
pub(crate) mod services;
pub(crate) mod supplier;
pub(crate) mod watching;
pub(crate) mod wishes;
