//! Every link is checked against what the run itself says of the earlier step.

use super::{Link, Reason, Witness, why};
use crate::raft;
use crate::replica;
use crate::sim::{
    Action, Address, Cause, Happening, LossReason, MessageId, Place, Scenario, Step, Timeline, What,
};
use crate::types::{Duration, Index, Instant, NodeId};
use crate::view::model::{CauseView, ReasonKind, WhyView};
use crate::view::session::views;
use std::collections::BTreeMap;

/// A run with crashes, cuts, losses and copies.
const ROUGH: &str = r#"
    flotilla = 1
    name = "rough"
    seed = 7
    end = "6s"
    nodes = 3
    actions = [
      { at = "400ms", do = "workload", rate = 60, keys = 40, reads_percent = 40, for = "4s" },
      { at = "900ms", do = "isolate", node = 1 },
      { at = "1500ms", do = "heal" },
      { at = "2s", do = "crash", node = 2 },
      { at = "2600ms", do = "restart", node = 2 },
      { at = "3s", do = "kill", node = 3 },
      { at = "3400ms", do = "restart", node = 3 },
      { at = "4s", do = "take_snapshot", node = 1 },
    ]
    [network]
    loss_ppm = 20000
    duplication_ppm = 20000
    [clients]
    count = 2
"#;

const CRASH: &str = r#"
    flotilla = 1
    name = "crash"
    seed = 11
    end = "3s"
    nodes = 3
    actions = [
      { at = "500ms", do = "put", client = 1, key = "fruit", value = "pear" },
      { at = "900ms", do = "crash", node = 1 },
    ]
"#;

/// A leader that is paused, and a follower that is slow.
const PAUSED: &str = r#"
    flotilla = 1
    name = "paused"
    seed = 11
    end = "4s"
    nodes = 3
    actions = [
      { at = "400ms", do = "workload", rate = 60, keys = 40, reads_percent = 40, for = "3s" },
      { at = "900ms", do = "pause", node = 1 },
      { at = "2s", do = "resume", node = 1 },
      { at = "2500ms", do = "slow_server", node = 2, factor = 4 },
    ]
"#;

/// A leader that asks a model which keys to evict.
const MODEL: &str = r#"
    flotilla = 1
    name = "model"
    seed = 31
    end = "4s"
    nodes = 3
    actions = [
      { at = "700ms", do = "workload", for = "3s", rate = 25, keys = 150, read_through = true,
        reads_percent = 100, value_least = 60, value_most = 140 },
    ]
    [cache]
    capacity_bytes = 4000
    policy = "learned"
    [model]
    warm_up = 60
    reserve_ppm = 50000
    pause = "1s"
    [clients]
    count = 2
"#;

fn run(text: &str) -> (Timeline<Witness>, Vec<(Step, Vec<Link>)>) {
    let scenario = Scenario::parse(text).expect("well-formed");
    let end = scenario.end;
    let mut timeline = Timeline::new(scenario, Witness::default());
    let mut steps = Vec::new();
    while timeline.world().next_time().is_some_and(|at| at <= end) {
        let step = timeline.step_forward().expect("it is due");
        steps.push((step, timeline.observer().ends.links().to_vec()));
    }
    (timeline, steps)
}

fn has(step: &Step, place: Place, what: impl Fn(&What) -> bool) -> bool {
    let mut happenings = step.happenings.iter();
    happenings.any(|happening| happening.place == place && what(&happening.what))
}

fn says(step: &Step, node: NodeId, what: impl Fn(&raft::Event) -> bool) -> bool {
    has(
        step,
        Place::Node(node),
        |happened| matches!(happened, What::Replica(replica::Event::Raft(event)) if what(event)),
    )
}

/// Whether the earlier step is what the link says that it is.
fn is_right(reason: &Reason, cause: &Step, effect: &Step) -> bool {
    match reason {
        Reason::Sent(flight) | Reason::Late(flight) => {
            let sent = |what: &What| match what {
                What::Sent { message, to } => (*message, *to) == (flight.id, flight.to),
                What::MessageDuplicated { copy, .. } => *copy == flight.id,
                _ => false,
            };
            cause.time == flight.sent_at
                && (has(cause, flight.from.into(), sent) || has(cause, Place::World, sent))
        }
        Reason::Delayed(message) => has(
            cause,
            Place::World,
            |what| matches!(what, What::MessageDelayed { message: known, .. } if known == message),
        ),
        Reason::Hurried(message) => has(
            cause,
            Place::World,
            |what| matches!(what, What::MessageHurried { message: known, .. } if known == message),
        ),
        Reason::Waited { node } => has(cause, Place::Node(*node), |what| {
            matches!(what, What::InputWaits { .. })
        }),
        Reason::Resumed { node } => has(cause, Place::Node(*node), |what| {
            matches!(what, What::Resumed { .. })
        }),
        Reason::Paused { node } => has(cause, Place::Node(*node), |what| *what == What::Paused),
        Reason::Written { node, write } => has(
            cause,
            Place::Node(*node),
            |what| matches!(what, What::WriteIssued { write: known, .. } if known == write),
        ),
        // Things due together happen some microseconds apart.
        Reason::ElectionTimer { waited, .. } => {
            effect.time.since(cause.time + *waited) < Duration::micros(50)
        }
        Reason::Leads { node, .. } => says(cause, *node, |event| {
            matches!(event, raft::Event::BecameLeader { .. })
        }),
        Reason::Timer { .. } | Reason::ClientTimer { .. } => true,
        Reason::Superseded { node } => has(cause, Place::Node(*node), |what| {
            matches!(what, What::Replica(replica::Event::Superseded { .. }))
        }),
        Reason::Asked { .. } => has(cause, Place::Model, |what| {
            matches!(what, What::Delivered { .. })
        }),
        Reason::Vote { node, voter } => says(cause, *node, |event| match event {
            raft::Event::VoteCounted { from, granted, .. }
            | raft::Event::PreVoteCounted { from, granted, .. } => *granted && from == voter,
            _ => false,
        }),
        Reason::Held { leader, holder, .. } => {
            let from_holder = |what: &What| match what {
                What::Delivered { from, .. } => *from == Address::Node(*holder),
                What::WriteDurable { .. } => leader == holder,
                _ => false,
            };
            // A report of the disk that waited is taken without a word.
            let turn = leader == holder && matches!(cause.cause, Cause::Turn { .. });
            turn || has(cause, Place::Node(*leader), from_holder)
        }
        // What a leader takes into its log is told by no event: the log itself has grown.
        Reason::Proposed { .. } => unreachable!("looked at apart"),
        Reason::Down { node } => has(cause, Place::Node(*node), |what| {
            matches!(what, What::Crashed { .. } | What::Killed { .. })
        }),
        Reason::Cut { from, to } => has(
            cause,
            Place::World,
            |what| matches!(what, What::NetworkCut { cuts } if cuts.contains(&(*from, *to))),
        ),
        Reason::Lost { from, to } => has(
            cause,
            Place::World,
            |what| matches!(what, What::MessageLost { from: f, to: t, .. } if (f, t) == (from, to)),
        ),
        Reason::SteppedDown { node } => says(cause, *node, |event| {
            matches!(event, raft::Event::BecameFollower { .. })
        }),
        Reason::Invoked { .. } => unreachable!("known by its time"),
    }
}

fn name(reason: &Reason) -> String {
    let debug = format!("{reason:?}");
    let end = debug.find([' ', '(']).unwrap_or(debug.len());
    debug[..end].to_string()
}

/// Where the log of a server ends after a step.
fn log_end(timeline: &Timeline<Witness>, node: NodeId, step: u64) -> Option<Index> {
    let replay = timeline.replay_from(step);
    let replica = replay.world().node(node).replica();
    replica.map(|replica| replica.raft().log().last().index)
}

/// Whether the link speaks of what happened in the earlier step.
fn check_link(timeline: &Timeline<Witness>, steps: &[(Step, Vec<Link>)], link: &Link, at: usize) {
    let effect = &steps[at].0;
    let number = match link.reason {
        Reason::Invoked { at, .. } => timeline.step_at(at),
        _ => link.step,
    };
    assert!(number < effect.number, "{link:?}");
    let cause = &steps[number as usize - 1].0;
    let right = match &link.reason {
        Reason::Invoked { client, at } => {
            assert_eq!(cause.time, *at);
            has(cause, (*client).into(), |what| {
                matches!(what, What::Client(crate::sim::ClientEvent::Invoked(_)))
            })
        }
        Reason::Proposed { leader, index } => {
            let before = log_end(timeline, *leader, number - 1).expect("it leads");
            let after = log_end(timeline, *leader, number).expect("it leads");
            before < *index && *index <= after
        }
        reason => is_right(reason, cause, effect),
    };
    assert!(right, "{link:?} of {effect:?}\nspeaks of {cause:?}");
}

#[test]
fn every_link_leads_to_the_step_that_it_speaks_of() {
    let mut seen = BTreeMap::<String, u64>::new();
    for text in [ROUGH, MODEL, PAUSED] {
        let (timeline, steps) = run(text);
        for (at, (_, links)) in steps.iter().enumerate() {
            for link in links {
                *seen.entry(name(&link.reason)).or_default() += 1;
                check_link(&timeline, &steps, link, at);
            }
        }
    }
    for reason in [
        "Sent",
        "Written",
        "ElectionTimer",
        "Leads",
        "Timer",
        "ClientTimer",
        "Asked",
        "Vote",
        "Held",
        "Proposed",
        "Down",
        "Cut",
        "Invoked",
        "Waited",
        "Resumed",
        "Paused",
    ] {
        assert!(seen.contains_key(reason), "no {reason} among {seen:?}");
    }
}

#[test]
fn only_actions_and_the_first_start_have_no_cause() {
    for (step, links) in [ROUGH, MODEL, PAUSED].iter().flat_map(|text| run(text).1) {
        let led_to = links.iter().filter(|link| link.about.is_none()).count();
        match step.cause {
            Cause::Action(_) | Cause::Boot(_) => assert_eq!(led_to, 0, "{step:?}"),
            // A sync that the crash of its server has overtaken finishes nothing.
            Cause::Disk(..) | Cause::Model if step.happenings.is_empty() => {}
            _ => assert!(led_to > 0, "{step:?}"),
        }
    }
}

/// A message held back or hurried by a person arrives because of that.
#[test]
fn what_a_person_did_to_a_message_is_among_its_causes() {
    type Done = (fn(MessageId) -> Action, fn(MessageId) -> Reason);
    let held_back: Done = (
        |message| Action::Delay {
            message,
            by: Duration::millis(30),
        },
        Reason::Delayed,
    );
    let hurried: Done = (|message| Action::Deliver { message }, Reason::Hurried);
    for (action, reason) in [held_back, hurried] {
        let (mut timeline, _) = run(CRASH);
        timeline.seek(Instant(450_000), 0, &mut |_, _| {});
        let message = loop {
            let flying = timeline.world().network().in_flight().next();
            if let Some(message) = flying.map(|message| message.id) {
                break message;
            }
            timeline.step_forward().expect("heartbeats never end");
        };
        let acted = timeline.act(action(message)).expect("it is possible");
        let links = loop {
            let step = timeline.step_forward().expect("it will arrive");
            if step.cause == Cause::Arrival(message) {
                break timeline.observer().ends.links().to_vec();
            }
        };
        let because = Link {
            step: acted.number,
            about: None,
            reason: reason(message),
        };
        assert!(links.contains(&because), "{links:?}");
        let mut links = links.iter();
        assert!(links.any(|link| matches!(link.reason, Reason::Sent(_))));
    }
}

/// The event that `wanted` picks, as its step and place.
fn find(steps: &[(Step, Vec<Link>)], wanted: impl Fn(&Happening) -> bool) -> (u64, usize) {
    let found = steps.iter().rev().find_map(|(step, _)| {
        let place = step.happenings.iter().position(&wanted)?;
        Some((step.number, place))
    });
    found.expect("it happens")
}

fn with_event<'a>(why: &'a WhyView, kind: &str, place: &str) -> Option<&'a CauseView> {
    let mut causes = why.causes.iter();
    causes.find(|cause| {
        let mut events = cause.events.iter();
        events.any(|event| event.kind == kind && event.place == place)
    })
}

/// Follows the reasons of one event from step to step, and tells whether they lead to `wanted`.
fn leads_to(why: &WhyView, wanted: u64) -> bool {
    let mut reached = vec![why.event.step];
    for cause in &why.causes {
        let linked = cause.leads_to.iter();
        if linked
            .clone()
            .any(|reason| reached.contains(&reason.effect))
        {
            reached.push(cause.step);
        }
    }
    reached.contains(&wanted)
}

#[test]
fn a_victory_leads_back_through_votes_to_the_timeout_and_to_the_crash_of_the_leader() {
    let (timeline, steps) = run(CRASH);
    let won = find(&steps, |happening| {
        matches!(
            happening.what,
            What::Replica(replica::Event::Raft(raft::Event::BecameLeader { .. }))
        )
    });
    let why = why(&timeline, won, 60).expect("there is such an event");
    let winner = why.event.place.clone();
    assert_eq!(why.event.kind, "leader");
    assert_ne!(winner, "n1", "that one has crashed");
    let loser = if winner == "n2" { "n3" } else { "n2" };
    let voted = with_event(&why, "vote-granted", loser).expect("the vote of the other");
    let stood = with_event(&why, "candidate", &winner).expect("its candidacy");
    let waited = with_event(&why, "pre-candidate", &winner).expect("its election timeout");
    let crashed = with_event(&why, "crashed", "n1").expect("the crash of the leader");
    for cause in [voted, stood, waited, crashed] {
        assert!(leads_to(&why, cause.step), "{cause:?}");
    }
    assert!(won.0 > voted.step && voted.step > stood.step);
    assert!(stood.step > waited.step && waited.step > crashed.step);
    let silence = &crashed.leads_to[0];
    assert_eq!(silence.kind, ReasonKind::Silence);
    assert_eq!(silence.effect, waited.step, "{silence:?}");
    assert_eq!(
        crashed.origin.as_deref(),
        Some("By hand, or by the scenario: crash")
    );
    let timer = why.causes.iter().flat_map(|cause| &cause.leads_to);
    let timer = timer
        .filter(|reason| reason.effect == waited.step && reason.kind == ReasonKind::Timer)
        .collect::<Vec<_>>();
    assert_eq!(
        timer.len(),
        1,
        "it set its timer when it last heard the leader"
    );
    let heard = &steps[timer[0].cause as usize - 1].0;
    assert!(
        has(
            heard,
            Place::Node(NodeId(winner[1..].parse().expect("n2"))),
            |what| {
                matches!(what, What::Delivered { from, .. } if *from == Address::Node(NodeId(1)))
            }
        ),
        "{heard:?}"
    );
}

#[test]
fn a_committed_write_leads_back_to_the_request_of_the_client() {
    let (timeline, steps) = run(CRASH);
    let (answered, place) = find(&steps, |happening| {
        matches!(
            happening.what,
            What::Client(crate::sim::ClientEvent::Answered(_))
        )
    });
    let told = why(&timeline, (answered, place), 60).expect("there is such an event");
    let asked = with_event(&told, "asks", "c1").expect("the request");
    assert_eq!(
        asked.origin.as_deref(),
        Some("By hand, or by the scenario: put")
    );
    let committed = with_event(&told, "committed", "n1").expect("the commit");
    let place = views(&steps[committed.step as usize - 1].0)
        .position(|event| event.kind == "committed")
        .expect("it is there");
    let why = why(&timeline, (committed.step, place), 60).expect("there is such an event");
    assert!(why.event.rule.is_some());
    assert!(leads_to(&why, asked.step));
    let kinds = why.reasons.iter().map(|reason| reason.kind);
    assert!(
        kinds.clone().any(|kind| kind == ReasonKind::Quorum),
        "{:?}",
        why.reasons
    );
    assert!(
        kinds.clone().any(|kind| kind == ReasonKind::Request),
        "{:?}",
        why.reasons
    );
}

#[test]
fn an_answer_is_as_long_as_asked_and_says_whether_there_is_more() {
    let (timeline, steps) = run(CRASH);
    let last = steps.last().expect("there are steps").0.number;
    let short = why(&timeline, (last, 0), 3).expect("there is such an event");
    assert_eq!(short.causes.len(), 3);
    assert!(short.more);
    let long = why(&timeline, (last, 0), 200).expect("there is such an event");
    assert!(!long.more, "down to the start of the run");
    assert!(
        long.causes
            .iter()
            .map(|cause| cause.step)
            .is_sorted_by(|a, b| a > b)
    );
    assert_eq!(long.causes[..3], short.causes[..]);
    assert!(why(&timeline, (last, 50), 3).is_none(), "no such event");
    assert!(why(&timeline, (last + 1, 0), 3).is_none(), "not explored");
    assert!(why(&timeline, (0, 0), 3).is_none(), "nothing has happened");
}

/// What led to a step is known at once after a jump, however long ago it was.
#[test]
fn a_replay_knows_what_the_run_knew() {
    let (timeline, steps) = run(ROUGH);
    let mut at = 1;
    while at < steps.len() {
        let upto = (at + 20).min(steps.len()) as u64;
        timeline.witness(at as u64, upto, &mut |_, witness, step| {
            let known = &steps[step.number as usize - 1].1;
            assert_eq!(witness.ends.links(), known, "step {}", step.number);
        });
        at += 701;
    }
    assert_eq!(timeline.time_of(0), Instant::ZERO);
    let lost = |why| {
        steps.iter().any(|(step, _)| {
            has(
                step,
                Place::World,
                |what| matches!(what, What::MessageLost { why: known, .. } if *known == why),
            )
        })
    };
    assert!(lost(LossReason::Network) && lost(LossReason::Cut) && lost(LossReason::ReceiverDown));
}
