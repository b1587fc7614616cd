//! A sealed chunk, as a supplier gives it back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::codec::CHUNK.takes)(bytes);
});
