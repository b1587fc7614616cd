//! What stands under a name of the catalog.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::drive::NODE.takes)(bytes);
});
