//! The sealed keys of a space.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::identity::KEYRING.takes)(bytes);
});
