//! The same bytes give the same history in wasm: the transcripts, which end in the fingerprint
//! of everything that happened, equal those that native code recorded.
#![cfg(target_arch = "wasm32")]

use flotilla_tests::{FILES, transcript};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_scenario_has_the_same_history_as_in_native_code() {
    for file in FILES {
        assert_eq!(transcript(file), file.golden, "{}", file.id);
    }
}
