//! Adds parity to a block, and makes lost fragments again from any k that are left.

use base::Hash;
use erasure::{Code, PlanError};

use crate::fragment_root;
use crate::manifest::{Manifest, Verified};
use crate::shape::Shape;
use crate::stripe::Stripe;

/// Why fragments cannot be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// Fewer fragments are there than the code needs.
    #[error("{have} fragments are left, {need} are needed")]
    TooFew {
        /// Different fragments given.
        have: usize,
        /// k.
        need: usize,
    },
    /// The manifest is of a block of another shape.
    #[error("the block has another shape than this coder")]
    Shape,
    /// A fragment was verified against another manifest.
    #[error("fragment {index} is of another block")]
    OtherBlock {
        /// Its index.
        index: usize,
    },
    /// A fragment is wanted that the block has not.
    #[error("fragment {index} of {total} is wanted")]
    NoSuchFragment {
        /// The index asked for.
        index: usize,
        /// How many the block has.
        total: usize,
    },
    /// The buffers do not fit the wanted fragments.
    #[error("the buffers to fill do not fit the fragments")]
    Buffers,
    /// What came out is not what the manifest says: its roots are not those of one codeword. Either
    /// its author was wrong or lied, or this machine's memory is bad.
    #[error("fragment {index} does not come out as its manifest says")]
    Inconsistent {
        /// The index of the fragment.
        index: usize,
    },
}

/// Codes blocks of one shape.
#[derive(Clone, Debug)]
pub struct BlockCoder {
    shape: Shape,
    code: Code,
}

impl BlockCoder {
    /// A coder for blocks of `shape`.
    pub fn new(shape: Shape) -> BlockCoder {
        let code = Code::new(shape.data(), shape.parity()).expect("every shape makes a code");
        BlockCoder { shape, code }
    }

    /// The shape of the blocks.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Computes the parity of a filled stripe and the manifest of the block.
    ///
    /// # Panics
    /// When the stripe has another shape: a mistake of the caller.
    pub fn encode(&self, stripe: &mut Stripe) -> Manifest {
        assert!(stripe.shape() == self.shape, "a coder codes blocks of its shape");
        let (data, mut parity) = stripe.split_mut();
        self.code.encode(&data, &mut parity).expect("a stripe has the buffers of its shape");
        let roots: Vec<Hash> = stripe.fragments().map(fragment_root).collect();
        Manifest::new(self.shape, stripe.class(), roots)
    }

    /// Makes the fragments `wanted`, data or parity, into `out`, and verifies them.
    ///
    /// Of `have`, the k of lowest index are read; any more are ignored. Fragments that are there may
    /// be wanted as well and are copied then.
    ///
    /// # Errors
    /// As [`RebuildError`] says; `out` then holds nothing of use.
    pub fn rebuild(
        &self,
        manifest: &Manifest,
        have: &[Verified<'_>],
        wanted: &[usize],
        out: &mut [&mut [u8]],
    ) -> Result<(), RebuildError> {
        if manifest.shape() != self.shape {
            return Err(RebuildError::Shape);
        }
        let total = self.shape.total();
        let mut fragments: Vec<Option<&[u8]>> = vec![None; total];
        for fragment in have {
            let index = fragment.index;
            if manifest.roots().get(index) != Some(&fragment.root) {
                return Err(RebuildError::OtherBlock { index });
            }
            fragments[index] = Some(fragment.bytes);
        }
        let present: Vec<bool> = fragments.iter().map(Option::is_some).collect();
        let plan = self.code.plan(&present, wanted).map_err(|error| match error {
            PlanError::TooFew { have, need } => RebuildError::TooFew { have, need },
            PlanError::NoSuchFragment { index, total } => {
                RebuildError::NoSuchFragment { index, total }
            }
            PlanError::Flags { .. } => RebuildError::Shape,
        })?;
        let sources: Vec<&[u8]> = plan.sources().iter().filter_map(|&s| fragments[s]).collect();
        plan.apply(&sources, out).map_err(|_| RebuildError::Buffers)?;
        for (&index, bytes) in wanted.iter().zip(out) {
            manifest.verify(index, bytes).map_err(|_| RebuildError::Inconsistent { index })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
