//! What a leader knows of each follower, and how fast it may send.

use super::clock::ClockReadings;
use crate::types::{Index, Instant, NodeId, Position};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// A follower as its leader sees it (the three states are etcd's).
///
/// Invariant: `matched < next`, and while it replicates, everything in `[matched + 1, next)` is
/// on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// When the follower was last heard of in this term; the beginning of the leadership before
    /// that.
    pub heard_at: Instant,
    /// What its own clock said when it last acknowledged `matched`; none when it did not say.
    pub matched_at: Option<Instant>,
    /// What is known of its clock.
    pub clock: ClockReadings,
    /// Since when it is no member any more. It is sent the entry that says so before it is let
    /// go.
    pub departing_since: Option<Instant>,
}

/// How a leader sends to one follower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sending {
    /// It does not know where the logs agree: one append at a time.
    Probe {
        /// One is under way; the next goes with a heartbeat.
        waiting: bool,
    },
    /// It knows: appends follow each other without waiting, up to a limit.
    Replicate {
        /// The appends under way.
        inflight: Inflight,
    },
    /// The follower needs entries that are compacted away.
    Snapshot(Transfer),
}

/// The appends under way to one follower, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inflight {
    /// The last index of each, and its payload bytes.
    appends: VecDeque<(Index, u64)>,
    bytes: u64,
}

impl Inflight {
    /// How many appends are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.appends.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty()
    }

    /// Their payload bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// One more left, whose last entry is `last`.
    pub fn sent(&mut self, last: Index, bytes: u64) {
        self.appends.push_back((last, bytes));
        self.bytes += bytes;
    }

    /// The follower holds everything up to `matched`.
    pub fn acknowledged(&mut self, matched: Index) {
        while let Some((last, bytes)) = self.appends.front() {
            if *last > matched {
                break;
            }
            self.bytes -= bytes;
            self.appends.pop_front();
        }
    }
}

/// A snapshot on its way to one follower, in pieces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// What the snapshot covers.
    pub covers: Position,
    /// Bytes that the follower acknowledged.
    pub acknowledged: u64,
    /// Bytes that were sent, acknowledged or not.
    pub sent: u64,
    /// The size of the snapshot.
    pub total: u64,
    /// A follower that says that it holds less than it acknowledged: an old answer, or it lost
    /// what it had. Believed when nothing better is heard in time.
    pub claimed: Option<u64>,
    /// When the latest piece was sent, or the latest one acknowledged; none when a piece is due.
    pub moved_at: Option<Instant>,
}

impl Transfer {
    pub(super) fn new(covers: Position, total: u64) -> Transfer {
        Transfer {
            covers,
            acknowledged: 0,
            sent: 0,
            total,
            claimed: None,
            moved_at: None,
        }
    }

    /// Bytes under way.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.sent - self.acknowledged
    }

    /// The follower holds `bytes` without a gap.
    pub(super) fn received(&mut self, bytes: u64, now: Instant) {
        let bytes = bytes.min(self.total);
        match bytes.cmp(&self.acknowledged) {
            Ordering::Less => self.claimed = Some(bytes),
            Ordering::Equal => self.claimed = None,
            Ordering::Greater => {
                self.claimed = None;
                self.moved_at = Some(now);
                self.acknowledged = bytes;
                self.sent = self.sent.max(bytes);
            }
        }
    }

    /// Nothing moved for too long: goes back to what the follower holds.
    pub(super) fn go_back(&mut self) {
        self.acknowledged = self.claimed.take().unwrap_or(self.acknowledged);
        self.sent = self.acknowledged;
        self.moved_at = None;
    }
}

impl Progress {
    /// A follower of whom nothing is known but that its log may agree before `next`.
    #[must_use]
    pub fn new(node: NodeId, next: Index, now: Instant) -> Progress {
        let state = Sending::Probe { waiting: false };
        Progress {
            node,
            matched: Index::ZERO,
            next,
            state,
            round: 0,
            heard_at: now,
            matched_at: None,
            clock: ClockReadings::default(),
            departing_since: None,
        }
    }

    /// The follower holds everything up to `matched`. Tells whether that is news.
    pub fn acknowledge(&mut self, matched: Index) -> bool {
        let news = matched > self.matched;
        if news {
            self.matched_at = None;
        }
        self.matched = self.matched.max(matched);
        self.next = self.next.max(self.matched.next());
        match &mut self.state {
            Sending::Probe { .. } => {
                self.next = self.matched.next();
                self.state = Sending::Replicate {
                    inflight: Inflight::default(),
                };
            }
            Sending::Replicate { inflight } => inflight.acknowledged(matched),
            Sending::Snapshot(_) => {}
        }
        news
    }

    /// The follower refused: send from `next` on, one append at a time until it agrees.
    pub fn probe_from(&mut self, next: Index) {
        self.next = next.max(self.matched.next());
        self.state = Sending::Probe { waiting: false };
    }

    /// The time of the piece under way says nothing any more.
    pub(super) fn forget_snapshot_time(&mut self) {
        if let Sending::Snapshot(transfer) = &mut self.state {
            transfer.moved_at = None;
        }
    }

    /// How many appends are under way, or whether a piece of a snapshot is.
    #[must_use]
    pub fn inflight(&self) -> usize {
        match &self.state {
            Sending::Probe { waiting } => usize::from(*waiting),
            Sending::Replicate { inflight } => inflight.len(),
            Sending::Snapshot(transfer) => usize::from(transfer.under_way() > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Sending, Transfer};
    use crate::types::{Index, Instant, NodeId, Position};

    #[test]
    fn an_acknowledgement_turns_a_probe_into_a_stream_and_frees_the_window() {
        let mut progress = Progress::new(NodeId(2), Index(5), Instant::ZERO);
        assert!(progress.acknowledge(Index(4)));
        let Sending::Replicate { inflight } = &mut progress.state else {
            panic!("streams")
        };
        assert!(inflight.is_empty());
        for (last, bytes) in [(6, 20), (8, 30), (9, 5)] {
            inflight.sent(Index(last), bytes);
        }
        assert!(!inflight.is_empty());
        assert_eq!(inflight.bytes(), 55);
        progress.next = Index(10);
        assert!(progress.acknowledge(Index(8)));
        assert_eq!((progress.inflight(), progress.next), (1, Index(10)));
        assert!(!progress.acknowledge(Index(8)));
        let Sending::Replicate { inflight } = &progress.state else {
            panic!("streams")
        };
        assert_eq!(inflight.bytes(), 5);
    }

    #[test]
    fn an_old_answer_does_not_take_a_snapshot_back_but_silence_does() {
        let mut transfer = Transfer::new(Position::ZERO, 100);
        transfer.sent = 60;
        transfer.received(40, Instant(1));
        transfer.received(20, Instant(2));
        assert_eq!((transfer.acknowledged, transfer.sent), (40, 60));
        transfer.go_back();
        assert_eq!((transfer.acknowledged, transfer.sent), (20, 20));
        // A new leader begins at the start and learns that the follower holds more.
        transfer.received(80, Instant(3));
        assert_eq!((transfer.acknowledged, transfer.sent), (80, 80));
    }

    /// A follower that held less for a while, and says that it holds what it acknowledged.
    #[test]
    fn silence_takes_a_snapshot_back_to_the_latest_answer() {
        let mut transfer = Transfer::new(Position::ZERO, 100);
        transfer.sent = 60;
        for bytes in [40, 20, 40] {
            transfer.received(bytes, Instant(1));
        }
        transfer.go_back();
        assert_eq!((transfer.acknowledged, transfer.sent), (40, 40));
    }

    #[test]
    fn a_snapshot_moves_by_what_is_new_and_not_by_answers_that_repeat() {
        let mut transfer = Transfer::new(Position::ZERO, 100);
        transfer.sent = 60;
        for (bytes, now, moved_at) in [(40, 1, 1), (40, 2, 1), (20, 3, 1), (60, 4, 4)] {
            transfer.received(bytes, Instant(now));
            assert_eq!(transfer.moved_at, Some(Instant(moved_at)), "{bytes} bytes");
        }
    }

    #[test]
    fn a_snapshot_is_under_way_while_something_is_not_acknowledged() {
        let mut progress = Progress::new(NodeId(2), Index(5), Instant::ZERO);
        for (sent, acknowledged) in [(0, 0), (60, 0), (60, 20), (60, 60)] {
            let mut transfer = Transfer::new(Position::ZERO, 100);
            (transfer.sent, transfer.acknowledged) = (sent, acknowledged);
            assert_eq!(transfer.under_way(), sent - acknowledged);
            progress.state = Sending::Snapshot(transfer);
            assert_eq!(progress.inflight(), usize::from(sent > acknowledged));
        }
    }

    #[test]
    fn a_probe_never_goes_below_what_is_matched() {
        let mut progress = Progress::new(NodeId(2), Index(5), Instant::ZERO);
        progress.acknowledge(Index(7));
        progress.probe_from(Index(3));
        assert_eq!(progress.next, Index(8));
    }
}
