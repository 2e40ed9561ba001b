//! Consensus, behaviour by behaviour: each script of `consensus/scripts` drives a few servers by
//! hand and holds what must come of it. Its name is a claim, its first lines say what it shows
//! and where that is written.
//!
//! `UPDATE_GOLDENFILES=1 cargo test -p flotilla-core --test consensus` records them anew (so does
//! `cargo xtask bless`); an expectation that cannot be explained is never recorded.
#![cfg(not(target_arch = "wasm32"))]

#[path = "consensus/cluster.rs"]
mod cluster;
#[path = "consensus/runner.rs"]
mod runner;
#[path = "consensus/words.rs"]
mod words;

use std::path::{Path, PathBuf};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consensus/scripts");
    let files = std::fs::read_dir(&folder).expect("the folder of the scripts");
    let mut scripts: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    scripts.sort();
    scripts
}

#[test]
fn every_script_runs_as_it_says() {
    let scripts = scripts();
    assert!(scripts.len() > 30, "{} scripts were found", scripts.len());
    let mut failed = Vec::new();
    for script in scripts {
        let run = || goldenscript::run(&mut runner::Script::default(), &script);
        match std::panic::catch_unwind(run) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed.push(format!("{}: {error}", script.display())),
            Err(_) => failed.push(format!("{}: see above", script.display())),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Goal first, then where it is written.
#[test]
fn every_script_says_what_it_shows() {
    for script in scripts() {
        let text = std::fs::read_to_string(&script).expect("a script");
        let head: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("# "))
            .collect();
        let sourced = head
            .iter()
            .any(|line| line.contains("section") || line.contains('#'));
        assert!(
            !head.is_empty() && sourced,
            "{} opens with its goal",
            script.display()
        );
    }
}
