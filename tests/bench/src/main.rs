//! Honest figures: the consensus core beside the crate `raft` 0.7 (raft-rs) on the same loop, what
//! a read costs by the way it takes, and how fast the simulated world runs, native and in wasm. Runs are interleaved; medians and
//! ratios are printed.
//!
//! `hit-ratio` measures something else: how often each eviction policy of the cache hits.
//!
//! The loop: servers in one thread, messages handed over in memory without serialization, disks
//! that are durable at once, payloads of 128 bytes; a window of proposals is kept outstanding
//! until all are committed and seen committed at the leader.

mod flotilla;
mod hit_ratio;
mod peer;
mod reads;
mod world;

use std::process::ExitCode;
use std::time::Instant;

const PROPOSALS: u64 = 200_000;
const ROUNDS: usize = 5;

/// What is measured: some consensus core that commits proposals.
struct Contender {
    name: &'static str,
    /// Commits so many proposals with so many servers and such a window.
    run: fn(servers: u64, window: u64, proposals: u64),
}

const CONTENDERS: [Contender; 3] = [
    Contender {
        name: "flotilla",
        run: flotilla::run,
    },
    Contender {
        name: "raft-rs, defaults",
        run: peer::run_defaults,
    },
    Contender {
        name: "raft-rs, best options",
        run: peer::run_best,
    },
];

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("hit-ratio") {
        return hit_ratio::run();
    }
    speed();
    ExitCode::SUCCESS
}

fn speed() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (proposals, rounds) = if quick {
        (PROPOSALS / 10, 3)
    } else {
        (PROPOSALS, ROUNDS)
    };
    println!("{proposals} proposals of 128 bytes, median of {rounds} interleaved runs");
    println!(
        "{:>8} {:>7}  {:<22} {:>14}  ratio",
        "servers", "window", "core", "entries/s"
    );
    for servers in [3, 5] {
        for window in [1, 16, 256] {
            compare(servers, window, proposals, rounds);
        }
    }
    println!();
    reads::compare(if quick { 2_000 } else { 50_000 }, rounds);
    println!();
    world::compare(if quick { 10 } else { 60 }, rounds);
}

fn compare(servers: u64, window: u64, proposals: u64, rounds: usize) {
    let mut rates = vec![Vec::new(); CONTENDERS.len()];
    for _ in 0..rounds {
        for (contender, rates) in CONTENDERS.iter().zip(&mut rates) {
            let start = Instant::now();
            (contender.run)(servers, window, proposals);
            rates.push(proposals as f64 / start.elapsed().as_secs_f64());
        }
    }
    let medians: Vec<f64> = rates.into_iter().map(median).collect();
    for (contender, rate) in CONTENDERS.iter().zip(&medians) {
        let ratio = medians[0] / rate;
        println!(
            "{servers:>8} {window:>7}  {:<22} {rate:>14.0}  {ratio:.2}",
            contender.name
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
