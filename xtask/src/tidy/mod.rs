//! House rules that no compiler knows, checked as a test.
//!
//! Each rule is a file of its own with a function from the project's files to [`Finding`]s;
//! `source` tells code from comments and strings for them.

mod files;
mod floors;
mod host;
mod leftovers;
mod lengths;
mod places;
mod source;
mod transcripts;

use std::fmt;

use anyhow::{Result, bail};

use self::files::File;
use crate::house::House;
use crate::progress::say;

/// A rule that a file breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counted from one.
    line: usize,
    what: String,
}

impl Finding {
    /// `index` is the line's, counted from zero.
    fn new(file: &File, index: usize, what: impl Into<String>) -> Self {
        Self {
            path: file.path.clone(),
            line: index + 1,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

pub(crate) fn run(house: &House) -> Result<()> {
    let files = files::read(house.root())?;
    let findings = check(&files);
    for finding in &findings {
        say(&finding.to_string());
    }
    if !findings.is_empty() {
        bail!("{} of the house rules' lines are broken", findings.len());
    }
    say(&format!("The house is tidy ({} files).", files.len()));
    Ok(())
}

fn check(files: &[File]) -> Vec<Finding> {
    let each = |file: &File| {
        [
            floors::check(file),
            host::check(file),
            leftovers::check(file),
            lengths::check(file),
            places::check(file),
        ]
        .concat()
    };
    let mut findings: Vec<Finding> = files.iter().flat_map(each).collect();
    findings.extend(transcripts::check(files));
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::{check, files};
    use crate::house::House;

    #[test]
    fn the_house_is_tidy() {
        let files = files::read(House::here().root()).expect("the project can be read");
        assert!(
            files.len() > 20,
            "the rules looked at {} files",
            files.len()
        );
        let lines = check(&files);
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
