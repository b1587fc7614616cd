//! What proves a supplier's fault.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::EVIDENCE.takes)(bytes);
});
