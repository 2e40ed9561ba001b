//! What scenarios and people do to the world.

use super::client::Client;
use super::network::MessageId;
use super::node::Status;
use super::scenario::{Action, Keep, Operation, Workload};
use super::step::{ActionRefusal, DuplicationReason, LossReason, Place, What};
use super::world::World;
use crate::cache::Configure;
use crate::raft::MembershipChange;
use crate::replica::{ClientId, Input, OperatorCommand};
use crate::types::{Duration, Fingerprint, NodeId};

/// Does one action now.
pub(super) fn act(world: &mut World, action: &Action) {
    match action {
        Action::Crash { node, keep } => world.crash(*node, keep),
        Action::Restart { node } => world.restart(*node),
        Action::Partition { groups } => {
            let pairs = groups.iter().enumerate().flat_map(|(place, group)| {
                let others = groups
                    .iter()
                    .enumerate()
                    .filter(move |(other, _)| *other != place);
                others.flat_map(move |(_, other)| pairs(group, other))
            });
            world.cut(pairs.collect());
        }
        Action::Isolate { node } => {
            let others: Vec<NodeId> = world
                .nodes
                .iter()
                .map(|other| other.id)
                .filter(|other| other != node)
                .collect();
            let mut cuts: Vec<_> = pairs(&[*node], &others).collect();
            cuts.extend(pairs(&others, &[*node]));
            world.cut(cuts);
        }
        Action::Cut { from, to } => world.cut(vec![(*from, *to)]),
        Action::Heal => {
            let cuts = world.network.heal() as u64;
            world.note(Place::World, What::NetworkHealed { cuts });
        }
        Action::Drop { message } => world.drop_message(*message),
        Action::Delay { message, by } => world.delay_message(*message, *by),
        Action::Write {
            client,
            keys,
            prefix,
            first,
        } => {
            let put = |n| Operation::Put {
                key: format!("{prefix}{n}"),
                value: format!("v{n}"),
                ttl: None,
            };
            world.enqueue(*client, (*first..first + keys).map(put));
        }
        Action::Read {
            client,
            keys,
            prefix,
            first,
            node,
            path,
        } => {
            let get = |n| Operation::Get {
                key: format!("{prefix}{n}"),
                node: *node,
                path: *path,
            };
            world.enqueue(*client, (*first..first + keys).map(get));
        }
        Action::TakeSnapshot { node } => world.operate(*node, OperatorCommand::TakeSnapshot),
        Action::TransferLeadership { to } => {
            world.ask_leader(OperatorCommand::TransferLeadership { to: *to });
        }
        Action::ChangeMembership { voters, learners } => {
            let change = MembershipChange {
                voters: voters.clone(),
                learners: learners.clone(),
            };
            world.ask_leader(OperatorCommand::ChangeMembership(change));
        }
        Action::ModelService { mode } => world.set_service_mode(*mode),
        Action::ShutDown { node } => world.operate(*node, OperatorCommand::ShutDown),
        Action::DriftClock { node, ppm } => world.drift_clock(*node, *ppm),
        Action::JumpClock {
            node,
            forward,
            back,
        } => world.jump_clock(*node, *forward, *back),
        Action::Duplicate { message } => {
            if !world.duplicate(*message, DuplicationReason::ByHand) {
                world.refuse(ActionRefusal::NotInFlight { message: *message });
            }
        }
        Action::Mend { from, to } => world.mend(*from, *to),
        Action::Kill { node } => world.kill(*node),
        Action::Corrupt {
            node,
            file,
            offset,
            bit,
        } => world.corrupt(*node, file, (*offset, *bit)),
        Action::Tear { node, file, bytes } => world.tear(*node, file, *bytes),
        Action::RemoveFile { node, file } => world.remove_file(*node, file),
        Action::WipeDisk { node } => world.wipe_disk(*node),
        Action::ResizeDisk { node, bytes } => world.resize_disk(*node, *bytes),
        Action::SlowDisk { node, factor } => world.slow_disk(*node, *factor),
        Action::FailSyncs { node, count } => world.fail_syncs(*node, *count),
        Action::KeepImage { node, image } => world.keep_image(*node, image),
        Action::RestoreImage { node, image } => world.restore_image(*node, image),
        Action::RecreateCluster { except } => world.recreate_cluster(except),
        Action::Put { .. }
        | Action::Get { .. }
        | Action::Delete { .. }
        | Action::Touch { .. }
        | Action::CompareAndSwap { .. }
        | Action::Increment { .. }
        | Action::GetMany { .. }
        | Action::List { .. }
        | Action::Batch { .. } => {
            if let Some((client, operation)) = action.operation() {
                world.enqueue(client, [operation]);
            }
        }
        Action::ConfigureCache {
            policy,
            capacity_bytes,
        } => {
            let change = Configure {
                policy: *policy,
                capacity: *capacity_bytes,
            };
            world.ask_leader(OperatorCommand::ConfigureCache(change));
        }
        Action::Workload(workload) => world.begin_workload(workload),
        Action::StopWorkload { client } => world.stop_workload(*client),
        Action::Pause { node } => world.pause(*node),
        Action::Resume { node } => world.resume(*node),
        Action::SlowServer { node, factor } => world.slow_server(*node, *factor),
        Action::AlignTimers => world.align_timers(),
        Action::SpreadTimers => world.spread_timers(),
        Action::Deliver { message } => world.hurry_message(*message),
    }
}

/// Every direction from one of `from` to one of `to`.
fn pairs(from: &[NodeId], to: &[NodeId]) -> impl Iterator<Item = (NodeId, NodeId)> {
    from.iter()
        .flat_map(move |from| to.iter().map(move |to| (*from, *to)))
}

impl World {
    pub(super) fn refuse(&mut self, why: ActionRefusal) {
        self.note(Place::World, What::ActionRefused { why });
    }

    fn restart(&mut self, id: NodeId) {
        match self.node(id).status {
            Status::Up(_) => self.refuse(ActionRefusal::IsUp { node: id }),
            Status::Down => self.start(id),
            Status::Failed(_) => {
                // A stopped server still has power: what it wrote and did not sync goes only now.
                self.lose_power(id, &Keep::Drawn);
                self.start(id);
            }
        }
    }

    fn cut(&mut self, cuts: Vec<(NodeId, NodeId)>) {
        let fresh = cuts
            .into_iter()
            .filter(|(from, to)| self.network.cut(*from, *to))
            .collect();
        self.note(Place::World, What::NetworkCut { cuts: fresh });
    }

    fn mend(&mut self, from: NodeId, to: NodeId) {
        if !self.network.mend(from, to) {
            return self.refuse(ActionRefusal::NotCut { from, to });
        }
        self.note(Place::World, What::NetworkMended { from, to });
    }

    fn drop_message(&mut self, id: MessageId) {
        if !self.lose_message(id, LossReason::ByHand) {
            self.refuse(ActionRefusal::NotInFlight { message: id });
        }
    }

    /// Takes a message off the network; tells whether it was on its way.
    pub(super) fn lose_message(&mut self, id: MessageId, why: LossReason) -> bool {
        let Some(message) = self.network.take(id) else {
            return false;
        };
        self.unschedule(id, message.arrives_at);
        self.note_loss(&message, why);
        true
    }

    fn delay_message(&mut self, id: MessageId, by: Duration) {
        let Some((before, until)) = self.network.delay(id, by) else {
            return self.refuse(ActionRefusal::NotInFlight { message: id });
        };
        self.reschedule(id, before, until);
        self.note(Place::World, What::MessageDelayed { message: id, until });
    }

    /// The message arrives in the next step.
    fn hurry_message(&mut self, id: MessageId) {
        let now = self.now();
        let Some(instead_of) = self.network.hurry(id, now) else {
            return self.refuse(ActionRefusal::NotInFlight { message: id });
        };
        self.reschedule(id, instead_of, now);
        let message = id;
        let hurried = What::MessageHurried {
            message,
            instead_of,
        };
        self.note(Place::World, hurried);
    }

    fn enqueue(&mut self, client: ClientId, operations: impl IntoIterator<Item = Operation>) {
        self.with_client(client, |client, now, out| {
            client.enqueue(now, operations, out)
        });
    }

    fn begin_workload(&mut self, workload: &Workload) {
        // Another workload of the same clients is another stream.
        let began = self.now();
        let seed = self.scenario().seed;
        for client in self.clients_named(workload.client) {
            let stream = Fingerprint::of(&(seed, "workload", client.0, began));
            self.with_client(client, |client, now, out| {
                client.begin_workload(now, (workload, stream), out);
            });
        }
    }

    fn stop_workload(&mut self, client: Option<ClientId>) {
        let mut stopped = false;
        for client in self.clients_named(client) {
            self.with_client(client, |client, _, out| stopped |= client.end_workload(out));
        }
        if !stopped {
            self.refuse(ActionRefusal::NoWorkload { client });
        }
    }

    /// One client, or all.
    fn clients_named(&self, client: Option<ClientId>) -> Vec<ClientId> {
        let all = self.clients.iter().map(Client::id);
        all.filter(|id| client.is_none_or(|client| client == *id))
            .collect()
    }

    fn drift_clock(&mut self, id: NodeId, ppm: i64) {
        let now = self.now();
        let node = self.node_mut(id);
        node.clock.set_drift(now, ppm);
        node.alerts.touch();
        self.note(Place::Node(id), What::ClockDrifts { ppm });
    }

    fn jump_clock(&mut self, id: NodeId, forward: Option<Duration>, back: Option<Duration>) {
        let now = self.now();
        let node = self.node_mut(id);
        let from = node.clock.at(now);
        node.clock.jump_forward(now, forward.unwrap_or_default());
        node.clock.jump_back(now, back.unwrap_or_default());
        let to = node.clock.at(now);
        node.alerts.touch();
        self.note(Place::Node(id), What::ClockSet { from, to });
    }

    fn operate(&mut self, id: NodeId, command: OperatorCommand) {
        if self.node(id).replica().is_none() {
            return self.refuse(ActionRefusal::IsDown { node: id });
        }
        self.feed(id, Input::Operator(command));
    }

    fn ask_leader(&mut self, command: OperatorCommand) {
        match self.leader() {
            Some(leader) => self.operate(leader, command),
            None => self.refuse(ActionRefusal::NoLeader),
        }
    }
}
