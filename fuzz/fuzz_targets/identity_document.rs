//! The public description of an identity.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::identity::DOCUMENT.takes)(bytes);
});
