//! Everything that a fuzzer began with or once found is read again, on stable Rust.
#![cfg(not(target_arch = "wasm32"))]

use flotilla_core::storage::Disk;
use flotilla_tests::fuzz::{DiskImage, TARGETS};
use std::collections::BTreeSet;
use std::path::Path;

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = corpus().join(target);
    let files = std::fs::read_dir(&folder).expect("each target has a folder");
    let files = files.map(|file| file.expect("it is listed").path());
    let read = files.map(|file| {
        let bytes = std::fs::read(&file).expect("it can be read");
        (file.display().to_string(), bytes)
    });
    read.collect()
}

#[test]
fn the_whole_corpus_is_read_as_promised() {
    for (target, check) in TARGETS {
        let inputs = inputs(target);
        assert!(inputs.len() >= 3, "{target} has {} inputs", inputs.len());
        for (name, bytes) in &inputs {
            let held = std::panic::catch_unwind(|| check(bytes));
            assert!(held.is_ok(), "{name}: see above");
        }
        println!("{target}: {} inputs", inputs.len());
    }
}

/// The beginning, the end or a bit of it is missing: what a reader meets first in the field.
#[test]
fn what_is_cut_or_changed_is_read_as_promised() {
    let mut read = 0;
    for (target, check) in TARGETS {
        for (_, bytes) in inputs(target) {
            let stride = (bytes.len() / 64).max(1);
            for at in (0..bytes.len()).step_by(stride) {
                check(&bytes[..at]);
                check(&bytes[at..]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                check(&changed);
                read += 3;
            }
        }
    }
    println!("{read} inputs");
    assert!(read > 1_000, "only {read}");
}

/// The disks of the corpus are disks of servers, not of nothing.
#[test]
fn the_disks_of_the_corpus_hold_something() {
    for (name, bytes) in inputs("recovery") {
        assert!(!DiskImage::described(&bytes).list().is_empty(), "{name}");
    }
}

#[test]
fn every_target_has_a_program_and_no_other_corpus_is_there() {
    let folders = std::fs::read_dir(corpus()).expect("it is there");
    let folders: BTreeSet<String> = folders
        .map(|folder| folder.expect("it is listed").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(folders, targets);
    for target in targets {
        let program = corpus().join(format!("../fuzz_targets/{target}.rs"));
        assert!(program.is_file(), "{}", program.display());
    }
}
