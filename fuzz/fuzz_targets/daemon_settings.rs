//! The settings file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::shell::SETTINGS.takes)(bytes);
});
