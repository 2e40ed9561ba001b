//! What makes a repeated request harmless (dissertation, section 6.3).

use super::command::{Answer, Refusal, Sequence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is remembered of one client session.
///
/// Every number up to `forgotten` was applied or given up, and is never applied again; above it,
/// exactly the numbers in `answers` were applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    forgotten: u64,
    answers: BTreeMap<u64, Answer>,
    /// The log index of its newest command: the session that was silent for longest has the
    /// lowest.
    pub(super) active_at: u64,
}

/// What a session says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is new.
    Never,
    /// It was applied, and this was the answer.
    Before(Answer),
}

impl Session {
    pub(super) fn new(index: u64) -> Session {
        Session {
            forgotten: 0,
            answers: BTreeMap::new(),
            active_at: index,
        }
    }

    pub(super) fn seen(&self, sequence: Sequence) -> Seen {
        if let Some(answer) = self.answers.get(&sequence.0) {
            return Seen::Before(answer.clone());
        }
        if sequence.0 <= self.forgotten {
            return Seen::Before(Answer::Refused(Refusal::AnswerForgotten { sequence }));
        }
        Seen::Never
    }

    /// The client has all answers below `acknowledged`.
    pub(super) fn forget_below(&mut self, acknowledged: Sequence) {
        let below = acknowledged.0.saturating_sub(1);
        if below > self.forgotten {
            self.forgotten = below;
            self.answers = self.answers.split_off(&acknowledged.0);
        }
    }

    /// Remembers an answer, and gives up the oldest beyond `limit`: with it every lower number
    /// is given up too, because a gap below it could never be told from a repetition.
    pub(super) fn remember(&mut self, sequence: Sequence, answer: Answer, limit: u64) {
        self.answers.insert(sequence.0, answer);
        while self.answers.len() as u64 > limit {
            if let Some((oldest, _)) = self.answers.pop_first() {
                self.forgotten = self.forgotten.max(oldest);
            }
        }
    }

    /// The newest number that was applied.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.answers
            .last_key_value()
            .map_or(self.forgotten, |(newest, _)| *newest)
    }

    /// How many answers it remembers.
    #[must_use]
    pub fn remembered(&self) -> u64 {
        self.answers.len() as u64
    }
}
