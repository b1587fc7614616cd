//! Which fragments are written together: what is there, and what comes within a moment.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Coming, Order};

/// Bytes of one group at most.
pub(super) const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a group waits for fragments that are on their way.
const GROUP_WAIT: Duration = Duration::from_millis(2);

/// Fragments to be written together, and the order that came after them.
pub(super) struct Group {
    pub(super) fragments: Vec<Coming>,
    pub(super) then: Option<Order>,
}

/// Collects a group that begins with `first`; waits only while others are said to be coming.
pub(super) fn collect(
    first: Coming,
    queue: &Receiver<Order>,
    others_are_coming: impl Fn() -> bool,
) -> Group {
    let end = Instant::now() + GROUP_WAIT;
    let mut bytes = first.put.payload.len();
    let mut group = Group { fragments: vec![first], then: None };
    while bytes < GROUP_BYTES_MAX {
        let wait = if others_are_coming() {
            end.saturating_duration_since(Instant::now())
        } else {
            Duration::ZERO
        };
        match queue.recv_timeout(wait) {
            Ok(Order::Put(next)) => {
                bytes += next.put.payload.len();
                group.fragments.push(next);
            }
            Ok(other) => {
                group.then = Some(other);
                break;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    group
}
