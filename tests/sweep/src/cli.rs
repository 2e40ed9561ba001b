//! What can be asked on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use flotilla_core::sim::{Endurance, Mode, bounds};
use flotilla_core::types::{Duration, Mutant};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run seeds until one breaks a rule or does not come to rest; make that one small
    ///
    /// Exit code 0: all passed. 1: a failure was found. 2: the command line is of no use.
    Sweep(SweepArgs),
    /// Run seeds with each known mistake switched on, until it is caught
    ///
    /// Exit code 0: all were caught. 1: some were not. 2: the command line is of no use.
    Mutants(MutantsArgs),
    /// Run one cluster for days of simulated time, in memory that does not grow
    ///
    /// Exit code 0: no rule was broken, and it came to rest. 1: not so. 2: the command line is of no use.
    Long(LongArgs),
    /// Run one scenario file and tell what happens in it
    ///
    /// Exit code 0: all that it expects came true, and no other rule was broken. 1: not so. 2: there is
    /// no such file, or it is no scenario.
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The seeds, from A up to but without B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub seeds: Range<u64>,
    /// Only this mode; may be given several times
    #[arg(long, value_name = "MODE", value_parser = Mode::named)]
    pub mode: Vec<Mode>,
    /// Only the I-th of N equal parts, counted from 1
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    pub shard: Shard,
    /// How many runs at once; as many as there are processors when absent
    #[arg(long, value_name = "J")]
    pub jobs: Option<NonZeroUsize>,
    /// Print one JSON object at the end, and nothing else
    #[arg(long)]
    pub json: bool,
    /// A mistake that all servers make; may be given several times
    #[arg(long, value_name = "NAME")]
    pub mutant: Vec<String>,
    /// Where the smallest failing scenario is written
    #[arg(long, value_name = "DIR", default_value = "failures")]
    pub out: PathBuf,
    /// Where the page is, for the link to the failing step
    #[arg(long, value_name = "URL", default_value = "http://localhost:7878/")]
    pub page: String,
}

#[derive(Debug, Args)]
pub struct MutantsArgs {
    /// Only these; all when absent
    #[arg(value_name = "NAME", value_parser = mutant)]
    pub names: Vec<Mutant>,
    /// How many seeds of each mode are tried
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub seeds: u64,
    /// How many runs at once; as many as there are processors when absent
    #[arg(long, value_name = "J")]
    pub jobs: Option<NonZeroUsize>,
    /// Print one JSON object at the end, and nothing else
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LongArgs {
    /// How many simulated days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=7))]
    pub days: u64,
    /// How many simulated hours, instead of days
    #[arg(long, value_name = "N", conflicts_with = "days", value_parser = clap::value_parser!(u64).range(1..=168))]
    pub hours: Option<u64>,
    /// How many servers
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub servers: u32,
    /// How many operations a second each of the four clients begins
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub rate: u64,
    /// How many milliseconds pass from one fault to the next, on average
    #[arg(long, value_name = "MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(10..))]
    pub fault_every: u64,
    /// What draws everything
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object at the end, and nothing else
    #[arg(long)]
    pub json: bool,
}

impl LongArgs {
    pub fn endurance(&self) -> Endurance {
        let hours = self.hours.unwrap_or(self.days * 24);
        Endurance {
            seed: self.seed,
            nodes: self.servers,
            lasting: Duration::secs(hours * 3_600),
            rate: self.rate,
            between_faults: Duration::millis(self.fault_every),
            between_requests: Duration::secs(2),
        }
    }
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How much is told
    #[arg(long, value_enum, default_value_t = Tell::Story)]
    pub tell: Tell,
}

/// How much is told of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tell {
    /// Elections, faults, what clients are told by people.
    Story,
    /// Also what servers decide.
    Detail,
    /// Every event.
    All,
}

/// One of several equal parts of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u64,
    pub of: u64,
}

impl Shard {
    /// Whether the run of this place belongs to it.
    pub fn has(self, place: u64) -> bool {
        place % self.of == self.index
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("seeds are given as A..B, for example 0..1000, not as `{text}`");
    let (from, upto) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let seeds = number(from)?..number(upto)?;
    if seeds.is_empty() {
        return Err(format!("there is no seed in {text}"));
    }
    if seeds.end > bounds::SEED {
        return Err("seeds are below 2^53 (9007199254740992)".into());
    }
    Ok(seeds)
}

fn shard(text: &str) -> Result<Shard, String> {
    let wrong = || format!("a shard is given as I/N with I from 1 to N, not as `{text}`");
    let (number, of) = text.split_once('/').ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let of: u64 = of.parse().map_err(|_| wrong())?;
    if number == 0 || number > of {
        return Err(wrong());
    }
    let index = number - 1;
    Ok(Shard { index, of })
}

fn mutant(name: &str) -> Result<Mutant, String> {
    let known = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
    known.copied().ok_or_else(|| {
        let all: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        format!("there is no mutant `{name}`; there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Cli, Shard, seeds, shard};
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_range() {
        assert_eq!(seeds("3..9"), Ok(3..9));
        for wrong in [
            "",
            "3",
            "9..3",
            "3..3",
            "a..b",
            "-1..3",
            "0..9007199254740993",
        ] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shards_are_counted_from_one_and_cover_everything_once() {
        assert_eq!(shard("2/3"), Ok(Shard { index: 1, of: 3 }));
        for wrong in ["", "0/3", "4/3", "1", "1/0", "x/2"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
        for place in 0..20 {
            let holders = (1..=3).filter(|n| shard(&format!("{n}/3")).is_ok_and(|s| s.has(place)));
            assert_eq!(holders.count(), 1, "{place}");
        }
    }
}
