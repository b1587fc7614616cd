//! The node's own lasting state.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::node::BOOK.takes)(bytes);
});
