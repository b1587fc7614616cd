//! A contract with both signatures.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::CONTRACT.takes)(bytes);
});
