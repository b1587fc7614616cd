//! The list of all versions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::drive::HEAD.takes)(bytes);
});
