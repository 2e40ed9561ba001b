//! One server in a laboratory: its disk is quick, and its peers do as they are told.

use crate::cache::Command;
use crate::raft::{AppendOutcome, AppendResponse, Message, PreVoteResponse, VoteResponse};
use crate::replica::{
    ClientId, Config, Effects, Envelope, Input, Member, Replica, Request, RequestBody,
};
use crate::storage::{Disk, DiskError, FileInfo};
use crate::types::{ClusterId, Duration, Incarnation, Index, Instant, Mutants, NodeId};
use bytes::Bytes;
use std::sync::Arc;

/// A server starts with an empty disk here, and its writes are durable at once.
pub(super) struct EmptyDisk;

impl Disk for EmptyDisk {
    fn append(&mut self, _: &str, _: &[u8]) -> Result<(), DiskError> {
        Ok(())
    }
    fn sync(&mut self, _: &str) -> Result<(), DiskError> {
        Ok(())
    }
    fn sync_dir(&mut self) -> Result<(), DiskError> {
        Ok(())
    }
    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        Err(DiskError::NotFound { file: file.into() })
    }
    fn list(&self) -> Vec<FileInfo> {
        Vec::new()
    }
    fn rename(&mut self, _: &str, _: &str) -> Result<(), DiskError> {
        Ok(())
    }
    fn remove(&mut self, _: &str) -> Result<(), DiskError> {
        Ok(())
    }
}

/// Server 1, and peers that agree to everything, or say nothing.
pub(super) struct Lab {
    pub(super) replica: Replica,
    pub(super) now: Instant,
    /// Who answers.
    pub(super) awake: Vec<NodeId>,
    /// How much faster than true time the clocks of the peers run, in percent.
    pub(super) peers_fast_percent: u64,
    /// Peers that came back without their memory.
    pub(super) forgetful: Vec<NodeId>,
    /// What it answered, and told those who watch, since somebody looked.
    pub(super) told: Effects,
}

pub(super) const CLUSTER: ClusterId = ClusterId(7);

impl Lab {
    pub(super) fn new(voters: u32, change: impl FnOnce(&mut Config)) -> Lab {
        let mut config = Config::default();
        change(&mut config);
        config.validate().expect("can work");
        let voters: Vec<NodeId> = (1..=voters).map(NodeId).collect();
        let (cluster, node) = (CLUSTER, NodeId(1));
        let member = Member {
            cluster,
            node,
            incarnation: Incarnation::FIRST,
            voters: voters.clone(),
            mutants: Mutants::default(),
        };
        let mut effects = Effects::default();
        let start = (Instant::ZERO, &mut effects);
        let replica = Replica::start(Arc::new(config), member, 1, &EmptyDisk, start);
        Lab {
            replica: replica.expect("an empty disk is a fine start"),
            now: Instant::ZERO,
            awake: voters,
            peers_fast_percent: 0,
            forgetful: Vec::new(),
            told: Effects::default(),
        }
    }

    /// Only these peers answer from now on.
    pub(super) fn only(&mut self, awake: &[u32]) {
        self.awake = awake.iter().map(|id| NodeId(*id)).collect();
    }

    pub(super) fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut effects = Effects::default();
            self.replica.step(self.now, input, &mut effects);
            self.told.answers.extend(effects.answers);
            self.told.events.extend(effects.events);
            self.told.questions.extend(effects.questions);
            let durable = effects.writes.into_iter();
            inputs.extend(durable.map(|write| Input::Durable(write.id)));
            let answers = effects.messages.into_iter();
            inputs.extend(answers.filter_map(|sent| self.answer(sent)));
        }
    }

    fn answer(&self, sent: Envelope) -> Option<Input> {
        if !self.awake.contains(&sent.to) {
            return None;
        }
        let message = match sent.message {
            Message::PreVoteRequest(asked) => Message::PreVoteResponse(PreVoteResponse {
                term: asked.term,
                asked: asked.term,
                granted: true,
            }),
            Message::VoteRequest(asked) => Message::VoteResponse(VoteResponse {
                term: asked.term,
                granted: true,
            }),
            Message::AppendRequest(append) => Message::AppendResponse(AppendResponse {
                term: append.term,
                round: append.round,
                clock: Instant(self.now.0 + self.now.0 * self.peers_fast_percent / 100),
                outcome: AppendOutcome::Accepted {
                    matched: Index(append.previous.index.0 + append.entries.len() as u64),
                },
            }),
            other => panic!("nobody asked for {other:?}"),
        };
        let (cluster, from, to) = (sent.cluster, sent.to, sent.from);
        Some(Input::Message(Envelope {
            cluster,
            from,
            from_incarnation: if self.forgetful.contains(&from) {
                Incarnation(2)
            } else {
                Incarnation::FIRST
            },
            to,
            to_incarnation: Incarnation::FIRST,
            message,
        }))
    }

    /// Time passes.
    pub(super) fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(due) = self.replica.deadline().filter(|due| *due <= until) {
            self.now = due;
            self.feed(Input::Deadline);
        }
        self.now = until;
    }

    pub(super) fn write(&mut self, entries: u64) {
        for id in 0..entries {
            let body = RequestBody::Command(Command::OpenSession);
            let client = ClientId(1);
            self.feed(Input::Request(Request { client, id, body }));
        }
    }
}
