//! The manifest of a block as it goes with each of its fragments.

use base::{BlockId, DeviceId, Label, Signed, decode};
use codec::Manifest;

/// Whether these bytes are the manifest of `block`, signed by `device`, and fragment `index` of it
/// has `fragment_bytes` bytes.
pub(crate) fn is_of(
    bytes: &[u8],
    device: DeviceId,
    block: BlockId,
    (index, fragment_bytes): (u8, u32),
) -> bool {
    let Ok(signed) = decode::<Signed<Manifest>>(bytes) else { return false };
    let manifest = &signed.body;
    // The signature last, for it costs most.
    manifest.block_id() == block
        && usize::from(index) < manifest.shape().total()
        && u32::try_from(manifest.class().bytes()) == Ok(fragment_bytes)
        && signed.verify(device.into(), Label::Manifest).is_ok()
}
