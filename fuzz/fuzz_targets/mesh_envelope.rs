//! A packet on an open connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::mesh::ENVELOPE.takes)(bytes);
});
