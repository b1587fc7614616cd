//! The head of a bulk request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::REQUEST.takes)(bytes);
});
