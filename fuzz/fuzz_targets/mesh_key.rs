//! The key of a record.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::mesh::KEY.takes)(bytes);
});
