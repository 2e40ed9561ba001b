//! Requests under way, until there is an answer.

use super::io::{ClientId, Outcome, Request, Response};
use crate::cache::Query;
use crate::raft::ReadId;
use crate::types::{Index, Term};
use std::collections::BTreeMap;

/// Who asked, so that the answer finds its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asker {
    client: ClientId,
    id: u64,
}

impl Asker {
    pub(super) fn of(request: &Request) -> Asker {
        Asker {
            client: request.client,
            id: request.id,
        }
    }

    pub(super) fn client(self) -> ClientId {
        self.client
    }

    pub(super) fn response(self, outcome: Outcome) -> Response {
        Response {
            client: self.client,
            id: self.id,
            outcome,
        }
    }
}

/// Commands proposed by this server in its present term as leader, by their place in the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals {
    term: Term,
    waiting: BTreeMap<Index, Asker>,
}

impl Proposals {
    pub(super) fn insert(&mut self, term: Term, index: Index, asker: Asker) {
        assert!(
            self.waiting.is_empty() || self.term == term,
            "abandoned with their term"
        );
        self.term = term;
        self.waiting.insert(index, asker);
    }

    /// The entry of this term at this index is applied.
    pub(super) fn applied(&mut self, term: Term, index: Index) -> Option<Asker> {
        if term != self.term {
            return None;
        }
        self.waiting.remove(&index)
    }

    /// How many commands wait.
    pub(super) fn len(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Whoever waits does not learn from this server what became of the request, unless it still
    /// leads the same term.
    pub(super) fn abandon_unless(&mut self, leads: Option<Term>) -> Vec<Asker> {
        if self.waiting.is_empty() || leads == Some(self.term) {
            return Vec::new();
        }
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

/// Linearizable reads: first they wait for an index, then for the state machine to reach it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    last: u64,
    asking: BTreeMap<ReadId, (Asker, Query)>,
    ready: BTreeMap<(Index, ReadId), (Asker, Query)>,
}

impl Reads {
    pub(super) fn insert(&mut self, asker: Asker, query: Query) -> ReadId {
        self.last += 1;
        let read = ReadId(self.last);
        self.asking.insert(read, (asker, query));
        read
    }

    /// The read may be answered once `index` is applied.
    pub(super) fn ready_at(&mut self, read: ReadId, index: Index) {
        if let Some(waiting) = self.asking.remove(&read) {
            self.ready.insert((index, read), waiting);
        }
    }

    /// Nobody could confirm the read.
    pub(super) fn failed(&mut self, read: ReadId) -> Option<Asker> {
        self.asking.remove(&read).map(|(asker, _)| asker)
    }

    /// How many reads wait.
    pub(super) fn len(&self) -> u64 {
        (self.asking.len() + self.ready.len()) as u64
    }

    /// Everyone who waits; they learn nothing here any more.
    pub(super) fn give_up(&mut self) -> Vec<Asker> {
        let asking = std::mem::take(&mut self.asking).into_values();
        let ready = std::mem::take(&mut self.ready).into_values();
        asking.chain(ready).map(|(asker, _)| asker).collect()
    }

    /// A read that the state machine can answer now.
    pub(super) fn next_answerable(&mut self, applied: Index) -> Option<(Asker, Query)> {
        let ((index, _), _) = self.ready.first_key_value()?;
        if *index > applied {
            return None;
        }
        self.ready.pop_first().map(|(_, read)| read)
    }
}
