//! The code's frozen vectors (docs/protocols/coding.md) and what it refuses.

use super::*;

/// The parity part of the generator matrix, seen through the code: data fragment j is 1 at position
/// j, so parity i holds row i.
fn parity_matrix(data: usize, parity: usize) -> Vec<Vec<u8>> {
    let unit: Vec<Vec<u8>> =
        (0..data).map(|j| (0..data).map(|t| u8::from(t == j)).collect()).collect();
    encode(data, parity, &unit)
}

fn encode(data: usize, parity: usize, fragments: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let sources: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
    let mut outputs = vec![vec![0; sources[0].len()]; parity];
    let mut slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    Code::new(data, parity).unwrap().encode(&sources, &mut slices).unwrap();
    outputs
}

#[test]
fn the_parity_matrix_is_the_frozen_one() {
    assert_eq!(parity_matrix(1, 1), [[0x01]]);
    assert_eq!(parity_matrix(1, 3), [[0x01], [0x8e], [0xf4]]);
    assert_eq!(parity_matrix(2, 2), [[0x8e, 0xf4], [0xf4, 0x8e]]);
    assert_eq!(
        parity_matrix(4, 4),
        [
            [0x47, 0xa7, 0x7a, 0xba],
            [0xa7, 0x47, 0xba, 0x7a],
            [0x7a, 0xba, 0x47, 0xa7],
            [0xba, 0x7a, 0xa7, 0x47],
        ]
    );
}

#[test]
fn the_parity_of_the_frozen_fragments_is_frozen() {
    let data: Vec<Vec<u8>> = (0..4u8).map(|j| (0..4).map(|t| 16 * j + t).collect()).collect();
    assert_eq!(
        encode(4, 4, &data),
        [
            [0xe8, 0xc8, 0xa8, 0x88],
            [0xd2, 0xf2, 0x92, 0xb2],
            [0x9c, 0xbc, 0xdc, 0xfc],
            [0xa6, 0x86, 0xe6, 0xc6],
        ]
    );
}

#[test]
fn more_parity_leaves_the_parity_that_exists() {
    let (few, many) = (parity_matrix(16, 28), parity_matrix(16, 40));
    assert_eq!(few[..], many[..28]);
}

#[test]
fn numbers_that_make_no_code_are_refused() {
    let error = |data, parity| Code::new(data, parity).err();
    assert_eq!(error(0, 1), Some(CodeError::NoData));
    assert_eq!(error(1, 0), Some(CodeError::NoParity));
    assert_eq!(error(128, 128), Some(CodeError::TooMany { data: 128, parity: 128 }));
    assert_eq!(error(usize::MAX, 2), Some(CodeError::TooMany { data: usize::MAX, parity: 2 }));
    assert_eq!(error(254, 1), None);
    assert_eq!(error(1, 254), None);
}

#[test]
fn buffers_that_do_not_fit_are_refused() {
    let code = Code::new(2, 2).unwrap();
    let (three, four) = ([0; 3], [0; 4]);
    let (mut a, mut b, mut c) = ([0; 4], [0; 4], [0; 4]);
    assert_eq!(
        code.encode(&[&four], &mut [&mut a, &mut b]),
        Err(ShapeError::Sources { expected: 2, got: 1 })
    );
    assert_eq!(
        code.encode(&[&four, &four], &mut [&mut a, &mut b, &mut c]),
        Err(ShapeError::Outputs { expected: 2, got: 3 })
    );
    assert_eq!(
        code.encode(&[&four, &three], &mut [&mut a, &mut b]),
        Err(ShapeError::Length { expected: 4, got: 3 })
    );
    assert_eq!(
        code.encode(&[&four, &four], &mut [&mut a, &mut b[..1]]),
        Err(ShapeError::Length { expected: 4, got: 1 })
    );
    assert_eq!(code.encode(&[&four, &four], &mut [&mut a, &mut b]), Ok(()));
    assert_eq!(code.encode(&[&[], &[]], &mut [&mut [], &mut []]), Ok(()));
}
