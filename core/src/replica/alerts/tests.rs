//! Each alert raised, not raised and cleared, at a server whose peers do as they are told.

use super::{Alert, AlertKind, DiskUsage, QuorumCount, Severity};
use crate::raft::ClockJump;
use crate::replica::lab::Lab;
use crate::replica::{Input, Replica};
use crate::types::{Duration, Index, Instant, NodeId};

impl Lab {
    fn kinds(&self) -> Vec<AlertKind> {
        kinds(&self.replica, self.now)
    }

    /// What it says changes at the moment that it names, and not before, when nothing happens.
    fn changes_as_announced(&self) -> Vec<AlertKind> {
        let replica = &self.replica;
        let at = replica.alert_deadline(self.now).expect("something will");
        assert_eq!(kinds(replica, Instant(at.0 - 1)), self.kinds());
        assert_ne!(kinds(replica, at), self.kinds());
        kinds(replica, at)
    }
}

fn kinds(replica: &Replica, now: Instant) -> Vec<AlertKind> {
    let alerts = replica.alerts(now, None);
    alerts.iter().map(|alert| alert.key().kind).collect()
}

const MS: fn(u64) -> Duration = Duration::millis;

#[test]
fn a_member_that_knows_of_no_leader_says_so_after_a_while() {
    let mut lab = Lab::new(3, |_| {});
    lab.only(&[]);
    assert_eq!(lab.changes_as_announced(), [AlertKind::NoLeader]);
    lab.wait(MS(999));
    assert_eq!(lab.kinds(), []);
    lab.wait(MS(1));
    let (lasting, limit) = (Duration::secs(1), Duration::secs(1));
    let alert = Alert::NoLeader { lasting, limit };
    assert_eq!(lab.replica.alerts(lab.now, None), [alert]);
    assert_eq!(
        lab.replica.metrics(lab.now).leaderless_since,
        Some(Instant::ZERO)
    );
    lab.only(&[2, 3]);
    lab.wait(MS(700));
    assert_eq!(lab.kinds(), []);
    assert_eq!(lab.replica.metrics(lab.now).leaderless_since, None);
}

#[test]
fn a_leader_says_how_many_failures_its_quorum_survives() {
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    assert_eq!(lab.kinds(), []);
    lab.only(&[2]);
    lab.wait(MS(400));
    assert_eq!(lab.kinds(), []);
    lab.wait(MS(200));
    let first = lab.replica.alerts(lab.now, None).remove(0);
    let count = QuorumCount {
        voters: 3,
        living: 2,
        needed: 2,
        silent: vec![NodeId(3)],
    };
    assert_eq!(first, Alert::QuorumAtRisk(count));
    assert_eq!(
        lab.kinds(),
        [AlertKind::QuorumAtRisk, AlertKind::FollowerSilent]
    );
    lab.only(&[2, 3]);
    lab.wait(MS(100));
    assert_eq!(lab.kinds(), []);
}

#[test]
fn five_voters_spare_one_and_two_never_spared_any() {
    for (voters, awake, expected) in [
        (5, vec![2, 3, 4], vec![AlertKind::FollowerSilent]),
        (
            5,
            vec![2, 3],
            vec![
                AlertKind::QuorumAtRisk,
                AlertKind::FollowerSilent,
                AlertKind::FollowerSilent,
            ],
        ),
        (2, vec![2], vec![]),
    ] {
        let mut lab = Lab::new(voters, |_| {});
        lab.wait(MS(1_000));
        lab.only(&awake);
        lab.wait(MS(700));
        assert_eq!(lab.kinds(), expected, "{awake:?} of {voters}");
    }
}

#[test]
fn a_leader_that_stays_without_a_quorum_says_that_it_is_lost() {
    let mut lab = Lab::new(3, |config| config.raft.check_quorum = false);
    lab.wait(MS(1_000));
    lab.only(&[]);
    assert_eq!(lab.changes_as_announced()[0], AlertKind::QuorumLost);
    lab.wait(MS(600));
    assert_eq!(lab.kinds()[0], AlertKind::QuorumLost);
    assert_eq!(lab.kinds()[0].severity(), Severity::Critical);
}

#[test]
fn a_leader_says_when_those_who_remember_are_no_quorum() {
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    lab.forgetful = vec![NodeId(2)];
    lab.wait(MS(100));
    assert_eq!(lab.kinds(), [], "one gets its seat back from the other two");
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    lab.forgetful = vec![NodeId(2), NodeId(3)];
    lab.wait(MS(100));
    assert_eq!(lab.kinds(), [AlertKind::SeatsLost], "it steps down");
    assert_eq!(AlertKind::SeatsLost.severity(), Severity::Critical);
}

#[test]
fn a_follower_that_stays_far_behind_is_named() {
    let mut lab = Lab::new(3, |config| {
        config.alerts.follower_lag = 10;
        config.alerts.follower_silence = Duration::secs(3_600);
    });
    lab.wait(MS(1_000));
    lab.only(&[2]);
    lab.write(10);
    lab.wait(MS(1_500));
    assert_eq!(lab.kinds(), []);
    lab.write(1);
    assert_eq!(lab.changes_as_announced(), [AlertKind::FollowerBehind]);
    lab.wait(MS(1_000));
    let alert = Alert::FollowerBehind {
        follower: NodeId(3),
        entries: 11,
        limit: 10,
        lasting: Duration::secs(1),
    };
    assert_eq!(lab.replica.alerts(lab.now, None), [alert]);
    let followers = lab.replica.metrics(lab.now).followers;
    assert_eq!((followers[0].lag, followers[1].lag), (0, 11));
    lab.only(&[2, 3]);
    lab.wait(MS(200));
    assert_eq!(lab.kinds(), []);
}

#[test]
fn a_state_machine_that_stands_still_is_named() {
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    let now = lab.now;
    let stall = &mut lab.replica.watch.stall;
    stall.observe(now, Index(3), Index(5));
    assert_eq!(lab.kinds(), []);
    let stalled = kinds(&lab.replica, now + Duration::secs(1));
    assert!(stalled.contains(&AlertKind::ApplyStalled), "{stalled:?}");
    lab.wait(MS(100));
    let later = kinds(&lab.replica, now + Duration::secs(1));
    assert!(!later.contains(&AlertKind::ApplyStalled), "{later:?}");
}

#[test]
fn a_disk_that_is_nearly_full_is_named() {
    let lab = Lab::new(1, |_| {});
    let kinds = |used| {
        let usage = DiskUsage {
            used,
            capacity: 100,
        };
        lab.replica.alerts(lab.now, Some(usage)).len()
    };
    assert_eq!((kinds(89), kinds(90), kinds(91)), (0, 0, 1));
    let largest = DiskUsage {
        used: u64::MAX,
        capacity: u64::MAX,
    };
    assert!(largest.is_above(99) && !largest.is_above(100));
}

#[test]
fn a_clock_beyond_the_bound_is_named() {
    let after = |percent| {
        let mut lab = Lab::new(3, |_| {});
        lab.peers_fast_percent = percent;
        lab.wait(MS(7_000));
        lab.kinds()
    };
    assert_eq!(after(1), []);
    assert_eq!(after(10), [AlertKind::ClockBeyondBound; 2]);
}

#[test]
fn a_jump_of_the_own_clock_is_spoken_of_for_a_while() {
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    let due = lab.replica.deadline().expect("a leader has heartbeats");
    lab.now = due + MS(30);
    lab.feed(Input::Deadline);
    let (jump, ago) = (ClockJump::Forward { late: MS(30) }, Duration::ZERO);
    let alert = Alert::ClockJumped { jump, ago };
    assert_eq!(lab.replica.alerts(lab.now, None), [alert]);
    lab.wait(MS(9_999));
    assert_eq!(lab.kinds(), [AlertKind::ClockJumped]);
    assert_eq!(lab.changes_as_announced(), []);
    lab.wait(MS(1));
    assert_eq!(lab.kinds(), []);
}

#[test]
fn metrics_tell_what_a_leader_has_seen() {
    let mut lab = Lab::new(3, |_| {});
    lab.wait(MS(1_000));
    lab.write(4);
    let metrics = lab.replica.metrics(lab.now);
    assert_eq!(metrics.leader, Some(NodeId(1)));
    assert_eq!((metrics.elections_started, metrics.elections_won), (1, 1));
    assert_eq!(metrics.leaderships_seen, 1);
    assert_eq!((metrics.last, metrics.applied), (Index(5), Index(5)));
    assert_eq!((metrics.log_entries, metrics.apply_lag), (5, 0));
    assert_eq!((metrics.sessions, metrics.proposals), (4, 0));
    assert_eq!(metrics.wal_segments, 1);
    assert!(metrics.wal_bytes > metrics.log_bytes && metrics.log_bytes > 0);
    assert!(metrics.lease_left.is_some());
    assert_eq!(metrics.followers.len(), 2);
    lab.only(&[]);
    lab.write(1);
    let metrics = lab.replica.metrics(lab.now);
    assert_eq!(
        (metrics.proposals, metrics.followers[0].inflight_appends),
        (1, 1)
    );
    assert!(metrics.uncommitted_bytes > Some(0));
    assert_eq!(
        metrics.followers[0].inflight_bytes,
        metrics.uncommitted_bytes.unwrap_or(0)
    );
    lab.wait(MS(2_000));
    let metrics = lab.replica.metrics(lab.now);
    assert_eq!(
        (metrics.elections_won, metrics.uncommitted_bytes),
        (1, None)
    );
}
