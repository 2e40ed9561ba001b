//! What a sweep has found, for people and for programs.

use crate::cli::SweepArgs;
use crate::pool::Tally;
use crate::sweep::Found;
use console::style;
use flotilla_core::hunt::{Counts, Sights};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Prints a sweep's outcome.
pub fn sweep(args: &SweepArgs, (tally, took): (&Tally, Duration), found: Option<&Found>) {
    if args.json {
        println!("{}", as_json(args, (tally, took), found));
        return;
    }
    let seconds = took.as_secs_f64().max(1e-9);
    let simulated = tally.simulated as f64 / 1e6;
    println!(
        "{} runs in {:.1} s: {:.1} runs a second, {:.0} steps a second, {:.0} simulated seconds a second",
        tally.runs,
        seconds,
        tally.runs as f64 / seconds,
        tally.steps as f64 / seconds,
        simulated / seconds
    );
    came_across(&tally.sights);
    undecided(tally.undecided);
    match found {
        None => all_well(),
        Some(found) => failure(found),
    }
}

/// Prints what was come across; what was not stands out.
pub fn came_across(sights: &Sights) {
    println!("came across:");
    for (sight, count) in sights.iter() {
        let told = format!("  {count:>10}  {}", sight.says());
        match count {
            0 => println!("{}", style(told).yellow()),
            _ => println!("{told}"),
        }
    }
}

/// Prints of how much nothing is claimed.
pub fn undecided(count: u64) {
    println!("searches for an order of the clients' operations that were given up: {count}");
}

/// Prints that there was no failure.
pub fn all_well() {
    let well = "No rule was broken, and all came to rest.";
    println!("{}", style(well).green());
}

/// What was come across, for programs.
pub fn sights(sights: &Sights) -> Map<String, Value> {
    let sights = sights.iter();
    sights
        .map(|(sight, count)| (sight.says().into(), count.into()))
        .collect()
}

fn failure(found: &Found) {
    let (mode, seed) = (found.job.mode.name(), found.job.seed);
    println!(
        "{}",
        style(format!("{mode} {seed} fails: {}", found.trouble.says())).red()
    );
    println!(
        "made small in {} runs: {} -> {}{}",
        found.runs,
        sizes(found.before),
        sizes(found.after),
        match found.minimal {
            true => "; without any one of its actions that does not happen",
            false => "; there were too many runs to make it as small as it can be",
        }
    );
    println!("it shows: {}", found.shows);
    println!("scenario: {}", found.file.display());
    match &found.link {
        Ok(link) => println!("open it in the page: {link}"),
        Err(error) => println!("no link: {error:#}"),
    }
}

fn sizes(counts: Counts) -> String {
    let Counts {
        actions,
        nodes,
        end,
    } = counts;
    format!(
        "{actions} actions, {nodes} servers, {:.1} s",
        end.0 as f64 / 1e6
    )
}

fn as_json(args: &SweepArgs, (tally, took): (&Tally, Duration), found: Option<&Found>) -> Value {
    let size = |counts: Counts| json!({"actions": counts.actions, "nodes": counts.nodes, "end_us": counts.end.0});
    json!({
        "seeds": [args.seeds.start, args.seeds.end],
        "shard": [args.shard.index + 1, args.shard.of],
        "runs": tally.runs,
        "steps": tally.steps,
        "simulated_us": tally.simulated,
        "seconds": took.as_secs_f64(),
        "sights": sights(&tally.sights),
        "undecided": tally.undecided,
        "failure": found.map(|found| json!({
            "mode": found.job.mode.name(),
            "seed": found.job.seed,
            "kind": found.trouble.name(),
            "says": found.trouble.says(),
            "before": size(found.before),
            "after": size(found.after),
            "minimal": found.minimal,
            "shows": found.shows,
            "scenario": found.file.display().to_string(),
            "link": found.link.as_ref().ok(),
        })),
    })
}
