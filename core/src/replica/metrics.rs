//! One server in numbers, taken when somebody asks.

use super::server::Replica;
use crate::raft::{ClockRate, Progress, Role, Sending, Standing};
use crate::types::{Duration, Index, Instant, NodeId, Term};

/// A server at one moment of its own clock. Counts are of its present run: a restart begins them
/// anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Its term.
    pub term: Term,
    /// Its role.
    pub role: RoleKind,
    /// How it takes part in the cluster, as far as its own log says.
    pub standing: Standing,
    /// Who leads, as far as it has heard recently.
    pub leader: Option<NodeId>,
    /// Since when, as a member, it knows of no leader.
    pub leaderless_since: Option<Instant>,
    /// Elections in which it stood.
    pub elections_started: u64,
    /// Elections that it won.
    pub elections_won: u64,
    /// Leaderships of which it learned, its own included: one for each term and leader.
    pub leaderships_seen: u64,
    /// For how long its lease still lasts; none when it holds none.
    pub lease_left: Option<Duration>,

    /// Where its log ends.
    pub last: Index,
    /// Where the durable part of its log ends.
    pub durable: Index,
    /// Up to where it knows its log to be committed.
    pub commit: Index,
    /// What its state machine has applied.
    pub applied: Index,
    /// Entries that are committed and not applied.
    pub apply_lag: u64,
    /// Entries that it holds above the newest compaction.
    pub log_entries: u64,
    /// Their payload, in bytes.
    pub log_bytes: u64,
    /// Payload bytes that are not committed, while it leads.
    pub uncommitted_bytes: Option<u64>,
    /// Its followers, while it leads.
    pub followers: Vec<FollowerMetrics>,
    /// A snapshot that it receives.
    pub receiving: Option<Sent>,

    /// Keys in its cache.
    pub cache_keys: u64,
    /// Bytes of all keys and values.
    pub cache_bytes: u64,
    /// Client sessions that it remembers.
    pub sessions: u64,

    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Segments of its write-ahead log.
    pub wal_segments: u64,
    /// Writes of the log lane that are not durable, the records that wait counting as one.
    pub log_writes: u64,
    /// Records that wait for the write under way.
    pub log_records: u64,
    /// Snapshot files that are not durable, or wait for the one before.
    pub snapshot_writes: u64,
    /// Commands of clients that wait to be committed and applied.
    pub proposals: u64,
    /// Reads of clients that wait to be confirmed and answered.
    pub reads: u64,
}

/// A role, without what only that role holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks who would vote for it.
    PreCandidate,
    /// Stands for election.
    Candidate,
    /// Leads.
    Leader,
}

/// A follower as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerMetrics {
    /// The follower.
    pub node: NodeId,
    /// What it holds for sure.
    pub matched: Index,
    /// Entries of the leader's log that it is not known to hold.
    pub lag: u64,
    /// How long ago the leader heard from it or, if it never did, began to lead.
    pub silence: Duration,
    /// Appends under way to it.
    pub inflight_appends: u64,
    /// Their payload, or what is under way of a snapshot, in bytes.
    pub inflight_bytes: u64,
    /// How fast its clock runs beside the leader's; none until that was measured.
    pub clock_rate: Option<ClockRate>,
    /// A snapshot on its way to it.
    pub sending: Option<Sent>,
}

/// How much of a snapshot has arrived, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What its receiver is known to hold.
    pub bytes: u64,
    /// Its size.
    pub total: u64,
}

impl Replica {
    /// The server in numbers, at this time by its own clock. What has no counter is counted now:
    /// this takes time in the length of the log.
    #[must_use]
    pub fn metrics(&self, now: Instant) -> Metrics {
        let (raft, watch) = (&self.raft, &self.watch);
        let (last, commit, applied) = (raft.log().last().index, raft.commit(), self.applied.index);
        let held = raft.log().range(raft.log().base().index, last);
        let lease = raft.lease_until().filter(|until| *until > now);
        let (followers, uncommitted_bytes) = match raft.role() {
            Role::Leader(leader) => {
                let all = leader.progress.iter();
                let followers = all.map(|progress| follower(progress, last, now)).collect();
                (followers, Some(leader.uncommitted_bytes))
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => (Vec::new(), None),
        };
        Metrics {
            term: raft.term(),
            role: RoleKind::of(raft.role()),
            standing: raft.standing(),
            leader: raft.recent_leader(),
            leaderless_since: self.leaderless_since(now),
            elections_started: watch.elections_started,
            elections_won: watch.elections_won,
            leaderships_seen: watch.leaderships_seen,
            lease_left: lease.map(|until| until.since(now)),
            last,
            durable: raft.durable_last(),
            commit,
            applied,
            apply_lag: commit.since(applied),
            log_entries: raft.log().len() as u64,
            log_bytes: held.map(|entry| entry.payload.len()).sum(),
            uncommitted_bytes,
            followers,
            receiving: raft.incoming().map(|incoming| Sent {
                bytes: incoming.data.len(),
                total: incoming.total,
            }),
            cache_keys: self.cache.len() as u64,
            cache_bytes: self.cache.bytes(),
            sessions: self.cache.sessions().count() as u64,
            wal_bytes: self.wal().segments().map(|segment| segment.len).sum(),
            wal_segments: self.wal().segments().count() as u64,
            log_writes: self.log_lane.pending(),
            log_records: self.log_lane.waiting(),
            snapshot_writes: self.snapshot_lane.pending(),
            proposals: self.proposals.len(),
            reads: self.reads.len() + self.passing.len(),
        }
    }
}

impl RoleKind {
    fn of(role: &Role) -> RoleKind {
        match role {
            Role::Follower(_) => RoleKind::Follower,
            Role::PreCandidate(_) => RoleKind::PreCandidate,
            Role::Candidate(_) => RoleKind::Candidate,
            Role::Leader(_) => RoleKind::Leader,
        }
    }
}

fn follower(progress: &Progress, last: Index, now: Instant) -> FollowerMetrics {
    let (inflight_bytes, sending) = match &progress.state {
        Sending::Probe { .. } => (0, None),
        Sending::Replicate { inflight } => (inflight.bytes(), None),
        Sending::Snapshot(transfer) => {
            let (bytes, total) = (transfer.acknowledged, transfer.total);
            (transfer.under_way(), Some(Sent { bytes, total }))
        }
    };
    FollowerMetrics {
        node: progress.node,
        matched: progress.matched,
        lag: last.since(progress.matched),
        silence: now.since(progress.heard_at),
        inflight_appends: progress.inflight() as u64,
        inflight_bytes,
        clock_rate: progress.clock.rate(),
        sending,
    }
}
