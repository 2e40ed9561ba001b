//! Runs seeds through the world of faults: `sweep` until one breaks a rule, and then makes that one
//! small; `mutants` until each known mistake was caught; `long` one cluster for days; `run` tells one
//! scenario.
//!
//! Read `cli.rs` (what can be asked), `pool.rs` (many runs at once, in order), `sweep.rs`,
//! `mutants.rs`, `long.rs`, `report.rs` (what is printed), `link.rs` (how a scenario becomes a link to the page).

mod cli;
mod link;
mod long;
mod mutants;
mod pool;
mod report;
mod run;
mod sweep;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

/// The exit code for a command line that cannot be carried out.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Sweep(args) => sweep::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Long(args) => long::run(&args),
        Command::Run(args) => run::run(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{} {error:#}", console::style("error:").red().bold());
            ExitCode::from(UNUSABLE)
        }
    }
}
