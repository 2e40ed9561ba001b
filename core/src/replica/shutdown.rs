//! An orderly end: leadership handed over, what is under way answered, everything on disk.

use super::event::Event;
use super::io::Effects;
use super::server::Replica;
use crate::raft::Role;
use crate::types::Instant;

/// A server on its way to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ending {
    /// When a leader that has not found a successor ends all the same; none once that time has
    /// come.
    pub(super) until: Option<Instant>,
    /// Everything is answered and durable.
    ended: bool,
}

impl Replica {
    /// Whether the server has ended in order: it does nothing any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.ended)
    }

    /// Whether the server is on its way to its end.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    pub(super) fn begin_shutdown(&mut self, now: Instant, out: &mut Effects) {
        // A leader without another voter has nobody to hand over to; it ends as it is.
        let handed = self.raft.transfer_leadership(now, None, &mut self.output);
        let successor = handed.ok().or_else(|| self.raft.handing_over_to());
        self.ending = Some(Ending {
            until: Some(now + self.config.raft.transfer_timeout),
            ended: false,
        });
        out.events.push(Event::ShutdownStarted { successor });
    }

    /// Ends once another server leads, or the time for that is over, and the disk has everything.
    pub(super) fn advance_shutdown(&mut self, now: Instant, out: &mut Effects) {
        let Some(ending) = &mut self.ending else {
            return;
        };
        ending.until = ending.until.filter(|until| now < *until);
        let leads = matches!(self.raft.role(), Role::Leader(_));
        let hands_over = leads && self.raft.handing_over_to().is_some();
        let answers = leads && self.proposals.len() + self.reads.len() + self.passing.len() > 0;
        if ending.ended || (ending.until.is_some() && (hands_over || answers)) {
            return;
        }
        let durable = self.log_lane.close(self.raft.commit()) && !self.snapshot_lane.is_busy();
        if !durable {
            return;
        }
        let waiting = self.passing.give_up();
        for asker in self.reads.give_up().into_iter().chain(waiting) {
            self.redirect(asker, out);
        }
        let unanswered = self.proposals.abandon_unless(None).into_iter();
        let unknown = unanswered.map(|asker| asker.response(super::io::Outcome::Unknown));
        out.answers.extend(unknown);
        if let Some(ending) = &mut self.ending {
            ending.ended = true;
        }
        out.events.push(Event::ShutDown);
    }
}
