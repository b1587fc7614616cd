//! Fragments to and from other nodes: streams with greeted envelopes, and raw bytes between them.
//! Protocol: `docs/protocols/storage.md`.

use std::time::Duration;

pub(crate) mod audits;
pub(crate) mod buffers;
pub(crate) mod client;
pub(crate) mod desk;
mod manifest;
mod pool;
mod presence;
pub(crate) mod receipts;
pub(crate) mod server;
#[cfg(test)]
mod tests;

pub(crate) use manifest::is_of;

/// A stream without a request is kept open for so long by the side that serves; the side that asks
/// gives it up a little earlier.
pub(crate) const IDLE_WAIT: Duration = Duration::from_secs(60);
/// What is allowed for raw bytes beside their number.
const BODY_WAIT: Duration = Duration::from_secs(15);
/// The slowest that is borne with, bytes in a second.
const RATE_MIN: u64 = 16 * 1024;
/// The answer to a request may take so long to begin: the other side's disk, and all who were there
/// before.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// How long so many raw bytes may take.
pub(crate) fn body_wait(bytes: u32) -> Duration {
    BODY_WAIT + Duration::from_millis(u64::from(bytes) * 1000 / RATE_MIN)
}
