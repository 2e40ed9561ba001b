//! `mutants`: each known mistake, and how many runs it takes until a rule notices.

use crate::cli::MutantsArgs;
use crate::pool::{self, Job, Trouble};
use anyhow::Result;
use console::style;
use flotilla_core::sim::Mode;
use flotilla_core::types::{Mutant, Mutants};
use serde_json::{Value, json};

/// How a mistake was caught.
struct Caught {
    runs: u64,
    job: Job,
    trouble: Trouble,
}

/// Runs it; false when a mistake was not caught.
pub fn run(args: &MutantsArgs) -> Result<bool> {
    pool::hush_panics();
    let mutants = match args.names.as_slice() {
        [] => Mutant::ALL,
        some => some,
    };
    let modes = Mode::ALL.into_iter().filter(|mode| mode.is_survivable());
    let modes: Vec<Mode> = modes.filter(|mode| *mode != Mode::Calm).collect();
    let jobs: Vec<Job> = (0..args.seeds)
        .flat_map(|seed| modes.iter().map(move |mode| Job { mode: *mode, seed }))
        .collect();
    let (mut missed, mut rows) = (0, Vec::new());
    for mutant in mutants {
        let switched_on = Mutants::named(&[mutant.name().into()])?;
        let bar = pool::bar(jobs.len() as u64, args.json);
        bar.set_message(mutant.name());
        let tally = pool::run(&jobs, switched_on, args.jobs, &bar);
        bar.finish_and_clear();
        let caught = tally.first.map(|(place, job, trouble, _)| Caught {
            runs: place + 1,
            job,
            trouble,
        });
        missed += usize::from(caught.is_none());
        if args.json {
            rows.push(as_json(*mutant, caught.as_ref()));
        } else {
            tell(*mutant, caught.as_ref(), jobs.len());
        }
    }
    if args.json {
        println!("{}", json!({"mutants": rows, "missed": missed}));
    } else {
        println!("{} of {} caught", mutants.len() - missed, mutants.len());
    }
    Ok(missed == 0)
}

fn tell(mutant: Mutant, caught: Option<&Caught>, tried: usize) {
    let name = mutant.name();
    match caught {
        Some(caught) => println!(
            "{name:<40} {:>6} runs  {:<26} {} {}",
            caught.runs,
            caught.trouble.name(),
            caught.job.mode.name(),
            caught.job.seed
        ),
        None => println!(
            "{}",
            style(format!("{name:<40} {tried:>6} runs  not caught")).red()
        ),
    }
}

fn as_json(mutant: Mutant, caught: Option<&Caught>) -> Value {
    json!({
        "mutant": mutant.name(),
        "says": mutant.says(),
        "source": mutant.source(),
        "runs": caught.map(|caught| caught.runs),
        "mode": caught.map(|caught| caught.job.mode.name()),
        "seed": caught.map(|caught| caught.job.seed),
        "rule": caught.map(|caught| caught.trouble.name()),
        "seen": caught.map(|caught| caught.trouble.says()),
    })
}
