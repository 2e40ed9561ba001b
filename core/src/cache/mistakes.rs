//! What a server does to its cache when it makes a known mistake on purpose (see
//! [`Mutant`](crate::types::Mutant)): none of this comes from the log.

use super::command::{Sequence, SessionId};
use super::session::Sessions;
use super::state::Cache;

impl Cache {
    /// A request counts as one that was never made.
    pub(crate) fn forget_answer(&mut self, session: SessionId, sequence: Sequence) {
        self.state.sessions.forget_answer(session, sequence);
    }

    /// No session was ever opened.
    pub(crate) fn forget_sessions(&mut self) {
        self.state.sessions = Sessions::default();
    }

    /// A key was read, and no entry of the log says so.
    pub(crate) fn touch_unlogged(&mut self, key: &[u8]) {
        if let Some(held) = self.get(key) {
            let entry = held.entry;
            self.state.eviction.access(entry);
        }
    }
}
