//! Linearizable reads without a log entry: ReadIndex and lease (dissertation, section 6.4).
//!
//! A leader remembers its commit index when the read arrives, proves with one round of messages
//! that it still leads, and answers once the state machine has applied that index. Reads that
//! arrive while a round is under way share the next one. A follower asks its leader for the
//! index and then reads locally. While the leader holds a lease, a read that allows it needs no
//! round at all.

use super::event::Event;
use super::message::{Message, ReadIndexRequest, ReadIndexResponse, ReadTag, ReadVia};
use super::output::{Output, ReadId, ReadOutcome};
use super::role::Role;
use super::server::Raft;
use crate::types::{Duration, Index, Instant, Mutant, NodeId};
use std::sync::Arc;

/// Who waits for a read index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reader {
    /// A read of this server.
    Own(ReadId),
    /// A follower that asked.
    Follower {
        /// The follower.
        node: NodeId,
        /// The name it chose.
        read: ReadTag,
    },
}

/// A leader's reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeaderReads {
    /// Reads that a round under way will confirm.
    confirming: Option<Confirming>,
    /// Reads for the next round, or for when the term's first entry is committed.
    queued: Vec<Reader>,
}

/// Reads that wait for a quorum to answer a round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Confirming {
    /// The round. Later ones, of heartbeats, confirm as well but need not be waited for.
    round: u64,
    /// The commit index when it began.
    index: Index,
    readers: Vec<Reader>,
}

/// A follower's reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AskedReads {
    /// The reads for which the leader was asked, and when.
    asked: Vec<(ReadId, Instant)>,
}

impl AskedReads {
    /// When the oldest is given up.
    pub(super) fn expire_at(&self, patience: Duration) -> Option<Instant> {
        self.asked.first().map(|(_, asked_at)| *asked_at + patience)
    }

    /// Another clock counts: waits as if all had been asked now.
    pub(super) fn ask_anew(&mut self, now: Instant) {
        self.asked
            .iter_mut()
            .for_each(|(_, asked_at)| *asked_at = now);
    }
}

impl Raft {
    /// A read wants to know which index it must see applied. The answer comes in
    /// [`Output::reads`], now or later.
    pub fn read(&mut self, now: Instant, read: ReadId, via: ReadVia, out: &mut Output) {
        self.observe_clock(now, out);
        let term = self.term;
        let alone = self.makes(Mutant::FollowerReadsAlone);
        match &mut self.role {
            Role::Leader(_) => self.read_as_leader(now, Reader::Own(read), via, out),
            Role::Follower(_) if alone => out.reads.push((read, ReadOutcome::At(self.commit))),
            Role::Follower(follower) => match follower.leader {
                Some(leader) => {
                    follower.reads.asked.push((read, now));
                    let (run, number) = (self.run, read.0);
                    let read = ReadTag { run, number };
                    let request = ReadIndexRequest { term, read, via };
                    out.messages
                        .push((leader, Message::ReadIndexRequest(request)));
                }
                None => out.reads.push((read, ReadOutcome::Failed)),
            },
            Role::PreCandidate(_) | Role::Candidate(_) => {
                out.reads.push((read, ReadOutcome::Failed));
            }
        }
        self.assert_invariants();
    }

    /// A follower asks for a read index.
    pub(super) fn on_read_index_request(
        &mut self,
        now: Instant,
        from: NodeId,
        request: &ReadIndexRequest,
        out: &mut Output,
    ) {
        match &self.role {
            Role::Leader(_) => {
                let reader = Reader::Follower {
                    node: from,
                    read: request.read,
                };
                self.read_as_leader(now, reader, request.via, out);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                let refusal = ReadIndexResponse {
                    term: self.term,
                    read: request.read,
                    index: None,
                };
                out.messages
                    .push((from, Message::ReadIndexResponse(refusal)));
            }
        }
    }

    /// The leader names a read index, or refuses.
    pub(super) fn on_read_index_response(
        &mut self,
        response: &ReadIndexResponse,
        out: &mut Output,
    ) {
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        if response.read.run != self.run {
            return;
        }
        let read = ReadId(response.read.number);
        let Some(place) = follower
            .reads
            .asked
            .iter()
            .position(|(asked, _)| *asked == read)
        else {
            return;
        };
        follower.reads.asked.remove(place);
        out.reads.push((
            read,
            response.index.map_or(ReadOutcome::Failed, ReadOutcome::At),
        ));
    }

    fn read_as_leader(&mut self, now: Instant, reader: Reader, via: ReadVia, out: &mut Output) {
        if via == ReadVia::Lease && self.reads_by_lease(now, out) {
            return self.answer_reader(reader, self.commit, out);
        }
        let (term, commit) = (self.term, self.commit);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if commit < leader.first_of_term && leader.reads.queued.is_empty() {
            out.events.push(Event::ReadsHeld { term });
        }
        leader.reads.queued.push(reader);
        self.begin_read_round(now, out);
    }

    /// Starts a round for the queued reads, unless one is under way or the leader does not know
    /// yet what is committed.
    pub(super) fn begin_read_round(&mut self, now: Instant, out: &mut Output) {
        let commit = self.commit;
        let early = self.makes(Mutant::ReadsBeforeOwnTerm);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let reads = &mut leader.reads;
        let knows_commit = commit >= leader.first_of_term || early;
        let ready = reads.confirming.is_none() && knows_commit;
        if !ready || reads.queued.is_empty() {
            return;
        }
        leader.lease.begin_round(now);
        reads.confirming = Some(Confirming {
            round: leader.lease.round,
            index: commit,
            readers: std::mem::take(&mut reads.queued),
        });
        self.send_heartbeats(now, out);
        self.confirm_reads(now, out);
    }

    /// Answers the reads of the present round if a majority has confirmed it.
    pub(super) fn confirm_reads(&mut self, now: Instant, out: &mut Output) {
        let (id, membership) = (self.id, Arc::clone(self.membership()));
        let vacant = self.vacant_seats();
        let trusts_itself = self.makes(Mutant::ReadsWithoutConfirming);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let Some(confirming) = &leader.reads.confirming else {
            return;
        };
        let round = confirming.round;
        let answered = leader
            .progress
            .iter()
            .filter(|progress| progress.round >= round);
        let mut by = vec![id];
        by.extend(answered.map(|progress| progress.node));
        by.retain(|node| membership.is_voter(*node) && !vacant.contains(node));
        if !membership.quorum().is_quorum(|node| by.contains(&node)) && !trusts_itself {
            return;
        }
        let Some(Confirming { index, readers, .. }) = leader.reads.confirming.take() else {
            return;
        };
        out.events.push(Event::ReadsConfirmed {
            reads: readers.len() as u64,
            index,
            by,
        });
        for reader in readers {
            self.answer_reader(reader, index, out);
        }
        self.begin_read_round(now, out);
    }

    fn answer_reader(&self, reader: Reader, index: Index, out: &mut Output) {
        match reader {
            Reader::Own(read) => out.reads.push((read, ReadOutcome::At(index))),
            Reader::Follower { node, read } => {
                let response = ReadIndexResponse {
                    term: self.term,
                    read,
                    index: Some(index),
                };
                let response = Message::ReadIndexResponse(response);
                out.messages.push((node, response));
            }
        }
    }

    /// Whatever this role had promised to readers is void.
    pub(super) fn abandon_reads(&mut self, out: &mut Output) {
        let term = self.term;
        match &mut self.role {
            Role::Leader(leader) => {
                let confirming = leader.reads.confirming.take().map(|reads| reads.readers);
                let queued = std::mem::take(&mut leader.reads.queued);
                for reader in confirming.into_iter().flatten().chain(queued) {
                    match reader {
                        Reader::Own(read) => out.reads.push((read, ReadOutcome::Failed)),
                        Reader::Follower { node, read } => {
                            let response = ReadIndexResponse {
                                term,
                                read,
                                index: None,
                            };
                            out.messages
                                .push((node, Message::ReadIndexResponse(response)));
                        }
                    }
                }
            }
            Role::Follower(follower) => {
                let asked = std::mem::take(&mut follower.reads.asked);
                out.reads.extend(
                    asked
                        .into_iter()
                        .map(|(read, _)| (read, ReadOutcome::Failed)),
                );
            }
            Role::PreCandidate(_) | Role::Candidate(_) => {}
        }
    }

    /// Gives up on reads whose question or answer was lost.
    pub(super) fn expire_asked_reads(&mut self, now: Instant, out: &mut Output) {
        let patience = self.config.election_timeout_max;
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        follower.reads.asked.retain(|(read, asked_at)| {
            let alive = now.since(*asked_at) < patience;
            if !alive {
                out.reads.push((*read, ReadOutcome::Failed));
            }
            alive
        });
    }
}
