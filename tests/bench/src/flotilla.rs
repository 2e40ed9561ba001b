//! Flotilla's consensus core on the loop.

use bytes::Bytes;
use flotilla_core::raft::{Config, Membership, Message, Output, Raft, Restored, Role};
use flotilla_core::types::{Index, Instant, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

struct Cluster {
    servers: Vec<Raft>,
    mail: VecDeque<(NodeId, NodeId, Message)>,
    out: Output,
    now: Instant,
}

/// Commits proposals.
pub(crate) fn run(servers: u64, window: u64, proposals: u64) {
    let ids: Vec<NodeId> = (1..=servers as u32).map(NodeId).collect();
    let config = Arc::new(Config::default());
    let start = |id: &NodeId| {
        let setup = (Arc::clone(&config), 1);
        let bootstrap = Membership::of_voters(&ids);
        let restored = Restored {
            bootstrap,
            ..Restored::default()
        };
        Raft::new(*id, setup, restored, Instant::ZERO)
    };
    let servers = ids.iter().map(start).collect();
    let (mail, out) = (VecDeque::new(), Output::default());
    let mut cluster = Cluster {
        servers,
        mail,
        out,
        now: Instant::ZERO,
    };
    cluster.elect();
    let payload = Bytes::from(vec![7; 128]);
    let first = cluster.servers[0].commit().0;
    let (mut proposed, mut committed) = (0, 0);
    while committed < proposals {
        let room = (window - (proposed - committed)).min(proposals - proposed);
        cluster.propose(&payload, room);
        proposed += room;
        cluster.deliver();
        committed = cluster.servers[0].commit().0 - first;
    }
    let log = cluster.servers[0].log();
    assert_eq!(log.last().index, Index(first + proposals));
}

impl Cluster {
    fn elect(&mut self) {
        let deadline = self.servers[0].deadline();
        self.now = deadline.expect("a voter waits for a leader");
        self.servers[0].on_deadline(self.now, &mut self.out);
        self.settle(0);
        self.deliver();
        assert!(
            matches!(self.servers[0].role(), Role::Leader(_)),
            "the first server leads"
        );
    }

    fn propose(&mut self, payload: &Bytes, count: u64) {
        let payloads = vec![payload.clone(); count as usize];
        self.servers[0]
            .propose(self.now, &payloads, &mut self.out)
            .expect("it leads");
        self.settle(0);
    }

    fn deliver(&mut self) {
        while let Some((from, to, message)) = self.mail.pop_front() {
            let place = to.0 as usize - 1;
            self.servers[place].on_message(self.now, from, message, &mut self.out);
            self.settle(place);
        }
    }

    /// Disks that are durable at once, and messages into the mail.
    fn settle(&mut self, place: usize) {
        let server = &mut self.servers[place];
        if !self.out.records.is_empty() {
            self.out.records.clear();
            server.on_durable(self.now, server.records_issued(), &mut self.out);
            self.out.records.clear();
        }
        let from = server.id();
        let mail = self
            .out
            .messages
            .drain(..)
            .map(|(to, message)| (from, to, message));
        self.mail.extend(mail);
        self.out.events.clear();
        self.out.reads.clear();
    }
}
