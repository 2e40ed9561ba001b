//! What must hold in every state, and what must happen in some.

use super::cluster::{Cluster, State};
use super::server::{Durable, Server, Told};
use flotilla_core::raft::{self, CampaignReason, Log, Payload, Role, quorum::majority};
use flotilla_core::replica::{Event, Outcome};
use flotilla_core::types::{Index, NodeId, Term};
use std::sync::Arc;

/// A set of flags: the discriminants of an enum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    pub fn add(&mut self, flag: u32) {
        self.0 |= 1 << flag;
    }

    pub fn has(self, flag: u32) -> bool {
        self.0 & (1 << flag) != 0
    }

    pub fn keep(&mut self, flags: impl Iterator<Item = u32>) {
        self.0 &= flags.fold(0, |all, flag| all | 1 << flag);
    }

    pub fn join(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

/// Rules that were broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules(pub Flags);

impl Rules {
    pub fn insert(&mut self, rule: Rule) {
        self.0.add(rule as u32);
    }
}

/// A rule that no step may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    ElectionSafety,
    OneVotePerTerm,
    LeaderAppendOnly,
    LogMatching,
    LeaderCompleteness,
    StateMachineSafety,
    CommitMonotonic,
    CommittedIsOnAMajority,
    AcknowledgedIsCommitted,
    DurableBeforeSent,
    ReadsAreFresh,
    NoAssertionFails,
}

/// Something without which a rule may hold only because nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    LeaderElected,
    EntryCommitted,
    ClientAnswered,
    LeaderDeposed,
    TailTruncated,
    OldTermWithheld,
    SnapshotInstalled,
    LogReplaced,
    LeaseReadServed,
    QuorumReadServed,
    LeaseRefused,
    LearnerPromoted,
    ChangeCommitted,
    HandedOver,
    WriteLost,
    SeatGivenBack,
    SeatsLost,
}

type Condition = fn(&Cluster, &State) -> bool;

impl Rule {
    /// All rules, in words, with what tells whether a state keeps them.
    pub const ALL: &[(&str, Condition)] = &[
        (
            "at most one leader is elected in a term",
            kept::<{ Rule::ElectionSafety as u32 }>,
        ),
        (
            "a vote is not changed within a term",
            kept::<{ Rule::OneVotePerTerm as u32 }>,
        ),
        (
            "a leader never overwrites its log",
            kept::<{ Rule::LeaderAppendOnly as u32 }>,
        ),
        (
            "logs agree up to an entry of equal index and term",
            kept::<{ Rule::LogMatching as u32 }>,
        ),
        (
            "a new leader holds what was committed",
            kept::<{ Rule::LeaderCompleteness as u32 }>,
        ),
        (
            "no two servers commit different entries at an index",
            kept::<{ Rule::StateMachineSafety as u32 }>,
        ),
        (
            "the commit index never goes back",
            kept::<{ Rule::CommitMonotonic as u32 }>,
        ),
        (
            "what is committed is on the disks of a majority",
            kept::<{ Rule::CommittedIsOnAMajority as u32 }>,
        ),
        (
            "what a client was told is committed",
            kept::<{ Rule::AcknowledgedIsCommitted as u32 }>,
        ),
        (
            "votes and acknowledgements are durable before they are sent",
            kept::<{ Rule::DurableBeforeSent as u32 }>,
        ),
        (
            "a read sees what was committed before it was asked",
            kept::<{ Rule::ReadsAreFresh as u32 }>,
        ),
        (
            "no assertion of the core fails",
            kept::<{ Rule::NoAssertionFails as u32 }>,
        ),
    ];
}

fn kept<const RULE: u32>(_: &Cluster, state: &State) -> bool {
    !state.broken.0.has(RULE)
}

impl Sight {
    /// All sights, in words, with what tells whether a step showed them.
    pub const ALL: &[(Sight, &str, Condition)] = &[
        (
            Sight::LeaderElected,
            "a leader is elected",
            shown::<{ Sight::LeaderElected as u32 }>,
        ),
        (
            Sight::EntryCommitted,
            "an entry of a client commits",
            shown::<{ Sight::EntryCommitted as u32 }>,
        ),
        (
            Sight::ClientAnswered,
            "a client is answered",
            shown::<{ Sight::ClientAnswered as u32 }>,
        ),
        (
            Sight::LeaderDeposed,
            "a leader steps down",
            shown::<{ Sight::LeaderDeposed as u32 }>,
        ),
        (
            Sight::TailTruncated,
            "a conflicting tail is cut off",
            shown::<{ Sight::TailTruncated as u32 }>,
        ),
        (
            Sight::OldTermWithheld,
            "an entry of an old term is on a majority and not committed",
            shown::<{ Sight::OldTermWithheld as u32 }>,
        ),
        (
            Sight::SnapshotInstalled,
            "a snapshot is installed and what follows it stays",
            shown::<{ Sight::SnapshotInstalled as u32 }>,
        ),
        (
            Sight::LogReplaced,
            "a snapshot takes the place of a log",
            shown::<{ Sight::LogReplaced as u32 }>,
        ),
        (
            Sight::LeaseReadServed,
            "a read is served by the lease",
            shown::<{ Sight::LeaseReadServed as u32 }>,
        ),
        (
            Sight::QuorumReadServed,
            "a read is served by a quorum",
            shown::<{ Sight::QuorumReadServed as u32 }>,
        ),
        (
            Sight::LeaseRefused,
            "a lease is over when a read comes",
            shown::<{ Sight::LeaseRefused as u32 }>,
        ),
        (
            Sight::LearnerPromoted,
            "a learner has caught up",
            shown::<{ Sight::LearnerPromoted as u32 }>,
        ),
        (
            Sight::ChangeCommitted,
            "a change of membership commits",
            shown::<{ Sight::ChangeCommitted as u32 }>,
        ),
        (
            Sight::HandedOver,
            "a successor stands at the leader's wish",
            shown::<{ Sight::HandedOver as u32 }>,
        ),
        (
            Sight::WriteLost,
            "a crash loses a write",
            shown::<{ Sight::WriteLost as u32 }>,
        ),
        (
            Sight::SeatGivenBack,
            "a server that lost its disk gets its seat back",
            shown::<{ Sight::SeatGivenBack as u32 }>,
        ),
        (
            Sight::SeatsLost,
            "a server finds that those who remember are no quorum",
            shown::<{ Sight::SeatsLost as u32 }>,
        ),
    ];
}

fn shown<const SIGHT: u32>(_: &Cluster, state: &State) -> bool {
    state.seen.has(SIGHT)
}

/// What the whole cluster has decided so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// The committed entries, from the first on, each with the term of the leader that committed
    /// it: the first server to know.
    pub committed: Vec<(raft::Entry, Term)>,
    /// Who was elected in which term.
    pub leaders: Vec<(Term, NodeId)>,
}

impl History {
    pub fn commit(&self) -> Index {
        Index(self.committed.len() as u64)
    }

    fn entry(&self, index: Index) -> Option<&raft::Entry> {
        let place = usize::try_from(index.prev()?.0).ok()?;
        self.committed.get(place).map(|(entry, _)| entry)
    }
}

/// Looks at one step of one server.
pub fn check(state: &mut State, node: NodeId, before: &Server, told: &Told) {
    state.broken.0.join(told.broken.0);
    elected(state, node, told);
    if !told.restarted {
        compare(state, before, node);
    }
    if told.lost_a_write {
        state.seen.add(Sight::WriteLost as u32);
    }
    logs_match(state, node);
    commits(state, node);
    answers(state, told);
    for event in &told.events {
        if let Some(sight) = sight(event) {
            state.seen.add(sight as u32);
        }
    }
}

fn elected(state: &mut State, node: NodeId, told: &Told) {
    for event in &told.events {
        let Event::Raft(raft::Event::BecameLeader { term, .. }) = event else {
            continue;
        };
        let other = |(led, who): &(Term, NodeId)| led == term && *who != node;
        if state.history.leaders.iter().any(other) {
            state.broken.insert(Rule::ElectionSafety);
        }
        let log = state.server(node).replica.raft().log().clone();
        let lacks = |(entry, by): &(raft::Entry, Term)| {
            let index = entry.position.index;
            by < term && index > log.base().index && log.get(index) != Some(entry)
        };
        if state.history.committed.iter().any(lacks) {
            state.broken.insert(Rule::LeaderCompleteness);
        }
        let history = Arc::make_mut(&mut state.history);
        history.leaders.push((*term, node));
        history.leaders.sort_unstable();
        history.leaders.dedup();
    }
}

fn compare(state: &mut State, before: &Server, node: NodeId) {
    let (old, new) = (
        before.replica.raft(),
        state.server(node).replica.raft().clone(),
    );
    let same_term = old.term() == new.term();
    if same_term && old.vote().is_some() && old.vote() != new.vote() {
        state.broken.insert(Rule::OneVotePerTerm);
    }
    let leads = |raft: &raft::Raft| matches!(raft.role(), Role::Leader(_));
    if same_term && leads(old) && leads(&new) {
        let mut kept = old
            .log()
            .range(new.log().base().index, old.log().last().index);
        if !kept.all(|entry| new.log().get(entry.position.index) == Some(entry)) {
            state.broken.insert(Rule::LeaderAppendOnly);
        }
    }
    if leads(old) && !leads(&new) {
        state.seen.add(Sight::LeaderDeposed as u32);
    }
    if new.commit() < old.commit() {
        state.broken.insert(Rule::CommitMonotonic);
    }
}

fn logs_match(state: &mut State, node: NodeId) {
    let own = state.server(node).replica.raft().log();
    let others = state.servers.iter();
    let others = others.filter(|server| server.replica.id() != node);
    if !others
        .map(|server| server.replica.raft().log())
        .all(|log| agree(own, log))
    {
        state.broken.insert(Rule::LogMatching);
    }
}

/// Whether everything up to the last entry of equal index and term is equal, as far as both hold
/// it.
fn agree(a: &Log, b: &Log) -> bool {
    let base = a.base().index.max(b.base().index);
    let last = a.last().index.min(b.last().index);
    let pairs = a.range(base, last).zip(b.range(base, last));
    let mut pairs: Vec<_> = pairs.collect();
    while pairs
        .last()
        .is_some_and(|(a, b)| a.position.term != b.position.term)
    {
        pairs.pop();
    }
    pairs.iter().all(|(a, b)| a == b)
}

fn commits(state: &mut State, node: NodeId) {
    let raft = state.server(node).replica.raft().clone();
    let known = state.history.commit();
    for entry in raft.log().range(raft.log().base().index, raft.commit()) {
        let index = entry.position.index;
        if index == state.history.commit().next() {
            let history = Arc::make_mut(&mut state.history);
            history.committed.push((entry.clone(), raft.term()));
        } else if state.history.entry(index) != Some(entry) {
            state.broken.insert(Rule::StateMachineSafety);
        }
    }
    if state.history.commit() > known {
        let client =
            |(entry, _): &(raft::Entry, Term)| matches!(entry.payload, Payload::Command(_));
        if state.history.committed[known.0 as usize..]
            .iter()
            .any(client)
        {
            state.seen.add(Sight::EntryCommitted as u32);
        }
    }
    if state.voters_are_fixed && !is_on_a_majority(state) {
        state.broken.insert(Rule::CommittedIsOnAMajority);
    }
}

/// Whether a majority would still hold the last committed entry if all servers crashed now.
fn is_on_a_majority(state: &State) -> bool {
    let Some((last, _)) = state.history.committed.last() else {
        return true;
    };
    let holds = |durable: &Durable| durable.holds(last.position);
    let holding = state.servers.iter().filter(|server| holds(&server.durable));
    holding.count() >= majority(state.servers.len())
}

fn answers(state: &mut State, told: &Told) {
    for (asked, outcome) in &told.answers {
        match outcome {
            Outcome::Applied { index, .. } => {
                state.seen.add(Sight::ClientAnswered as u32);
                if *index > state.history.commit() {
                    state.broken.insert(Rule::AcknowledgedIsCommitted);
                }
            }
            Outcome::Read { index, .. } => {
                if *index < asked.floor {
                    state.broken.insert(Rule::ReadsAreFresh);
                }
            }
            Outcome::ReadRefused(_)
            | Outcome::NotLeader { .. }
            | Outcome::Busy(_)
            | Outcome::Unknown => {}
        }
    }
}

fn sight(event: &Event) -> Option<Sight> {
    let Event::Raft(event) = event else {
        return None;
    };
    match event {
        raft::Event::BecameLeader { .. } => Some(Sight::LeaderElected),
        raft::Event::BecameCandidate {
            why: CampaignReason::AskedByLeader { .. },
            ..
        } => Some(Sight::HandedOver),
        raft::Event::LogTruncated { .. } => Some(Sight::TailTruncated),
        raft::Event::CommitWithheld { .. } => Some(Sight::OldTermWithheld),
        raft::Event::SnapshotInstalled { log, .. } => Some(match log {
            raft::InstalledLog::SuffixKept { .. } => Sight::SnapshotInstalled,
            raft::InstalledLog::Replaced { .. } => Sight::LogReplaced,
        }),
        raft::Event::LeaseRead { .. } => Some(Sight::LeaseReadServed),
        raft::Event::LeaseReadRefused { .. } => Some(Sight::LeaseRefused),
        raft::Event::ReadsConfirmed { .. } => Some(Sight::QuorumReadServed),
        raft::Event::LearnerCaughtUp { .. } => Some(Sight::LearnerPromoted),
        raft::Event::SeatEarned { .. } => Some(Sight::SeatGivenBack),
        raft::Event::SeatsLost { .. } => Some(Sight::SeatsLost),
        raft::Event::MembershipCommitted { .. } => Some(Sight::ChangeCommitted),
        _ => None,
    }
}
