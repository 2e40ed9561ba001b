//! Every scenario has its golden transcript, and every transcript its scenario.

use std::collections::BTreeMap;

use super::{File, Finding};

const SCENARIOS: (&str, &str) = ("tests/scenarios/", ".toml");
const TRANSCRIPTS: (&str, &str) = ("tests/golden/", ".txt");

pub(super) fn check(files: &[File]) -> Vec<Finding> {
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
}
