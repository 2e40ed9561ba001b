//! What a server knows by its clock, and what it forgets when that clock jumps.

use super::{Cluster, N1, N2, N3, at, bare, full, snapshot};
use crate::raft::{
    ClockRate, Config, Event, Message, ReadId, ReadOutcome, ReadVia, Role, SnapshotRequest,
};
use crate::types::{Duration, NodeId};
use bytes::Bytes;

/// Far beyond the bound, and longer than any timeout that is short by default.
const JUMP: Duration = Duration::millis(400);

/// Three servers of which the first leads; it tells clocks apart after a tenth of a second.
fn leading(config: Config) -> Cluster {
    let config = Config {
        clock_window: Duration::millis(100),
        ..config
    };
    let mut cluster = Cluster::configured(&[&[], &[], &[]], config);
    cluster.elect(N1);
    beat(&mut cluster, 4);
    cluster
}

fn beat(cluster: &mut Cluster, times: usize) {
    for _ in 0..times {
        cluster.wake(N1);
        cluster.deliver();
    }
}

fn rate(cluster: &mut Cluster, follower: NodeId) -> Option<ClockRate> {
    let Role::Leader(leader) = cluster.server(N1).role() else {
        panic!("it leads")
    };
    let known = leader.progress.iter().find(|p| p.node == follower);
    known.expect("it is a member").clock.rate()
}

fn jumped(cluster: &Cluster, node: NodeId) -> bool {
    let mut events = cluster.events(node).iter();
    events.any(|event| matches!(event, Event::ClockJumped { .. }))
}

fn pieces(cluster: &Cluster) -> Vec<&SnapshotRequest> {
    let messages = cluster.messages.iter();
    let pieces = messages.filter_map(|(.., message)| match message {
        Message::SnapshotRequest(piece) => Some(piece),
        _ => None,
    });
    pieces.collect()
}

#[test]
fn a_deadline_may_come_late_by_the_bound_and_no_more() {
    for (more, jumps) in [(Duration::ZERO, false), (Duration::micros(1), true)] {
        let mut cluster = leading(full());
        let due = cluster.server(N1).deadline().expect("heartbeats");
        cluster.now = due + full().clock_jump_bound + more;
        cluster.wake(N1);
        assert_eq!(jumped(&cluster, N1), jumps, "{more} beyond the bound");
    }
}

#[test]
fn each_follower_is_measured_by_its_own_clock() {
    let mut cluster = leading(full());
    for _ in 0..8 {
        cluster.wake(N1);
        cluster.deliver_to(N2);
        cluster.deliver_to(N3);
        for (from, _, message) in &mut cluster.messages {
            if let (N2, Message::AppendResponse(response)) = (*from, message) {
                response.clock.0 += response.clock.0 / 10;
            }
        }
        cluster.deliver();
    }
    let between = |rate: ClockRate, ppm| rate.low_ppm <= ppm && ppm <= rate.high_ppm;
    let fast = rate(&mut cluster, N2).expect("readings far apart");
    assert!(between(fast, 100_000), "{fast:?}");
    let true_to_time = rate(&mut cluster, N3).expect("readings far apart");
    assert!(between(true_to_time, 0), "{true_to_time:?}");
}

/// Whoever was away may have been switched off, and its clock with it.
#[test]
fn a_followers_clock_is_measured_anew_after_a_silence_longer_than_an_election_timeout() {
    let patience = bare().election_timeout_max;
    for (silence, known) in [(patience, true), (patience + Duration::micros(1), false)] {
        let mut cluster = leading(bare());
        assert!(rate(&mut cluster, N3).is_some());
        cluster.now = cluster.now + silence;
        beat(&mut cluster, 1);
        assert_eq!(rate(&mut cluster, N3).is_some(), known, "after {silence}");
    }
}

#[test]
fn a_clock_jump_voids_what_was_measured_of_others() {
    let mut cluster = leading(full());
    assert!(rate(&mut cluster, N2).is_some());
    cluster.now = cluster.now + JUMP;
    cluster.wake(N1);
    assert!(jumped(&cluster, N1));
    assert_eq!(rate(&mut cluster, N2), None);
    // What was read before the jump is no reading to compare with, either.
    cluster.deliver();
    assert_eq!(rate(&mut cluster, N2), None);
}

#[test]
fn a_clock_jump_gives_a_successor_the_whole_time_again() {
    let mut cluster = leading(full());
    cluster.away = vec![N2];
    cluster.with(N1, |server, now, out| {
        let to = server.transfer_leadership(now, Some(N2), out);
        assert_eq!(to, Ok(N2));
    });
    cluster.now = cluster.now + JUMP;
    let jumped = cluster.now;
    while cluster.server(N1).handing_over_to().is_some() {
        beat(&mut cluster, 1);
    }
    assert_eq!(cluster.now, jumped + full().transfer_timeout);
}

/// By the time of a clock that went back the latest piece left in the future, and nothing would
/// move until then.
#[test]
fn a_clock_jump_does_not_hold_a_snapshot_up() {
    let mut cluster = Cluster::configured(&[&[], &[], &[]], full());
    cluster.away = vec![N3];
    cluster.elect(N1);
    let taken = snapshot(at(1, 1), Bytes::from_static(b"state"));
    cluster.with(N1, |server, _, out| server.on_snapshot_taken(taken, out));
    beat(&mut cluster, 1);
    cluster.wake(N1);
    cluster.messages.clear();
    cluster.now = cluster.now - Duration::millis(40);
    let now = cluster.now;
    cluster.with(N1, |server, _, out| server.on_deadline(now, out));
    assert!(jumped(&cluster, N1));
    assert_eq!(pieces(&cluster).len(), 1, "the follower is asked at once");
}

#[test]
fn a_clock_jump_gives_the_answer_to_a_read_the_whole_time_again() {
    let mut cluster = leading(full());
    cluster.with(N3, |server, now, out| {
        server.read(now, ReadId(1), ReadVia::Quorum, out);
    });
    // The question is lost.
    cluster.messages.clear();
    cluster.now = cluster.now + JUMP;
    let jumped = cluster.now;
    while cluster.output(N3).reads.is_empty() {
        beat(&mut cluster, 1);
        if cluster.server(N3).deadline() <= Some(cluster.now) {
            cluster.wake(N3);
        }
    }
    assert_eq!(cluster.output(N3).reads, [(ReadId(1), ReadOutcome::Failed)]);
    assert_eq!(cluster.now, jumped + full().election_timeout_max);
}
