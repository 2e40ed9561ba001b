//! Records the golden transcripts anew, and shows what that changed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::Program;
use crate::house::House;
use crate::progress::{heading, say};

pub(crate) fn run(house: &House) -> Result<()> {
    let root = house.root();
    heading("Recording the transcripts");
    make_room(&root.join("tests"))?;
    Program::new("cargo", root)
        .args(["test", "--package", "flotilla-tests", "--locked"])
        .setting("UPDATE_EXPECT", "1")
        .run()?;
    Program::new("cargo", root)
        .args([
            "test",
            "--package",
            "flotilla-core",
            "--test",
            "consensus",
            "--locked",
        ])
        .setting("UPDATE_GOLDENFILES", "1")
        .run()?;
    heading("What changed");
    Program::new("git", root)
        .args(["--no-pager", "diff", "--stat", "--", "tests", "core/tests"])
        .run()?;
    let new = [
        "ls-files",
        "--others",
        "--exclude-standard",
        "--",
        "tests",
        "core/tests",
    ];
    let new = Program::new("git", root).args(new).capture()?;
    for file in new.lines() {
        say(&format!(" {file} (new)"));
    }
    say("Read each change before you commit it: an expectation must be one you can explain.");
    Ok(())
}

/// Transcripts are part of the tests' program, which cannot be built while one is missing: a new
/// scenario begins with an empty one.
fn make_room(tests: &Path) -> Result<()> {
    let folder = tests.join("scenarios");
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {folder:?}"))? {
        let scenario = entry?.path();
        let Some(stem) = scenario.file_stem() else {
            continue;
        };
        let golden = tests.join("golden").join(stem).with_extension("txt");
        if !golden.exists() {
            fs::write(&golden, "").with_context(|| format!("writing {golden:?}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::make_room;
    use std::fs;

    #[test]
    fn a_new_scenario_gets_an_empty_transcript_and_others_keep_theirs() {
        let tests = std::env::temp_dir().join(format!("flotilla-bless-{}", std::process::id()));
        fs::create_dir_all(tests.join("scenarios")).expect("a folder for the test");
        fs::create_dir_all(tests.join("golden")).expect("a folder for the test");
        fs::write(tests.join("scenarios/old.toml"), "x").expect("a file for the test");
        fs::write(tests.join("scenarios/new.toml"), "x").expect("a file for the test");
        fs::write(tests.join("golden/old.txt"), "as it was").expect("a file for the test");
        make_room(&tests).expect("it is the test's own folder");
        let read = |name: &str| fs::read_to_string(tests.join("golden").join(name));
        assert_eq!(read("new.txt").expect("made"), "");
        assert_eq!(read("old.txt").expect("kept"), "as it was");
        fs::remove_dir_all(&tests).expect("the test's own folder");
    }
}
