//! What workers need of the system beside files: the date, and bytes of chance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base::Date;

/// The date now.
pub(crate) fn date() -> Date {
    Date(milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Fresh random bytes.
///
/// # Panics
/// The system has no randomness: nothing of this program can be done then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
