//! A fragment drawn by chance, for an audit.

use base::{BlockId, ContractId};

use super::{Drive, FragmentReceipt};
use crate::database::DatabaseError;
use crate::fragments::FRAGMENT_BYTES_MAX;

/// How often is drawn anew, so that each byte is about as likely; then the last one does.
const DRAWS_MAX: usize = 16;
/// Blocks behind the drawn place among which one is looked for.
const PAGE_BLOCKS: usize = 64;

/// A fragment that somebody signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its block.
    pub block: BlockId,
    /// The fragment of the block.
    pub index: u8,
    /// Its length, bytes.
    pub bytes: u32,
    /// What was signed.
    pub receipt: FragmentReceipt,
}

impl Drive {
    /// A fragment under a contract, drawn with random numbers; long ones are as much more likely as
    /// they are longer. None if no receipt under the contract is found.
    ///
    /// # Errors
    /// As [`DatabaseError`] says.
    pub fn draw(
        &self,
        contract: ContractId,
        mut random: impl FnMut() -> [u8; 40],
    ) -> Result<Option<Drawn>, DatabaseError> {
        let mut last = None;
        for _ in 0..DRAWS_MAX {
            let drawn = random();
            let (place, number) = drawn.split_at(32);
            let mut after = [0; 32];
            after.copy_from_slice(place);
            let number = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let Some(found) = self.draw_behind(BlockId(after), contract, number >> 32)? else {
                continue;
            };
            last = Some(found);
            // The lower half: whether a fragment as short as this is to be taken.
            if (number & 0xffff_ffff) % FRAGMENT_BYTES_MAX as u64 <= u64::from(found.bytes) {
                break;
            }
        }
        Ok(last)
    }

    fn draw_behind(
        &self,
        after: BlockId,
        contract: ContractId,
        number: u64,
    ) -> Result<Option<Drawn>, DatabaseError> {
        let mut blocks = self.blocks(Some(after), PAGE_BLOCKS)?;
        if blocks.len() < PAGE_BLOCKS {
            // Behind the last block comes the first one.
            blocks.extend(self.blocks(None, PAGE_BLOCKS - blocks.len())?);
        }
        for (block, row) in blocks {
            let mut under = self.fragments(block)?;
            under.retain(|(_, receipt)| receipt.contract == contract);
            let Some(at) = number.checked_rem(under.len() as u64) else { continue };
            let chosen = usize::try_from(at).ok().and_then(|at| under.get(at).copied());
            if let Some((index, receipt)) = chosen {
                return Ok(Some(Drawn { block, index, bytes: row.fragment_bytes, receipt }));
            }
        }
        Ok(None)
    }
}
