//! `long`: one cluster for days, under load and a flaky network, in memory that does not grow.

use crate::cli::LongArgs;
use crate::report;
use anyhow::Result;
use console::style;
use flotilla_core::hunt::{Failure, Hunt, Verdict};
use flotilla_core::sim::Endurance;
use flotilla_core::types::Duration;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::{fs, time};

/// How many steps are made before one looks how far it is.
const STEPS: u64 = 100_000;
/// How many times the memory in use is noted.
const NOTES: u64 = 10;
const SECOND: u64 = 1_000_000;

/// What came of it.
struct Endured {
    hunt: Hunt,
    failure: Option<Failure>,
    took: time::Duration,
    /// The memory in use after each tenth of the time, in bytes; nothing where it is not known.
    in_use: Vec<u64>,
}

/// Runs it; false when a rule was broken, or it did not come to rest.
pub fn run(args: &LongArgs) -> Result<bool> {
    let endurance = args.endurance();
    let lasting = endurance.lasting.as_micros();
    let bar = bar(lasting, args.json);
    let began = time::Instant::now();
    let mut hunt = Hunt::enduring(&endurance);
    let mut in_use = Vec::new();
    let verdict = loop {
        let verdict = hunt.run(STEPS);
        let now = hunt.world().now().0;
        bar.set_position(now / SECOND);
        while (in_use.len() as u64) < now * NOTES / lasting {
            in_use.push(memory("VmRSS:").unwrap_or(0));
        }
        if let Some(verdict) = verdict {
            break verdict;
        }
    };
    bar.finish_and_clear();
    let failure = match verdict {
        Verdict::Passed => None,
        Verdict::Failed(failure) => Some(failure),
    };
    let endured = Endured {
        hunt,
        failure,
        took: began.elapsed(),
        in_use,
    };
    match args.json {
        true => println!("{}", as_json(&endurance, &endured)),
        false => tell(&endurance, &endured),
    }
    Ok(endured.failure.is_none())
}

/// A figure of this process in bytes, where the operating system tells it as Linux does.
fn memory(which: &str) -> Option<u64> {
    figure(&fs::read_to_string("/proc/self/status").ok()?, which)
}

fn figure(status: &str, which: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(which))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

fn tell(endurance: &Endurance, endured: &Endured) {
    let (world, seconds) = (endured.hunt.world(), endured.took.as_secs_f64().max(1e-9));
    let simulated = world.now().0 as f64 / SECOND as f64;
    let Duration(faults) = endurance.between_faults;
    println!(
        "{} servers, {} operations a second of each client, a fault every {:.1} s on average, seed {}",
        endurance.nodes,
        endurance.rate,
        faults as f64 / SECOND as f64,
        endurance.seed
    );
    println!(
        "{:.2} simulated days in {seconds:.0} s: {} steps, {:.0} steps a second, {:.0} simulated seconds a second",
        simulated / 86_400.0,
        world.steps(),
        world.steps() as f64 / seconds,
        simulated / seconds
    );
    let answered: u64 = world.clients().iter().map(|client| client.answered()).sum();
    println!("operations answered: {answered}");
    match memory("VmHWM:") {
        Some(peak) => {
            let in_use: Vec<String> = endured.in_use.iter().copied().map(megabytes).collect();
            println!(
                "peak memory: {} MB; in use after each tenth: {}",
                megabytes(peak),
                in_use.join(", ")
            );
        }
        None => println!("peak memory: not told by this system"),
    }
    report::came_across(endured.hunt.sights());
    report::undecided(endured.hunt.checker().undecided());
    match &endured.failure {
        None => report::all_well(),
        Some(failure) => println!("{}", style(failure.to_string()).red()),
    }
}

fn as_json(endurance: &Endurance, endured: &Endured) -> Value {
    let world = endured.hunt.world();
    json!({
        "seed": endurance.seed,
        "servers": endurance.nodes,
        "operations_a_second_of_each_client": endurance.rate,
        "steps": world.steps(),
        "simulated_us": world.now().0,
        "seconds": endured.took.as_secs_f64(),
        "answered": world.clients().iter().map(|client| client.answered()).sum::<u64>(),
        "peak_bytes": memory("VmHWM:"),
        "bytes_after_each_tenth": endured.in_use,
        "sights": report::sights(endured.hunt.sights()),
        "undecided": endured.hunt.checker().undecided(),
        "failure": endured.failure.as_ref().map(Failure::to_string),
    })
}

fn bar(lasting: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(lasting / SECOND);
    let style = ProgressStyle::with_template(
        "{bar:30} {pos}/{len} simulated seconds, {per_sec}, {eta} to go",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn the_peak_is_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(figure(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(figure(status, "VmRSS:"), Some(1 << 20));
        assert_eq!(figure(status, "VmSwap:"), None);
    }
}
