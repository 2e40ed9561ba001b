//! `run`: one scenario, told.

use crate::cli::{RunArgs, Tell};
use anyhow::{Context, Result};
use flotilla_core::sim::Scenario;
use flotilla_core::view::{self, Weight};
use std::fs;

/// Runs it; false when something that was expected did not come true, or a rule was broken.
pub fn run(args: &RunArgs) -> Result<bool> {
    let name = args.file.display();
    let text = fs::read_to_string(&args.file).with_context(|| format!("reading {name}"))?;
    let scenario = Scenario::parse(&text).with_context(|| name.to_string())?;
    let least = match args.tell {
        Tell::Story => Weight::Story,
        Tell::Detail => Weight::Detail,
        Tell::All => Weight::Trace,
    };
    let told = view::transcript(&scenario, least);
    print!("{told}");
    let ended = told.rsplit_once("\n# at ").map_or("", |(_, end)| end);
    Ok(!ended.contains("\nNOT MET: ") && !ended.contains("\nBROKEN"))
}
