//! A line of a directory of the catalog.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::drive::ENTRY.takes)(bytes);
});
