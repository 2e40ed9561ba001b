//! Elections (Raft paper, sections 5.2 and 5.4.1), with the pre-vote of the dissertation's
//! section 9.6.

use super::durability::After;
use super::event::{CampaignReason, Event, VoteRefusal};
use super::message::{
    Mandate, Message, PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse,
};
use super::output::Output;
use super::quorum::VoteResult;
use super::role::{Candidate, PreCandidate, Role};
use super::server::Raft;
use crate::types::{Instant, Mutant, NodeId};
use std::sync::Arc;

/// Asking in advance.
impl Raft {
    /// It heard from no leader for too long.
    pub(super) fn campaign(&mut self, now: Instant, out: &mut Output) {
        let why = self.campaign_reason();
        if self.config.pre_vote {
            self.become_pre_candidate(now, why, out);
        } else {
            self.become_candidate(now, why, Mandate::Silence, out);
        }
    }

    /// The leader asked it to take over: no server needs to be asked in advance.
    pub(super) fn stand_for(&mut self, now: Instant, leader: NodeId, out: &mut Output) {
        let why = CampaignReason::AskedByLeader { leader };
        self.become_candidate(now, why, Mandate::Transfer, out);
    }

    /// Asks who would vote for it. Neither its term nor anyone's changes, so a server that cannot
    /// win disturbs nobody, however often it asks.
    fn become_pre_candidate(&mut self, now: Instant, why: CampaignReason, out: &mut Output) {
        self.abandon_reads(out);
        let timer = self.new_timer(now);
        let votes = Vec::new();
        self.role = Role::PreCandidate(PreCandidate { votes, timer });
        let term = self.term.next();
        out.events.push(Event::BecamePreCandidate { term, why });
        let request = PreVoteRequest {
            term: self.term,
            last: self.log.last(),
        };
        for voter in self.other_voters() {
            out.messages
                .push((voter, Message::PreVoteRequest(request.clone())));
        }
        self.count_pre_vote(now, self.id, true, out);
    }

    /// A server asks whether this one would vote for it.
    pub(super) fn on_pre_vote_request(
        &mut self,
        now: Instant,
        candidate: NodeId,
        request: &PreVoteRequest,
        out: &mut Output,
    ) {
        let refusal = self.pre_vote_refusal(now, request.term, request.last);
        let granted = refusal.is_none();
        out.events.push(match refusal {
            Some(why) => Event::PreVoteRefused { candidate, why },
            None => Event::PreVoteGranted {
                candidate,
                term: request.term.next(),
            },
        });
        let response = PreVoteResponse {
            term: self.term,
            asked: request.term,
            granted,
        };
        // The term that the answer bears must be durable, as any term that is told.
        let response = Message::PreVoteResponse(response);
        self.send_after(After::HardState, candidate, response, out);
    }

    /// A voter answered.
    pub(super) fn on_pre_vote_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: &PreVoteResponse,
        out: &mut Output,
    ) {
        match &self.role {
            Role::PreCandidate(asking) if response.asked == self.term => {
                if !asking.votes.iter().any(|(voter, _)| *voter == from) {
                    let counts = !self.vacant_seats().contains(&from);
                    self.count_pre_vote(now, from, response.granted && counts, out);
                }
            }
            // An answer to an earlier question.
            Role::PreCandidate(_) | Role::Follower(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    fn count_pre_vote(&mut self, now: Instant, from: NodeId, granted: bool, out: &mut Output) {
        let membership = Arc::clone(self.membership());
        let Role::PreCandidate(asking) = &mut self.role else {
            return;
        };
        asking.votes.push((from, granted));
        let votes = granted_by(&asking.votes);
        out.events.push(Event::PreVoteCounted {
            from,
            granted,
            votes: votes.len() as u64,
            needed: membership.quorum().least() as u64,
        });
        let result = membership
            .quorum()
            .result(|node| vote_of(&asking.votes, node));
        if self.result_by_number(&votes).unwrap_or(result) == VoteResult::Won {
            let why = CampaignReason::PreVoteWon { votes };
            self.become_candidate(now, why, Mandate::Silence, out);
        }
    }
}

/// Standing for election.
impl Raft {
    /// Stands for election in a new term. The requests leave once the own vote is durable: a
    /// server that forgot having stood could otherwise stand twice in one term.
    fn become_candidate(
        &mut self,
        now: Instant,
        why: CampaignReason,
        mandate: Mandate,
        out: &mut Output,
    ) {
        self.abandon_reads(out);
        self.term = self.term.next();
        self.vote = Some(self.id);
        let own_vote = self.persist_hard_state(out);
        let timer = self.new_timer(now);
        self.role = Role::Candidate(Candidate {
            votes: Vec::new(),
            own_vote,
            timer,
        });
        out.events.push(Event::BecameCandidate {
            term: self.term,
            why,
        });
        let request = VoteRequest {
            term: self.term,
            last: self.log.last(),
            mandate,
        };
        for voter in self.other_voters() {
            let request = Message::VoteRequest(request.clone());
            self.send_after(After::HardState, voter, request, out);
        }
    }

    fn campaign_reason(&self) -> CampaignReason {
        let no_majority =
            |timer: super::role::Timer, votes: &[(NodeId, bool)]| CampaignReason::NoMajority {
                waited: timer.fires_at.since(timer.set_at),
                votes: granted_by(votes).len() as u64,
                needed: self.membership().quorum().least() as u64,
            };
        match &self.role {
            Role::Follower(follower) => CampaignReason::NoLeader {
                waited: follower.timer.fires_at.since(follower.timer.set_at),
            },
            Role::PreCandidate(asking) => no_majority(asking.timer, &asking.votes),
            Role::Candidate(candidate) => no_majority(candidate.timer, &candidate.votes),
            Role::Leader(_) => unreachable!("a leader's deadlines are not an election's"),
        }
    }

    /// The own vote counts once it is durable.
    pub(super) fn count_own_vote(&mut self, now: Instant, out: &mut Output) {
        let id = self.id;
        let Role::Candidate(candidate) = &self.role else {
            return;
        };
        let known = candidate.votes.iter().any(|(voter, _)| *voter == id);
        if !known && self.durability.is_durable(candidate.own_vote) {
            self.count_vote(now, id, true, out);
        }
    }

    /// A candidate asks for this server's vote; the terms are settled, or the candidate's is
    /// over.
    pub(super) fn on_vote_request(
        &mut self,
        now: Instant,
        candidate: NodeId,
        request: &VoteRequest,
        out: &mut Output,
    ) {
        if let Some(why) = self.vote_refusal(candidate, request) {
            out.events.push(Event::VoteRefused { candidate, why });
            let refusal = Message::VoteResponse(VoteResponse {
                term: self.term,
                granted: false,
            });
            return self.send_after(After::HardState, candidate, refusal, out);
        }
        if self.vote.is_none() {
            self.vote = Some(candidate);
            self.persist_hard_state(out);
            self.reset_election_timer(now);
            out.events.push(Event::VoteGranted {
                term: self.term,
                candidate,
                candidate_last: request.last,
                own_last: self.log.last(),
            });
        }
        let granted = Message::VoteResponse(VoteResponse {
            term: self.term,
            granted: true,
        });
        self.send_after(After::HardState, candidate, granted, out);
    }

    fn vote_refusal(&self, candidate: NodeId, request: &VoteRequest) -> Option<VoteRefusal> {
        let own_last = self.log.last();
        if request.term < self.term {
            return Some(VoteRefusal::StaleTerm {
                candidate: request.term,
                own: self.term,
            });
        }
        if self.is_unseated() {
            return Some(VoteRefusal::Unseated {
                incarnation: self.incarnation,
            });
        }
        match self.vote {
            Some(for_whom) if for_whom != candidate && !self.makes(Mutant::VotesTwice) => {
                Some(VoteRefusal::AlreadyVoted {
                    term: self.term,
                    for_whom,
                })
            }
            // `Position` orders by term, then index: exactly "at least as up-to-date".
            _ if request.last < own_last && !self.makes(Mutant::VotesWithoutLogCheck) => {
                Some(VoteRefusal::LogBehind {
                    candidate_last: request.last,
                    own_last,
                })
            }
            _ => None,
        }
    }

    /// A voter answered.
    pub(super) fn on_vote_response(
        &mut self,
        now: Instant,
        from: NodeId,
        response: &VoteResponse,
        out: &mut Output,
    ) {
        match &self.role {
            Role::Candidate(candidate) => {
                if !candidate.votes.iter().any(|(voter, _)| *voter == from) {
                    let counts = !self.vacant_seats().contains(&from);
                    self.count_vote(now, from, response.granted && counts, out);
                }
            }
            // The election is decided.
            Role::Follower(_) | Role::PreCandidate(_) | Role::Leader(_) => {}
        }
    }

    fn count_vote(&mut self, now: Instant, from: NodeId, granted: bool, out: &mut Output) {
        let membership = Arc::clone(self.membership());
        let Role::Candidate(candidate) = &mut self.role else {
            return;
        };
        candidate.votes.push((from, granted));
        let votes = granted_by(&candidate.votes);
        out.events.push(Event::VoteCounted {
            from,
            granted,
            votes: votes.len() as u64,
            needed: membership.quorum().least() as u64,
        });
        let result = membership
            .quorum()
            .result(|node| vote_of(&candidate.votes, node));
        if self.result_by_number(&votes).unwrap_or(result) == VoteResult::Won {
            self.become_leader(now, votes, out);
        }
    }
}

fn granted_by(votes: &[(NodeId, bool)]) -> Vec<NodeId> {
    let granted = votes.iter().filter(|(_, granted)| *granted);
    granted.map(|(voter, _)| *voter).collect()
}

fn vote_of(votes: &[(NodeId, bool)], node: NodeId) -> Option<bool> {
    let vote = votes.iter().find(|(voter, _)| *voter == node);
    vote.map(|(_, granted)| *granted)
}
