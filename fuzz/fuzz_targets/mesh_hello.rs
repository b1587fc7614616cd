//! The first message of a connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::mesh::HELLO.takes)(bytes);
});
