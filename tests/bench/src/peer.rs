//! The crate `raft` (raft-rs) on the loop.

use raft::eraftpb::{ConfState, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use slog::{Discard, Logger, o};
use std::collections::VecDeque;

struct Cluster {
    servers: Vec<RawNode<MemStorage>>,
    mail: VecDeque<Message>,
    /// Entries with a payload that the first server saw committed.
    committed: u64,
}

/// Commits proposals, with the defaults but for sizes.
pub(crate) fn run_defaults(servers: u64, window: u64, proposals: u64) {
    run(servers, window, proposals, false);
}

/// Commits proposals, with every option that helps.
pub(crate) fn run_best(servers: u64, window: u64, proposals: u64) {
    run(servers, window, proposals, true);
}

fn run(servers: u64, window: u64, proposals: u64, best: bool) {
    let ids: Vec<u64> = (1..=servers).collect();
    let start = |id: &u64| {
        let config = Config {
            id: *id,
            election_tick: 10,
            heartbeat_tick: 3,
            max_size_per_msg: 64 << 10,
            max_inflight_msgs: 256,
            batch_append: best,
            skip_bcast_commit: best,
            ..Config::default()
        };
        let members = ConfState::from((ids.clone(), vec![]));
        let storage = MemStorage::new_with_conf_state(members);
        RawNode::new(&config, storage, &Logger::root(Discard, o!())).expect("a good configuration")
    };
    let servers = ids.iter().map(start).collect();
    let mut cluster = Cluster {
        servers,
        mail: VecDeque::new(),
        committed: 0,
    };
    cluster.servers[0].campaign().expect("it may");
    cluster.deliver();
    assert_eq!(cluster.servers[0].raft.state, StateRole::Leader);
    let mut proposed = 0;
    while cluster.committed < proposals {
        let room = (window - (proposed - cluster.committed)).min(proposals - proposed);
        for _ in 0..room {
            cluster.servers[0]
                .propose(vec![], vec![7; 128])
                .expect("it leads");
        }
        proposed += room;
        cluster.deliver();
    }
}

impl Cluster {
    fn deliver(&mut self) {
        loop {
            for place in 0..self.servers.len() {
                self.settle(place);
            }
            if self.mail.is_empty() {
                return;
            }
            while let Some(message) = self.mail.pop_front() {
                let place = message.to as usize - 1;
                self.servers[place].step(message).expect("members only");
            }
        }
    }

    fn settle(&mut self, place: usize) {
        while self.servers[place].has_ready() {
            let mut ready = self.servers[place].ready();
            self.mail.extend(ready.take_messages());
            self.count(place, &ready.take_committed_entries());
            let store = self.servers[place].raft.raft_log.store.clone();
            if !ready.entries().is_empty() {
                store.wl().append(ready.entries()).expect("contiguous");
            }
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            self.mail.extend(ready.take_persisted_messages());
            let mut light = self.servers[place].advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().set_commit(commit);
            }
            self.mail.extend(light.take_messages());
            self.count(place, &light.take_committed_entries());
            self.servers[place].advance_apply();
        }
    }

    fn count(&mut self, place: usize, entries: &[raft::eraftpb::Entry]) {
        if place == 0 {
            self.committed += entries
                .iter()
                .filter(|entry| !entry.data.is_empty())
                .count() as u64;
        }
    }
}
