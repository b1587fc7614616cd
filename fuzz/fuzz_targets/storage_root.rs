//! The document where everything of a drive begins.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (e2e::hostile::storage::ROOT.takes)(bytes);
});
