//! The check that every stored row carries: the first 8 bytes of a hash over table, key and value.

use super::{DatabaseError, Table};

const CHECK_BYTES: usize = 8;

/// The value as it is stored: with its check behind it.
pub(super) fn seal(table: Table, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(value.len() + CHECK_BYTES);
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&check(table, key, value));
    sealed
}

/// The value of a stored row.
pub(super) fn unseal<'a>(
    table: Table,
    key: &[u8],
    sealed: &'a [u8],
) -> Result<&'a [u8], DatabaseError> {
    let damaged = || DatabaseError::Damaged { what: format!("a row of '{}' is broken", table.0) };
    let end = sealed.len().checked_sub(CHECK_BYTES).ok_or_else(damaged)?;
    let (value, stored) = sealed.split_at(end);
    if check(table, key, value) == stored { Ok(value) } else { Err(damaged()) }
}

fn check(table: Table, key: &[u8], value: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(table.0.as_bytes()).update(&(key.len() as u64).to_le_bytes());
    let hash = hasher.update(key).update(value).finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hash.as_bytes()[..CHECK_BYTES]);
    check
}
