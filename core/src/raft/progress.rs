//! What a leader knows of each follower, and how fast it may send.

use crate::types::{Index, Instant, NodeId, Position};
use std::collections::VecDeque;

/// A follower as its leader sees it (the three states are etcd's).
///
/// Invariant: `matched < next`, and while it replicates, everything in `[matched + 1, next)` is
/// on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The follower.
    pub node: NodeId,
    /// The last index that the follower holds for sure.
    pub matched: Index,
    /// The next index to send.
    pub next: Index,
    /// How the leader sends to it.
    pub state: Sending,
    /// The latest round of the leader that the follower answered.
    pub round: u64,
}

/// How a leader sends to one follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It does not know where the logs agree: one append at a time.
    Probe {
        /// One is under way; the next goes with a heartbeat.
        waiting: bool,
    },
    /// It knows: appends follow each other without waiting, up to a limit.
    Replicate {
        /// The last index of each append under way, oldest first.
        inflight: VecDeque<Index>,
    },
    /// The follower needs entries that are compacted away.
    Snapshot(Transfer),
}

/// A snapshot on its way to one follower, one piece at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What the snapshot covers.
    pub covers: Position,
    /// Bytes that the follower acknowledged.
    pub acknowledged: u64,
    /// The size of the snapshot.
    pub total: u64,
    /// When the latest piece was sent; none when the next one is due at once.
    pub sent_at: Option<Instant>,
}

impl Progress {
    /// A follower of whom nothing is known but that its log may agree before `next`.
    #[must_use]
    pub fn new(node: NodeId, next: Index) -> Progress {
        let state = Sending::Probe { waiting: false };
        Progress {
            node,
            matched: Index::ZERO,
            next,
            state,
            round: 0,
        }
    }

    /// The follower holds everything up to `matched`. Tells whether that is news.
    pub fn acknowledge(&mut self, matched: Index) -> bool {
        let news = matched > self.matched;
        self.matched = self.matched.max(matched);
        self.next = self.next.max(self.matched.next());
        match &mut self.state {
            Sending::Probe { .. } => {
                self.next = self.matched.next();
                self.state = Sending::Replicate {
                    inflight: VecDeque::new(),
                };
            }
            Sending::Replicate { inflight } => {
                while inflight.front().is_some_and(|last| *last <= matched) {
                    inflight.pop_front();
                }
            }
            Sending::Snapshot(_) => {}
        }
        news
    }

    /// The follower refused: send from `next` on, one append at a time until it agrees.
    pub fn probe_from(&mut self, next: Index) {
        self.next = next.max(self.matched.next());
        self.state = Sending::Probe { waiting: false };
    }

    /// How many appends are under way.
    #[must_use]
    pub fn inflight(&self) -> usize {
        match &self.state {
            Sending::Probe { waiting } => usize::from(*waiting),
            Sending::Replicate { inflight } => inflight.len(),
            Sending::Snapshot(transfer) => usize::from(transfer.sent_at.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Sending};
    use crate::types::{Index, NodeId};

    #[test]
    fn an_acknowledgement_turns_a_probe_into_a_stream_and_frees_the_window() {
        let mut progress = Progress::new(NodeId(2), Index(5));
        assert!(progress.acknowledge(Index(4)));
        let Sending::Replicate { inflight } = &mut progress.state else {
            panic!("streams")
        };
        inflight.extend([Index(6), Index(8), Index(9)]);
        progress.next = Index(10);
        assert!(progress.acknowledge(Index(8)));
        assert_eq!((progress.inflight(), progress.next), (1, Index(10)));
        assert!(!progress.acknowledge(Index(8)));
    }

    #[test]
    fn a_probe_never_goes_below_what_is_matched() {
        let mut progress = Progress::new(NodeId(2), Index(5));
        progress.acknowledge(Index(7));
        progress.probe_from(Index(3));
        assert_eq!(progress.next, Index(8));
    }
}
