#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flotilla_tests::fuzz::commands(bytes));
