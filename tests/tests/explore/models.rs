//! The clusters that are explored.

use super::cluster::{Budget, Cluster};
use super::digest::Clocks;
use super::prologue;
use super::rules::Sight;
use super::server::Disks;
use flotilla_core::raft::{self, MembershipChange};
use flotilla_core::replica::{Config, LogTimeConfig};
use flotilla_core::types::{Duration, Instant, NodeId, Term};
use stateright::{Checker, HasDiscoveries, Model};
use std::io::Write;
use std::sync::Arc;

/// The Raft of the paper: three servers, disks that are done at once, clocks of their own.
fn paper(name: &'static str) -> Cluster {
    let raft = raft::Config {
        pre_vote: false,
        check_quorum: false,
        trailing_entries: 0,
        ..raft::Config::default()
    };
    Cluster {
        name,
        config: Arc::new(Config {
            raft,
            // Nothing expires here, and stamps that differ would be states that differ.
            log_time: LogTimeConfig {
                resolution: Duration::secs(86_400),
                ..LogTimeConfig::default()
            },
            ..Config::default()
        }),
        nodes: 3,
        voters: vec![NodeId(1), NodeId(2), NodeId(3)],
        clocks: Clocks::Own,
        disks: Disks::AtOnce,
        last_term: Term(2),
        end: Instant::ZERO,
        budget: Budget::default(),
        change: MembershipChange::default(),
        prologue: prologue::nothing,
        sights: &[],
    }
}

/// Explores all states, prints what was found, and fails with the shortest way to a broken rule.
fn explore(cluster: Cluster) {
    let (name, began) = (cluster.name, std::time::Instant::now());
    let checker = cluster.clone().checker();
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_bfs().join();
    let mut lines = vec![format!(
        "{name}: {} states, {} steps, depth {}, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f64(),
    )];
    let mut failures = Vec::new();
    let found = checker.discoveries();
    for property in cluster.properties() {
        let path = found.get(property.name);
        let failure = match (property.expectation.discovery_is_failure(), path) {
            (true, Some(_)) => format!("broken: {}", property.name),
            (false, None) => format!("never seen: {}", property.name),
            (true, None) => continue,
            (false, Some(path)) => {
                let steps = path.clone().into_actions().len();
                lines.push(format!("  after {steps} steps: {}", property.name));
                continue;
            }
        };
        failures.push(failure);
        let path = path.map(|path| path.clone().into_actions());
        failures.extend(
            path.iter()
                .flatten()
                .map(|action| format!("    {action:?}")),
        );
    }
    // Not captured: how much was explored is what this test has to say.
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
}

fn with(mut cluster: Cluster, change: impl FnOnce(&mut Config)) -> Cluster {
    change(Arc::make_mut(&mut cluster.config));
    cluster
}

#[test]
fn one_election() {
    explore(Cluster {
        budget: Budget {
            elections: 2,
            proposals: 1,
            duplicates: 1,
            crashes: 1,
            ..Budget::default()
        },
        last_term: Term(1),
        sights: &[
            Sight::LeaderElected,
            Sight::EntryCommitted,
            Sight::ClientAnswered,
        ],
        ..paper("one election")
    });
}

#[test]
fn two_elections() {
    explore(Cluster {
        budget: Budget {
            elections: 2,
            crashes: 1,
            ..Budget::default()
        },
        sights: &[Sight::LeaderElected],
        ..paper("two elections")
    });
}

#[test]
fn pre_vote() {
    explore(with(
        Cluster {
            budget: Budget {
                elections: 2,
                ..Budget::default()
            },
            sights: &[Sight::LeaderElected],
            ..paper("pre-vote")
        },
        |config| config.raft.pre_vote = true,
    ));
}

#[test]
fn slow_disks() {
    explore(Cluster {
        budget: Budget {
            elections: 2,
            crashes: 1,
            ..Budget::default()
        },
        disks: Disks::Later,
        last_term: Term(1),
        sights: &[Sight::LeaderElected, Sight::WriteLost],
        ..paper("slow disks")
    });
}

#[test]
fn rivals() {
    explore(with(
        Cluster {
            budget: Budget {
                elections: 2,
                ..Budget::default()
            },
            last_term: Term(4),
            prologue: prologue::rivals,
            sights: &[
                Sight::LeaderElected,
                Sight::LeaderDeposed,
                Sight::TailTruncated,
                Sight::OldTermWithheld,
            ],
            ..paper("rivals")
        },
        |config| config.raft.append_entries = 1,
    ));
}

#[test]
fn snapshots() {
    explore(Cluster {
        budget: Budget {
            heartbeats: 1,
            crashes: 1,
            ..Budget::default()
        },
        prologue: prologue::third_lags,
        sights: &[Sight::SnapshotInstalled, Sight::LogReplaced],
        ..paper("snapshots")
    });
}

#[test]
fn one_voter_becomes_two() {
    explore(Cluster {
        budget: Budget {
            elections: 2,
            heartbeats: 1,
            crashes: 1,
            changes: 1,
            ..Budget::default()
        },
        nodes: 2,
        voters: vec![NodeId(1)],
        change: MembershipChange {
            voters: vec![NodeId(1), NodeId(2)],
            learners: vec![],
        },
        prologue: prologue::led,
        sights: &[Sight::LearnerPromoted, Sight::ChangeCommitted],
        ..paper("one voter becomes two")
    });
}

#[test]
fn a_voter_is_replaced() {
    explore(Cluster {
        budget: Budget {
            elections: 1,
            crashes: 1,
            changes: 1,
            ..Budget::default()
        },
        voters: vec![NodeId(1), NodeId(2)],
        change: MembershipChange {
            voters: vec![NodeId(1), NodeId(3)],
            learners: vec![],
        },
        prologue: prologue::led,
        sights: &[Sight::LearnerPromoted, Sight::ChangeCommitted],
        ..paper("a voter is replaced")
    });
}

#[test]
fn leases() {
    explore(with(
        Cluster {
            budget: Budget {
                elections: 1,
                reads: 1,
                ..Budget::default()
            },
            clocks: Clocks::Shared,
            end: Instant(200_000),
            prologue: prologue::confirmed_soon,
            sights: &[
                Sight::LeaseReadServed,
                Sight::LeaseRefused,
                Sight::QuorumReadServed,
                Sight::LeaderElected,
            ],
            ..paper("leases")
        },
        |config| {
            config.raft.check_quorum = true;
            config.raft.clock_drift_ppm = 0;
            config.raft.clock_jump_bound = Duration::ZERO;
            config.raft.heartbeat_interval = Duration::millis(100);
            config.raft.election_timeout_min = Duration::millis(100);
            config.raft.election_timeout_max = Duration::millis(100);
        },
    ));
}

#[test]
fn a_leader_hands_over() {
    explore(Cluster {
        budget: Budget {
            crashes: 1,
            duplicates: 1,
            proposals: 1,
            transfers: 1,
            ..Budget::default()
        },
        prologue: prologue::led,
        sights: &[
            Sight::HandedOver,
            Sight::LeaderElected,
            Sight::LeaderDeposed,
        ],
        ..paper("a leader hands over")
    });
}

#[test]
fn a_disk_is_lost() {
    explore(Cluster {
        budget: Budget {
            elections: 1,
            heartbeats: 1,
            disk_losses: 1,
            ..Budget::default()
        },
        prologue: prologue::third_holds_what_counts,
        sights: &[Sight::LeaderElected, Sight::SeatGivenBack],
        ..paper("a disk is lost")
    });
}

#[test]
fn a_vote_is_forgotten() {
    explore(Cluster {
        budget: Budget {
            elections: 2,
            disk_losses: 1,
            ..Budget::default()
        },
        last_term: Term(1),
        sights: &[Sight::LeaderElected, Sight::SeatGivenBack],
        ..paper("a vote is forgotten")
    });
}

#[test]
fn two_disks_are_lost() {
    explore(Cluster {
        budget: Budget {
            elections: 1,
            disk_losses: 2,
            ..Budget::default()
        },
        prologue: prologue::led,
        sights: &[Sight::SeatGivenBack, Sight::SeatsLost],
        ..paper("two disks are lost")
    });
}
