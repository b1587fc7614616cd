//! Counting what cargo test says.

use super::{Counts, Tally, Target, result_of, target_of};

const OUTPUT: &str = "\
   Compiling store v0.1.0
     Running unittests src/lib.rs (target/debug/deps/store-0d8ffdb278c38c93)

running 20 tests
test a ... ok
test result: ok. 20 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s

     Running tests/demo.rs (target/debug/deps/demo-77aa)
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 61.25s

   Doc-tests automata
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

#[test]
fn sums_over_all_targets() {
    let mut tally = Tally::default();
    OUTPUT.lines().for_each(|line| tally.read(line));
    assert_eq!(tally.counts(), Counts { passed: 24, failed: 2 });
    let target = |name: &str, passed, failed, seconds| Target {
        name: name.to_owned(),
        counts: Counts { passed, failed },
        seconds,
    };
    let expected = [
        target("store", 20, 0, 0.5),
        target("demo (tests/demo.rs)", 3, 2, 61.25),
        target("automata (documentation)", 1, 0, 0.01),
    ];
    assert_eq!(tally.targets, expected);
    assert!(tally.slowest().starts_with("     61.2 s  demo (tests/demo.rs), 5 tests\n"));
}

#[test]
fn other_lines_count_nothing() {
    for line in ["test result ... ok", "test result: ok. many passed; 0 failed", "running 7 tests"]
    {
        assert_eq!((target_of(line), result_of(line)), (None, None), "{line}");
    }
}
