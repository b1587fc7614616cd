//! The 24 words as a user types them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::identity::WORDS.takes)(bytes);
});
