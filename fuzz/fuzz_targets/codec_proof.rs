//! A proof that a part of a fragment is there.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::codec::PROOF.takes)(bytes);
});
