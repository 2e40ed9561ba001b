//! What may have happened to a disk, all combined: to the newest snapshot, to the one before, to
//! the log, and what lies beside.

use super::cases::check_outcome;
use super::server::{FRESH, IDENTITY, Server, at, check_idempotent, config, entry, snapshot};
use crate::storage::{Identity, Trust, recover, segment_file};
use crate::types::{ClusterId, Index};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    Whole,
    Trimmed,
    Installed,
    SecondLife,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Intact,
    Changed,
    Cut,
    Missing,
    Foreign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Intact,
    TornTail,
    BeginningChanged,
    MiddleChanged,
    EndChanged,
    BeginningMissing,
    MiddleMissing,
    AllMissing,
    HeaderTorn,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    Unnamed,
    OtherLife,
}

const FILES: [File; 5] = [
    File::Intact,
    File::Changed,
    File::Cut,
    File::Missing,
    File::Foreign,
];

const LOGS: [Log; 10] = [
    Log::Intact,
    Log::TornTail,
    Log::BeginningChanged,
    Log::MiddleChanged,
    Log::EndChanged,
    Log::BeginningMissing,
    Log::MiddleMissing,
    Log::AllMissing,
    Log::HeaderTorn,
    Log::Empty,
];

fn history(history: History) -> Server {
    let mut server = Server::with_history(IDENTITY);
    match history {
        History::Whole => {}
        History::Trimmed => server.trim(),
        History::Installed => {
            server.install(at(2, 20));
            server.write(&[entry(2, 21)]);
        }
        History::SecondLife => {
            let (file, place) = server.find(11);
            server.flip(&file, place + 9);
            server = Server::start(server.disk, FRESH, server.promised);
            // What it promised before is forgotten.
            server.promised.hard_state.vote = None;
            server.promised.commit = Index(9);
            for index in 11..=30 {
                server.write(&[entry(2, index)]);
            }
            server.snapshot(15);
        }
    }
    server
}

fn harm_snapshot(server: &mut Server, name: &str, file: File) {
    let foreign = Identity {
        cluster: ClusterId(8),
        ..IDENTITY
    };
    match file {
        File::Intact => {}
        File::Changed => server.flip(name, 60),
        File::Cut => server.disk.edit(name, |bytes| bytes.truncate(50)),
        File::Missing => server.disk.delete(name),
        File::Foreign => {
            let mut other = Server::new(foreign);
            other.disk.execute(&snapshot(foreign, at(2, 8)).1);
            let bytes = other
                .disk
                .named(".snap")
                .pop()
                .map(|file| other.disk.bytes(&file).to_vec());
            server.disk.put(name, bytes.expect("saved"));
        }
    }
}

fn harm_log(server: &mut Server, log: Log) {
    let segments = server.disk.named(".log");
    // Another write follows: what is harmed below was durable.
    if matches!(
        log,
        Log::BeginningChanged | Log::MiddleChanged | Log::EndChanged
    ) {
        server.write(&[]);
    }
    let (first, middle) = (
        segments[0].clone(),
        segments[(segments.len() - 1) / 2].clone(),
    );
    match log {
        Log::Intact => {}
        Log::TornTail => {
            let last = server.disk.named(".log").pop().expect("some");
            let whole = server.disk.bytes(&last).len();
            server.write_unsynced(&[entry(9, 40)]);
            server.disk.edit(&last, |bytes| bytes.truncate(whole + 3));
        }
        Log::BeginningChanged => server.flip(&first, 12),
        Log::MiddleChanged => {
            let middle_of = server.disk.bytes(&middle).len() / 2;
            server.flip(&middle, middle_of);
        }
        Log::EndChanged => {
            let (file, place) = server.find(server.promised.last);
            server.flip(&file, place + 9);
        }
        Log::BeginningMissing => server.disk.delete(&first),
        Log::MiddleMissing => server.disk.delete(&middle),
        Log::AllMissing => server.lose_log(),
        Log::HeaderTorn | Log::Empty => {
            let last = segments.len() as u64 + 50;
            let bytes = server.disk.bytes(&first)[..20].to_vec();
            let bytes = if log == Log::Empty { Vec::new() } else { bytes };
            server.disk.put(&segment_file(last), bytes);
        }
    }
}

fn put_beside(server: &mut Server, beside: Beside) {
    match beside {
        Beside::Nothing => {}
        Beside::Unnamed => {
            server.save(at(2, 10));
        }
        Beside::OtherLife => {
            let other = Identity {
                cluster: ClusterId(8),
                ..IDENTITY
            };
            server.disk.execute(&snapshot(other, at(9, 99)).1);
        }
    }
}

#[test]
fn whatever_happened_nothing_promised_is_missing_unless_trust_is_lost() {
    let mut counts = BTreeMap::new();
    let histories = [
        History::Whole,
        History::Trimmed,
        History::Installed,
        History::SecondLife,
    ];
    let besides = [Beside::Nothing, Beside::Unnamed, Beside::OtherLife];
    for past in histories {
        for (newest, older) in FILES.into_iter().flat_map(|n| FILES.map(|o| (n, o))) {
            for (log, beside) in LOGS.into_iter().flat_map(|l| besides.map(|b| (l, b))) {
                let mut server = history(past);
                let names = server.disk.named(".snap");
                harm_log(&mut server, log);
                harm_snapshot(&mut server, &names[names.len() - 1], newest);
                harm_snapshot(&mut server, &names[names.len().saturating_sub(2)], older);
                put_beside(&mut server, beside);
                let place = format!("{past:?} {newest:?} {older:?} {log:?} {beside:?}");
                let kept = check(&server, &place);
                *counts.entry(kept).or_insert(0) += 1;
                let harmless = matches!(
                    log,
                    Log::Intact | Log::TornTail | Log::HeaderTorn | Log::Empty
                );
                if newest == File::Intact && harmless {
                    assert!(kept, "{place}");
                }
            }
        }
    }
    println!("{} kept, {} lost", counts[&true], counts[&false]);
    assert!(counts[&true] > 500 && counts[&false] > 500);
}

/// Recovers, and tells whether the incarnation was kept.
fn check(server: &Server, place: &str) -> bool {
    let given = Identity {
        incarnation: crate::types::Incarnation(6),
        ..IDENTITY
    };
    let state = recover(&server.disk, given, &config());
    let state = state.unwrap_or_else(|error| panic!("{place}: {error}"));
    check_outcome(&state, &server.promised, place);
    check_idempotent(&server.disk, &state);
    assert!(state.commit <= Index(30), "{place}");
    state.trust == Trust::Kept
}
