//! Where the list of all versions is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::drive::HEAD_REF.takes)(bytes);
});
