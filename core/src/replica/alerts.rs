//! What is wrong with a server or its cluster, as far as the server can tell: derived from its
//! state when somebody asks, never part of what it does.

use super::server::Replica;
use crate::raft::{ClockJump, ClockRate, Leader, Membership, Progress, Role, Standing};
use crate::types::{Duration, Incarnation, Index, Instant, NodeId};
use serde::Serialize;

/// How full a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct DiskUsage {
    /// Bytes in use.
    pub used: u64,
    /// Bytes that there are in all.
    pub capacity: u64,
}

impl DiskUsage {
    /// Whether more than `percent` of it are in use.
    #[must_use]
    pub fn is_above(self, percent: u64) -> bool {
        u128::from(self.used) * 100 > u128::from(self.capacity) * u128::from(percent)
    }
}

/// Something that a person should look at, with the numbers that decided it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Alert {
    /// A member knows of no leader.
    NoLeader {
        /// For how long.
        lasting: Duration,
        /// The threshold.
        limit: Duration,
    },
    /// A leader's cluster takes writes, and one more failure ends that.
    QuorumAtRisk(QuorumCount),
    /// Too few voters answer the leader: nothing can be committed.
    QuorumLost(QuorumCount),
    /// A leader does not hear from a follower.
    FollowerSilent {
        /// The follower.
        follower: NodeId,
        /// For how long.
        silence: Duration,
        /// The threshold.
        limit: Duration,
    },
    /// A follower has been far behind its leader's log for too long.
    FollowerBehind {
        /// The follower.
        follower: NodeId,
        /// How many entries it lacks.
        entries: u64,
        /// How many it may lack.
        limit: u64,
        /// For how long it has lacked too many.
        lasting: Duration,
    },
    /// The state machine stands still although there are committed entries for it.
    ApplyStalled {
        /// What it has applied.
        applied: Index,
        /// What is committed.
        commit: Index,
        /// For how long.
        lasting: Duration,
    },
    /// The disk is nearly full.
    DiskNearlyFull {
        /// How full.
        usage: DiskUsage,
        /// The threshold, in percent.
        limit: u64,
    },
    /// The clocks of a follower and its leader run further apart than the bound on which leases
    /// rest allows.
    ClockBeyondBound {
        /// The follower.
        follower: NodeId,
        /// How fast its clock runs beside the leader's.
        rate: ClockRate,
        /// How far any clock may be from true time, in parts per million.
        bound_ppm: u64,
    },
    /// The server's own clock jumped a short while ago.
    ClockJumped {
        /// How.
        jump: ClockJump,
        /// How long ago.
        ago: Duration,
    },
    /// The server may have forgotten what it promised: it has no vote until a leader has brought
    /// it up to date.
    SeatVacant {
        /// The life of its memory that waits for the seat.
        incarnation: Incarnation,
    },
    /// So many servers may have forgotten what they promised that the others are no quorum.
    SeatsLost {
        /// The voters whose seats are vacant.
        vacant: Vec<NodeId>,
        /// The fewest that can decide.
        needed: u64,
    },
}

/// The voters of a leader's cluster, by whether it hears from them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct QuorumCount {
    /// How many vote.
    pub voters: u64,
    /// How many of them are heard from, the leader itself included.
    pub living: u64,
    /// The fewest that can decide.
    pub needed: u64,
    /// Those that are not heard from, or whose vote does not count.
    pub silent: Vec<NodeId>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Severity {
    /// The service goes on, with less to spare.
    Warning,
    /// The service, or the promise that it rests on, fails now.
    Critical,
}

/// The kinds of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AlertKind {
    /// [`Alert::NoLeader`].
    NoLeader,
    /// [`Alert::QuorumAtRisk`].
    QuorumAtRisk,
    /// [`Alert::QuorumLost`].
    QuorumLost,
    /// [`Alert::FollowerSilent`].
    FollowerSilent,
    /// [`Alert::FollowerBehind`].
    FollowerBehind,
    /// [`Alert::ApplyStalled`].
    ApplyStalled,
    /// [`Alert::DiskNearlyFull`].
    DiskNearlyFull,
    /// [`Alert::ClockBeyondBound`].
    ClockBeyondBound,
    /// [`Alert::ClockJumped`].
    ClockJumped,
    /// [`Alert::SeatVacant`].
    SeatVacant,
    /// [`Alert::SeatsLost`].
    SeatsLost,
}

/// What makes two alerts of one server the same one, whatever their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AlertKey {
    /// Its kind.
    pub kind: AlertKind,
    /// The follower that it speaks of.
    pub follower: Option<NodeId>,
}

impl Alert {
    /// What it is, whatever its numbers.
    #[must_use]
    pub fn key(&self) -> AlertKey {
        let of = |kind, follower| AlertKey { kind, follower };
        match self {
            Alert::NoLeader { .. } => of(AlertKind::NoLeader, None),
            Alert::QuorumAtRisk(_) => of(AlertKind::QuorumAtRisk, None),
            Alert::QuorumLost(_) => of(AlertKind::QuorumLost, None),
            Alert::FollowerSilent { follower, .. } => {
                of(AlertKind::FollowerSilent, Some(*follower))
            }
            Alert::FollowerBehind { follower, .. } => {
                of(AlertKind::FollowerBehind, Some(*follower))
            }
            Alert::ApplyStalled { .. } => of(AlertKind::ApplyStalled, None),
            Alert::DiskNearlyFull { .. } => of(AlertKind::DiskNearlyFull, None),
            Alert::ClockBeyondBound { follower, .. } => {
                of(AlertKind::ClockBeyondBound, Some(*follower))
            }
            Alert::ClockJumped { .. } => of(AlertKind::ClockJumped, None),
            Alert::SeatVacant { .. } => of(AlertKind::SeatVacant, None),
            Alert::SeatsLost { .. } => of(AlertKind::SeatsLost, None),
        }
    }
}

impl AlertKind {
    /// Its name, for lists and filters: `quorum-at-risk`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AlertKind::NoLeader => "no-leader",
            AlertKind::QuorumAtRisk => "quorum-at-risk",
            AlertKind::QuorumLost => "quorum-lost",
            AlertKind::FollowerSilent => "follower-silent",
            AlertKind::FollowerBehind => "follower-behind",
            AlertKind::ApplyStalled => "apply-stalled",
            AlertKind::DiskNearlyFull => "disk-nearly-full",
            AlertKind::ClockBeyondBound => "clock-beyond-bound",
            AlertKind::ClockJumped => "clock-jumped",
            AlertKind::SeatVacant => "seat-vacant",
            AlertKind::SeatsLost => "seats-lost",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            AlertKind::NoLeader
            | AlertKind::QuorumLost
            | AlertKind::ApplyStalled
            | AlertKind::ClockBeyondBound
            | AlertKind::SeatsLost => Severity::Critical,
            AlertKind::QuorumAtRisk
            | AlertKind::FollowerSilent
            | AlertKind::FollowerBehind
            | AlertKind::DiskNearlyFull
            | AlertKind::ClockJumped
            | AlertKind::SeatVacant => Severity::Warning,
        }
    }
}

impl Replica {
    /// Everything that is wrong at this time by this server's clock; nothing when it has ended or
    /// stopped. How full its disk is only the host knows.
    #[must_use]
    pub fn alerts(&self, now: Instant, disk: Option<DiskUsage>) -> Vec<Alert> {
        let mut alerts = Vec::new();
        if self.has_stopped() {
            return alerts;
        }
        let config = &self.config.alerts;
        if let Some(since) = self.leaderless_since(now) {
            let (lasting, limit) = (now.since(since), config.leaderless);
            if lasting >= limit {
                alerts.push(Alert::NoLeader { lasting, limit });
            }
        }
        if let Role::Leader(leader) = self.raft.role() {
            self.quorum_alerts(now, leader, &mut alerts);
            for progress in &leader.progress {
                self.follower_alerts(now, progress, &mut alerts);
            }
        }
        self.seat_alerts(&mut alerts);
        if let Some(since) = self.watch.stall.since {
            let lasting = now.since(since);
            if lasting >= config.apply_stall {
                let (applied, commit) = (self.applied.index, self.raft.commit());
                alerts.push(Alert::ApplyStalled {
                    applied,
                    commit,
                    lasting,
                });
            }
        }
        let limit = config.disk_percent;
        if let Some(usage) = disk.filter(|disk| disk.is_above(limit)) {
            alerts.push(Alert::DiskNearlyFull { usage, limit });
        }
        if let Some((at, jump)) = self.watch.clock_jump {
            let ago = now.since(at);
            if ago < config.clock_jump {
                alerts.push(Alert::ClockJumped { jump, ago });
            }
        }
        alerts
    }

    /// When [`Replica::alerts`] will say something else although nothing happens to the server
    /// until then; none when time alone changes nothing.
    #[must_use]
    pub fn alert_deadline(&self, now: Instant) -> Option<Instant> {
        let (config, watch) = (&self.config.alerts, &self.watch);
        let later = |at: Instant| (at > now).then_some(at);
        let soonest = |best: Option<Instant>, at: Instant| match (best, later(at)) {
            (Some(best), Some(at)) => Some(best.min(at)),
            (best, at) => best.or(at),
        };
        let mut best = None;
        if let Some(gone) = self.leader_gone_at() {
            best = soonest(best, gone + config.leaderless);
        }
        if let Role::Leader(leader) = self.raft.role() {
            for progress in &leader.progress {
                best = soonest(best, progress.heard_at + config.follower_silence);
            }
            for (_, since) in &watch.behind {
                best = soonest(best, *since + config.follower_lag_for);
            }
        }
        if let Some(since) = watch.stall.since {
            best = soonest(best, since + config.apply_stall);
        }
        if let Some((at, _)) = watch.clock_jump {
            best = soonest(best, at + config.clock_jump);
        }
        best
    }

    /// Since when this server, as a member, knows of no leader.
    pub(super) fn leaderless_since(&self, now: Instant) -> Option<Instant> {
        self.leader_gone_at().filter(|gone| *gone <= now)
    }

    /// Since when it knows of no leader or, if it hears nothing more, will know of none: a
    /// follower without a vote does nothing when its leader falls silent.
    fn leader_gone_at(&self) -> Option<Instant> {
        let raft = &self.raft;
        if raft.standing() == Standing::Outsider || matches!(raft.role(), Role::Leader(_)) {
            return None;
        }
        let patience = self.config.raft.election_timeout_max;
        let falls_silent = raft.heard_at().map(|heard| heard + patience);
        self.watch.leaderless_since.or(falls_silent)
    }

    fn seat_alerts(&self, alerts: &mut Vec<Alert>) {
        if self.raft.is_unseated() {
            alerts.push(Alert::SeatVacant {
                incarnation: self.raft.incarnation(),
            });
        }
        if self.raft.seats_lost() {
            alerts.push(Alert::SeatsLost {
                vacant: self.raft.vacant_seats(),
                needed: self.raft.membership().quorum().least() as u64,
            });
        }
    }

    fn quorum_alerts(&self, now: Instant, leader: &Leader, alerts: &mut Vec<Alert>) {
        let limit = self.config.alerts.follower_silence;
        let (membership, vacant) = (self.raft.membership(), self.raft.vacant_seats());
        let lives = |node: NodeId| {
            let known = leader.progress.iter().find(|p| p.node == node);
            let known = known.filter(|_| !vacant.contains(&node));
            node == self.member.node || known.is_some_and(|p| now.since(p.heard_at) < limit)
        };
        match membership.quorum().spare(lives) {
            None => alerts.push(Alert::QuorumLost(count(membership, lives))),
            // A cluster that could spare nobody when it is whole has no failure to speak of.
            Some(0) if membership.quorum().spare(|_| true) > Some(0) => {
                alerts.push(Alert::QuorumAtRisk(count(membership, lives)));
            }
            Some(_) => {}
        }
    }

    fn follower_alerts(&self, now: Instant, progress: &Progress, alerts: &mut Vec<Alert>) {
        let (config, follower) = (&self.config.alerts, progress.node);
        // Who left the cluster owes it nothing.
        if progress.departing_since.is_some() {
            return;
        }
        let (silence, limit) = (now.since(progress.heard_at), config.follower_silence);
        if silence >= limit {
            alerts.push(Alert::FollowerSilent {
                follower,
                silence,
                limit,
            });
        }
        let behind = self.watch.behind.iter().find(|(id, _)| *id == follower);
        if let Some((_, since)) = behind {
            let lasting = now.since(*since);
            if lasting >= config.follower_lag_for {
                alerts.push(Alert::FollowerBehind {
                    follower,
                    entries: self.raft.log().last().index.since(progress.matched),
                    limit: config.follower_lag,
                    lasting,
                });
            }
        }
        let bound_ppm = self.config.raft.clock_drift_ppm;
        let beyond = progress.clock.rate().filter(|r| !r.is_within(bound_ppm));
        if let Some(rate) = beyond {
            alerts.push(Alert::ClockBeyondBound {
                follower,
                rate,
                bound_ppm,
            });
        }
    }
}

fn count(membership: &Membership, lives: impl Fn(NodeId) -> bool) -> QuorumCount {
    let all = membership.all_voters();
    let silent: Vec<NodeId> = all.iter().copied().filter(|id| !lives(*id)).collect();
    QuorumCount {
        voters: all.len() as u64,
        living: (all.len() - silent.len()) as u64,
        needed: membership.quorum().least() as u64,
        silent,
    }
}

#[cfg(test)]
mod tests;
