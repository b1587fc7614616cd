//! What a device shows to speak for an identity.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::identity::CREDENTIAL.takes)(bytes);
});
