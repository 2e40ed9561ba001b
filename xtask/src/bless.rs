//! Records the golden transcripts anew, and shows what that changed.

use anyhow::Result;

use crate::command::Program;
use crate::house::House;
use crate::progress::{heading, say};

pub(crate) fn run(house: &House) -> Result<()> {
    let root = house.root();
    heading("Recording the transcripts");
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
