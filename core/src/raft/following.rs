//! The follower's side of replication (Raft paper, section 5.3).

use super::durability::After;
use super::entry::Entry;
use super::event::{AppendRefusal, CommitReason, Event, FollowReason};
use super::log::Fit;
use super::message::{AppendOutcome, AppendRequest, AppendResponse, Conflict, Message};
use super::output::{Output, Persist};
use super::promise::PromiseReason;
use super::role::Role;
use super::server::Raft;
use crate::types::{Index, Instant, Mutant, NodeId, Position, Term};

impl Raft {
    /// The leader of this term sent entries, or shows that it lives.
    pub(super) fn on_append(
        &mut self,
        now: Instant,
        leader: NodeId,
        request: AppendRequest,
        out: &mut Output,
    ) {
        if !self.follow(now, leader, out) {
            return;
        }
        let round = request.round;
        let outcome = match self.append_refusal(request.previous) {
            Some(why) => {
                out.events.push(Event::AppendRejected { leader, why });
                AppendOutcome::Rejected(self.conflict(request.previous))
            }
            None => AppendOutcome::Accepted {
                matched: self.accept(leader, request, out),
            },
        };
        let response = AppendResponse {
            term: self.term,
            round,
            clock: now,
            outcome,
        };
        self.send_after(After::Log, leader, Message::AppendResponse(response), out);
    }

    /// Accepts `leader` as the leader of this term and renews the patience with it. Tells
    /// whether there is anything to follow: a leader has no other leader in its term.
    pub(super) fn follow(&mut self, now: Instant, leader: NodeId, out: &mut Output) -> bool {
        match &self.role {
            Role::Leader(_) => return false,
            Role::Follower(follower) if follower.leader == Some(leader) => {}
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                self.become_follower(now, self.term, FollowReason::LeaderOfTerm { leader }, out);
            }
        }
        self.reset_election_timer(now);
        let until = now + self.config.election_timeout_min;
        self.promise
            .renew(until, PromiseReason::HeardFrom { leader });
        true
    }

    fn append_refusal(&self, previous: Position) -> Option<AppendRefusal> {
        match self.log.fit(previous) {
            Fit::Holds | Fit::BelowBase => None,
            Fit::Conflict(_) if self.makes(Mutant::AppendsWithoutPreviousCheck) => None,
            Fit::Missing => Some(AppendRefusal::Missing {
                previous,
                last: self.log.last().index,
            }),
            Fit::Conflict(held) => Some(AppendRefusal::TermConflict { previous, held }),
        }
    }

    fn conflict(&self, previous: Position) -> Conflict {
        Conflict {
            previous,
            last: self.log.last().index,
            conflicting: self.log.first_of_term_at(previous.index),
        }
    }

    /// Takes the entries into the log; returns up to where it now agrees with the leader's.
    fn accept(&mut self, leader: NodeId, request: AppendRequest, out: &mut Output) -> Index {
        let upto = request.previous.index.plus(request.entries.len() as u64);
        let matched = upto.max(self.log.base().index);
        // What the log holds already stays as it is: a repeated or reordered request must not
        // cut entries that a later one brought.
        let known = request
            .entries
            .iter()
            .take_while(|entry| self.knows(entry))
            .count();
        let known = if self.makes(Mutant::TruncatesOnEveryAppend) {
            let base = self.log.base().index;
            let below = |entry: &&Entry| entry.position.index <= base;
            request.entries.iter().take_while(below).count()
        } else {
            known
        };
        let mut fresh = request.entries.into_iter().skip(known).peekable();
        if let Some(first) = fresh.peek().map(|entry| entry.position) {
            self.cut_conflict(first, out);
            for entry in fresh {
                let (index, payload) = (entry.position.index, entry.payload.clone());
                out.records.push(Persist::Entry(entry.clone()));
                assert!(
                    !self.is_correct() || entry.position.term >= self.log.last().term,
                    "terms in a log never decrease"
                );
                self.log.push(entry);
                self.durability.log_issued(index);
                self.adopt_membership(index, &payload, out);
            }
            let last = self.log.last();
            out.events.push(Event::EntriesAppended {
                leader: Some(leader),
                first,
                last,
            });
        }
        let compared = if self.makes(Mutant::CommitsBeyondMatch) {
            self.log.last().index
        } else {
            matched
        };
        let commit = request.commit.min(compared);
        let why = CommitReason::LeaderCommit {
            leader,
            commit: request.commit,
        };
        self.raise_commit(commit, why, out);
        matched
    }

    fn knows(&self, entry: &Entry) -> bool {
        matches!(self.log.fit(entry.position), Fit::Holds | Fit::BelowBase)
    }

    /// Makes room for `first`: another leader's entries from there on were never committed.
    fn cut_conflict(&mut self, first: Position, out: &mut Output) {
        let last = self.log.last();
        if last.index < first.index {
            return;
        }
        assert!(
            !self.is_correct() || first.index > self.commit,
            "{}: an append would cut index {} of a log committed to {}",
            self.id,
            first.index,
            self.commit
        );
        let before = first.index.prev().unwrap_or(Index::ZERO);
        self.commit = self.commit.min(before);
        let cut = self.log.term_at(first.index).unwrap_or(Term::ZERO);
        self.log.truncate_from(first.index);
        self.durability.log_cut(first.index);
        self.revert_membership(first.index, out);
        out.events.push(Event::LogTruncated {
            first: Position::new(cut, first.index),
            last,
            term: first.term,
        });
    }

    /// The commit index only grows.
    pub(super) fn raise_commit(&mut self, to: Index, why: CommitReason, out: &mut Output) {
        if to > self.commit {
            let from = self.commit;
            self.commit = to;
            out.events.push(Event::CommitAdvanced { from, to, why });
            self.note_committed_membership(from, out);
        }
    }
}
