//! A size or a time with its unit.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::shell::QUANTITY.takes)(bytes);
});
