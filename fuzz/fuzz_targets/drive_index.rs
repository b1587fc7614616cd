//! Where chunks lie.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::drive::INDEX.takes)(bytes);
});
