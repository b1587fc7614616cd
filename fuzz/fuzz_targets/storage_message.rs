//! The payload of a control envelope.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::MESSAGE.takes)(bytes);
});
