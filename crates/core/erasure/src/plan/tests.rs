//! Any k fragments give any others; fewer give an error that says how many.

use proptest::prelude::*;

use super::*;

/// All k + m fragments of some data of `length` bytes.
fn fragments(data: usize, parity: usize, length: usize) -> (Code, Vec<Vec<u8>>) {
    let code = Code::new(data, parity).unwrap();
    let mut all: Vec<Vec<u8>> = (0..data)
        .map(|j| (0..length).map(|t| (j * 89 + t * 31 + (t / 7) * j + 1) as u8).collect())
        .collect();
    let mut outputs = vec![vec![0; length]; parity];
    let sources: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let mut slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    code.encode(&sources, &mut slices).unwrap();
    all.extend(outputs);
    (code, all)
}

/// Everything that the plan for `present` makes of every fragment.
fn rebuild(code: &Code, all: &[Vec<u8>], present: &[bool]) -> Result<Vec<Vec<u8>>, PlanError> {
    let wanted: Vec<usize> = (0..code.total()).collect();
    let plan = code.plan(present, &wanted)?;
    let sources: Vec<&[u8]> = plan.sources().iter().map(|&s| all[s].as_slice()).collect();
    let mut outputs = vec![vec![0; all[0].len()]; wanted.len()];
    let mut slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    plan.apply(&sources, &mut slices).unwrap();
    Ok(outputs)
}

#[test]
fn the_frozen_coefficients_hold() {
    let sources = [1, 3, 4, 6];
    let rows = coefficients(4, &sources, &[0, 2, 5]);
    let expected =
        [[0xd2, 0x4e, 0x14, 0x18], [0x4e, 0xd2, 0x18, 0x14], [0xde, 0x94, 0xd2, 0x4e]].concat();
    assert_eq!(rows, expected);
    let lost = [false, true, false, true, true, false, true, true];
    assert_eq!(Code::new(4, 4).unwrap().plan(&lost, &[0]).unwrap().sources(), sources);
}

#[test]
fn any_k_fragments_give_all_the_others() {
    for (data, parity) in
        [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (1, 6), (6, 1), (3, 7)]
    {
        let (code, all) = fragments(data, parity, 5);
        for set in 0u32..1 << code.total() {
            let present: Vec<bool> = (0..code.total()).map(|f| set >> f & 1 != 0).collect();
            let have = set.count_ones() as usize;
            match rebuild(&code, &all, &present) {
                Ok(outputs) => assert!(outputs == all && have >= data, "{data}+{parity} {set:b}"),
                Err(error) => {
                    assert!(have < data);
                    assert_eq!(error, PlanError::TooFew { have, need: data });
                }
            }
        }
    }
}

#[test]
fn half_the_suppliers_of_a_double_may_go_with_both_their_fragments() {
    for n in [13usize, 18, 26, 44, 64] {
        let (code, all) = fragments(n, n, 3);
        let present: Vec<bool> = (0..2 * n).map(|f| (f % n) % 2 == 0).collect();
        assert_eq!(rebuild(&code, &all, &present).unwrap(), all, "{n}");
        let mut one_more = present;
        one_more[0] = false;
        one_more[n] = false;
        let have = n.div_ceil(2) * 2 - 2;
        assert_eq!(rebuild(&code, &all, &one_more), Err(PlanError::TooFew { have, need: n }));
    }
}

proptest! {
    #[test]
    fn random_losses_are_made_good(
        data in 1usize..128, parity in 1usize..128, seed: u64, length in 1usize..40,
    ) {
        let (code, all) = fragments(data, parity, length);
        let mut order: Vec<usize> = (0..code.total()).collect();
        let mut state = seed | 1;
        for i in (1..order.len()).rev() {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(11);
            order.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mut present = vec![false; code.total()];
        order[..data].iter().for_each(|&f| present[f] = true);
        prop_assert_eq!(rebuild(&code, &all, &present).unwrap(), all);
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let code = Code::new(2, 1).unwrap();
    let error = |present: &[bool], wanted: &[usize]| code.plan(present, wanted).err();
    assert_eq!(error(&[true, true], &[0]), Some(PlanError::Flags { expected: 3, got: 2 }));
    assert_eq!(error(&[true; 3], &[3]), Some(PlanError::NoSuchFragment { index: 3, total: 3 }));
    assert_eq!(error(&[true, false, false], &[1]), Some(PlanError::TooFew { have: 1, need: 2 }));
    let plan = code.plan(&[true, false, true], &[1]).unwrap();
    let (a, mut out) = ([1; 8], [0; 8]);
    assert_eq!(
        plan.apply(&[&a], &mut [&mut out]),
        Err(ShapeError::Sources { expected: 2, got: 1 })
    );
    assert_eq!(plan.apply(&[&a, &a], &mut []), Err(ShapeError::Outputs { expected: 1, got: 0 }));
    let nothing = code.plan(&[true; 3], &[]).unwrap();
    assert_eq!(nothing.apply(&[&a, &a], &mut []), Ok(()));
}
