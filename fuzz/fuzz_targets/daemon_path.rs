//! A path as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::shell::PATH.takes)(bytes);
});
