//! The segments of a store that has lost its index.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::store::SEGMENTS.takes)(bytes);
});
