//! Elections (Raft paper, sections 5.2 and 5.4.1).

use super::durability::After;
use super::event::{CampaignReason, Event, VoteRefusal};
use super::message::{Message, VoteRequest, VoteResponse};
use super::output::Output;
use super::quorum::majority;
use super::role::{Candidate, Role};
use super::server::Raft;
use crate::types::{Instant, NodeId};

impl Raft {
    /// Stands for election in a new term. The requests leave once the own vote is durable: a
    /// server that forgot having stood could otherwise stand twice in one term.
    pub(super) fn campaign(&mut self, now: Instant, out: &mut Output) {
        let why = self.campaign_reason();
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
        };
        for peer in self.peers() {
            let request = Message::VoteRequest(request.clone());
            self.send_after(After::HardState, peer, request, out);
        }
    }

    fn campaign_reason(&self) -> CampaignReason {
        match &self.role {
            Role::Follower(follower) => CampaignReason::NoLeader {
                waited: follower.timer.fires_at.since(follower.timer.set_at),
            },
            Role::Candidate(candidate) => CampaignReason::NoMajority {
                waited: candidate.timer.fires_at.since(candidate.timer.set_at),
                votes: candidate.granted().count() as u64,
                needed: majority(self.voters.len()) as u64,
            },
            Role::Leader(_) => unreachable!("a leader's deadline is its heartbeat"),
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
            let refusal = self.refuse_vote_response();
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
        let granted = VoteResponse {
            term: self.term,
            granted: true,
        };
        self.send_after(
            After::HardState,
            candidate,
            Message::VoteResponse(granted),
            out,
        );
    }

    fn vote_refusal(&self, candidate: NodeId, request: &VoteRequest) -> Option<VoteRefusal> {
        let own_last = self.log.last();
        if request.term < self.term {
            return Some(VoteRefusal::StaleTerm {
                candidate: request.term,
                own: self.term,
            });
        }
        match self.vote {
            Some(for_whom) if for_whom != candidate => Some(VoteRefusal::AlreadyVoted {
                term: self.term,
                for_whom,
            }),
            // `Position` orders by term, then index: exactly "at least as up-to-date".
            _ if request.last < own_last => Some(VoteRefusal::LogBehind {
                candidate_last: request.last,
                own_last,
            }),
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
                    self.count_vote(now, from, response.granted, out);
                }
            }
            // The election is decided.
            Role::Follower(_) | Role::Leader(_) => {}
        }
    }

    fn count_vote(&mut self, now: Instant, from: NodeId, granted: bool, out: &mut Output) {
        let needed = majority(self.voters.len());
        let Role::Candidate(candidate) = &mut self.role else {
            return;
        };
        candidate.votes.push((from, granted));
        let votes: Vec<NodeId> = candidate.granted().collect();
        let count = votes.len();
        out.events.push(Event::VoteCounted {
            from,
            granted,
            votes: count as u64,
            needed: needed as u64,
        });
        if count >= needed {
            self.become_leader(now, votes, out);
        }
    }
}

impl Candidate {
    /// Who voted for it.
    pub fn granted(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.votes
            .iter()
            .filter(|(_, granted)| *granted)
            .map(|(voter, _)| *voter)
    }

    /// Who refused.
    pub fn refused(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.votes
            .iter()
            .filter(|(_, granted)| !*granted)
            .map(|(voter, _)| *voter)
    }
}
