//! A crash at every operation of a real server's disk, with everything that a crash may leave.
//!
//! `run.rs` lets a real server append, cut a conflicting suffix, rotate, take a snapshot, install
//! one and trim, and writes down every operation. `memory.rs` says what a server remembers after
//! each record, without recovery's help. `survivors.rs` lists what a crash may leave. `crashes.rs`
//! lets the power go, recovers, and compares; and lets it go again while recovery repairs.
#![cfg(not(target_arch = "wasm32"))]

mod crashes;
mod memory;
mod run;
mod survivors;

use crashes::{Crashes, Tally};
use run::{Run, Sight};

#[test]
fn the_run_shows_everything_that_a_disk_is_asked_to_do() {
    let run = Run::record();
    println!("{}", run.summary());
    for sight in Sight::ALL {
        let times = run.sights().filter(|seen| *seen == sight).count();
        assert!(times > 0, "{sight:?} never happens");
    }
}

#[test]
fn no_crash_loses_what_was_durable() {
    let run = Run::record();
    let mut crashes = Crashes::new(&run);
    crashes.at_every_operation();
    report("power lost", &crashes.tally);
}

/// A killed process leaves a page cache that reads back fine and is not durable: what the server
/// goes on with must be made so before it promises anything.
#[test]
fn no_crash_after_a_kill_loses_what_was_recovered() {
    let run = Run::record();
    let mut crashes = Crashes::new(&run);
    crashes.after_a_kill_at_every_operation();
    report("killed, then power lost", &crashes.tally);
}

/// A sync that failed has given up what it was to write, and later syncs say nothing of it. What
/// a server recovers from its page cache then may go at the next crash: it must notice.
#[test]
fn what_a_failed_sync_gave_up_is_never_missed_in_silence() {
    let run = Run::record();
    let mut crashes = Crashes::new(&run);
    crashes.after_a_failed_sync_at_every_barrier();
    report("a sync failed, then power lost", &crashes.tally);
}

fn report(what: &str, tally: &Tally) {
    println!("{what}: {tally}");
    assert!(tally.crashes > 0 && tally.second_crashes > 0);
    let first: Vec<_> = tally.failures.iter().take(12).collect();
    let failed = tally.failures.len();
    assert!(failed == 0, "{what}: {tally}\n{first:#?}");
}
