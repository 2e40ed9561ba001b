//! The one door for people: whatever one does with Flotilla starts as `cargo xtask ...`.
//!
//! Read `cli` for what can be asked, then the file that bears the command's name. `toolbox`
//! knows what has to be on the machine and how it gets there; `command` and `progress` are how
//! the other files run programs and tell about it; `tidy` keeps the house in order and knows
//! nothing of the rest.

mod bench;
mod bless;
mod cli;
mod command;
mod fuzz;
mod house;
mod inspect;
mod page_bench;
mod play;
mod progress;
mod serve;
mod shots;
mod site;
mod sizes;
mod sweep;
mod test;
mod tidy;
mod toolbox;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Command};
use crate::house::House;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\n{} {error:#}", console::style("error:").red().bold());
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let house = House::here();
    let done = match command {
        Command::Inspect(args) => return Ok(inspect::run(&args)),
        Command::Play(args) => play::run(&house, &args),
        Command::Build => site::run(&house),
        Command::Test(args) => test::run(&house, &args),
        Command::Bless => bless::run(&house),
        Command::Bench(args) => bench::run(&house, &args),
        Command::Sweep(args) => return sweep::run(&house, "sweep", &args),
        Command::Mutants(args) => return sweep::run(&house, "mutants", &args),
        Command::Long(args) => return sweep::run(&house, "long", &args),
        Command::Run(args) => return sweep::run(&house, "run", &args),
        Command::Fuzz(args) => fuzz::run(&house, &args),
        Command::Shots => shots::run(&house),
        Command::Tidy => tidy::run(&house),
    };
    done.map(|()| ExitCode::SUCCESS)
}
