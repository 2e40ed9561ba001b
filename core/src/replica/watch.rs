//! What a server remembers of itself for those who watch it: counts, and since when something
//! has not been as it should. Nothing here decides what the server does.

use super::alerts_config::AlertsConfig;
use crate::raft::{self, ClockJump, Progress, Raft, Role};
use crate::types::{Index, Instant, NodeId, Term};
use smallvec::SmallVec;

/// Kept up to date at the end of every step, for a few comparisons.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Elections in which this server stood, in this run.
    pub(super) elections_started: u64,
    /// Elections that it won, in this run.
    pub(super) elections_won: u64,
    /// Of how many leaderships it learned in this run, its own included.
    pub(super) leaderships_seen: u64,
    /// The one of which it learned last.
    leadership: Option<(Term, NodeId)>,
    /// Since when it knows of no leader.
    pub(super) leaderless_since: Option<Instant>,
    /// Whether the state machine follows the commit index.
    pub(super) stall: Stall,
    /// The followers that are far behind, and since when; empty while it does not lead.
    pub(super) behind: SmallVec<[(NodeId, Instant); 4]>,
    /// The latest jump of the own clock.
    pub(super) clock_jump: Option<(Instant, ClockJump)>,
}

impl Watch {
    /// Counts what consensus has just told.
    pub(super) fn count(&mut self, now: Instant, event: &raft::Event) {
        match event {
            raft::Event::BecameCandidate { .. } => self.elections_started += 1,
            raft::Event::BecameLeader { .. } => self.elections_won += 1,
            raft::Event::ClockJumped { jump } => {
                self.clock_jump = Some((now, *jump));
                // Spans that were measured by the old clock say nothing.
                self.leaderless_since = self.leaderless_since.map(|_| now);
                self.stall.since = self.stall.since.map(|_| now);
                self.behind.iter_mut().for_each(|(_, since)| *since = now);
            }
            _ => {}
        }
    }

    /// Looks at the server as a step has left it.
    pub(super) fn observe(
        &mut self,
        now: Instant,
        raft: &Raft,
        applied: Index,
        config: &AlertsConfig,
    ) {
        let leader = raft.recent_leader();
        let leadership = leader.map(|leader| (raft.term(), leader));
        if leadership.is_some() && leadership != self.leadership {
            self.leaderships_seen += 1;
            self.leadership = leadership;
        }
        self.leaderless_since = match leader {
            Some(_) => None,
            None => self.leaderless_since.or(Some(now)),
        };
        self.stall.observe(now, applied, raft.commit());
        match raft.role() {
            Role::Leader(leader) => {
                let last = raft.log().last().index;
                self.observe_followers(now, &leader.progress, last, config.follower_lag);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => self.behind.clear(),
        }
    }

    /// A follower is behind from the moment at which it lacks more than `most` entries until it
    /// lacks no more than half of that: one that is about as slow as the limit does not blink.
    fn observe_followers(&mut self, now: Instant, all: &[Progress], last: Index, most: u64) {
        for progress in all {
            let lag = last.since(progress.matched);
            let known = self.behind.iter().position(|(id, _)| *id == progress.node);
            match known {
                None if lag > most => self.behind.push((progress.node, now)),
                Some(place) if lag <= most / 2 => {
                    self.behind.remove(place);
                }
                _ => {}
            }
        }
        // Who is let go for good is not behind any more.
        self.behind
            .retain(|(id, _)| all.iter().any(|progress| progress.node == *id));
    }
}

/// Whether the state machine follows the commit index: since when it has not moved although there
/// was something to apply.
#[derive(Clone, Debug, Default)]
pub(super) struct Stall {
    applied: Index,
    commit: Index,
    pub(super) since: Option<Instant>,
}

impl Stall {
    /// The state machine stands still when it is behind and does not move, and also when the
    /// commit index moves and it does not: a state machine that believes to be ahead of its log
    /// skips every entry, and would never be called behind.
    pub(super) fn observe(&mut self, now: Instant, applied: Index, commit: Index) {
        let moved = applied != self.applied;
        let owes = commit > applied || (commit != self.commit && commit != applied);
        self.since = if commit == applied {
            None
        } else if moved {
            (commit > applied).then_some(now)
        } else {
            self.since.or(owes.then_some(now))
        };
        (self.applied, self.commit) = (applied, commit);
    }
}

#[cfg(test)]
mod tests {
    use super::{Stall, Watch};
    use crate::raft::Progress;
    use crate::types::{Index, Instant, NodeId};

    /// Since when it stands still after these applied and commit indexes, seen at 1, 2, 3, ...
    fn stalled(seen: &[(u64, u64)]) -> Option<u64> {
        let mut stall = Stall::default();
        for ((applied, commit), at) in seen.iter().zip(1..) {
            stall.observe(Instant(at), Index(*applied), Index(*commit));
        }
        stall.since.map(|since| since.0)
    }

    #[test]
    fn applying_stalls_while_commit_is_ahead_or_moves_alone() {
        assert_eq!(stalled(&[(0, 0), (0, 0)]), None);
        assert_eq!(stalled(&[(3, 3), (4, 4)]), None);
        // It is behind, and does not move; then it does.
        assert_eq!(stalled(&[(3, 3), (3, 5), (3, 5), (3, 9)]), Some(2));
        assert_eq!(stalled(&[(3, 3), (3, 5), (4, 5)]), Some(3));
        assert_eq!(stalled(&[(3, 3), (3, 5), (5, 5)]), None);
        // The bug that started the project: applied 1119 beside a commit index of 287 that moves.
        assert_eq!(stalled(&[(1_119, 287), (1_119, 287)]), None);
        assert_eq!(
            stalled(&[(1_119, 287), (1_119, 288), (1_119, 289)]),
            Some(2)
        );
    }

    #[test]
    fn a_follower_is_behind_until_it_has_come_down_to_half_the_limit() {
        let mut watch = Watch::default();
        let mut behind = |at: u64, matched: u64| {
            let mut progress = Progress::new(NodeId(2), Index(1), Instant::ZERO);
            progress.acknowledge(Index(matched));
            watch.observe_followers(Instant(at), &[progress], Index(200), 100);
            watch.behind.first().map(|(_, since)| since.0)
        };
        assert_eq!(behind(1, 100), None);
        assert_eq!(behind(2, 99), Some(2));
        assert_eq!(behind(3, 149), Some(2));
        assert_eq!(behind(4, 150), None);
        assert_eq!(behind(5, 90), Some(5));
        watch.observe_followers(Instant(6), &[], Index(200), 100);
        assert!(watch.behind.is_empty());
    }
}
