//! When two servers count as being in the same state.
//!
//! Everything that decides what a server does next is in the digest, and three things are not:
//!
//! - What numbers the records and writes of one run. Messages that wait are told apart by
//!   whether the write under way is the one that they wait for; other use there is none.
//! - The generator of random numbers: it draws waiting times only, and which timer fires first is
//!   the explorer's choice.
//! - With clocks of their own ([`Clocks::Own`]), instants. A server then acts on time in three
//!   ways only: its deadline comes, which the explorer may let happen at any moment; its promise
//!   lapses, which is in the digest as a yes or no (a leader also lets a server go that left the
//!   cluster, after more heartbeats than are explored); a piece of a snapshot is sent again at a
//!   heartbeat, which is always more than an interval after the piece left, because a leader's
//!   clock stands still between heartbeats. Rounds serve leases and reads alone, which are not
//!   explored there.

use super::server::Server;
use flotilla_core::raft::{
    Candidate, Follower, HandOver, Leader, Message, PreCandidate, Progress, Role, Sending, Transfer,
};
use flotilla_core::types::{Fingerprint, Instant};
use std::hash::{Hash, Hasher};

/// How the servers' clocks relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// Not at all: what Raft without leases must live with.
    Own,
    /// They are one. Time goes from each instant that matters to the next, and whose deadline
    /// has come acts before it goes on.
    Shared,
}

pub fn of(server: &Server, clocks: Clocks) -> u64 {
    let to = &mut Fingerprint::default();
    let raft = server.replica.raft();
    (raft.term(), raft.vote(), raft.log(), raft.commit()).hash(to);
    raft.snapshot().map(|snapshot| snapshot.covers).hash(to);
    raft.incoming().hash(to);
    (raft.membership(), raft.durable_last()).hash(to);
    let members = raft.membership().members();
    let heard = members.iter().map(|node| raft.incarnation_of(*node));
    (raft.incarnation(), heard.collect::<Vec<_>>()).hash(to);
    (server.replica.applied(), server.replica.applied_digest()).hash(to);
    let promise = raft.promise().until;
    let config = &server.replica.config().raft;
    if (config.pre_vote || config.check_quorum) && server.clock < promise {
        (true, (clocks == Clocks::Shared).then_some(promise)).hash(to);
    }
    role(raft.role(), clocks, to);
    (&server.durable, &server.asked).hash(to);
    disk(server, clocks, to);
    to.finish()
}

/// A message without what decides nothing: readings of clocks, which serve a display, and with
/// clocks of their own the rounds.
pub fn plain(mut message: Message, clocks: Clocks) -> Message {
    let own = clocks == Clocks::Own;
    match &mut message {
        Message::AppendRequest(request) if own => request.round = 0,
        Message::SnapshotRequest(request) if own => request.round = 0,
        Message::SnapshotResponse(response) if own => response.round = 0,
        Message::AppendResponse(response) => {
            response.clock = Instant::ZERO;
            if own {
                response.round = 0;
            }
        }
        _ => {}
    }
    message
}

fn disk(server: &Server, clocks: Clocks, to: &mut Fingerprint) {
    let under_way = server.writes.iter().map(|pending| pending.upto).max();
    for pending in &server.writes {
        (pending.write.id.lane, &pending.write.ops).hash(to);
    }
    server.replica.writes_pending().hash(to);
    for (record, node, message) in server.replica.raft().held() {
        (
            Some(*record) <= under_way,
            node,
            plain(message.clone(), clocks),
        )
            .hash(to);
    }
}

/// Every field is named, so that a new one cannot be forgotten.
fn role(role: &Role, clocks: Clocks, to: &mut Fingerprint) {
    let shared = |at: Instant| (clocks == Clocks::Shared).then_some(at);
    std::mem::discriminant(role).hash(to);
    match role {
        Role::Follower(Follower {
            leader,
            timer,
            reads,
        }) => (leader, shared(timer.fires_at), reads).hash(to),
        Role::PreCandidate(PreCandidate { votes, timer }) => {
            (sorted(votes), shared(timer.fires_at)).hash(to);
        }
        Role::Candidate(Candidate {
            votes,
            own_vote: _,
            timer,
        }) => (sorted(votes), shared(timer.fires_at)).hash(to),
        Role::Leader(leader) => self::leader(leader, clocks, to),
    }
}

fn leader(leader: &Leader, clocks: Clocks, to: &mut Fingerprint) {
    let Leader {
        progress,
        first_of_term,
        reads,
        lease,
        hand_over,
        uncommitted_bytes,
        snapshot_paced_until: _,
        heartbeat_at,
        withheld: _,
    } = leader;
    (first_of_term, reads, uncommitted_bytes).hash(to);
    if clocks == Clocks::Shared {
        (lease, heartbeat_at).hash(to);
    }
    if let Some(HandOver {
        to: successor,
        until: _,
        asked,
    }) = hand_over
    {
        (successor, asked).hash(to);
    }
    for follower in progress {
        self::progress(follower, clocks, to);
    }
}

fn progress(progress: &Progress, clocks: Clocks, to: &mut Fingerprint) {
    let Progress {
        node,
        matched,
        next,
        state,
        round,
        heard_at,
        clock: _,
        matched_at: _,
        departing_since,
    } = progress;
    (node, matched, next, departing_since.is_some()).hash(to);
    if clocks == Clocks::Shared {
        (round, heard_at, departing_since).hash(to);
    }
    match state {
        Sending::Probe { waiting } => (0, waiting).hash(to),
        Sending::Replicate { inflight } => (1, inflight).hash(to),
        Sending::Snapshot(Transfer {
            covers,
            acknowledged,
            sent,
            total,
            claimed,
            moved_at,
        }) => {
            (2, covers, acknowledged, sent, total).hash(to);
            (claimed, moved_at.is_some()).hash(to);
        }
    }
}

/// The order in which votes came decides nothing.
fn sorted<T: Copy + Ord>(votes: &[T]) -> Vec<T> {
    let mut votes = votes.to_vec();
    votes.sort_unstable();
    votes
}
