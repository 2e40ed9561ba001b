//! The checker: what it remembers of a run, and what it compares.

use super::rules::Rule;
use crate::cache::{Command, Sequence, SessionId, Taken};
use crate::raft::{self, Entry, Fit, Message};
use crate::replica::{self, ClientId};
use crate::sim::{
    Address, ClientEvent, MessageId, Observer, OperationResult, Payload, Place, Step, What, World,
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
    /// What was seen, with the numbers.
    pub seen: String,
}

/// Follows a run and compares. Cloning is cheap: it travels in time with the world.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    leaders: OrdMap<Term, NodeId>,
    /// By the incarnation that gave it: another one never gave any before.
    votes: OrdMap<(NodeId, Incarnation, Term), NodeId>,
    /// Every entry that any log ever held: what it carries, and the term of the one before it.
    entries: OrdMap<Position, (u64, Term)>,
    /// Every index that any server ever committed, with the term of its entry.
    committed: OrdMap<Index, Term>,
    /// The newest index that any server ever committed. Its entry may have left the log in that step.
    newest_commit: Index,
    /// The digest of all that was applied up to an index.
    applied: OrdMap<Index, u64>,
    requests: OrdMap<(SessionId, Sequence), Index>,
    /// The newest index that any client was told is written.
    acknowledged: Index,
    /// What that was when the operations under way began, and how many they are. Operations are named
    /// by their client and the moment; of those that began at one moment the first counts.
    invoked: OrdMap<(ClientId, Instant), (Index, u32)>,
    /// The run and the commit index of each server after its latest step.
    commits: OrdMap<NodeId, (u64, Index)>,
    /// Whose files somebody took away or exchanged.
    robbed: OrdSet<NodeId>,
    violations: Vector<Violation>,
}

/// More are not kept: the first ones tell the story.
const MOST: usize = 100;

impl Observer for Checker {
    fn observe(&mut self, world: &World, step: &Step) {
        let mut found = Vec::new();
        for happening in &step.happenings {
            match (&happening.place, &happening.what) {
                (Place::Node(node), What::Replica(event)) => {
                    self.on_event(world, *node, event, &mut found);
                }
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
                (
                    Place::Node(node),
                    What::FileRemoved { .. } | What::DiskWiped { .. } | What::ImageRestored { .. },
                ) => {
                    self.robbed.insert(*node);
                }
                (
                    Place::Node(node),
                    What::Stopped {
                        error: error @ DiskError::NotFound { .. },
                    },
                ) if !self.robbed.contains(node) => {
                    let seen = format!("{node} stops: {error}, and nobody took it away");
                    found.push((Rule::KnowsItsFiles, seen));
                }
                (Place::Client(client), What::Client(ClientEvent::Invoked(_))) => {
                    let began = self.invoked.entry((*client, step.time));
                    began.or_insert((self.acknowledged, 0)).1 += 1;
                }
                (Place::Client(client), What::Client(ClientEvent::Answered(answered))) => {
                    let known = self.on_over((*client, answered.invoked_at));
                    self.on_answered((*client, known), &answered.result, &mut found);
                }
                _ => {}
            }
        }
        for (rule, seen) in found {
            if self.violations.len() < MOST {
                let (step, time) = (step.number, step.time);
                self.violations.push_back(Violation {
                    rule,
                    step,
                    time,
                    seen,
                });
            }
        }
    }
}

type Found = Vec<(Rule, String)>;

impl Checker {
    /// Everything that was broken so far, in order.
    #[must_use]
    pub fn violations(&self) -> &Vector<Violation> {
        &self.violations
    }

    /// Another life of the cluster: nothing of before binds it.
    fn begin_history(&mut self) {
        let violations = std::mem::take(&mut self.violations);
        *self = Checker {
            violations,
            ..Checker::default()
        };
    }

    fn on_event(&mut self, world: &World, node: NodeId, event: &replica::Event, found: &mut Found) {
        match event {
            replica::Event::Raft(event) => self.on_raft(world, node, event, found),
            replica::Event::Started { .. } => on_started(world, node, found),
            replica::Event::Applied {
                index,
                command: Command::Apply(apply),
                taken,
            } => {
                if *taken == Taken::Done {
                    let request = (apply.session, apply.sequence);
                    let first = *self.requests.entry(request).or_insert(*index);
                    if first != *index {
                        let (session, number) = (apply.session, apply.sequence.0);
                        found.push((
                            Rule::ExactlyOnce,
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
            raft::Event::LogTruncated { first, last, .. } if is_leader(world, node) => {
                let seen = format!("{node} leads and cuts {first} to {last} off its own log");
                found.push((Rule::LeaderAppendOnly, seen));
            }
            raft::Event::CommitAdvanced { from, to, .. } => {
                self.on_commit(world, node, *from, *to, found);
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
        let vote = self.votes.entry((voter, incarnation, term));
        let first = *vote.or_insert(candidate);
        if first != candidate {
            let seen = format!("{voter} votes for {candidate} in term {term}, after {first}");
            found.push((Rule::OneVotePerTerm, seen));
        }
    }

    fn on_leader(&mut self, world: &World, node: NodeId, term: Term, found: &mut Found) {
        let first = *self.leaders.entry(term).or_insert(node);
        if first != node {
            let seen = format!("{node} leads term {term}, and {first} was elected in it");
            found.push((Rule::ElectionSafety, seen));
        }
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        let Some((index, committed)) = self.committed.get_max() else {
            return;
        };
        let last = Position::new(*committed, *index);
        // Agreement on the last committed entry is agreement on all before it (Log Matching).
        let fit = replica.raft().log().fit(last);
        if !matches!(fit, Fit::Holds | Fit::BelowBase) {
            let end = replica.raft().log().last();
            let seen = format!(
                "{node} leads term {term} with a log that ends at {end} and does not hold the committed {last}"
            );
            found.push((Rule::LeaderCompleteness, seen));
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
        let first = *self.entries.entry(entry.position).or_insert(content);
        if first != content {
            let at = entry.position;
            let seen = format!("{node} holds another entry at {at}, or another before it");
            found.push((Rule::LogMatching, seen));
        }
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
            let first = *self.committed.entry(index).or_insert(term);
            if first != term {
                let seen = format!(
                    "{node} commits index {index} of term {term}; it is committed of term {first}"
                );
                found.push((Rule::StateMachineSafety, seen));
            }
        }
        let run = world.node(node).runs();
        let known = self.commits.insert(node, (run, to));
        if let Some((_, before)) = known.filter(|(earlier, before)| *earlier == run && *before > to)
        {
            let seen = format!("the commit index of {node} goes from {before} to {to}");
            found.push((Rule::CommitMonotonic, seen));
        }
    }

    fn on_applied(&mut self, world: &World, node: NodeId, found: &mut Found) {
        let Some(replica) = world.node(node).replica() else {
            return;
        };
        let (index, digest) = (replica.applied().index, replica.applied_digest());
        let first = *self.applied.entry(index).or_insert(digest);
        if first != digest {
            let seen =
                format!("{node} has applied other entries up to index {index} than another server");
            found.push((Rule::StateMachineSafety, seen));
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
                if Index(*index) < known {
                    let seen = format!(
                        "{client} reads the state at index {index}, and index {known} was acknowledged \
                         before the read began"
                    );
                    found.push((Rule::FreshReads, seen));
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

    fn on_acknowledged(&self, index: Index, found: &mut Found) {
        if index > self.newest_commit {
            let seen = format!(
                "a client was told that index {index} is written, and no server has committed it"
            );
            found.push((Rule::AcknowledgedIsCommitted, seen));
        }
    }
}

/// From there on a server applies what follows, so it is enough to look once.
fn on_started(world: &World, node: NodeId, found: &mut Found) {
    let Some(replica) = world.node(node).replica() else {
        return;
    };
    let (applied, commit) = (replica.applied().index, replica.raft().commit());
    if applied > commit {
        let seen = format!(
            "{node} starts with a state that has applied index {applied}, and knows only {commit} to be \
             committed: it will skip what is committed up to there"
        );
        found.push((Rule::AppliedIsCommitted, seen));
    }
}

fn is_leader(world: &World, node: NodeId) -> bool {
    let replica = world.node(node).replica();
    replica.is_some_and(|replica| matches!(replica.raft().role(), raft::Role::Leader(_)))
}
