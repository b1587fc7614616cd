//! The file of secrets, with an empty password.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::identity::KEYSTORE.takes)(bytes);
});
