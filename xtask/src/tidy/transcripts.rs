//! Every scenario has its golden transcript, and every transcript its scenario; every script of
//! consensus lies where it is run, and holds what must come of it.

use std::collections::BTreeMap;

use super::{File, Finding};

const SCENARIOS: (&str, &str) = ("tests/scenarios/", ".toml");
const TRANSCRIPTS: (&str, &str) = ("tests/golden/", ".txt");

/// Where the scripts of consensus are run, and where one might be left by mistake.
const SCRIPTS: &str = "core/tests/consensus/scripts/";
const SCRIPTS_BESIDE: &str = "core/tests/";
/// What parts the verbs of a script from what came of them.
const OUTCOME: &str = "---";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let scripts = files.iter().filter_map(script);
    [orphans(files), scripts.collect()].concat()
}

/// What is wrong with a file because it is, or should be, a script.
fn script(file: &File) -> Option<Finding> {
    let name = file.path.strip_prefix(SCRIPTS);
    let Some(name) = name else {
        let stray = file.path.starts_with(SCRIPTS_BESIDE) && file.extension() == "txt";
        return stray
            .then(|| Finding::new(file, 0, format!("no test runs it: move it to {SCRIPTS}")));
    };
    let claim = name.strip_suffix(".txt").unwrap_or_default();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if claim.is_empty() || !claim.chars().all(is_word) {
        let what = "a script is named as a claim, in_words_like_these.txt";
        return Some(Finding::new(file, 0, what));
    }
    let recorded = file.text.lines().any(|line| line == OUTCOME);
    let what = "nothing is recorded: do so with `cargo xtask bless`";
    (!recorded).then(|| Finding::new(file, 0, what))
}

fn orphans(files: &[File]) -> Vec<Finding> {
    let scenarios = stems(files, SCENARIOS);
    let transcripts = stems(files, TRANSCRIPTS);
    let orphans = |these: &BTreeMap<&str, &File>, others: &BTreeMap<&str, &File>, what: &str| {
        let orphans = these.iter().filter(|(stem, _)| !others.contains_key(*stem));
        let found = orphans.map(|(stem, file)| {
            let what = what.replace('*', stem);
            Finding::new(file, 0, what)
        });
        found.collect::<Vec<_>>()
    };
    let unrecorded = "no transcript tests/golden/*.txt: record it with `cargo xtask bless`";
    let left = "no scenario tests/scenarios/*.toml: the transcript is left over, remove it";
    let mut findings = orphans(&scenarios, &transcripts, unrecorded);
    findings.extend(orphans(&transcripts, &scenarios, left));
    findings
}

fn stems<'a>(files: &'a [File], place: (&str, &str)) -> BTreeMap<&'a str, &'a File> {
    let (folder, ending) = place;
    let stem = |file: &'a File| {
        let name = file.path.strip_prefix(folder)?;
        Some((name.strip_suffix(ending)?, file))
    };
    files.iter().filter_map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::check;

    #[test]
    fn orphans_are_found_on_both_sides() {
        let files = [
            file("tests/scenarios/a.toml", ""),
            file("tests/golden/a.txt", ""),
            file("tests/scenarios/b.toml", ""),
            file("tests/golden/c.txt", ""),
        ];
        let findings = check(&files);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("tests/scenarios/b.toml:1: no transcript tests/golden/b.txt"));
        assert!(lines[1].starts_with("tests/golden/c.txt:1: no scenario"));
    }

    #[test]
    fn scripts_that_hold_nothing_or_are_not_run_are_found() {
        let recorded = "# Goal.\n\ncluster nodes=3\n---\nok\n";
        let found = |path: &str, text: &str| {
            let findings = check(&[file(path, text)]);
            findings
                .iter()
                .map(|finding| finding.what.clone())
                .collect::<String>()
        };
        assert_eq!(
            found("core/tests/consensus/scripts/a_claim_of_8.txt", recorded),
            ""
        );
        assert_eq!(found("core/tests/consensus/words.rs", ""), "");
        let empty = found(
            "core/tests/consensus/scripts/a_claim.txt",
            "cluster nodes=3\n",
        );
        assert!(empty.starts_with("nothing is recorded"), "{empty}");
        for name in ["A-Claim.txt", "deeper/a_claim.txt", "a_claim.md", ".txt"] {
            let misnamed = found(&format!("core/tests/consensus/scripts/{name}"), recorded);
            assert!(
                misnamed.starts_with("a script is named"),
                "{name}: {misnamed}"
            );
        }
        let stray = found("core/tests/consensus/a_claim.txt", recorded);
        assert!(stray.starts_with("no test runs it"), "{stray}");
    }
}
