//! The head of a bulk answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::ANSWER.takes)(bytes);
});
