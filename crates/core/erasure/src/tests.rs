//! The same bytes as `rusty_erasure`, an independent implementation of ISA-L's code.

use crate::Code;

fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}

fn parity_of(code: &Code, data: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let sources: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let mut parity = vec![vec![0; data[0].len()]; code.parity()];
    let mut slices: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
    code.encode(&sources, &mut slices).unwrap();
    parity
}

fn parity_of_the_oracle(k: usize, m: usize, data: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let oracle = rusty_erasure::coder(rusty_erasure::Matrix::cauchy(k, m).unwrap()).unwrap();
    let sources: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let mut parity = vec![vec![0; data[0].len()]; m];
    let mut slices: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
    oracle.encode(&sources, &mut slices).unwrap();
    parity
}

#[test]
fn parity_is_that_of_the_oracle() {
    let all_small = (1..=12).flat_map(|k| (1..=12).map(move |m| (k, m)));
    let policies = [(13, 13), (18, 18), (26, 26), (44, 44), (64, 64), (16, 28), (16, 40), (8, 56)];
    let edges = [(1, 254), (254, 1), (127, 128), (128, 127), (200, 55), (29, 51), (10, 20)];
    for (k, m) in all_small.chain(policies).chain(edges) {
        let length = 65 + (k * 37 + m * 11) % 200;
        let data: Vec<Vec<u8>> = (0..k).map(|j| random((k * 1000 + j) as u64, length)).collect();
        let code = Code::new(k, m).unwrap();
        assert!(parity_of(&code, &data) == parity_of_the_oracle(k, m, &data), "{k}+{m}");
    }
}

#[test]
fn the_oracle_restores_what_was_encoded_here() {
    for (k, m) in [(2, 2), (7, 7), (16, 28), (64, 64)] {
        let data: Vec<Vec<u8>> = (0..k).map(|j| random(j as u64, 200)).collect();
        let code = Code::new(k, m).unwrap();
        let parity = parity_of(&code, &data);
        let oracle = rusty_erasure::coder(rusty_erasure::Matrix::cauchy(k, m).unwrap()).unwrap();
        let all: Vec<&[u8]> = data.iter().chain(&parity).map(Vec::as_slice).collect();
        let present: Vec<bool> = (0..k + m).map(|f| f >= m.min(k)).collect();
        let wanted: Vec<usize> = (0..m.min(k)).chain([k + m - 1]).collect();
        let plan = oracle.decode_plan(&present, &wanted).unwrap();
        let survivors: Vec<Option<&[u8]>> =
            all.iter().zip(&present).map(|(fragment, here)| here.then_some(*fragment)).collect();
        let mut restored = vec![vec![0; 200]; wanted.len()];
        let mut slices: Vec<&mut [u8]> = restored.iter_mut().map(Vec::as_mut_slice).collect();
        oracle.recover_with(&plan, &survivors, &mut slices).unwrap();
        let expected: Vec<&[u8]> = wanted.iter().map(|&f| all[f]).collect();
        assert!(restored == expected, "{k}+{m}");
    }
}
