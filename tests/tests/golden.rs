//! Every scenario runs as its golden transcript says, and what it expects comes true.
#![cfg(not(target_arch = "wasm32"))]

use expect_test::expect_file;
use flotilla_tests::{FILES, transcript};
use std::collections::BTreeSet;

#[test]
fn every_scenario_runs_as_its_golden_transcript_says() {
    for file in FILES {
        let golden = format!("{}/golden/{}.txt", env!("CARGO_MANIFEST_DIR"), file.id);
        expect_file![golden].assert_eq(&transcript(file));
    }
}

/// A golden transcript can be re-recorded; what a scenario expects cannot.
#[test]
fn every_expectation_comes_true_and_no_rule_is_broken() {
    for file in FILES {
        let transcript = transcript(file);
        assert!(
            transcript.contains("\nmet: "),
            "{} expects nothing",
            file.id
        );
        assert!(
            !transcript.contains("NOT MET"),
            "{}:\n{transcript}",
            file.id
        );
        assert!(!transcript.contains("BROKEN"), "{}:\n{transcript}", file.id);
    }
}

#[test]
fn every_file_of_the_folder_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            path.file_stem()
                .expect("files have names")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let run: BTreeSet<String> = FILES.iter().map(|file| file.id.to_string()).collect();
    assert_eq!(there, run);
}
