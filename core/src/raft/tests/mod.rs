//! The rules one by one, on servers whose messages are delivered by hand.

use super::{
    AppendRequest, CampaignReason, Config, Entry, Event, InstalledLog, Mandate, Membership,
    Message, Output, Payload, Persist, Raft, ReadId, ReadOutcome, ReadVia, Restored, Role, Sending,
    Snapshot, VoteRefusal, VoteRequest,
};
use crate::types::{Duration, Index, Instant, NodeId, Position, Rope, Term};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

mod clocks;
mod elections;
mod leases;
mod membership;
mod reads;
mod replication;
mod seats;
mod server;
mod snapshots;
mod transfer;

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);
const N4: NodeId = NodeId(4);
const N5: NodeId = NodeId(5);

fn at(term: u64, index: u64) -> Position {
    Position::new(Term(term), Index(index))
}

fn entries(terms: &[u64]) -> Vec<Entry> {
    let command = |n: u64| Payload::Command(Bytes::from(format!("command {n}")));
    let numbered = terms.iter().zip(1..);
    numbered
        .map(|(term, n)| Entry {
            position: at(*term, n),
            payload: command(n),
        })
        .collect()
}

/// The Raft of the paper, without what later work added. Time here goes in leaps, from one
/// deadline that a test chooses to the next.
fn bare() -> Config {
    Config {
        trailing_entries: 0,
        pre_vote: false,
        check_quorum: false,
        clock_jump_bound: Duration::secs(3_600),
        ..Config::default()
    }
}

/// Everything that later work added, as it is by default.
fn full() -> Config {
    Config {
        trailing_entries: 0,
        ..Config::default()
    }
}

fn snapshot(covers: Position, data: Bytes) -> Snapshot {
    Snapshot::new(covers, Arc::new(Membership::of_voters(&[N1, N2, N3])), data)
}

/// Servers, what they told, and the messages between them.
struct Cluster {
    servers: Vec<Raft>,
    outputs: Vec<Output>,
    /// Whether each server's records become durable by themselves.
    fast_disks: bool,
    messages: VecDeque<(NodeId, NodeId, Message)>,
    /// Servers that neither hear nor are heard.
    away: Vec<NodeId>,
    now: Instant,
}

impl Cluster {
    /// Servers whose logs have entries of these terms, all in the term of the newest of them.
    fn new(logs: &[&[u64]]) -> Cluster {
        Cluster::configured(logs, bare())
    }

    fn configured(logs: &[&[u64]], config: Config) -> Cluster {
        let voters: Vec<NodeId> = (1..=logs.len() as u32).map(NodeId).collect();
        let term = logs
            .iter()
            .filter_map(|log| log.last())
            .max()
            .copied()
            .unwrap_or(0);
        let config = Arc::new(config);
        let server = |(id, terms): (&NodeId, &&[u64])| {
            let restored = Restored {
                bootstrap: Membership::of_voters(&voters),
                term: Term(term),
                entries: entries(terms),
                ..Restored::default()
            };
            Raft::new(*id, (Arc::clone(&config), 7), restored, Instant::ZERO)
        };
        Cluster {
            servers: voters.iter().zip(logs).map(server).collect(),
            outputs: vec![Output::default(); logs.len()],
            fast_disks: true,
            messages: VecDeque::new(),
            away: Vec::new(),
            now: Instant::ZERO,
        }
    }

    fn server(&mut self, id: NodeId) -> &mut Raft {
        &mut self.servers[id.0 as usize - 1]
    }

    fn output(&self, id: NodeId) -> &Output {
        &self.outputs[id.0 as usize - 1]
    }

    fn events(&self, id: NodeId) -> &[Event] {
        &self.output(id).events
    }

    /// Lets something happen to a server, and gathers what it wants.
    fn with(&mut self, id: NodeId, work: impl FnOnce(&mut Raft, Instant, &mut Output)) {
        let mut out = Output::default();
        let (now, fast) = (self.now, self.fast_disks);
        let server = self.server(id);
        work(server, now, &mut out);
        if fast {
            let newest = server.records_issued();
            server.on_durable(now, newest, &mut out);
        }
        let messages = out
            .messages
            .drain(..)
            .map(|(to, message)| (id, to, message));
        self.messages.extend(messages);
        let told = &mut self.outputs[id.0 as usize - 1];
        told.records.append(&mut out.records);
        told.reads.append(&mut out.reads);
        told.events.append(&mut out.events);
        told.received = out.received.take().or(told.received.take());
        told.installed = out.installed.or(told.installed);
    }

    /// The server's deadline comes.
    fn wake(&mut self, id: NodeId) {
        let deadline = self.server(id).deadline();
        self.now = self.now.max(deadline.expect("a voter has a deadline"));
        self.with(id, |server, now, out| server.on_deadline(now, out));
    }

    /// Delivers until nothing is on its way.
    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.messages.pop_front() {
            if !self.away.contains(&from) && !self.away.contains(&to) {
                self.with(to, |server, now, out| {
                    server.on_message(now, from, message, out)
                });
            }
        }
    }

    /// Delivers what is on its way to one server, once.
    fn deliver_to(&mut self, id: NodeId) {
        let all: Vec<_> = self.messages.drain(..).collect();
        for (from, to, message) in all {
            if to == id {
                self.with(to, |server, now, out| {
                    server.on_message(now, from, message, out)
                });
            } else {
                self.messages.push_back((from, to, message));
            }
        }
    }

    fn elect(&mut self, id: NodeId) {
        self.wake(id);
        self.deliver();
        assert!(
            matches!(self.server(id).role(), Role::Leader(_)),
            "{id} is elected"
        );
    }

    fn propose(&mut self, id: NodeId, text: &'static str) {
        let command = Bytes::from_static(text.as_bytes());
        self.with(id, |server, now, out| {
            server.propose(now, &[command], out).expect("it leads");
        });
    }

    fn terms(&mut self, id: NodeId) -> Vec<u64> {
        let log = self.server(id).log();
        log.range(Index::ZERO, log.last().index)
            .map(|entry| entry.position.term.0)
            .collect()
    }
}

#[test]
fn a_leader_is_elected_by_a_majority_and_commits_an_entry_of_its_own() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.away = vec![N3];
    cluster.elect(N1);
    assert_eq!(cluster.server(N1).commit(), Index(1));
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(
        (cluster.server(N2).commit(), cluster.terms(N2)),
        (Index(1), vec![1])
    );
}

#[test]
fn nobody_is_elected_by_a_minority() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.away = vec![N2, N3];
    for term in 1..4 {
        cluster.wake(N1);
        cluster.deliver();
        assert!(matches!(cluster.server(N1).role(), Role::Candidate(_)));
        assert_eq!(cluster.server(N1).term(), Term(term));
    }
    let split = |event: &Event| {
        matches!(
            event,
            Event::BecameCandidate {
                why: CampaignReason::NoMajority { votes: 1, .. },
                ..
            }
        )
    };
    assert_eq!(
        cluster
            .events(N1)
            .iter()
            .filter(|event| split(event))
            .count(),
        2
    );
}

/// Raft paper, section 5.4.1: by the term of the last entry first, then by its index.
#[test]
fn a_vote_goes_only_to_a_log_that_is_at_least_as_up_to_date() {
    let table: [(&[u64], Position, bool); 6] = [
        (&[], at(0, 0), true),
        (&[1, 1], at(1, 2), true),
        (&[1, 1], at(1, 1), false),
        (&[1, 1], at(2, 1), true),
        (&[1, 2], at(1, 9), false),
        (&[1, 2], at(2, 3), true),
    ];
    for (own, last, granted) in table {
        let mut cluster = Cluster::new(&[own, &[], &[]]);
        let request = VoteRequest {
            term: Term(5),
            last,
            mandate: Mandate::Silence,
        };
        let message = Message::VoteRequest(request);
        cluster.with(N1, |server, now, out| {
            server.on_message(now, N2, message, out)
        });
        let (_, _, answer) = cluster.messages.pop_front().expect("an answer");
        let Message::VoteResponse(answer) = answer else {
            panic!("a vote")
        };
        assert_eq!(answer.granted, granted, "own {own:?}, candidate {last}");
    }
}

#[test]
fn one_vote_per_term_even_when_asked_twice() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    for (from, granted) in [(N2, true), (N3, false), (N2, true)] {
        let message = Message::VoteRequest(VoteRequest {
            term: Term(1),
            last: at(0, 0),
            mandate: Mandate::Silence,
        });
        cluster.with(N1, |server, now, out| {
            server.on_message(now, from, message, out)
        });
        let Some((_, _, Message::VoteResponse(answer))) = cluster.messages.pop_front() else {
            panic!("an answer");
        };
        assert_eq!(answer.granted, granted, "{from}");
    }
    let why = VoteRefusal::AlreadyVoted {
        term: Term(1),
        for_whom: N2,
    };
    assert!(
        cluster
            .events(N1)
            .contains(&Event::VoteRefused { candidate: N3, why })
    );
}

#[test]
fn a_vote_leaves_only_when_it_is_durable() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.fast_disks = false;
    let message = Message::VoteRequest(VoteRequest {
        term: Term(1),
        last: at(0, 0),
        mandate: Mandate::Silence,
    });
    cluster.with(N1, |server, now, out| {
        server.on_message(now, N2, message, out)
    });
    assert!(cluster.messages.is_empty());
    let vote = Persist::HardState {
        term: Term(1),
        vote: Some(N2),
    };
    assert!(cluster.output(N1).records.contains(&vote));
    let newest = cluster.server(N1).records_issued();
    cluster.with(N1, |server, now, out| {
        server.on_durable(now, newest - 1, out)
    });
    assert!(
        cluster.messages.is_empty(),
        "the new term alone is not the vote"
    );
    cluster.with(N1, |server, now, out| server.on_durable(now, newest, out));
    assert_eq!(cluster.messages.len(), 1);
}

#[test]
fn a_candidate_asks_for_votes_only_when_its_own_is_durable() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.fast_disks = false;
    cluster.wake(N1);
    assert!(cluster.messages.is_empty());
    cluster.with(N1, |server, now, out| server.on_durable(now, 1, out));
    assert_eq!(cluster.messages.len(), 2);
}

#[test]
fn entries_are_acknowledged_only_when_durable_and_the_leaders_own_disk_counts_like_any() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.away = vec![N3];
    cluster.elect(N1);
    cluster.fast_disks = false;
    cluster.propose(N1, "x");
    // Replication does not wait for the leader's own disk.
    assert_eq!(cluster.messages.len(), 1);
    cluster.deliver();
    assert_eq!(
        cluster.server(N1).commit(),
        Index(1),
        "nobody has it on disk"
    );
    let newest = cluster.server(N2).records_issued();
    cluster.with(N2, |server, now, out| server.on_durable(now, newest, out));
    cluster.deliver();
    assert_eq!(
        cluster.server(N1).commit(),
        Index(1),
        "one of three has it on disk"
    );
    let newest = cluster.server(N1).records_issued();
    cluster.with(N1, |server, now, out| server.on_durable(now, newest, out));
    assert_eq!(cluster.server(N1).commit(), Index(2));
}

/// Raft paper, figure 7: a leader brings followers with missing and extra entries into line.
#[test]
fn logs_of_figure_7_converge() {
    let leader: &[u64] = &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [&[u64]; 6] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut logs = vec![leader];
    logs.extend(followers);
    let mut cluster = Cluster::new(&logs);
    // It can win with (a), (b), (e) and (f), as the paper says; the others hear of it later.
    cluster.away = vec![NodeId(4), NodeId(5)];
    cluster.elect(N1);
    cluster.away.clear();
    for _ in 0..3 {
        cluster.wake(N1);
        cluster.deliver();
    }
    let mut expected = leader.to_vec();
    expected.push(8);
    for id in 1..=7 {
        assert_eq!(cluster.terms(NodeId(id)), expected, "n{id}");
        assert_eq!(cluster.server(NodeId(id)).commit(), Index(11), "n{id}");
    }
}

/// Raft paper, end of section 5.3: one question for each conflicting term, not for each entry.
#[test]
fn backtracking_skips_whole_terms() {
    let long: Vec<u64> = [vec![1; 3], vec![2; 400]].concat();
    let other: Vec<u64> = [vec![1; 3], vec![3; 300]].concat();
    let mut cluster = Cluster::new(&[&other, &other, &long]);
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    let probes = |event: &&Event| matches!(event, Event::FollowerProbed { follower: N3, .. });
    assert_eq!(cluster.events(N1).iter().filter(probes).count(), 1);
    let expected: Vec<u64> = [other.as_slice(), &[4]].concat();
    assert_eq!(cluster.terms(N3), expected);
}

/// Raft paper, figure 8: an entry of an earlier term on a majority is not committed by that.
#[test]
fn a_majority_does_not_commit_an_entry_of_an_earlier_term() {
    let mut cluster = Cluster::new(&[&[1, 2], &[1, 2], &[1]]);
    cluster.away = vec![N3];
    cluster.wake(N1);
    while !matches!(cluster.server(N1).role(), Role::Leader(_)) {
        let (from, to, message) = cluster.messages.pop_front().expect("an election");
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
    }
    // The entry of its own term is lost on the way; the heartbeat finds index 2 on both.
    cluster.messages.clear();
    cluster.wake(N1);
    let (from, to, heartbeat) = cluster.messages.pop_front().expect("a heartbeat");
    cluster.with(to, |server, now, out| {
        server.on_message(now, from, heartbeat, out)
    });
    let (from, to, response) = cluster.messages.pop_back().expect("its answer");
    cluster.with(to, |server, now, out| {
        server.on_message(now, from, response, out)
    });
    assert_eq!(cluster.server(N1).commit(), Index::ZERO);
    let withheld = Event::CommitWithheld {
        entry: at(2, 2),
        term: Term(3),
    };
    assert!(cluster.events(N1).contains(&withheld));
    cluster.deliver();
    assert_eq!(
        cluster.server(N1).commit(),
        Index(3),
        "its own entry commits both"
    );
}

/// A repeated or late append must not cut what a later one brought.
#[test]
fn an_old_append_cuts_nothing() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.propose(N1, "a");
    let (_, _, old) = cluster.messages.front().cloned().expect("an append");
    cluster.deliver();
    cluster.propose(N1, "b");
    cluster.deliver();
    assert_eq!(cluster.terms(N2), [1, 1, 1]);
    cluster.with(N2, |server, now, out| server.on_message(now, N1, old, out));
    assert_eq!(cluster.terms(N2), [1, 1, 1]);
}

#[test]
fn a_lost_append_is_noticed_by_the_next_heartbeat() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.propose(N1, "lost");
    cluster.messages.clear();
    assert_eq!(cluster.server(N1).commit(), Index(1));
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(cluster.server(N1).commit(), Index(2));
}

/// A follower that denies what it acknowledged has lost its disk. Asking it again at once would
/// never end; its leader waits for the next heartbeat each time.
#[test]
fn a_follower_that_lost_what_it_acknowledged_is_not_asked_in_circles() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.propose(N1, "x");
    cluster.deliver();
    let term = cluster.server(N2).term();
    let empty = Restored {
        bootstrap: Membership::of_voters(&[N1, N2, N3]),
        term,
        ..Restored::default()
    };
    let now = cluster.now;
    *cluster.server(N2) = Raft::new(N2, (Arc::new(bare()), 1), empty, now);
    cluster.wake(N1);
    cluster.deliver();
    assert!(cluster.server(N2).log().is_empty());
}

#[test]
fn the_window_bounds_what_is_on_its_way() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    let config = Config {
        inflight_appends: 3,
        ..bare()
    };
    cluster.server(N1).config = Arc::new(config);
    cluster.elect(N1);
    for _ in 0..10 {
        cluster.propose(N1, "x");
    }
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    assert!(
        leader
            .progress
            .iter()
            .all(|progress| progress.inflight() == 3)
    );
    cluster.deliver();
    assert_eq!(cluster.server(N1).commit(), Index(11));
}

#[test]
fn a_leader_of_an_earlier_term_steps_down_and_its_entries_give_way() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.away = vec![N1];
    cluster.propose(N1, "never committed");
    cluster.messages.clear();
    cluster.elect(N2);
    cluster.propose(N2, "committed");
    cluster.deliver();
    cluster.away.clear();
    cluster.wake(N1);
    cluster.wake(N2);
    cluster.deliver();
    assert!(matches!(cluster.server(N1).role(), Role::Follower(_)));
    assert_eq!(cluster.terms(N1), [1, 2, 2]);
}

#[test]
fn a_read_waits_for_a_majority_to_confirm_the_leader() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out)
    });
    assert!(cluster.output(N1).reads.is_empty());
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(2), ReadVia::Quorum, out)
    });
    cluster.deliver();
    let both = [1, 2].map(|read| (ReadId(read), ReadOutcome::At(Index(1))));
    assert_eq!(cluster.output(N1).reads, both);
}

#[test]
fn a_leader_in_the_minority_answers_no_read() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.away = vec![N1];
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out)
    });
    cluster.deliver();
    cluster.elect(N2);
    assert!(cluster.output(N1).reads.is_empty());
    cluster.away.clear();
    cluster.wake(N2);
    cluster.deliver();
    assert_eq!(cluster.output(N1).reads, [(ReadId(1), ReadOutcome::Failed)]);
}

#[test]
fn a_read_waits_for_the_first_commit_of_the_term() {
    let mut cluster = Cluster::new(&[&[1], &[1], &[1]]);
    cluster.wake(N1);
    while !matches!(cluster.server(N1).role(), Role::Leader(_)) {
        let (from, to, message) = cluster.messages.pop_front().expect("an election");
        cluster.with(to, |server, now, out| {
            server.on_message(now, from, message, out)
        });
    }
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out)
    });
    assert!(
        cluster
            .events(N1)
            .contains(&Event::ReadsHeld { term: Term(2) })
    );
    assert!(cluster.output(N1).reads.is_empty());
    cluster.deliver();
    assert_eq!(
        cluster.output(N1).reads,
        [(ReadId(1), ReadOutcome::At(Index(2)))]
    );
}

#[test]
fn a_follower_reads_at_the_index_that_its_leader_names() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.wake(N1);
    cluster.deliver();
    cluster.with(N3, |server, now, out| {
        server.read(now, ReadId(9), ReadVia::Quorum, out)
    });
    cluster.deliver();
    assert_eq!(
        cluster.output(N3).reads,
        [(ReadId(9), ReadOutcome::At(Index(1)))]
    );
}

/// A follower whose next entry is compacted away gets the snapshot in pieces, a lost one again.
#[test]
fn a_snapshot_travels_in_pieces_and_survives_a_lost_one() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.away = vec![N3];
    for _ in 0..5 {
        cluster.propose(N1, "x");
        cluster.deliver();
    }
    let data = Bytes::from(vec![7; 10_000]);
    let taken = snapshot(at(1, 6), data.clone());
    cluster.with(N1, |server, _, out| server.on_snapshot_taken(taken, out));
    assert_eq!(cluster.server(N1).log().first(), Index(7));
    cluster.away.clear();
    let mut lost = false;
    for _ in 0..8 {
        cluster.wake(N1);
        while let Some((from, to, message)) = cluster.messages.pop_front() {
            let piece = matches!(&message, Message::SnapshotRequest(m) if m.offset > 0);
            if piece && !lost {
                lost = true;
                continue;
            }
            cluster.with(to, |server, now, out| {
                server.on_message(now, from, message, out)
            });
        }
    }
    assert!(lost);
    let received = cluster.outputs[2]
        .received
        .take()
        .expect("it arrived whole");
    let expected = (at(1, 6), Rope::from(data.clone()));
    assert_eq!((received.covers, received.data), expected);
    let stored = snapshot(received.covers, data);
    cluster.with(N3, |server, now, out| {
        server.on_snapshot_stored(now, stored, out)
    });
    cluster.deliver();
    cluster.wake(N1);
    cluster.deliver();
    assert_eq!(cluster.server(N3).commit(), Index(6));
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let streams = |state: &Sending| matches!(state, Sending::Replicate { .. });
    assert!(
        leader
            .progress
            .iter()
            .all(|progress| streams(&progress.state))
    );
}

/// Raft paper, section 7: what follows the snapshot's last entry stays if the log holds that
/// entry, and goes with all the rest if it does not.
#[test]
fn an_installed_snapshot_keeps_a_suffix_only_where_the_log_agrees() {
    let table: [(&[u64], Position, InstalledLog, Position); 3] = [
        (
            &[1, 1, 1, 1],
            at(1, 2),
            InstalledLog::SuffixKept { last: Index(4) },
            at(1, 4),
        ),
        (
            &[1, 1, 1, 1],
            at(2, 2),
            InstalledLog::Replaced { last: Index(4) },
            at(2, 2),
        ),
        (
            &[1],
            at(2, 9),
            InstalledLog::Replaced { last: Index(1) },
            at(2, 9),
        ),
    ];
    for (log, covers, expected, last) in table {
        let mut cluster = Cluster::new(&[log, &[], &[]]);
        let stored = snapshot(covers, Bytes::new());
        cluster.with(N1, |server, now, out| {
            server.on_snapshot_stored(now, stored, out)
        });
        let installed = Event::SnapshotInstalled {
            covers,
            log: expected,
        };
        assert!(
            cluster.events(N1).contains(&installed),
            "{log:?} and {covers}"
        );
        assert_eq!(cluster.server(N1).log().last(), last);
        assert_eq!(cluster.server(N1).commit(), covers.index);
    }
}

/// The case that started the project, as consensus sees it: a snapshot of an index that the log
/// never reached cannot make new entries look applied, because the log begins behind it.
#[test]
fn an_append_below_the_base_skips_what_is_covered() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    let stored = snapshot(at(1, 3), Bytes::new());
    cluster.with(N1, |server, now, out| {
        server.on_snapshot_stored(now, stored, out)
    });
    let request = AppendRequest {
        term: Term(1),
        previous: at(1, 1),
        entries: entries(&[1, 1, 1, 1, 1]).split_off(1),
        commit: Index(4),
        round: 0,
    };
    let message = Message::AppendRequest(request);
    cluster.with(N1, |server, now, out| {
        server.on_message(now, N2, message, out)
    });
    let server = cluster.server(N1);
    assert_eq!(
        (server.log().first(), server.log().last()),
        (Index(4), at(1, 5))
    );
    assert_eq!(server.commit(), Index(4));
}

#[test]
fn a_single_server_elects_itself_and_commits_alone() {
    let mut cluster = Cluster::new(&[&[]]);
    cluster.elect(N1);
    cluster.propose(N1, "alone");
    assert_eq!(cluster.server(N1).commit(), Index(2));
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out)
    });
    assert_eq!(
        cluster.output(N1).reads,
        [(ReadId(1), ReadOutcome::At(Index(2)))]
    );
}

/// Heartbeats begin rounds too; a read that waits for its own round need not wait for theirs.
#[test]
fn a_read_is_confirmed_by_its_own_round_though_a_heartbeat_followed() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.elect(N1);
    cluster.with(N1, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out);
    });
    let of_the_read: Vec<_> = cluster.messages.drain(..).collect();
    cluster.wake(N1);
    cluster.messages = of_the_read.into();
    cluster.deliver();
    assert_eq!(
        cluster.output(N1).reads,
        [(ReadId(1), ReadOutcome::At(Index(1)))]
    );
}
