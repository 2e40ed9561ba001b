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

/// Whether the first lines name the section or figure of the paper or dissertation that a script
/// is about, or the issue of another project.
fn is_sourced(text: &str) -> bool {
    let head = text.lines().map_while(|line| line.strip_prefix("# "));
    let sources = ["section", "figure", " #"];
    let named = |line: &str| sources.iter().any(|source| line.contains(source));
    head.into_iter().any(named)
}

/// One test for all, because recording anew rewrites the files that are read.
#[test]
fn every_script_says_what_it_shows_and_runs_as_it_says() {
    let scripts = scripts();
    assert!(!scripts.is_empty(), "no script was found");
    let mut failed = Vec::new();
    for script in scripts {
        let text = std::fs::read_to_string(&script).expect("a script");
        let name = script.display();
        if !is_sourced(&text) {
            failed.push(format!("{name}: does not say where its claim is from"));
            continue;
        }
        let run = || goldenscript::run(&mut runner::Script::default(), &script);
        match std::panic::catch_unwind(run) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed.push(format!("{name}: {error}")),
            Err(_) => failed.push(format!("{name}: see above")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
