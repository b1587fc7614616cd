//! A record of the distributed hash table.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::mesh::RECORD.takes)(bytes);
});
