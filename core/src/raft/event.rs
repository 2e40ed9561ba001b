//! What happened in consensus, and by which rule: facts and numbers, never sentences.

use super::membership::Membership;
use super::promise::PromiseReason;
use crate::types::{Address, Duration, Incarnation, Index, NodeId, Position, Term};
use serde::Serialize;
use std::sync::Arc;

/// Something that a person who watches one server would want to know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Event {
    /// No word from a leader for too long: it asks who would vote for it.
    BecamePreCandidate {
        /// The term in which it would stand.
        term: Term,
        /// What made it ask.
        why: CampaignReason,
    },
    /// It would vote for a server that asks in advance.
    PreVoteGranted {
        /// Who asks.
        candidate: NodeId,
        /// The term in which that server would stand.
        term: Term,
    },
    /// It would not.
    PreVoteRefused {
        /// Who asks.
        candidate: NodeId,
        /// By which rule.
        why: VoteRefusal,
    },
    /// A server that asks in advance heard from a voter.
    PreVoteCounted {
        /// The voter.
        from: NodeId,
        /// What it said.
        granted: bool,
        /// Votes so far, its own included.
        votes: u64,
        /// How many make a majority.
        needed: u64,
    },
    /// No word from a leader for too long: it stands for election.
    BecameCandidate {
        /// The term in which it stands.
        term: Term,
        /// What made it stand.
        why: CampaignReason,
    },
    /// A majority voted for it.
    BecameLeader {
        /// The term that it leads.
        term: Term,
        /// Who voted for it, itself included.
        votes: Vec<NodeId>,
        /// How many votes make a majority.
        needed: u64,
    },
    /// It follows, after having led or stood for election, or in a term that is new to it.
    BecameFollower {
        /// The term in which it follows.
        term: Term,
        /// What made it follow.
        why: FollowReason,
    },
    /// A vote given away.
    VoteGranted {
        /// The term of the vote.
        term: Term,
        /// Who has it.
        candidate: NodeId,
        /// The last entry of the candidate's log.
        candidate_last: Position,
        /// The last entry of the voter's log: not beyond the candidate's.
        own_last: Position,
    },
    /// A vote refused.
    VoteRefused {
        /// Who asked.
        candidate: NodeId,
        /// By which rule.
        why: VoteRefusal,
    },
    /// A candidate heard from a voter.
    VoteCounted {
        /// The voter.
        from: NodeId,
        /// What it said.
        granted: bool,
        /// Votes so far, its own included.
        votes: u64,
        /// How many make a majority.
        needed: u64,
    },
    /// An append did not fit the log.
    AppendRejected {
        /// Who sent it.
        leader: NodeId,
        /// By which rule.
        why: AppendRefusal,
    },
    /// Entries were taken into the log.
    EntriesAppended {
        /// Who sent them; none for a leader's own.
        leader: Option<NodeId>,
        /// The first new entry.
        first: Position,
        /// The last new entry.
        last: Position,
    },
    /// Entries that another leader never committed gave way.
    LogTruncated {
        /// The first entry removed, of the term of the other leader.
        first: Position,
        /// The last entry removed.
        last: Position,
        /// The term of the entry that takes the place of the first.
        term: Term,
    },
    /// A leader goes back in its log to find where the follower's still agrees.
    FollowerProbed {
        /// The follower.
        follower: NodeId,
        /// The entry that it lacked.
        refused: Position,
        /// The next entry to try.
        next: Index,
        /// The conflict that the follower reported, when it holds another term there.
        conflicting: Option<Position>,
    },
    /// More of the log is committed.
    CommitAdvanced {
        /// The former commit index.
        from: Index,
        /// The new one.
        to: Index,
        /// By which rule.
        why: CommitReason,
    },
    /// A majority holds an entry, and yet it is not committed: its term is not the leader's.
    CommitWithheld {
        /// The entry.
        entry: Position,
        /// The leader's term.
        term: Term,
    },
    /// A leader proved that it still leads, so the reads that waited know where to read.
    ReadsConfirmed {
        /// How many reads.
        reads: u64,
        /// What must be applied before they are answered.
        index: Index,
        /// Who confirmed, the leader included.
        by: Vec<NodeId>,
    },
    /// A read must wait: the leader has not committed in its term yet, so it cannot know the
    /// latest commit index (dissertation, section 6.4).
    ReadsHeld {
        /// The leader's term.
        term: Term,
    },
    /// The leader turns to a snapshot: the entry that the follower needs is compacted away.
    SnapshotSendStarted {
        /// The follower.
        follower: NodeId,
        /// The entry it needs next.
        needs: Index,
        /// The first entry that the leader still holds.
        first: Index,
        /// What the snapshot covers.
        covers: Position,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A follower has what the snapshot covers: replication goes on behind it.
    SnapshotSendFinished {
        /// The follower.
        follower: NodeId,
        /// Where replication goes on.
        next: Index,
    },
    /// The first piece of a snapshot arrived.
    SnapshotReceiveStarted {
        /// The leader.
        leader: NodeId,
        /// What it covers.
        covers: Position,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A snapshot was offered that covers nothing new.
    SnapshotIgnored {
        /// What it covers.
        covers: Position,
        /// What is committed here already.
        commit: Index,
    },
    /// A snapshot has taken the place of the log's beginning.
    SnapshotInstalled {
        /// What it covers.
        covers: Position,
        /// What became of the entries that were there.
        log: InstalledLog,
    },
    /// Entries that a durable snapshot covers left the log.
    LogCompacted {
        /// The first entry that remains.
        first: Index,
        /// What the snapshot covers.
        covers: Position,
        /// How many entries left.
        entries: u64,
    },
    /// A snapshot arrived whole, and is not what its sender said: it is asked for again.
    SnapshotDamaged {
        /// What it should cover.
        covers: Position,
    },
    /// A read is answered because the lease holds.
    LeaseRead {
        /// What must be applied before it is answered.
        index: Index,
        /// How long the lease still lasts.
        left: Duration,
    },
    /// The lease does not allow to answer a read: a quorum is asked.
    LeaseReadRefused {
        /// By which rule.
        why: LeaseRefusal,
    },
    /// Another membership counts from now on.
    MembershipAdopted {
        /// The entry that says so.
        index: Index,
        /// The members.
        membership: Arc<Membership>,
    },
    /// The entry of a membership gave way to another leader's: the one before counts again.
    MembershipReverted {
        /// Where the membership stood.
        index: Index,
        /// The members that count again.
        membership: Arc<Membership>,
    },
    /// The membership is committed: it will not be reverted.
    MembershipCommitted {
        /// The entry.
        index: Index,
        /// The members.
        membership: Arc<Membership>,
        /// Whether this server leads.
        leads: bool,
    },
    /// A learner that is to vote has caught up.
    LearnerCaughtUp {
        /// The learner.
        learner: NodeId,
        /// The last index that it holds.
        matched: Index,
        /// Where the leader's log ends.
        last: Index,
    },
    /// Leadership is being handed over: no proposals are taken meanwhile.
    TransferStarted {
        /// Who is to lead.
        to: NodeId,
    },
    /// The successor has everything, and was asked to stand for election at once. The leader
    /// gives up its lease.
    SuccessorAsked {
        /// Who is to lead.
        to: NodeId,
        /// Where both logs end.
        last: Index,
    },
    /// The successor did not take over in time: the leader goes on.
    TransferAborted {
        /// Who was to lead.
        to: NodeId,
        /// Whether it was asked to stand; then there is no lease for the rest of the term.
        asked: bool,
    },
    /// The clock jumped, or the server was suspended: timers begin anew, the lease is void.
    ClockJumped {
        /// How.
        jump: ClockJump,
    },
    /// A message of an earlier term was refused.
    StaleTermRefused {
        /// Who sent it.
        from: NodeId,
        /// Its term.
        term: Term,
    },
    /// A server speaks under a later incarnation than the one that has its seat: it may have
    /// forgotten what it promised, so its vote does not count for now.
    IncarnationHeard {
        /// The server.
        from: Address,
        /// The incarnation that was known.
        former: Incarnation,
    },
    /// A message of a former life of a server's memory was refused.
    FormerIncarnationRefused {
        /// Who sent it.
        from: Address,
        /// The incarnation that is known.
        known: Incarnation,
    },
    /// A follower denies what it acknowledged before, so its disk has lost it, without a trace that
    /// its recovery could have seen.
    AcknowledgedDenied {
        /// The follower.
        follower: Address,
        /// The last index that it acknowledged.
        matched: Index,
        /// Where its log ends.
        last: Index,
    },
    /// So many servers may have forgotten what they promised that those who have not are no
    /// quorum: nobody can be elected, and nothing be committed, without losing writes silently.
    SeatsLost {
        /// The voters whose seats are vacant.
        vacant: Vec<NodeId>,
        /// The fewest that can decide.
        needed: u64,
    },
    /// A server whose seat is vacant has caught up: it is to have it back.
    SeatEarned {
        /// The server.
        address: Address,
        /// The last index that it holds.
        matched: Index,
        /// Where the leader's log ends.
        last: Index,
    },
}

/// Why a server stands for election.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum CampaignReason {
    /// It heard from no leader and gave no vote for this long.
    NoLeader {
        /// The randomized timeout that passed.
        waited: Duration,
    },
    /// Its own election reached no decision in time: most often a split vote.
    NoMajority {
        /// The randomized timeout that passed.
        waited: Duration,
        /// The votes that it had.
        votes: u64,
        /// How many make a majority.
        needed: u64,
    },
    /// A quorum would vote for it.
    PreVoteWon {
        /// Who would.
        votes: Vec<NodeId>,
    },
    /// The leader asked it to take over.
    AskedByLeader {
        /// The leader.
        leader: NodeId,
    },
}

/// Why a server follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum FollowReason {
    /// A message bore a higher term.
    HigherTerm {
        /// Who sent it.
        from: NodeId,
        /// The term left behind.
        previous: Term,
    },
    /// Another server leads this very term.
    LeaderOfTerm {
        /// The leader.
        leader: NodeId,
    },
    /// It led, and has not heard from a quorum for too long (dissertation, section 6.2).
    QuorumLost {
        /// Who was heard from in time, itself included.
        heard: Vec<NodeId>,
        /// The patience that ran out.
        waited: Duration,
    },
    /// It led the change that removed it, and that change is committed (dissertation, section
    /// 4.2.2).
    Removed,
}

/// Why a vote is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum VoteRefusal {
    /// The candidate's term is over.
    StaleTerm {
        /// The candidate's term.
        candidate: Term,
        /// The voter's term.
        own: Term,
    },
    /// The vote of this term is another's.
    AlreadyVoted {
        /// The term.
        term: Term,
        /// Who has it.
        for_whom: NodeId,
    },
    /// The asked server leads, and steps down only when it loses its quorum.
    Leads {
        /// The term that it leads.
        term: Term,
    },
    /// It promised not to help elect another leader yet (dissertation, section 4.2.3).
    Promised {
        /// What the promise rests on.
        why: PromiseReason,
        /// How long it still holds.
        left: Duration,
    },
    /// The candidate lacks entries that the voter holds (Raft paper, section 5.4.1).
    LogBehind {
        /// The last entry of the candidate's log.
        candidate_last: Position,
        /// The last entry of the voter's log.
        own_last: Position,
    },
    /// It may have voted in this term and forgotten it: it has no seat until it has caught up.
    Unseated {
        /// The life of its memory.
        incarnation: Incarnation,
    },
}

/// Why an append is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum AppendRefusal {
    /// The log ends before the previous entry.
    Missing {
        /// The leader's previous entry.
        previous: Position,
        /// Where the log ends.
        last: Index,
    },
    /// Another term's entry stands there.
    TermConflict {
        /// The leader's previous entry.
        previous: Position,
        /// The term of the entry that stands there.
        held: Term,
    },
}

/// Why the commit index moves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum CommitReason {
    /// A majority holds an entry of the leader's own term.
    Quorum {
        /// What each voter holds durably.
        matched: Vec<(NodeId, Index)>,
        /// How many make a majority.
        needed: u64,
        /// During a change of voters, how many of the old ones make a majority of those.
        needed_of_old: Option<u64>,
    },
    /// The leader said so, and the log agrees with the leader's that far.
    LeaderCommit {
        /// The leader.
        leader: NodeId,
        /// Its commit index.
        commit: Index,
    },
    /// A snapshot covers only committed entries.
    Snapshot {
        /// What it covers.
        covers: Position,
    },
}

/// What became of a log when a snapshot was installed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum InstalledLog {
    /// It held the snapshot's last entry, so what follows agrees with it and stays.
    SuffixKept {
        /// Where the log ends.
        last: Index,
    },
    /// It did not, so nothing in it can be trusted to follow the snapshot.
    Replaced {
        /// Where the discarded log ended.
        last: Index,
    },
}

/// Why a leader may not answer a read by its lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum LeaseRefusal {
    /// Leases rest on check-quorum, which is switched off.
    SwitchedOff,
    /// No round was answered by a quorum since the leadership, or the clock, began.
    NotHeld,
    /// It is over.
    Over {
        /// Since when.
        since: crate::types::Instant,
    },
    /// It was given up for the rest of the term when a successor was asked to stand.
    GivenUp,
    /// The leader does not know yet what is committed.
    NothingCommittedInTerm {
        /// Its term.
        term: Term,
    },
}

/// Why leadership is not handed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
pub enum TransferRefusal {
    /// Only the leader can.
    #[error("this server does not lead")]
    NotLeader,
    /// The server leads already.
    #[error("this server leads already")]
    LeadsAlready,
    /// Only a voter can lead.
    #[error("{node} has no vote")]
    NoVoter {
        /// The server.
        node: NodeId,
    },
    /// There is no other voter.
    #[error("there is no other voter")]
    NobodyElse,
    /// One at a time.
    #[error("leadership is being handed to {to}")]
    InProgress {
        /// Who is to lead.
        to: NodeId,
    },
}

/// How a clock jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ClockJump {
    /// It shows an earlier time than before.
    Back {
        /// By how much.
        by: Duration,
    },
    /// A deadline is over by more than the bound: a jump, or the server was suspended.
    Forward {
        /// By how much.
        late: Duration,
    },
}
