//! Snapshots between servers, and the compaction that makes them necessary (Raft paper,
//! section 7).
//!
//! A snapshot travels in pieces with checked offsets: the follower answers how many bytes it
//! holds without a gap, and the leader goes on from there, so that a lost piece costs one piece.

use super::durability::After;
use super::entry::Entry;
use super::event::{CommitReason, Event, InstalledLog};
use super::log::Fit;
use super::message::{Message, SnapshotOutcome, SnapshotRequest, SnapshotResponse};
use super::output::{Output, Persist, ReceivedSnapshot};
use super::progress::{Progress, Sending, Transfer};
use super::reconfigure::Memberships;
use super::role::{Incoming, Leader};
use super::server::{Raft, Snapshot};
use crate::types::{Duration, Index, Instant, Mutant, NodeId, Rope};
use std::sync::Arc;

/// The leader's side.
impl Raft {
    /// The follower needs entries that are compacted away.
    pub(super) fn turn_to_snapshot(&self, follower: &mut Progress, out: &mut Output) {
        if matches!(follower.state, Sending::Snapshot(_)) {
            return;
        }
        let snapshot = self
            .snapshot
            .as_ref()
            .expect("a log with a base has a snapshot");
        out.events.push(Event::SnapshotSendStarted {
            follower: follower.node,
            needs: follower.next,
            first: self.log.first(),
            covers: snapshot.covers,
            bytes: snapshot.data.len(),
        });
        let total = snapshot.data.len();
        follower.state = Sending::Snapshot(Transfer::new(snapshot.covers, total));
    }

    /// Sends pieces as far as the follower's window and the leader's bandwidth allow.
    pub(super) fn send_snapshot_pieces(
        &self,
        now: Instant,
        follower: &mut Progress,
        paced_until: &mut Instant,
        out: &mut Output,
    ) {
        let Sending::Snapshot(transfer) = &mut follower.state else {
            return;
        };
        let snapshot = self.sendable_snapshot();
        if transfer.covers != snapshot.covers {
            // A newer snapshot took the place of the one that was being sent.
            *transfer = Transfer::new(snapshot.covers, snapshot.data.len());
        }
        while self.wants_piece(transfer) && *paced_until <= now {
            let piece = self.snapshot_piece(transfer, self.config.snapshot_chunk_bytes);
            let left = transfer.total - transfer.sent;
            let bytes = left.min(self.config.snapshot_chunk_bytes);
            transfer.sent += bytes;
            transfer.moved_at = Some(now);
            let micros = bytes * 1_000_000 / self.config.snapshot_bytes_per_second;
            *paced_until = now + Duration::micros(micros);
            out.messages.push((follower.node, piece));
        }
    }

    fn sendable_snapshot(&self) -> &Snapshot {
        let held = self.snapshot.as_ref();
        held.expect("a log with a base has a snapshot")
    }

    /// Whether a piece may follow: the window has room, or the last piece is to be repeated,
    /// which asks the follower how far it is.
    fn wants_piece(&self, transfer: &Transfer) -> bool {
        let window = self.config.snapshot_inflight * self.config.snapshot_chunk_bytes;
        let more = transfer.sent < transfer.total && transfer.under_way() < window;
        more || transfer.moved_at.is_none()
    }

    /// When the bandwidth allows the next piece that some follower's window allows.
    pub(super) fn snapshot_piece_due(&self, leader: &Leader) -> Option<Instant> {
        let waits = leader
            .progress
            .iter()
            .any(|progress| match &progress.state {
                Sending::Snapshot(transfer) => self.wants_piece(transfer),
                Sending::Probe { .. } | Sending::Replicate { .. } => false,
            });
        waits.then_some(leader.snapshot_paced_until)
    }

    /// At a heartbeat: when nothing moved since the last one, goes on from what the follower
    /// holds, which also shows it that the leader lives. While the leader's bandwidth allows no
    /// piece, an empty one does: it might stand for election otherwise, again and again.
    pub(super) fn revive_snapshot(
        &self,
        now: Instant,
        follower: &mut Progress,
        paced_until: Instant,
        out: &mut Output,
    ) {
        let patience = self.config.heartbeat_interval;
        let Sending::Snapshot(transfer) = &mut follower.state else {
            return;
        };
        if transfer
            .moved_at
            .is_some_and(|moved| now.since(moved) >= patience)
        {
            transfer.go_back();
        }
        if transfer.moved_at.is_none() && now < paced_until {
            let empty = self.snapshot_piece(transfer, 0);
            out.messages.push((follower.node, empty));
        }
    }

    /// The next `bytes` of a snapshot, or what is left of it.
    fn snapshot_piece(&self, transfer: &Transfer, bytes: u64) -> Message {
        let snapshot = self.sendable_snapshot();
        Message::SnapshotRequest(SnapshotRequest {
            term: self.term,
            round: self.round(),
            covers: snapshot.covers,
            offset: transfer.sent,
            total: snapshot.data.len(),
            checksum: snapshot.data.checksum(),
            data: snapshot.data.slice(transfer.sent, bytes),
        })
    }

    /// A follower tells how far it is with a snapshot.
    pub(super) fn on_snapshot_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: &SnapshotResponse,
        out: &mut Output,
    ) {
        let last = self.log.last().index;
        let Some(follower) = self.heard_from(now, from, response.round) else {
            return;
        };
        if let Sending::Snapshot(transfer) = &mut follower.state {
            match response.outcome {
                SnapshotOutcome::Received { bytes } if response.covers == transfer.covers => {
                    transfer.received(bytes, now);
                }
                SnapshotOutcome::Installed { matched } if matched <= last => {
                    follower.acknowledge(matched);
                    follower.probe_from(follower.matched.next());
                    let next = follower.next;
                    out.events.push(Event::SnapshotSendFinished {
                        follower: from,
                        next,
                    });
                }
                // Of a snapshot that is not being sent any more.
                SnapshotOutcome::Received { .. } | SnapshotOutcome::Installed { .. } => {}
            }
        }
        self.advance_commit(now, out);
        self.confirm_reads(now, out);
    }
}

/// The follower's side.
impl Raft {
    /// A piece of a snapshot arrived.
    pub(super) fn on_snapshot(
        &mut self,
        now: Instant,
        leader: NodeId,
        request: SnapshotRequest,
        out: &mut Output,
    ) {
        if !self.follow(now, leader, out) {
            return;
        }
        let (covers, round) = (request.covers, request.round);
        let outcome = if covers.index <= self.commit {
            // Everything committed here is in the leader's log too (Leader Completeness).
            out.events.push(Event::SnapshotIgnored {
                covers,
                commit: self.commit,
            });
            SnapshotOutcome::Installed {
                matched: self.commit,
            }
        } else {
            SnapshotOutcome::Received {
                bytes: self.receive(leader, request, out),
            }
        };
        let response = SnapshotResponse {
            term: self.term,
            round,
            covers,
            outcome,
        };
        self.send_after(After::Log, leader, Message::SnapshotResponse(response), out);
    }

    /// Takes a piece if it follows what is there; returns how many bytes are there.
    fn receive(&mut self, leader: NodeId, request: SnapshotRequest, out: &mut Output) -> u64 {
        let same = self.incoming.as_ref().is_some_and(|incoming| {
            incoming.covers == request.covers
                && incoming.total == request.total
                && incoming.checksum == request.checksum
        });
        if !same {
            out.events.push(Event::SnapshotReceiveStarted {
                leader,
                covers: request.covers,
                bytes: request.total,
            });
            self.incoming = None;
        }
        let incoming = self.incoming.get_or_insert_with(|| Incoming {
            covers: request.covers,
            total: request.total,
            checksum: request.checksum,
            data: Rope::default(),
        });
        let received = incoming.data.len();
        let fits =
            request.offset == received && received + request.data.len() as u64 <= incoming.total;
        let was_complete = same && incoming.is_complete();
        if fits {
            incoming.data.push(request.data);
        }
        let received = incoming.data.len();
        if incoming.is_complete() && !was_complete {
            return self.complete_snapshot(out);
        }
        received
    }

    /// All pieces are there: hands the snapshot on, or begins anew if it is not what was sent.
    fn complete_snapshot(&mut self, out: &mut Output) -> u64 {
        let Some(incoming) = &self.incoming else {
            return 0;
        };
        let (covers, data) = (incoming.covers, incoming.data.clone());
        if data.checksum() != incoming.checksum {
            self.incoming = None;
            out.events.push(Event::SnapshotDamaged { covers });
            return 0;
        }
        let received = data.len();
        out.received = Some(ReceivedSnapshot { covers, data });
        received
    }

    /// The received snapshot that covers `snapshot.covers` is durable as a file: it becomes the
    /// beginning of the log, unless what it covers is committed here by now.
    pub fn on_snapshot_stored(&mut self, now: Instant, snapshot: Snapshot, out: &mut Output) {
        self.observe_clock(now, out);
        let covers = snapshot.covers;
        let leader = self.leader();
        self.incoming = None;
        if covers.index <= self.commit {
            out.events.push(Event::SnapshotIgnored {
                covers,
                commit: self.commit,
            });
            return;
        }
        let last = self.log.last().index;
        // Log Matching: who holds the snapshot's last entry agrees with all before it, and what
        // follows may have been acknowledged, so it stays. Anything else is replaced whole.
        let (log, record) = if self.log.fit(covers) == Fit::Holds {
            self.log.compact(covers.index);
            self.memberships.compact(covers.index);
            (InstalledLog::SuffixKept { last }, Persist::Snapshot(covers))
        } else if last > covers.index && self.makes(Mutant::SnapshotKeepsSuffix) {
            let suffix: Vec<Entry> = self.log.range(covers.index, last).cloned().collect();
            self.log = super::log::Log::new(covers, suffix);
            self.memberships = Memberships::of(Arc::clone(&snapshot.membership), &self.log);
            (InstalledLog::SuffixKept { last }, Persist::Snapshot(covers))
        } else {
            self.durability.log_cut(Index::ZERO.next());
            self.log = super::log::Log::new(covers, []);
            self.memberships = Memberships::of(Arc::clone(&snapshot.membership), &self.log);
            (InstalledLog::Replaced { last }, Persist::Reset(covers))
        };
        self.snapshot = Some(snapshot);
        out.records.push(record);
        self.durability.log_issued(self.log.last().index);
        out.events.push(Event::SnapshotInstalled { covers, log });
        self.raise_commit(covers.index, CommitReason::Snapshot { covers }, out);
        out.installed = Some(covers);
        let (index, membership) = (self.membership_index(), Arc::clone(self.membership()));
        out.events
            .push(Event::MembershipAdopted { index, membership });
        if let Some(leader) = leader.filter(|leader| *leader != self.id) {
            let outcome = SnapshotOutcome::Installed {
                matched: covers.index,
            };
            let round = 0;
            let response = SnapshotResponse {
                term: self.term,
                round,
                covers,
                outcome,
            };
            self.send_after(After::Log, leader, Message::SnapshotResponse(response), out);
        }
        self.replicate(now, out);
    }

    /// This server's own snapshot is durable as a file: the entries that it covers may go, but
    /// for the configured number that spares a slow follower the snapshot.
    pub fn on_snapshot_taken(&mut self, snapshot: Snapshot, out: &mut Output) {
        let covers = snapshot.covers;
        let newest = self
            .snapshot
            .as_ref()
            .map_or(Index::ZERO, |held| held.covers.index);
        if covers.index <= newest {
            return;
        }
        assert!(
            covers.index <= self.commit,
            "only committed entries are in a snapshot"
        );
        self.snapshot = Some(snapshot);
        out.records.push(Persist::Snapshot(covers));
        self.durability.log_issued(self.log.last().index);
        let before = self.log.len();
        let cut = Index(covers.index.0.saturating_sub(self.config.trailing_entries));
        if !self.makes(Mutant::LogKeptForEver) {
            self.log.compact(cut);
            self.memberships.compact(cut);
        }
        out.events.push(Event::LogCompacted {
            first: self.log.first(),
            covers,
            entries: (before - self.log.len()) as u64,
        });
    }
}
