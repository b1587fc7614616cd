//! Random bytes of the operating system.

/// Fresh random bytes.
///
/// # Panics
/// The system has no randomness: nothing of this program can be done then.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
