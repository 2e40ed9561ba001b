//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::test::Stage;

/// Flotilla's tasks. Whatever a task needs and the machine lacks is installed first, announced.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the page, serve it on this machine and open it in the browser
    Play(PlayArgs),
    /// Write the finished static site to dist/
    Build,
    /// Run every test: native, wasm in Node, wasm in a browser, the page end to end
    Test(TestArgs),
    /// Record the golden transcripts anew, then show what changed
    Bless,
    /// Measure; without a name, everything that can be measured
    Bench(PassedOn),
    /// Run seeds through the world of faults until one fails, and make that one small
    #[command(disable_help_flag = true)]
    Sweep(PassedOn),
    /// Run seeds with each known mistake switched on until it is caught
    #[command(disable_help_flag = true)]
    Mutants(PassedOn),
    /// Run one cluster for days of simulated time
    #[command(disable_help_flag = true)]
    Long(PassedOn),
    /// Run one scenario file and tell what happens in it
    #[command(disable_help_flag = true)]
    Run(PassedOn),
    /// Take the screenshots of the documentation anew
    Shots,
    /// Let fuzzers make up input for everything that reads bytes from elsewhere
    Fuzz(FuzzArgs),
    /// Tell what a server's data directory holds, without changing it
    ///
    /// Exit code 0: the data is sound. 1: it is damaged, or may not be trusted. 2: it cannot be
    /// read, or is no data directory.
    Inspect(InspectArgs),
    /// Check the house rules that no compiler knows (also part of `test`)
    Tidy,
}

#[derive(Debug, Args)]
pub(crate) struct PlayArgs {
    /// Port to serve on; without it, 7878 or the next free one
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Print the address without opening a browser
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Build quickly instead of small: a debug build with its assertions, not optimised
    #[arg(long)]
    pub(crate) fast: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only this stage; may be given several times
    #[arg(long, value_name = "STAGE", value_enum)]
    pub(crate) only: Vec<Stage>,
}

#[derive(Debug, Args)]
pub(crate) struct PassedOn {
    /// Passed on as they are
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Seconds for each target, besides the time to compile it
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
    /// Only this target: a file of fuzz/fuzz_targets/, without `.rs`
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The data directory
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Check every record of the log and the checksum of every snapshot
    #[arg(long)]
    pub(crate) verify: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Command};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn several_stages_may_be_asked_for() {
        let line = ["xtask", "test", "--only", "fmt", "--only", "page-e2e"];
        let Ok(cli) = Cli::try_parse_from(line) else {
            panic!("two stages should parse");
        };
        assert!(matches!(cli.command, Command::Test(args) if args.only.len() == 2));
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_known_ones() {
        let Err(error) = Cli::try_parse_from(["xtask", "test", "--only", "lint"]) else {
            panic!("`lint` is no stage");
        };
        let text = error.to_string();
        assert!(text.contains("lint") && text.contains("clippy"), "{text}");
    }

    #[test]
    fn the_bench_gets_its_arguments_untouched() {
        let line = ["xtask", "bench", "raft", "--rounds", "5"];
        let Ok(cli) = Cli::try_parse_from(line) else {
            panic!("a bench with arguments should parse");
        };
        assert!(matches!(cli.command, Command::Bench(b) if b.args == ["raft", "--rounds", "5"]));
    }
}
