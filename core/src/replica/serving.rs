//! Requests of clients, from their arrival to their answer.

use super::clients::Asker;
use super::event::{Event, OperatorRefusal};
use super::io::{Busy, Consistency, Effects, Outcome, Request, RequestBody, Staleness};
use super::server::Replica;
use crate::cache::{self, Command, Configure, Query};
use crate::raft::{ProposeRefusal, ReadVia, Role};
use crate::types::Instant;

impl Replica {
    pub(super) fn on_request(&mut self, now: Instant, request: Request, out: &mut Effects) {
        let asker = Asker::of(&request);
        if self.ending.is_some() {
            return self.redirect(asker, out);
        }
        match request.body {
            RequestBody::Command(command) => self.propose(now, asker, command, out),
            RequestBody::Read { query, consistency } => {
                if let Some(refusal) = self.config.cache.query_refusal(&query) {
                    let refused = Outcome::ReadRefused(refusal);
                    return out.answers.push(asker.response(refused));
                }
                let via = match consistency {
                    Consistency::Quorum => ReadVia::Quorum,
                    Consistency::Lease => ReadVia::Lease,
                    Consistency::Stale => {
                        let staleness = self.staleness(now);
                        return self.answer_read((asker, query), Some(staleness), out);
                    }
                };
                let read = self.reads.insert(asker, query);
                self.raft.read(now, read, via, &mut self.output);
            }
        }
    }

    fn propose(&mut self, now: Instant, asker: Asker, command: Command, out: &mut Effects) {
        let commands = [self.stamped(now, command).encode()];
        match self.raft.propose(now, &commands, &mut self.output) {
            Ok(at) => self.proposals.insert(at.term, at.index, asker),
            Err(ProposeRefusal::NotLeader) => self.redirect(asker, out),
            Err(ProposeRefusal::HandingOver { to }) => {
                self.put_off(asker, Busy::HandingOver { to }, out);
            }
            Err(ProposeRefusal::Busy { uncommitted, limit }) => {
                let bytes = uncommitted;
                self.put_off(asker, Busy::Uncommitted { bytes, limit }, out);
            }
        }
    }

    /// Another cache from the next entry of the log on. That it is so is told when it is applied.
    pub(super) fn configure_cache(
        &mut self,
        now: Instant,
        change: Configure,
    ) -> Result<(), OperatorRefusal> {
        if let Some(refusal) = cache::Config::configure_refusal(&change) {
            return Err(OperatorRefusal::Configure(refusal));
        }
        let commands = [self.stamped(now, Command::Configure(change)).encode()];
        let proposed = self.raft.propose(now, &commands, &mut self.output);
        proposed.map(|_| ()).map_err(OperatorRefusal::Propose)
    }

    fn put_off(&self, asker: Asker, why: Busy, out: &mut Effects) {
        let client = asker.client();
        out.events.push(Event::RequestPutOff { client, why });
        out.answers.push(asker.response(Outcome::Busy(why)));
    }

    /// Names the leader, or who is about to be.
    pub(super) fn redirect(&self, asker: Asker, out: &mut Effects) {
        let raft = &self.raft;
        let to = raft.handing_over_to().or_else(|| raft.recent_leader());
        let leader = to.filter(|leader| *leader != self.member.node);
        let client = asker.client();
        out.events.push(Event::RequestRedirected { client, leader });
        out.answers
            .push(asker.response(Outcome::NotLeader { leader }));
    }

    /// Whoever waits for a command that this server proposed as a leader that it is no more does
    /// not learn here what became of it.
    pub(super) fn abandon_proposals(&mut self, out: &mut Effects) {
        let leads = matches!(self.raft.role(), Role::Leader(_)).then(|| self.raft.term());
        let abandoned = self.proposals.abandon_unless(leads);
        if !abandoned.is_empty() {
            let requests = abandoned.len() as u64;
            out.events.push(Event::RequestsAbandoned { requests });
        }
        let answers = abandoned.into_iter();
        out.answers
            .extend(answers.map(|asker| asker.response(Outcome::Unknown)));
    }

    /// How stale what this server has may be.
    fn staleness(&self, now: Instant) -> Staleness {
        Staleness {
            entries: self.raft.commit().since(self.applied.index),
            silence: self.raft.silence(now),
        }
    }

    pub(super) fn serve_reads(&mut self, now: Instant, out: &mut Effects) {
        for read in self.timely_reads(out) {
            self.answer_read(read, None, out);
        }
        while let Some(read) = self.reads.next_answerable(self.applied.index) {
            if let Some(read) = self.waits_for_time(now, read, out) {
                self.answer_read(read, None, out);
            }
        }
    }

    /// A leader notes what it read, for others to learn of it.
    fn note_read(&mut self, query: &Query) {
        self.touch_by_mistake(query);
        if !matches!(self.raft.role(), Role::Leader(_)) {
            return self.touches.forget();
        }
        self.note_asked_for(query.keys());
        for key in query.keys() {
            if let Some(held) = self.cache.get(key) {
                self.touches.note(held.entry, &self.config.digest);
            }
        }
    }

    fn answer_read(
        &mut self,
        (asker, query): (Asker, Query),
        staleness: Option<Staleness>,
        out: &mut Effects,
    ) {
        let index = self.applied.index;
        let found = match self.cache.find(&query) {
            Ok(found) => found,
            Err(refusal) => {
                let refused = Outcome::ReadRefused(refusal);
                return out.answers.push(asker.response(refused));
            }
        };
        self.note_read(&query);
        out.events.push(Event::ReadServed {
            client: asker.client(),
            index,
            staleness,
        });
        out.answers.push(asker.response(Outcome::Read {
            index,
            found,
            staleness,
        }));
    }
}
