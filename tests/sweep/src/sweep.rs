//! `sweep`: seeds until one fails, and that one made small.

use crate::cli::SweepArgs;
use crate::link;
use crate::pool::{self, Job, Tally, Trouble};
use crate::report;
use anyhow::{Context, Result};
use flotilla_core::hunt::{Counts, Hunt, Shrinking};
use flotilla_core::sim::{Mode, Scenario};
use flotilla_core::types::{Instant, Mutants};
use std::fs;
use std::path::{Path, PathBuf};
use std::time;

/// Shrinking gives up after so many runs.
const SHRINK_RUNS: u64 = 4_000;

/// A failure that was made small and written down.
pub struct Found {
    pub job: Job,
    pub trouble: Trouble,
    pub before: Counts,
    pub after: Counts,
    /// Runs that shrinking took.
    pub runs: u64,
    /// Whether without any one action it passes.
    pub minimal: bool,
    pub file: PathBuf,
    /// What the small one shows, and the link to it.
    pub shows: String,
    pub link: Result<String>,
}

/// Runs it; false when a failure was found.
pub fn run(args: &SweepArgs) -> Result<bool> {
    let mutants = Mutants::named(&args.mutant)?;
    let jobs = jobs(args);
    pool::hush_panics();
    let bar = pool::bar(jobs.len() as u64, args.json);
    let began = time::Instant::now();
    let tally = pool::run(&jobs, mutants, args.jobs, &bar);
    bar.finish_and_clear();
    let took = began.elapsed();
    let found = match &tally.first {
        None => None,
        Some(_) => Some(shrunk(args, &tally)?),
    };
    report::sweep(args, (&tally, took), found.as_ref());
    Ok(found.is_none())
}

/// All runs of this part of the sweep, in order.
fn jobs(args: &SweepArgs) -> Vec<Job> {
    let modes = match args.mode.as_slice() {
        [] => &Mode::ALL[..],
        some => some,
    };
    let all = args
        .seeds
        .clone()
        .flat_map(|seed| modes.iter().map(move |mode| Job { mode: *mode, seed }));
    all.zip(0..)
        .filter(|(_, place)| args.shard.has(*place))
        .map(|(job, _)| job)
        .collect()
}

fn shrunk(args: &SweepArgs, tally: &Tally) -> Result<Found> {
    let (_, job, trouble, scenario) = tally.first.clone().context("there is a failure")?;
    write(&args.out, (&job, "-whole"), &scenario.to_toml())?;
    let before = Counts::of(&scenario);
    let mode = Some(job.mode);
    if !args.json {
        eprintln!(
            "{} {} fails; making it small ...",
            job.mode.name(),
            job.seed
        );
    }
    let fails = |scenario: &Scenario| {
        let (outcome, _) = pool::finish(Hunt::again(scenario.clone(), mode));
        let same = outcome
            .trouble
            .filter(|seen| seen.name() == trouble.name())?;
        Some(match same {
            Trouble::Failure(failure) => failure.time().unwrap_or(scenario.end),
            Trouble::Panic(_) => outcome.simulated + flotilla_core::types::Duration::millis(1),
        })
    };
    let (small, runs, minimal) = match Shrinking::new((*scenario).clone(), SHRINK_RUNS, fails) {
        Some(mut shrinking) => {
            let minimal = shrinking.finish();
            (shrinking.best().clone(), shrinking.runs(), minimal)
        }
        // It is told as it is: even that a run does not repeat itself is worth knowing.
        None => (*scenario, 1, false),
    };
    let (outcome, mut small) = pool::finish(Hunt::again(small, mode));
    let shows = outcome
        .trouble
        .as_ref()
        .map(Trouble::says)
        .unwrap_or_default();
    small.about = format!("{} {}: {shows}", job.mode.name(), job.seed);
    if let Some(Trouble::Failure(failure)) = &outcome.trouble
        && failure.step().is_some()
    {
        small.expect.broken = vec![failure.name().into()];
        (small.expect.leader, small.expect.equal) = (false, false);
    }
    let at = at(&outcome);
    let toml = small.to_toml();
    let file = write(&args.out, (&job, ""), &toml)?;
    Ok(Found {
        job,
        trouble,
        before,
        after: Counts::of(&small),
        runs,
        minimal,
        file,
        shows,
        link: link::link(&args.page, &toml, at),
    })
}

/// The failing step.
fn at(outcome: &pool::Outcome) -> Option<(Instant, u64)> {
    match &outcome.trouble {
        Some(Trouble::Failure(failure)) => failure.time().zip(failure.step()),
        _ => None,
    }
}

fn write(folder: &Path, (job, which): (&Job, &str), toml: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let file = folder.join(format!("{}-{}{which}.toml", job.mode.name(), job.seed));
    fs::write(&file, toml).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}
