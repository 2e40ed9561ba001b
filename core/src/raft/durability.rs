//! What is durable, and what must wait until it is.
//!
//! Each record for the disk has a number. A message that depends on a record (a vote, an
//! acknowledgement) is held until that number is reported durable. It was made when its request
//! was handled and bears that term, so a late report can only delay it, as a slow network would:
//! entries that were overwritten meanwhile are never acknowledged in a later term's name.

use super::message::Message;
use crate::types::{Index, NodeId};
use std::collections::VecDeque;

/// The gate between consensus and the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durability {
    /// The number of the newest record.
    issued: u64,
    /// All records up to this one are durable.
    durable: u64,
    /// The newest record of a term or vote.
    hard_state: u64,
    /// The newest record of an entry or a snapshot.
    log: u64,
    /// Where the log ends once a record is durable, oldest first. Cut when the log is cut.
    ends: VecDeque<(u64, Index)>,
    /// Where the durable part of the log ends.
    durable_last: Index,
    /// Messages that wait, by record; records never decrease, and none is durable.
    held: VecDeque<(u64, NodeId, Message)>,
}

/// What a message depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The term and the vote.
    HardState,
    /// The term, the vote and the log.
    Log,
}

impl Durability {
    /// Everything that recovery found is durable, the log up to `last`.
    #[must_use]
    pub fn recovered(last: Index) -> Durability {
        Durability {
            durable_last: last,
            ..Durability::default()
        }
    }

    /// What recovery found, the log up to `last`, is durable once record 1 is: a process that was
    /// killed leaves writes that read back well and that a loss of power would still take.
    #[must_use]
    pub fn unproven(last: Index) -> Durability {
        Durability {
            issued: 1,
            hard_state: 1,
            log: 1,
            ends: VecDeque::from([(1, last)]),
            ..Durability::default()
        }
    }

    /// Counts a record of the term and vote.
    pub fn hard_state_issued(&mut self) -> u64 {
        self.issued += 1;
        self.hard_state = self.issued;
        self.issued
    }

    /// Counts a record after which the log ends at `last`.
    pub fn log_issued(&mut self, last: Index) {
        self.issued += 1;
        self.log = self.issued;
        self.ends.push_back((self.issued, last));
    }

    /// The log was cut: what stood at `index` and beyond is not what will stand there.
    pub fn log_cut(&mut self, index: Index) {
        let end = index.prev().unwrap_or(Index::ZERO);
        self.durable_last = self.durable_last.min(end);
        for (_, last) in &mut self.ends {
            *last = (*last).min(end);
        }
    }

    /// Holds a message until what it depends on is durable; returns it if it need not wait.
    #[must_use]
    pub fn hold(&mut self, after: After, to: NodeId, message: Message) -> Option<Message> {
        let needed = match after {
            After::HardState => self.hard_state,
            After::Log => self.hard_state.max(self.log),
        };
        if needed <= self.durable && self.held.is_empty() {
            return Some(message);
        }
        let record = self
            .held
            .back()
            .map_or(needed, |(record, ..)| needed.max(*record));
        self.held.push_back((record, to, message));
        None
    }

    /// All records up to `record` are durable: yields the messages that waited for them.
    pub fn reached(&mut self, record: u64) -> impl Iterator<Item = (NodeId, Message)> {
        assert!(
            record <= self.issued,
            "record {record} of {} is durable",
            self.issued
        );
        self.durable = self.durable.max(record);
        while let Some((number, last)) = self.ends.front().copied() {
            if number > self.durable {
                break;
            }
            self.durable_last = last;
            self.ends.pop_front();
        }
        let ready = self
            .held
            .iter()
            .take_while(|(needed, ..)| *needed <= self.durable)
            .count();
        self.held
            .drain(..ready)
            .map(|(_, to, message)| (to, message))
    }

    /// Whether the record is durable.
    #[must_use]
    pub fn is_durable(&self, record: u64) -> bool {
        record <= self.durable
    }

    /// The number of the newest record.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// The messages that wait, oldest first, each with the record that it waits for.
    pub fn held(&self) -> impl Iterator<Item = &(u64, NodeId, Message)> {
        self.held.iter()
    }

    /// Where the durable part of the log ends.
    #[must_use]
    pub fn durable_last(&self) -> Index {
        self.durable_last
    }
}

#[cfg(test)]
mod tests {
    use super::{After, Durability};
    use crate::raft::{Message, VoteResponse};
    use crate::types::{Index, NodeId, Term};

    fn vote(term: u64) -> Message {
        Message::VoteResponse(VoteResponse {
            term: Term(term),
            granted: true,
        })
    }

    #[test]
    fn what_recovery_found_is_durable() {
        let durability = Durability::recovered(Index(4));
        assert_eq!(durability.durable_last(), Index(4));
    }

    #[test]
    fn a_record_is_durable_from_the_report_of_it_or_of_a_later_one() {
        let mut durability = Durability::recovered(Index::ZERO);
        for _ in 0..3 {
            durability.hard_state_issued();
        }
        assert_eq!(durability.reached(2).count(), 0);
        let durable = [1, 2, 3].map(|record| durability.is_durable(record));
        assert_eq!(durable, [true, true, false]);
    }

    #[test]
    fn a_vote_waits_for_its_record_and_no_longer() {
        let mut durability = Durability::recovered(Index::ZERO);
        durability.hard_state_issued();
        durability.log_issued(Index(1));
        assert_eq!(durability.hold(After::HardState, NodeId(2), vote(1)), None);
        assert_eq!(
            durability.reached(1).collect::<Vec<_>>(),
            [(NodeId(2), vote(1))]
        );
        assert_eq!(
            durability.hold(After::HardState, NodeId(2), vote(1)),
            Some(vote(1))
        );
        assert_eq!(durability.hold(After::Log, NodeId(2), vote(1)), None);
    }

    #[test]
    fn what_recovery_found_vouches_for_nothing_until_it_is_known_to_be_durable() {
        let mut durability = Durability::unproven(Index(4));
        assert_eq!(durability.durable_last(), Index::ZERO);
        assert_eq!(durability.hold(After::HardState, NodeId(2), vote(1)), None);
        assert_eq!(durability.hold(After::Log, NodeId(2), vote(1)), None);
        assert_eq!(durability.reached(1).count(), 2);
        assert_eq!(durability.durable_last(), Index(4));
    }

    #[test]
    fn messages_keep_their_order() {
        let mut durability = Durability::recovered(Index::ZERO);
        durability.hard_state_issued();
        durability.log_issued(Index(1));
        assert_eq!(durability.hold(After::Log, NodeId(2), vote(1)), None);
        assert_eq!(durability.reached(1).count(), 0);
        assert_eq!(durability.hold(After::HardState, NodeId(2), vote(2)), None);
        let held = durability.held().map(|(_, _, message)| message.term().0);
        assert_eq!(held.collect::<Vec<_>>(), [1, 2]);
        let order: Vec<_> = durability
            .reached(2)
            .map(|(_, message)| message.term().0)
            .collect();
        assert_eq!(order, [1, 2]);
    }

    /// Entry 5 is on its way to the disk when another leader's entry takes its place: the report
    /// of the first write says nothing about the second entry.
    #[test]
    fn a_late_report_does_not_vouch_for_what_was_overwritten() {
        let mut durability = Durability::recovered(Index(4));
        durability.log_issued(Index(5));
        durability.log_cut(Index(5));
        durability.log_issued(Index(5));
        assert_eq!(durability.reached(1).count(), 0);
        assert_eq!(durability.durable_last(), Index(4));
        assert_eq!(durability.reached(2).count(), 0);
        assert_eq!(durability.durable_last(), Index(5));
    }
}
