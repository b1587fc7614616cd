//! Every kernel of this machine gives the bytes of the definition, at any length and alignment.

use proptest::prelude::*;

use super::*;
use crate::field::mul;
use crate::matrix::Matrix;

/// Buffers that begin `skew` bytes into their allocations, so that vector loads are unaligned.
struct Skewed {
    skew: usize,
    buffers: Vec<Vec<u8>>,
}

impl Skewed {
    fn new(count: usize, length: usize, skew: usize, mut byte: impl FnMut() -> u8) -> Skewed {
        let buffers = (0..count).map(|_| (0..skew + length).map(|_| byte()).collect()).collect();
        Skewed { skew, buffers }
    }

    fn get(&self) -> Vec<&[u8]> {
        self.buffers.iter().map(|buffer| &buffer[self.skew..]).collect()
    }

    fn get_mut(&mut self) -> Vec<&mut [u8]> {
        self.buffers.iter_mut().map(|buffer| &mut buffer[self.skew..]).collect()
    }
}

/// A small generator, so that megabytes of test data cost nothing.
fn generator(mut seed: u64) -> impl FnMut() -> u8 {
    move || {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (seed >> 56) as u8
    }
}

fn by_definition(columns: usize, coefficients: &[u8], sources: &[&[u8]]) -> Vec<Vec<u8>> {
    let length = sources[0].len();
    let sum = |row: &[u8], t: usize| {
        row.iter().zip(sources).fold(0, |sum, (&c, source)| sum ^ mul(c, source[t]))
    };
    coefficients.chunks(columns).map(|row| (0..length).map(|t| sum(row, t)).collect()).collect()
}

proptest! {
    #[test]
    fn all_kernels_give_the_bytes_of_the_definition(
        rows in 1usize..24, columns in 1usize..24, length in 0usize..400, skew in 0usize..65,
        seed: u64,
    ) {
        let mut byte = generator(seed);
        let coefficients: Vec<u8> = (0..rows * columns).map(|_| byte()).collect();
        let sources = Skewed::new(columns, length, skew, &mut byte);
        let expected = by_definition(columns, &coefficients, &sources.get());
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            let mut outputs = Skewed::new(rows, length, (skew * 7) % 65, &mut byte);
            Matrix::new(kernel, columns, &coefficients)
                .apply(&sources.get(), &mut outputs.get_mut())
                .unwrap();
            prop_assert_eq!(outputs.get(), expected.clone(), "{}", kernel);
        }
    }

    #[test]
    fn a_range_is_filled_and_nothing_beside_it(
        rows in 1usize..5, length in 1usize..400, cut in any::<(u16, u16)>(), seed: u64,
    ) {
        let (a, b) = (usize::from(cut.0) % (length + 1), usize::from(cut.1) % (length + 1));
        let range = a.min(b)..a.max(b);
        let mut byte = generator(seed);
        let coefficients: Vec<u8> = (0..rows * 3).map(|_| byte()).collect();
        let sources = Skewed::new(3, length, 0, &mut byte);
        let expected = by_definition(3, &coefficients, &sources.get());
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            for (row, expected) in coefficients.chunks(3).zip(&expected) {
                let mut output = vec![0xa5; length];
                Tables::new(kernel, 3, row)
                    .run(&sources.get(), &mut [&mut output], range.clone());
                prop_assert_eq!(&output[range.clone()], &expected[range.clone()], "{}", kernel);
                let beside = output[..range.start].iter().chain(&output[range.end..]);
                prop_assert!(beside.into_iter().all(|&x| x == 0xa5), "{}", kernel);
            }
        }
    }
}

#[test]
fn kernels_agree_across_many_strips() {
    let (rows, columns, length) = (11, 70, 3 * 4096 + 77);
    let mut byte = generator(1);
    let coefficients: Vec<u8> = (0..rows * columns).map(|_| byte()).collect();
    let sources = Skewed::new(columns, length, 1, &mut byte);
    let results: Vec<_> = Kernel::ALL
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .map(|kernel| {
            let mut outputs = Skewed::new(rows, length, 0, || 0);
            Matrix::new(kernel, columns, &coefficients)
                .apply(&sources.get(), &mut outputs.get_mut())
                .unwrap();
            outputs.buffers
        })
        .collect();
    assert!(results.iter().all(|result| *result == results[0]));
    let sample: Vec<&[u8]> = sources.get().iter().map(|s| &s[length - 100..]).collect();
    let expected = by_definition(columns, &coefficients, &sample);
    for (row, expected) in results[0].iter().zip(&expected) {
        assert_eq!(row[length - 100..], expected[..]);
    }
}

#[test]
fn the_best_kernel_is_the_first_available() {
    assert!(Kernel::best().is_available());
    assert!(Kernel::Portable.is_available());
    assert!(Kernel::ALL.iter().take_while(|k| **k != Kernel::best()).all(|k| !k.is_available()));
}
