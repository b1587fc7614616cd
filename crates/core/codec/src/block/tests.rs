//! Any k verified fragments bring back all the others, and only those of the manifest.

use super::*;
use crate::fixtures::{block, noise};
use crate::shape::FragmentClass;

/// Rebuilds every fragment from those whose bit is set in `have`.
fn rebuild(stripe: &Stripe, manifest: &Manifest, have: u32) -> Result<Vec<Vec<u8>>, RebuildError> {
    let have: Vec<Verified<'_>> = stripe
        .fragments()
        .enumerate()
        .filter(|(index, _)| have >> index & 1 != 0)
        .map(|(index, bytes)| manifest.verify(index, bytes).unwrap())
        .collect();
    let wanted: Vec<usize> = (0..manifest.shape().total()).collect();
    let mut out = vec![vec![0; manifest.class().bytes()]; wanted.len()];
    let mut slices: Vec<&mut [u8]> = out.iter_mut().map(Vec::as_mut_slice).collect();
    BlockCoder::new(manifest.shape()).rebuild(manifest, &have, &wanted, &mut slices)?;
    Ok(out)
}

#[test]
fn any_k_of_a_double_restore_everything() {
    for n in 1..=7 {
        let (stripe, manifest) = block(Shape::new(n, n).unwrap(), &noise(n as u64, 4096 * n - 9));
        let all: Vec<&[u8]> = stripe.fragments().collect();
        for set in 0u32..1 << (2 * n) {
            let have = set.count_ones() as usize;
            // More than k + 1 read the same k as some other set.
            if have > n + 1 {
                continue;
            }
            match rebuild(&stripe, &manifest, set) {
                Ok(out) => assert!(have >= n && out == all, "{n}: {set:b}"),
                Err(error) => {
                    assert!(have < n);
                    assert_eq!(error, RebuildError::TooFew { have, need: n });
                }
            }
        }
    }
}

#[test]
fn the_policies_survive_their_promises() {
    for (k, m) in [(16, 28), (16, 40), (8, 56)] {
        let shape = Shape::new(k, m).unwrap();
        let (stripe, manifest) = block(shape, &noise(1, 5000 * k));
        assert_eq!(manifest.class().bytes(), 8192);
        let parity_only: Vec<Verified<'_>> =
            (m..k + m).map(|i| manifest.verify(i, stripe.fragment(i).unwrap()).unwrap()).collect();
        let wanted: Vec<usize> = (0..k).collect();
        let mut out = vec![0; 8192 * k];
        let coder = BlockCoder::new(shape);
        let mut slices: Vec<&mut [u8]> = out.chunks_mut(8192).collect();
        coder.rebuild(&manifest, &parity_only, &wanted, &mut slices).unwrap();
        assert!(out == stripe.data());
        let one_less = coder.rebuild(&manifest, &parity_only[1..], &wanted, &mut []);
        assert_eq!(one_less, Err(RebuildError::TooFew { have: k - 1, need: k }));
    }
}

#[test]
fn the_same_fragment_twice_is_one_fragment() {
    let (stripe, manifest) = block(Shape::new(2, 2).unwrap(), b"data");
    let one = manifest.verify(0, stripe.fragment(0).unwrap()).unwrap();
    let mut out = [0; 4096];
    let result =
        BlockCoder::new(manifest.shape()).rebuild(&manifest, &[one, one], &[1], &mut [&mut out]);
    assert_eq!(result, Err(RebuildError::TooFew { have: 1, need: 2 }));
}

#[test]
fn roots_that_are_no_codeword_are_noticed() {
    let shape = Shape::new(2, 2).unwrap();
    let (stripe, manifest) = block(shape, b"data");
    let forged = [0; 4096];
    let mut roots = manifest.roots().to_vec();
    roots[3] = fragment_root(&forged);
    let lie = Manifest::new(shape, FragmentClass::SMALLEST, roots);
    let have =
        [lie.verify(1, stripe.fragment(1).unwrap()).unwrap(), lie.verify(3, &forged).unwrap()];
    let mut out = [0; 4096];
    let coder = BlockCoder::new(shape);
    assert_eq!(
        coder.rebuild(&lie, &have, &[0], &mut [&mut out]),
        Err(RebuildError::Inconsistent { index: 0 })
    );
    assert_eq!(
        coder.rebuild(&manifest, &have, &[0], &mut [&mut out]),
        Err(RebuildError::OtherBlock { index: 3 })
    );
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let (stripe, manifest) = block(Shape::new(2, 2).unwrap(), b"data");
    let have: Vec<Verified<'_>> =
        [0, 1].map(|i| manifest.verify(i, stripe.fragment(i).unwrap()).unwrap()).to_vec();
    let coder = BlockCoder::new(manifest.shape());
    let mut short = [0; 4095];
    let rebuild = |coder: &BlockCoder, wanted: &[usize], out: &mut [&mut [u8]]| {
        coder.rebuild(&manifest, &have, wanted, out)
    };
    assert_eq!(
        rebuild(&coder, &[4], &mut [&mut short]),
        Err(RebuildError::NoSuchFragment { index: 4, total: 4 })
    );
    assert_eq!(rebuild(&coder, &[2], &mut [&mut short]), Err(RebuildError::Buffers));
    assert_eq!(rebuild(&coder, &[2], &mut []), Err(RebuildError::Buffers));
    let other = BlockCoder::new(Shape::new(2, 3).unwrap());
    assert_eq!(rebuild(&other, &[2], &mut [&mut short]), Err(RebuildError::Shape));
}

#[test]
fn a_stripe_is_used_again_without_a_trace() {
    let shape = Shape::new(3, 2).unwrap();
    let coder = BlockCoder::new(shape);
    let mut stripe = Stripe::new(shape);
    let full = noise(1, shape.full_block_bytes());
    stripe.fill(&full);
    let first = coder.encode(&mut stripe);
    assert_eq!(first.class(), FragmentClass::LARGEST);
    stripe.clear();
    stripe.fill(&noise(2, 100));
    stripe.close().fill(7);
    let second = coder.encode(&mut stripe);
    assert_eq!(second.class(), FragmentClass::SMALLEST);
    stripe.clear();
    stripe.fill(&full);
    assert_eq!(coder.encode(&mut stripe), first);
}

#[test]
fn stripes_are_aligned() {
    for k in [1, 3, 16] {
        let stripe = Stripe::new(Shape::new(k, k).unwrap());
        assert!(stripe.fragments().all(|fragment| fragment.as_ptr().addr() % 64 == 0));
    }
}
