//! The checker: what it remembers of a run, and what it compares.

use super::bounds;
use super::durable;
use super::leases::Leases;
use super::linear::{Contradiction, History, Record, Watch};
use super::rules::{RULES, Rule};
use crate::cache::{Command, Sequence, SessionId, Taken};
use crate::raft::{self, Entry, Fit, InstalledLog, Message};
use crate::replica::{self, AppliedDigest, ClientId};
use crate::sim::{
    Address, Answered, ClientEvent, MessageId, Node, Observer, OperationResult, Payload, Place,
    Step, What, World,
};
use crate::storage::DiskError;
use crate::types::{Fingerprint, Incarnation, Index, Instant, NodeId, Position, Term};
use imbl::{OrdMap, OrdSet, Vector};

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The step after which it did not hold.
    pub step: u64,
    /// When.
    pub time: Instant,
    /// The servers that it concerns, as far as somebody knows.
    pub nodes: Vec<NodeId>,
    /// What was seen, with the numbers.
    pub seen: String,
}

/// Follows a run and compares. Cloning is cheap: it travels in time with the world.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    leaders: OrdMap<Term, NodeId>,
    /// By the incarnation that gave it: another one never gave any before.
    votes: OrdMap<(Term, NodeId, Incarnation), NodeId>,
    /// Every entry that any log ever held: what it carries, and the term of the one before it.
    entries: OrdMap<Position, (u64, Term)>,
    /// Every index that any server ever committed.
    committed: OrdMap<Index, Committed>,
    /// The newest index that any server ever committed. Its entry may have left the log in that step.
    newest_commit: Index,
    /// The digests of all that was applied up to an index.
    applied: OrdMap<Index, AppliedDigest>,
    /// Where each request was applied, and what was applied there.
    requests: OrdMap<(SessionId, Sequence), Index>,
    request_at: OrdMap<Index, (SessionId, Sequence)>,
    /// The newest index that any client was told is written.
    acknowledged: Index,
    /// What that was when the operations under way began, and how many they are. Operations are named
    /// by their client and the moment; of those that began at one moment the first counts.
    invoked: OrdMap<(ClientId, Instant), (Index, u32)>,
    /// The run and the commit index of each server after its latest step.
    commits: OrdMap<NodeId, (u64, Index)>,
    /// Whose files somebody took away or exchanged.
    robbed: OrdSet<NodeId>,
    /// Whose disk may have forgotten what was durable on it: those, and where bits turned over, writes were
    /// torn or syncs failed.
    harmed: OrdSet<NodeId>,
    leases: Leases,
    history: History,
    watch: Watch,
    /// Histories that nothing explains, as far as they are kept as violations.
    contradictions: Vector<Contradiction>,
    violations: Vector<Violation>,
    /// How often each rule had something to compare.
    looked: [u64; RULES],
}

/// An index that some server has committed.
#[derive(Clone, Copy, Debug)]
struct Committed {
    /// The term of its entry.
    term: Term,
    /// The term in which it was committed, at the earliest that of its entry.
    within: Term,
}

/// More are not kept: the first ones tell the story.
const MOST: usize = 100;
/// So many facts of each kind are remembered, the newest, so that a run may last for weeks. What is older
/// lies in snapshots on every server, and what it did is part of all later digests.
const REMEMBERED: usize = 1 << 16;

fn forget_oldest<K: Ord + Copy, V: Clone>(facts: &mut OrdMap<K, V>) -> Option<(K, V)> {
    let oldest = (facts.len() > REMEMBERED)
        .then(|| facts.get_min())
        .flatten();
    let oldest = oldest.map(|(key, _)| *key)?;
    facts.remove_with_key(&oldest)
}

impl Observer for Checker {
    fn observe(&mut self, world: &World, step: &Step) {
        let mut found = Vec::new();
        for happening in &step.happenings {
            self.watch.observe(world, happening);
            match (&happening.place, &happening.what) {
                (Place::Node(node), What::Replica(event)) => {
                    self.on_event(world, *node, event, &mut found);
                }
                (Place::Node(_), What::WriteIssued { .. }) => self.look(Rule::KnowsItsFiles),
                (
                    Place::Node(node),
                    What::Sent {
                        message,
                        to: Address::Node(to),
                    },
                ) => {
                    self.on_sent(world, (*node, *to), *message, &mut found);
                }
                (_, What::ClusterRecreated { .. }) => self.begin_history(),
                (_, What::ClockDrifts { .. } | What::ClockSet { .. }) => {
                    self.leases.on_clock(world, &happening.what);
                }
                (
                    Place::Node(node),
                    What::FileRemoved { .. } | What::DiskWiped { .. } | What::ImageRestored { .. },
                ) => {
                    self.robbed.insert(*node);
                    self.harmed.insert(*node);
                }
                (
                    Place::Node(node),
                    What::BitFlipped { .. } | What::FileTorn { .. } | What::SyncsWillFail { .. },
                ) => {
                    self.harmed.insert(*node);
                }
                (
                    Place::Node(node),
                    What::Stopped {
                        error: error @ DiskError::NotFound { .. },
                    },
                ) if !self.robbed.contains(node) => {
                    let seen = format!("{node} stops: {error}, and nobody took it away");
                    found.push((Rule::KnowsItsFiles, vec![*node], seen));
                }
                (Place::Client(client), What::Client(ClientEvent::Invoked(operation))) => {
                    self.history.begin(step.time, *client, operation);
                    let began = self.invoked.entry((*client, step.time));
                    began.or_insert((self.acknowledged, 0)).1 += 1;
                }
                (Place::Client(client), What::Client(ClientEvent::Answered(answered))) => {
                    let known = self.on_over((*client, answered.invoked_at));
                    self.on_answered((*client, known), &answered.result, &mut found);
                    self.explain(step.time, (*client, answered), &mut found);
                }
                _ => {}
            }
        }
        self.compare_leases(world, step, &mut found);
        self.forget();
        for (rule, mut nodes, seen) in found {
            if self.violations.len() < MOST {
                if nodes.is_empty() {
                    nodes.extend(answering(step));
                }
                let (step, time) = (step.number, step.time);
                self.violations.push_back(Violation {
                    rule,
                    step,
                    time,
                    nodes,
                    seen,
                });
            }
        }
    }
}

/// Rules found broken in a step, with the servers that broke them where it is not who answered a client.
type Found = Vec<(Rule, Vec<NodeId>, String)>;

/// Whose answer arrived at a client in this step.
fn answering(step: &Step) -> Option<NodeId> {
    let mut happenings = step.happenings.iter();
    happenings.find_map(|happening| match (&happening.place, &happening.what) {
        (
            Place::Client(_),
            What::Delivered {
                from: Address::Node(node),
                ..
            },
        ) => Some(*node),
        _ => None,
    })
}

impl Checker {
    /// Everything that was broken so far, in order.
    #[must_use]
    pub fn violations(&self) -> &Vector<Violation> {
        &self.violations
    }

    /// The histories of clients that nothing explains, in order.
    #[must_use]
    pub fn contradictions(&self) -> &Vector<Contradiction> {
        &self.contradictions
    }

    /// How often the search for an explanation was given up: of those operations nothing is claimed.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.history.undecided()
    }

    fn forget(&mut self) {
        forget_oldest(&mut self.leaders);
        forget_oldest(&mut self.votes);
        while forget_oldest(&mut self.entries).is_some() {}
        while forget_oldest(&mut self.committed).is_some() {}
        while forget_oldest(&mut self.applied).is_some() {}
        while let Some((_, request)) = forget_oldest(&mut self.request_at) {
            self.requests.remove(&request);
        }
    }

    /// How often this rule had something to compare so far. One that never had anything holds, and says
    /// nothing.
    #[must_use]
    pub fn looked(&self, rule: Rule) -> u64 {
        match rule {
            Rule::Linearizable => self.history.judged(),
            rule => self.looked[rule as usize],
        }
    }

    /// What clients did lately, and where in the order the search has put it.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.history.record()
    }

    fn look(&mut self, rule: Rule) {
        self.looked[rule as usize] += 1;
    }

    /// Another life of the cluster: nothing of before binds it. What was done to disks and clocks stays
    /// done, and what was found stays found.
    fn begin_history(&mut self) {
        let before = std::mem::take(self);
        *self = Checker {
            robbed: before.robbed,
            harmed: before.harmed,
            leases: before.leases.begin_anew(),
            history: before.history.begin_anew(),
            watch: before.watch,
            contradictions: before.contradictions,
            violations: before.violations,
            looked: before.looked,
            ..Checker::default()
        };
    }

    fn on_event(&mut self, world: &World, node: NodeId, event: &replica::Event, found: &mut Found) {
        let exceeded = bounds::exceeded(world, node, event);
        found.extend(exceeded.map(|seen| (Rule::WithinBounds, vec![node], seen)));
        if matches!(event, replica::Event::Applied { .. }) {
            self.look(Rule::WithinBounds);
        }
        match event {
            replica::Event::Raft(event) => self.on_raft(world, node, event, found),
            replica::Event::Started { .. } => self.on_started(world, node, found),
            replica::Event::Applied {
                index,
                command: Command::Apply(apply),
                taken,
            } => {
                if *taken == Taken::Done {
                    let request = (apply.session, apply.sequence);
                    let known = self.requests.get(&request).copied();
                    let first = known.unwrap_or(*index);
                    match known {
                        Some(_) => self.look(Rule::ExactlyOnce),
                        None => drop(self.requests.insert(request, first)),
                    }
                    self.request_at.insert(first, request);
                    if first != *index {
                        let (session, number) = (apply.session, apply.sequence.0);
                        found.push((
                            Rule::ExactlyOnce,
                            vec![node],
                            format!(
                                "{node} applies request {number} of session {session} at index \
                                 {index}; it was applied at index {first}"
                            ),
                        ));
                    }
                }
                self.on_applied(world, node, found);
            }
            replica::Event::Applied { .. } => self.on_applied(world, node, found),
            _ => {}
        }
    }

    fn on_raft(&mut self, world: &World, node: NodeId, event: &raft::Event, found: &mut Found) {
        match event {
            raft::Event::BecameLeader { term, .. } => {
                self.on_leader(world, node, *term, found);
            }
            // Its own vote, which counts from when it is durable.
            raft::Event::VoteCounted {
                from,
                granted: true,
                ..
            } if *from == node => {
                if let Some(replica) = world.node(node).replica() {
                    let voter = (node, replica.raft().incarnation());
                    self.on_vote(voter, replica.raft().term(), node, found);
                }
            }
            raft::Event::EntriesAppended { first, last, .. } => {
                self.on_appended(world, node, first.index, last.index, found);
            }
            raft::Event::SnapshotInstalled {
                covers,
                log: InstalledLog::SuffixKept { last },
            } => self.on_appended(world, node, covers.index.next(), *last, found),
            raft::Event::LogTruncated { first, last, .. } => {
                self.look(Rule::LeaderAppendOnly);
                if is_leader(world, node) {
                    let seen = format!("{node} leads and cuts {first} to {last} off its own log");
                    found.push((Rule::LeaderAppendOnly, vec![node], seen));
                }
            }
            raft::Event::CommitAdvanced { from, to, why } => {
                self.on_commit(world, node, *from, *to, found);
                if let raft::CommitReason::Quorum { .. } = why {
                    self.look(Rule::CommittedIsDurable);
                    let missing = durable::missing(world, node, *to, &self.harmed);
                    let broken = |seen| (Rule::CommittedIsDurable, vec![node], seen);
                    found.extend(missing.map(broken));
                }
            }
            _ => {}
        }
    }

    /// A vote is given when it leaves. One that was decided and lost in a crash before it was
    /// durable was never given.
    fn on_sent(
        &mut self,
        world: &World,
        (from, to): (NodeId, NodeId),
        message: MessageId,
        found: &mut Found,
    ) {
        let sent = world.network().get(message).map(|sent| &sent.payload);
        let Some(Payload::Peer(envelope)) = sent else {
            return;
        };
        if let Message::VoteResponse(response) = &envelope.message
            && response.granted
        {
            let voter = (from, envelope.from_incarnation);
            self.on_vote(voter, response.term, to, found);
        }
    }

    fn on_vote(
        &mut self,
        (voter, incarnation): (NodeId, Incarnation),
        term: Term,
        candidate: NodeId,
        found: &mut Found,
    ) {
        self.look(Rule::OneVotePerTerm);
        let vote = self.votes.entry((term, voter, incarnation));
        let first = *vote.or_insert(candidate);
        if first != candidate {
            let seen = format!("{voter} votes for {candidate} in term {term}, after {first}");
            found.push((Rule::OneVotePerTerm, vec![voter], seen));
        }
    }

    fn on_leader(&mut self, world: &World, node: NodeId, term: Term, found: &mut Found) {
        self.look(Rule::ElectionSafety);
        let first = *self.leaders.entry(term).or_insert(node);
        if first != node {
            let seen = format!("{node} leads term {term}, and {first} was elected in it");
            found.push((Rule::ElectionSafety, vec![first, node], seen));
        }
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        // A server may learn so late that it was elected that later terms have committed more.
        let mut committed = self.committed.iter().rev();
        let Some((index, committed)) = committed.find(|(_, known)| known.within < term) else {
            return;
        };
        let last = Position::new(committed.term, *index);
        self.look(Rule::LeaderCompleteness);
        // Agreement on the last committed entry is agreement on all before it (Log Matching).
        let fit = replica.raft().log().fit(last);
        if !matches!(fit, Fit::Holds | Fit::BelowBase) {
            let end = replica.raft().log().last();
            let seen = format!(
                "{node} leads term {term} with a log that ends at {end} and does not hold the committed {last}"
            );
            found.push((Rule::LeaderCompleteness, vec![node], seen));
        }
        // Its own first entry is appended without an event of its own.
        let end = replica.raft().log().last().index;
        self.on_appended(world, node, end, end, found);
    }

    fn on_appended(
        &mut self,
        world: &World,
        node: NodeId,
        first: Index,
        last: Index,
        found: &mut Found,
    ) {
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        let log = replica.raft().log();
        let before = first.prev().unwrap_or(Index::ZERO);
        let Some(mut previous) = log.term_at(before) else {
            return;
        };
        for entry in log.range(before, last) {
            self.compare(node, entry, previous, found);
            previous = entry.position.term;
        }
    }

    fn compare(&mut self, node: NodeId, entry: &Entry, previous: Term, found: &mut Found) {
        let content = (Fingerprint::of(&entry.payload), previous);
        let Some(first) = self.entries.get(&entry.position) else {
            self.entries.insert(entry.position, content);
            return;
        };
        if *first != content {
            let at = entry.position;
            let seen = format!("{node} holds another entry at {at}, or another before it");
            found.push((Rule::LogMatching, vec![node], seen));
        }
        self.look(Rule::LogMatching);
    }

    fn on_commit(
        &mut self,
        world: &World,
        node: NodeId,
        from: Index,
        to: Index,
        found: &mut Found,
    ) {
        self.newest_commit = self.newest_commit.max(to);
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        for entry in replica.raft().log().range(from, to) {
            let Position { term, index } = entry.position;
            // A leader's own entries are appended without an event each.
            if let Some(previous) = replica.raft().log().term_at(Index(index.0 - 1)) {
                self.compare(node, entry, previous, found);
            }
            let Some(first) = self.committed.get(&index) else {
                let within = replica.term();
                self.committed.insert(index, Committed { term, within });
                continue;
            };
            if first.term != term {
                let seen = format!(
                    "{node} commits index {index} of term {term}; it is committed of term {}",
                    first.term
                );
                found.push((Rule::StateMachineSafety, vec![node], seen));
            }
            self.look(Rule::StateMachineSafety);
        }
        let run = world.node(node).runs();
        let known = self.commits.insert(node, (run, to));
        self.look(Rule::CommitMonotonic);
        if let Some((_, before)) = known.filter(|(earlier, before)| *earlier == run && *before > to)
        {
            let seen = format!("the commit index of {node} goes from {before} to {to}");
            found.push((Rule::CommitMonotonic, vec![node], seen));
        }
    }

    fn on_applied(&mut self, world: &World, node: NodeId, found: &mut Found) {
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        let (index, digest) = (replica.applied().index, replica.applied_digest());
        let Some(first) = self.applied.get(&index).copied() else {
            self.applied.insert(index, digest);
            return;
        };
        self.look(Rule::StateMachineSafety);
        self.look(Rule::ReplicasAgree);
        if first.entries != digest.entries {
            let seen =
                format!("{node} has applied other entries up to index {index} than another server");
            found.push((Rule::StateMachineSafety, vec![node], seen));
        } else if first.effects != digest.effects {
            let seen = format!(
                "the entries up to index {index} did something else on {node} than on another server"
            );
            found.push((Rule::ReplicasAgree, vec![node], seen));
        }
    }

    /// An operation is over: what was acknowledged before it began.
    fn on_over(&mut self, operation: (ClientId, Instant)) -> Index {
        let Some((known, open)) = self.invoked.get(&operation).copied() else {
            return Index::ZERO;
        };
        if open > 1 {
            self.invoked.insert(operation, (known, open - 1));
        } else {
            self.invoked.remove(&operation);
        }
        known
    }

    fn on_answered(
        &mut self,
        (client, known): (ClientId, Index),
        result: &OperationResult,
        found: &mut Found,
    ) {
        match result {
            // The answer to a batch that was sent again names a later index: it is committed, too.
            OperationResult::Written { version: index }
            | OperationResult::Counted { version: index, .. }
            | OperationResult::BatchDone { index, .. } => {
                self.on_acknowledged(Index(*index), found);
                self.acknowledged = self.acknowledged.max(Index(*index));
            }
            OperationResult::Found {
                index,
                staleness: None,
                ..
            }
            | OperationResult::FoundMany {
                index,
                staleness: None,
                ..
            }
            | OperationResult::Listed {
                index,
                staleness: None,
                ..
            } => {
                if known > Index::ZERO {
                    self.look(Rule::FreshReads);
                }
                if Index(*index) < known {
                    let seen = format!(
                        "{client} reads the state at index {index}, and index {known} was acknowledged \
                         before the read began"
                    );
                    found.push((Rule::FreshReads, Vec::new(), seen));
                }
            }
            OperationResult::Found { .. }
            | OperationResult::FoundMany { .. }
            | OperationResult::Listed { .. }
            | OperationResult::Deleted { .. }
            | OperationResult::Touched { .. }
            | OperationResult::NotSwapped { .. }
            | OperationResult::BatchNotDone { .. }
            | OperationResult::Refused(_)
            | OperationResult::GivenUp { .. } => {}
        }
    }

    /// Whether there is an order that explains this answer, too.
    fn explain(&mut self, now: Instant, answered: (ClientId, &Answered), found: &mut Found) {
        let around = self.watch.around();
        if let Some(contradiction) = self.history.end(now, answered, around) {
            let seen = format!("no order of operations explains these answers: {contradiction}");
            found.push((Rule::Linearizable, Vec::new(), seen));
            if self.contradictions.len() < MOST {
                self.contradictions.push_back(contradiction);
            }
        }
    }

    fn on_acknowledged(&mut self, index: Index, found: &mut Found) {
        self.look(Rule::AcknowledgedIsCommitted);
        if index > self.newest_commit {
            let seen = format!(
                "a client was told that index {index} is written, and no server has committed it"
            );
            found.push((Rule::AcknowledgedIsCommitted, Vec::new(), seen));
        }
    }

    /// A lease is looked at after whatever happens to its leader, and all are when somebody is elected.
    fn compare_leases(&mut self, world: &World, step: &Step, found: &mut Found) {
        let newest = self.leaders.get_max().map(|(term, node)| (*term, *node));
        let mut concerned: Vec<NodeId> = Vec::new();
        for happening in &step.happenings {
            match (&happening.place, &happening.what) {
                (_, What::Replica(replica::Event::Raft(raft::Event::BecameLeader { .. }))) => {
                    concerned.extend(world.nodes().iter().map(Node::id));
                }
                (Place::Node(node), What::Replica(_)) => concerned.push(*node),
                _ => {}
            }
        }
        concerned.sort_unstable();
        concerned.dedup();
        for node in concerned {
            let judged = self.leases.judge(world, node, newest);
            if judged.is_some() {
                self.look(Rule::LeaseExcludes);
            }
            found.extend(judged.and_then(Result::err).map(|outlived| {
                let nodes = vec![node, outlived.successor];
                (Rule::LeaseExcludes, nodes, outlived.seen)
            }));
        }
    }

    /// From there on a server applies what follows, so it is enough to look once.
    fn on_started(&mut self, world: &World, node: NodeId, found: &mut Found) {
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        let (applied, commit) = (replica.applied().index, replica.raft().commit());
        if applied > Index::ZERO {
            self.look(Rule::AppliedIsCommitted);
        }
        if applied > commit {
            let seen = format!(
                "{node} starts with a state that has applied index {applied}, and knows only {commit} to be \
                 committed: it will skip what is committed up to there"
            );
            found.push((Rule::AppliedIsCommitted, vec![node], seen));
        }
    }
}

fn is_leader(world: &World, node: NodeId) -> bool {
    let replica = world.node(node).replica();
    replica.is_some_and(|replica| matches!(replica.raft().role(), raft::Role::Leader(_)))
}

#[cfg(test)]
mod tests;
