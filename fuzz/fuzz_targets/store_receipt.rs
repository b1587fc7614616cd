//! A supplier's word.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::store::RECEIPT.takes)(bytes);
});
