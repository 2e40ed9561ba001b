//! Who may not decide an election: messages of an earlier time, votes that are not durable, and
//! servers without a vote.

use super::{Cluster, N1, N2, N3, at, bare, full};
use crate::raft::{
    Config, Event, Mandate, Membership, Message, PreVoteRequest, Raft, Restored, Role, VoteRefusal,
    VoteRequest, VoteResponse,
};
use crate::types::{Instant, NodeId, Position, Term};
use std::sync::Arc;

fn vote_request(term: u64) -> Message {
    Message::VoteRequest(VoteRequest {
        term: Term(term),
        last: at(9, 9),
        mandate: Mandate::Silence,
    })
}

fn receive(cluster: &mut Cluster, to: NodeId, from: NodeId, message: Message) {
    cluster.with(to, |server, now, out| {
        server.on_message(now, from, message, out);
    });
}

fn refusals(cluster: &Cluster, voter: NodeId) -> Vec<VoteRefusal> {
    let events = cluster.events(voter).iter();
    let refused = events.filter_map(|event| match event {
        Event::VoteRefused { why, .. } | Event::PreVoteRefused { why, .. } => Some(why.clone()),
        _ => None,
    });
    refused.collect()
}

/// Just after a start, when a server keeps a promise that it may have given, and without one.
#[test]
fn a_candidate_of_an_earlier_term_gets_the_present_term_and_no_vote() {
    for config in [bare(), full()] {
        let mut cluster = Cluster::configured(&[&[5], &[5], &[5]], config);
        receive(&mut cluster, N1, N2, vote_request(3));
        let (candidate, own) = (Term(3), Term(5));
        assert_eq!(
            refusals(&cluster, N1),
            [VoteRefusal::StaleTerm { candidate, own }]
        );
        let no = VoteResponse {
            term: Term(5),
            granted: false,
        };
        assert_eq!(cluster.messages, [(N1, N2, Message::VoteResponse(no))]);
        assert_eq!(cluster.server(N1).vote(), None);
    }
}

/// The leader that it may have heard before it started need not be of an earlier term.
#[test]
fn a_promise_holds_against_a_candidate_of_the_own_term_too() {
    let mut cluster = Cluster::configured(&[&[5], &[5], &[5]], full());
    receive(&mut cluster, N1, N2, vote_request(5));
    assert!(
        matches!(refusals(&cluster, N1)[..], [VoteRefusal::Promised { .. }]),
        "{:?}",
        refusals(&cluster, N1)
    );
    assert_eq!(cluster.server(N1).vote(), None);
    assert!(cluster.messages.is_empty(), "it is passed over");
}

/// Dissertation, section 9.6: as a vote would be, by the term to stand in and by the log.
#[test]
fn asked_in_advance_a_server_says_what_it_would_answer_a_candidate() {
    let own_last = at(5, 1);
    let behind = VoteRefusal::LogBehind {
        candidate_last: at(4, 9),
        own_last,
    };
    let stale = VoteRefusal::StaleTerm {
        candidate: Term(5),
        own: Term(5),
    };
    let table: [(u64, Position, Option<VoteRefusal>); 4] = [
        (4, at(5, 1), Some(stale)),
        (5, at(5, 1), None),
        (6, at(5, 1), None),
        (5, at(4, 9), Some(behind)),
    ];
    for (term, last, refusal) in table {
        let mut cluster = Cluster::new(&[&[5], &[5], &[5]]);
        // What it may have promised before it started is over.
        cluster.now = cluster.now + bare().election_timeout_min;
        let term = Term(term);
        let request = PreVoteRequest { term, last };
        receive(&mut cluster, N1, N2, Message::PreVoteRequest(request));
        let expected: Vec<_> = refusal.clone().into_iter().collect();
        assert_eq!(refusals(&cluster, N1), expected, "{term}, last {last}");
        let Some((_, _, Message::PreVoteResponse(answer))) = cluster.messages.pop_front() else {
            panic!("an answer")
        };
        assert_eq!((answer.asked, answer.granted), (term, refusal.is_none()));
    }
}

#[test]
fn an_answer_to_a_question_of_an_earlier_term_does_not_count() {
    let config = Config {
        pre_vote: true,
        ..bare()
    };
    let mut cluster = Cluster::configured(&[&[], &[], &[]], config);
    cluster.wake(N1);
    cluster.deliver_to(N2);
    cluster.messages.retain(|(_, to, _)| *to == N1);
    let (from, _, late) = cluster.messages.pop_front().expect("an answer");
    // Meanwhile the server gives its vote in a later term, and asks for that.
    receive(&mut cluster, N1, N3, vote_request(5));
    cluster.wake(N1);
    receive(&mut cluster, N1, from, late);
    let server = cluster.server(N1);
    assert!(matches!(server.role(), Role::PreCandidate(_)));
    assert_eq!(server.term(), Term(5));
}

#[test]
fn a_server_alone_leads_only_once_its_vote_in_that_term_is_durable() {
    let mut cluster = Cluster::new(&[&[]]);
    cluster.fast_disks = false;
    cluster.wake(N1);
    cluster.wake(N1);
    for (record, leads) in [(1, false), (2, true)] {
        cluster.with(N1, |server, now, out| server.on_durable(now, record, out));
        let server = cluster.server(N1);
        assert_eq!(server.term(), Term(2));
        assert_eq!(matches!(server.role(), Role::Leader(_)), leads, "{record}");
    }
}

#[test]
fn a_candidate_counts_its_own_vote_once() {
    let mut cluster = Cluster::new(&[&[], &[], &[]]);
    cluster.wake(N1);
    let newest = cluster.server(N1).records_issued();
    cluster.with(N1, |server, now, out| server.on_durable(now, newest, out));
    let own = |event: &&Event| matches!(event, Event::VoteCounted { from: N1, .. });
    assert_eq!(cluster.events(N1).iter().filter(own).count(), 1);
}

/// Raft paper, section 6: while old and new voters decide together, whoever leads has both
/// majorities; and nobody else's vote makes up for one.
#[test]
fn in_a_joint_stage_a_majority_of_the_new_voters_alone_elects_nobody() {
    let [n4, n5, stranger] = [4, 5, 9].map(NodeId);
    let members = Membership {
        outgoing: vec![N1, n4, n5],
        ..Membership::of_voters(&[N1, N2, N3])
    };
    let restored = Restored {
        bootstrap: members,
        ..Restored::default()
    };
    let mut cluster = Cluster::new(&[&[]]);
    *cluster.server(N1) = Raft::new(N1, (Arc::new(bare()), 7), restored, Instant::ZERO);
    cluster.wake(N1);
    for (voter, leads) in [(stranger, false), (N2, false), (N3, false), (n4, true)] {
        let yes = VoteResponse {
            term: Term(1),
            granted: true,
        };
        receive(&mut cluster, N1, voter, Message::VoteResponse(yes));
        let elected = matches!(cluster.server(N1).role(), Role::Leader(_));
        assert_eq!(elected, leads, "with the vote of {voter}");
    }
}
