//! The door to the hunts for failures; they live in a package of their own.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::PassedOn;
use crate::command::Program;
use crate::house::House;

/// How many seeds the tests run, each in every mode. Bounded by count, so that the tests take alike
/// long on every day.
const SEEDS_OF_TESTS: u64 = 60;

pub(crate) fn run(house: &House, what: &str, args: &PassedOn) -> Result<ExitCode> {
    program(house).arg(what).args(&args.args).code()
}

/// Other seeds with each commit, so that every commit looks somewhere new; they are part of the line
/// that is shown.
pub(crate) fn run_some(house: &House) -> Result<()> {
    let first = first_seed(&commit(house));
    let seeds = format!("{first}..{}", first + SEEDS_OF_TESTS);
    program(house).args(["sweep", "--seeds", &seeds]).run()
}

fn program(house: &House) -> Program {
    Program::new("cargo", house.root())
        .args(["run", "--quiet", "--release", "--locked"])
        .args(["--package", "flotilla-sweep", "--"])
}

/// The commit that is checked out; nothing outside a repository.
fn commit(house: &House) -> String {
    let asked = Program::new("git", house.root()).args(["rev-parse", "HEAD"]);
    asked.probe().unwrap_or_default()
}

/// Below 2^40: the first ten hexadecimal digits of the commit.
fn first_seed(commit: &str) -> u64 {
    let digits = commit.trim().get(..10).unwrap_or("0");
    u64::from_str_radix(digits, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::first_seed;

    #[test]
    fn each_commit_has_seeds_of_its_own() {
        assert_eq!(first_seed("00000000ff1234567890\n"), 0xff);
        assert_eq!(first_seed("ffffffffff1234567890\n"), (1 << 40) - 1);
        assert_eq!(first_seed(""), 0);
        assert_eq!(first_seed("no commit here"), 0);
    }
}
