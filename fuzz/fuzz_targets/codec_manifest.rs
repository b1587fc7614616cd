//! What a block consists of.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::codec::MANIFEST.takes)(bytes);
});
