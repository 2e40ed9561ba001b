//! Each rule against happenings that were made up: what breaks it is told, and what does not is not.

use super::{Checker, Committed, MOST, REMEMBERED};
use crate::cache::{Apply, Command, Operation as CacheOperation, Sequence, SessionId, Taken};
use crate::check::Rule;
use crate::raft::{self, CommitReason, InstalledLog, Message};
use crate::replica::{AppliedDigest, ClientId, Event};
use crate::sim::{
    Address, Answered, Cause, ClientEvent, Happening, MessageId, Observer, Operation,
    OperationResult, Payload, Place, ReadPath, Scenario, Step, What, World,
};
use crate::storage::DiskError;
use crate::types::{ClusterId, Index, Instant, NodeId, Position, Term};
use bytes::Bytes;
use std::sync::Arc;

const ONE_WRITE: &str = "flotilla = 1
    name = \"one write\"
    end = \"3s\"
    nodes = 3
    actions = [{ at = \"1s\", do = \"put\", client = 1, key = \"k\", value = \"v\" }]";

/// The world of the scenario, right after the first step that is meant.
fn world_when(text: &str, is_meant: impl Fn(&World, &Step) -> bool) -> World {
    let scenario = Scenario::parse(text).expect("well-formed");
    let mut world = World::new(Arc::new(scenario));
    loop {
        let step = world.step().expect("timers never end");
        assert!(step.time < Instant(3_000_000), "it never happens");
        if is_meant(&world, &step) {
            return world;
        }
    }
}

/// The world once its write is applied everywhere.
fn settled_world(text: &str) -> World {
    world_when(text, |_, step| step.time > Instant(2_000_000))
}

/// The world in which a leader has just appended the write, and nobody else has it.
fn world_of_a_lonely_entry() -> (World, NodeId) {
    let world = world_when(ONE_WRITE, |world, step| {
        let end = |node: &NodeId| log_end(world, *node).index;
        let leader = world.leader().filter(|_| step.time > Instant(1_000_000));
        let others = |leader| followers(world, leader).into_iter();
        leader.is_some_and(|leader| others(leader).all(|other| end(&other) < end(&leader)))
    });
    let leader = world.leader().expect("just looked at");
    (world, leader)
}

fn raft_of(world: &World, node: NodeId) -> &raft::Raft {
    world.node(node).replica().expect("it runs").raft()
}

fn log_end(world: &World, node: NodeId) -> Position {
    raft_of(world, node).log().last()
}

fn followers(world: &World, leader: NodeId) -> [NodeId; 2] {
    let others = world.nodes().iter().map(|node| node.id());
    let others: Vec<NodeId> = others.filter(|node| *node != leader).collect();
    others.try_into().expect("there are three servers")
}

/// The checker sees these in one step at this time.
fn show_at(checker: &mut Checker, world: &World, time: Instant, happenings: Vec<(Place, What)>) {
    let happenings = happenings.into_iter();
    let step = Step {
        number: world.steps(),
        time,
        cause: Cause::Model,
        happenings: happenings
            .map(|(place, what)| Happening { place, what })
            .collect(),
    };
    checker.observe(world, &step);
}

/// The checker sees that this happens at a server.
fn show(checker: &mut Checker, world: &World, node: NodeId, what: What) {
    let happenings = vec![(Place::Node(node), what)];
    show_at(checker, world, world.now(), happenings);
}

fn show_raft(checker: &mut Checker, world: &World, node: NodeId, event: raft::Event) {
    show(checker, world, node, What::Replica(Event::Raft(event)));
}

fn broken(checker: &Checker) -> Vec<Rule> {
    let violations = checker.violations().iter();
    violations.map(|violation| violation.rule).collect()
}

fn leads(term: Term) -> raft::Event {
    let (votes, needed) = (Vec::new(), 2);
    raft::Event::BecameLeader {
        term,
        votes,
        needed,
    }
}

/// Its leader has told the server `leader` that so much is committed.
fn told_of_commit(leader: NodeId, from: Index, to: Index) -> raft::Event {
    let commit = to;
    let why = CommitReason::LeaderCommit { leader, commit };
    raft::Event::CommitAdvanced { from, to, why }
}

fn commits(from: Index, to: Index) -> raft::Event {
    let why = CommitReason::Quorum {
        matched: Vec::new(),
        needed: 2,
        needed_of_old: None,
    };
    raft::Event::CommitAdvanced { from, to, why }
}

/// A checker that says nothing of leases, for a clock was set.
fn beside_leases(world: &World) -> Checker {
    let mut checker = Checker::default();
    let (from, to) = (Instant(5), Instant(6));
    let set = What::ClockSet { from, to };
    show(&mut checker, world, NodeId(1), set);
    checker
}

#[test]
fn two_leaders_of_one_term_are_told() {
    let world = settled_world(ONE_WRITE);
    let leader = world.leader().expect("it has written");
    let [other, _] = followers(&world, leader);
    let mut checker = beside_leases(&world);
    let term = raft_of(&world, leader).term();
    show_raft(&mut checker, &world, leader, leads(term));
    show_raft(&mut checker, &world, leader, leads(term));
    show_raft(&mut checker, &world, other, leads(Term(term.0 + 1)));
    assert_eq!(broken(&checker), []);
    show_raft(&mut checker, &world, other, leads(term));
    assert_eq!(broken(&checker), [Rule::ElectionSafety]);
    assert_eq!(checker.violations()[0].nodes, [leader, other]);
    assert_eq!(checker.looked(Rule::ElectionSafety), 4);
}

/// A vote that leaves its voter, as the world has it on its way.
fn a_vote(world: &World, step: &Step) -> Option<(NodeId, MessageId, NodeId)> {
    let votes = |message: &MessageId| {
        let sent = world.network().get(*message)?;
        let Payload::Peer(envelope) = &sent.payload else {
            return None;
        };
        match &envelope.message {
            Message::VoteResponse(vote) => vote.granted.then_some(()),
            _ => None,
        }
    };
    step.happenings
        .iter()
        .find_map(|one| match (one.place, &one.what) {
            (
                Place::Node(voter),
                What::Sent {
                    message,
                    to: Address::Node(candidate),
                },
            ) => votes(message).map(|()| (voter, *message, *candidate)),
            _ => None,
        })
}

#[test]
fn a_second_vote_of_a_term_is_told_and_the_same_one_again_is_not() {
    let scenario = Scenario::parse(ONE_WRITE).expect("well-formed");
    let mut world = World::new(Arc::new(scenario));
    let (voter, message, candidate) = loop {
        let step = world.step().expect("timers never end");
        if let Some(vote) = a_vote(&world, &step) {
            break vote;
        }
    };
    let sent_to = |candidate| What::Sent {
        message,
        to: Address::Node(candidate),
    };
    let counted = |from| raft::Event::VoteCounted {
        from,
        granted: true,
        votes: 1,
        needed: 2,
    };
    let third = followers(&world, candidate);
    let third = third.into_iter().find(|node| *node != voter);
    let third = third.expect("there are three servers");

    let mut checker = Checker::default();
    show(&mut checker, &world, voter, sent_to(candidate));
    show(&mut checker, &world, voter, sent_to(candidate));
    assert_eq!(checker.looked(Rule::OneVotePerTerm), 2);
    // Whoever counts the vote of another gives none.
    show_raft(&mut checker, &world, voter, counted(third));
    assert_eq!(checker.looked(Rule::OneVotePerTerm), 2);
    assert_eq!(broken(&checker), []);

    let mut for_another = checker.clone();
    show(&mut for_another, &world, voter, sent_to(third));
    assert_eq!(broken(&for_another), [Rule::OneVotePerTerm]);
    assert_eq!(for_another.violations()[0].nodes, [voter]);

    show_raft(&mut checker, &world, voter, counted(voter));
    assert_eq!(broken(&checker), [Rule::OneVotePerTerm], "for itself");
}

#[test]
fn a_leader_that_cuts_its_log_is_told_and_a_follower_is_not() {
    let world = settled_world(ONE_WRITE);
    let leader = world.leader().expect("it has written");
    let last = log_end(&world, leader);
    let cut = || raft::Event::LogTruncated {
        first: last,
        last,
        term: last.term,
    };
    let mut checker = Checker::default();
    for follower in followers(&world, leader) {
        show_raft(&mut checker, &world, follower, cut());
    }
    assert_eq!(broken(&checker), []);
    show_raft(&mut checker, &world, leader, cut());
    assert_eq!(broken(&checker), [Rule::LeaderAppendOnly]);
    assert_eq!(checker.looked(Rule::LeaderAppendOnly), 3);
}

/// Two clusters do the same, but for what is written: their logs have the same terms.
#[test]
fn logs_that_hold_other_entries_at_one_position_are_told() {
    let one = settled_world(ONE_WRITE);
    let other = settled_world(&ONE_WRITE.replace("value = \"v\"", "value = \"w\""));
    let node = NodeId(1);
    let last = log_end(&one, node);
    assert_eq!(log_end(&other, node), last);
    let first = Position::new(last.term, Index(1));
    let appended = || raft::Event::EntriesAppended {
        leader: Some(NodeId(2)),
        first,
        last,
    };
    // What stays behind a snapshot is compared like what is new.
    let kept = || raft::Event::SnapshotInstalled {
        covers: first,
        log: InstalledLog::SuffixKept { last: last.index },
    };
    let mut checker = Checker::default();
    show_raft(&mut checker, &one, NodeId(1), appended());
    assert_eq!(checker.looked(Rule::LogMatching), 0);
    show_raft(&mut checker, &one, NodeId(2), appended());
    assert_eq!(checker.looked(Rule::LogMatching), last.index.0);
    show_raft(&mut checker, &one, NodeId(3), kept());
    assert_eq!(checker.looked(Rule::LogMatching), 2 * last.index.0 - 1);
    assert_eq!(broken(&checker), []);
    for event in [appended(), kept()] {
        let mut checker = checker.clone();
        show_raft(&mut checker, &other, node, event);
        assert_eq!(broken(&checker), [Rule::LogMatching]);
        assert_eq!(checker.violations()[0].nodes, [node]);
    }
}

/// Whoever is elected needs what earlier terms have committed, and not what its own has.
#[test]
fn a_leader_without_a_committed_entry_is_told() {
    let (world, leader) = world_of_a_lonely_entry();
    let [other, _] = followers(&world, leader);
    let (term, end) = (raft_of(&world, leader).term(), log_end(&world, leader));
    let mut checker = beside_leases(&world);
    let from = Index(end.index.0 - 1);
    let committed = told_of_commit(leader, from, end.index);
    show_raft(&mut checker, &world, leader, committed);
    show_raft(&mut checker, &world, other, leads(term));
    assert_eq!(checker.looked(Rule::LeaderCompleteness), 0);
    show_raft(&mut checker, &world, leader, leads(Term(term.0 + 1)));
    assert_eq!(checker.looked(Rule::LeaderCompleteness), 1);
    assert_eq!(broken(&checker), []);
    show_raft(&mut checker, &world, other, leads(Term(term.0 + 2)));
    assert_eq!(broken(&checker), [Rule::LeaderCompleteness]);
    assert_eq!(checker.violations()[0].nodes, [other]);
}

#[test]
fn a_commit_that_no_majority_holds_is_told_unless_disks_were_harmed() {
    let (world, leader) = world_of_a_lonely_entry();
    let end = log_end(&world, leader).index;
    let committed = commits(Index(end.0 - 1), end);
    let file = || "wal".to_string();
    let harms = [
        What::BitFlipped {
            file: file(),
            offset: 0,
            bit: 0,
        },
        What::FileTorn {
            file: file(),
            bytes: 1,
        },
        What::SyncsWillFail { count: 1 },
        What::FileRemoved { file: file() },
        What::DiskWiped { files: 1, bytes: 1 },
    ];
    for harm in [None].into_iter().chain(harms.map(Some)) {
        let mut checker = Checker::default();
        for follower in followers(&world, leader) {
            if let Some(harm) = &harm {
                show(&mut checker, &world, follower, harm.clone());
            }
        }
        show_raft(&mut checker, &world, leader, committed.clone());
        let told = broken(&checker) == [Rule::CommittedIsDurable];
        assert_eq!(told, harm.is_none(), "{harm:?}: {:?}", broken(&checker));
        assert_eq!(checker.looked(Rule::CommittedIsDurable), 1);
    }
}

#[test]
fn a_commit_index_that_goes_back_is_told() {
    let world = settled_world(ONE_WRITE);
    let leader = world.leader().expect("it has written");
    let [node, other] = followers(&world, leader);
    let commit = raft_of(&world, node).commit();
    let mut checker = Checker::default();
    let mut show = |node, to| {
        let event = told_of_commit(leader, Index::ZERO, to);
        show_raft(&mut checker, &world, node, event);
        broken(&checker)
    };
    assert_eq!(show(node, commit), []);
    assert_eq!(show(node, commit), []);
    assert_eq!(show(other, Index(commit.0 - 1)), []);
    let back = Index(commit.0 - 1);
    assert_eq!(show(node, back), [Rule::CommitMonotonic]);
    assert_eq!(checker.looked(Rule::CommitMonotonic), 4);
}

#[test]
fn another_entry_that_is_committed_or_applied_at_an_index_is_told() {
    let world = settled_world(ONE_WRITE);
    let leader = world.leader().expect("it has written");
    let commit = raft_of(&world, leader).commit();
    let mut checker = Checker::default();
    for node in followers(&world, leader) {
        let committed = told_of_commit(leader, Index::ZERO, commit);
        show_raft(&mut checker, &world, node, committed);
    }
    assert_eq!(checker.looked(Rule::StateMachineSafety), commit.0);
    assert_eq!(broken(&checker), []);
    let (term, within) = (Term(99), Term(99));
    let another = Committed { term, within };
    checker.committed.insert(commit, another);
    let committed = told_of_commit(leader, Index::ZERO, commit);
    show_raft(&mut checker, &world, leader, committed);
    assert_eq!(broken(&checker), [Rule::StateMachineSafety]);
}

fn applied(index: Index, command: Command, taken: Taken) -> What {
    What::Replica(Event::Applied {
        index,
        command,
        taken,
    })
}

/// What was applied, and what came of it, is compared after each entry, whatever it commands.
#[test]
fn states_that_differ_after_one_entry_are_told() {
    let world = settled_world(ONE_WRITE);
    let replica = world.node(NodeId(1)).replica().expect("it runs");
    let (index, digest) = (replica.applied().index, replica.applied_digest());
    let advance = || applied(index, Command::Advance, Taken::Done);
    let entries = digest.entries;
    let effects = digest.effects;
    for (before, rule) in [
        (digest, None),
        (
            AppliedDigest {
                entries: entries ^ 1,
                effects,
            },
            Some(Rule::StateMachineSafety),
        ),
        (
            AppliedDigest {
                entries,
                effects: effects ^ 1,
            },
            Some(Rule::ReplicasAgree),
        ),
    ] {
        let mut checker = Checker::default();
        checker.applied.insert(index, before);
        show(&mut checker, &world, NodeId(1), advance());
        assert_eq!(broken(&checker), Vec::from_iter(rule));
        assert_eq!(checker.looked(Rule::ReplicasAgree), 1);
    }
    let mut checker = Checker::default();
    show(&mut checker, &world, NodeId(1), advance());
    show(&mut checker, &world, NodeId(2), advance());
    assert_eq!(checker.looked(Rule::ReplicasAgree), 1, "the second");
}

#[test]
fn a_request_that_is_carried_out_at_two_indices_is_told() {
    let world = settled_world(ONE_WRITE);
    let request = |index, sequence, taken| {
        let apply = Apply {
            session: SessionId(7),
            sequence: Sequence(sequence),
            acknowledged: Sequence(1),
            operation: CacheOperation::Delete {
                key: Bytes::from_static(b"k"),
            },
        };
        applied(Index(index), Command::Apply(apply), taken)
    };
    let mut checker = Checker::default();
    for node in [1, 2] {
        let done = request(50, 1, Taken::Done);
        show(&mut checker, &world, NodeId(node), done);
    }
    let again = request(51, 1, Taken::Before);
    show(&mut checker, &world, NodeId(1), again);
    let next = request(52, 2, Taken::Done);
    show(&mut checker, &world, NodeId(1), next);
    assert_eq!(broken(&checker), []);
    assert_eq!(checker.looked(Rule::ExactlyOnce), 1);
    let twice = request(53, 1, Taken::Done);
    show(&mut checker, &world, NodeId(1), twice);
    assert_eq!(broken(&checker), [Rule::ExactlyOnce]);
}

#[test]
fn a_start_from_no_more_than_what_is_committed_is_quiet() {
    let world = settled_world(ONE_WRITE);
    let raft = raft_of(&world, NodeId(1));
    let (last, commit) = (raft.log().last(), raft.commit());
    let mut checker = Checker::default();
    let started = What::Replica(Event::Started { last, commit });
    show(&mut checker, &world, NodeId(1), started);
    assert_eq!(broken(&checker), []);
    assert_eq!(checker.looked(Rule::AppliedIsCommitted), 1);
}

#[test]
fn a_file_that_is_missing_is_told_unless_somebody_took_it_away() {
    let world = settled_world(ONE_WRITE);
    let (robbed, other) = (NodeId(1), NodeId(2));
    let file = || "wal".to_string();
    let stopped = || What::Stopped {
        error: DiskError::NotFound { file: file() },
    };
    let thefts = [
        What::FileRemoved { file: file() },
        What::DiskWiped { files: 1, bytes: 1 },
        What::ImageRestored {
            image: "image".into(),
            of: other,
            kept_at: Instant::ZERO,
        },
    ];
    for theft in thefts {
        let mut checker = Checker::default();
        show(&mut checker, &world, robbed, theft);
        show(&mut checker, &world, robbed, stopped());
        assert_eq!(broken(&checker), []);
        show(&mut checker, &world, other, stopped());
        assert_eq!(broken(&checker), [Rule::KnowsItsFiles]);
        assert_eq!(checker.violations()[0].nodes, [other]);
    }
}

fn get(key: &str) -> Operation {
    Operation::Get {
        key: key.into(),
        node: None,
        path: ReadPath::Log,
    }
}

fn found(value: Option<&str>, index: u64) -> OperationResult {
    OperationResult::Found {
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        index,
        staleness: None,
    }
}

fn at_client(event: ClientEvent) -> (Place, What) {
    (Place::Client(ClientId(1)), What::Client(event))
}

fn begins(operation: Operation) -> (Place, What) {
    at_client(ClientEvent::Invoked(operation))
}

fn ends(operation: Operation, invoked_at: Instant, result: OperationResult) -> (Place, What) {
    at_client(ClientEvent::Answered(Answered {
        operation,
        invoked_at,
        answered_at: Instant(invoked_at.0 + 1_000),
        result,
    }))
}

/// A client asks, and is answered by server 2.
fn asks(checker: &mut Checker, world: &World, operation: Operation, result: OperationResult) {
    let (began, ended) = (world.now(), Instant(world.now().0 + 1));
    show_at(checker, world, began, vec![begins(operation.clone())]);
    let delivered = What::Delivered {
        message: MessageId(1),
        from: Address::Node(NodeId(2)),
        sent_step: 1,
    };
    let arrives = (Place::Client(ClientId(1)), delivered);
    let happenings = vec![arrives, ends(operation, began, result)];
    show_at(checker, world, ended, happenings);
}

#[test]
fn an_answer_of_what_nobody_has_committed_is_told() {
    let world = settled_world(ONE_WRITE);
    let put = |key: &str| Operation::Put {
        key: key.into(),
        value: "v".into(),
        ttl: None,
    };
    let written = |version| OperationResult::Written { version };
    let mut checker = Checker {
        newest_commit: Index(5),
        ..Checker::default()
    };
    asks(&mut checker, &world, put("a"), written(5));
    assert_eq!(broken(&checker), []);
    asks(&mut checker, &world, put("b"), written(6));
    assert_eq!(broken(&checker), [Rule::AcknowledgedIsCommitted]);
    assert_eq!(checker.violations()[0].nodes, [NodeId(2)], "who answered");
    assert_eq!(checker.looked(Rule::AcknowledgedIsCommitted), 2);
}

/// Both begin in one step, so both must see what was acknowledged before, and not what is after.
#[test]
fn each_of_several_reads_sees_what_was_acknowledged_before_it_began() {
    let world = settled_world(ONE_WRITE);
    let mut checker = Checker::default();
    asks(&mut checker, &world, get("a"), found(None, 0));
    assert_eq!(checker.looked(Rule::FreshReads), 0, "nothing was written");
    let at = |millis: u64| Instant(5_000_000 + 1_000 * millis);
    let read = |acknowledged, second| {
        let mut checker = checker.clone();
        checker.acknowledged = Index(5);
        let both = vec![begins(get("a")), begins(get("b"))];
        show_at(&mut checker, &world, at(0), both);
        checker.acknowledged = Index(acknowledged);
        let first = ends(get("a"), at(0), found(None, 5));
        show_at(&mut checker, &world, at(1), vec![first]);
        assert_eq!(broken(&checker), []);
        let second = ends(get("b"), at(0), found(None, second));
        show_at(&mut checker, &world, at(2), vec![second]);
        assert_eq!(checker.looked(Rule::FreshReads), 2);
        assert!(checker.invoked.is_empty(), "nothing is under way");
        broken(&checker)
    };
    assert_eq!(read(9, 5), []);
    assert_eq!(read(9, 4), [Rule::FreshReads]);
    assert_eq!(read(5, 4), [Rule::FreshReads]);
}

/// The first ones tell the story, and the rest would fill the memory.
#[test]
fn no_more_than_a_hundred_violations_and_contradictions_are_kept() {
    let world = settled_world(ONE_WRITE);
    let mut checker = Checker::default();
    for n in 0..MOST + 10 {
        assert_eq!(checker.violations().len(), n.min(MOST));
        assert_eq!(checker.contradictions().len(), n.min(MOST));
        let never_written = format!("k{n}");
        let found = found(Some("something"), 0);
        asks(&mut checker, &world, get(&never_written), found);
    }
    let all = broken(&checker);
    assert_eq!(all, [Rule::Linearizable; MOST]);
    assert_eq!(checker.looked(Rule::Linearizable), MOST as u64 + 10);
}

#[test]
fn searches_that_were_given_up_are_counted() {
    let world = settled_world(ONE_WRITE);
    let mut checker = Checker::default();
    for given_up in 0..3 {
        assert_eq!(checker.undecided(), given_up);
        let add = || Operation::Increment {
            key: format!("n{given_up}"),
            add: 1,
        };
        let many = (0..24).map(|_| begins(add())).collect();
        let time = Instant(world.now().0 + 10 * given_up);
        show_at(&mut checker, &world, time, many);
        let (value, version) = (1_000, 70 + given_up);
        let counted = OperationResult::Counted { value, version };
        let later = Instant(time.0 + 1);
        show_at(
            &mut checker,
            &world,
            later,
            vec![ends(add(), time, counted)],
        );
    }
    assert_eq!(checker.contradictions().len(), 0);
}

/// What was found stays, and what servers did binds no more those that begin anew; their disks and their
/// clocks are the same.
#[test]
fn another_life_of_the_cluster_forgets_facts_and_not_what_was_seen() {
    let world = settled_world(ONE_WRITE);
    let leader = world.leader().expect("it has written");
    let [other, _] = followers(&world, leader);
    let term = raft_of(&world, leader).term();
    let mut checker = beside_leases(&world);
    show_raft(&mut checker, &world, leader, leads(term));
    asks(&mut checker, &world, get("a"), found(Some("never"), 0));
    let wiped = What::DiskWiped { files: 1, bytes: 1 };
    show(&mut checker, &world, other, wiped);

    let recreated = What::ClusterRecreated {
        cluster: ClusterId(8),
        except: vec![other],
    };
    let anew = vec![(Place::World, recreated)];
    show_at(&mut checker, &world, world.now(), anew);
    assert_eq!(broken(&checker), [Rule::Linearizable]);
    assert_eq!(checker.contradictions().len(), 1);
    assert_eq!(checker.record().iter().count(), 1);
    assert!(checker.watch.around().clocks_set);
    assert!(checker.harmed.contains(&other));
    assert_eq!(checker.looked(Rule::ElectionSafety), 1);

    show_raft(&mut checker, &world, other, leads(term));
    let stopped = What::Stopped {
        error: DiskError::NotFound { file: "wal".into() },
    };
    show(&mut checker, &world, other, stopped);
    assert_eq!(broken(&checker), [Rule::Linearizable]);
    // Nothing was ever written there.
    asks(&mut checker, &world, get("a"), found(None, 0));
    assert_eq!(broken(&checker), [Rule::Linearizable]);
}

#[test]
fn the_newest_facts_are_remembered() {
    let mut checker = Checker::default();
    let newest = REMEMBERED as u64 + 2;
    for n in 1..=newest {
        let (index, request) = (Index(n), (SessionId(n), Sequence(1)));
        let position = Position::new(Term(1), index);
        checker.entries.insert(position, (n, Term(1)));
        checker.requests.insert(request, index);
        checker.request_at.insert(index, request);
        checker.leaders.insert(Term(n), NodeId(1));
    }
    for _ in 0..3 {
        checker.forget();
        assert_eq!(checker.entries.len(), REMEMBERED);
        assert_eq!(checker.requests.len(), REMEMBERED);
        assert_eq!(checker.request_at.len(), REMEMBERED);
    }
    // There is at most one new leader in a step.
    assert_eq!(checker.leaders.len(), REMEMBERED);
    assert_eq!(checker.leaders.get_min(), Some(&(Term(3), NodeId(1))));
    let forgotten = (SessionId(2), Sequence(1));
    assert!(!checker.requests.contains_key(&forgotten));
}
