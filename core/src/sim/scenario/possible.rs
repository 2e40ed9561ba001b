//! What of all actions is possible: each names servers, clients and amounts that there can be.

use super::action::{Action, Keep, TimedAction};
use super::model::{Scenario, bounds};
use crate::replica::ClientId;
use crate::sim::clock::Clock;
use crate::sim::network::MessageId;
use crate::types::{ConfigError, Duration, Instant, NodeId, check_range};

impl Action {
    /// Refuses what names a server, a client or an amount that there cannot be.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, nodes: u32, clients: u32) -> Result<(), ConfigError> {
        let server = |field: &str, node: NodeId| {
            if node.0 == 0 || node.0 > nodes {
                return Err(ConfigError::new(
                    field,
                    node.0,
                    format!("a server, 1 to {nodes}"),
                ));
            }
            Ok(())
        };
        let client = |client: ClientId| {
            if client.0 == 0 || client.0 > clients {
                let accepted = format!("a client, 1 to {clients}");
                return Err(ConfigError::new("client", client.0, accepted));
            }
            Ok(())
        };
        match self {
            Action::Crash { node, keep } => {
                server("node", *node)?;
                check_keep(keep)
            }
            Action::Restart { node }
            | Action::Isolate { node }
            | Action::ShutDown { node }
            | Action::TakeSnapshot { node }
            | Action::Kill { node }
            | Action::WipeDisk { node }
            | Action::Pause { node }
            | Action::Resume { node } => server("node", *node),
            Action::SlowServer { node, factor } => {
                server("node", *node)?;
                check_range("factor", *factor, 1, bounds::SLOWNESS)
            }
            Action::Corrupt { node, .. }
            | Action::Tear { node, .. }
            | Action::RemoveFile { node, .. }
            | Action::ResizeDisk { node, .. }
            | Action::SlowDisk { node, .. }
            | Action::FailSyncs { node, .. }
            | Action::KeepImage { node, .. }
            | Action::RestoreImage { node, .. } => {
                server("node", *node)?;
                self.validate_disk()
            }
            Action::RecreateCluster { except } => {
                check_range(
                    "the number of servers in except",
                    except.len(),
                    0,
                    nodes as usize - 1,
                )?;
                except.iter().try_for_each(|node| server("except", *node))
            }
            Action::TransferLeadership { to } => to.map_or(Ok(()), |to| server("to", to)),
            Action::ChangeMembership { voters, learners } => {
                check_range("the number of voters", voters.len(), 1, nodes as usize)?;
                voters.iter().try_for_each(|node| server("voters", *node))?;
                learners
                    .iter()
                    .try_for_each(|node| server("learners", *node))
            }
            Action::DriftClock { node, ppm } => {
                server("node", *node)?;
                let most = Clock::MOST_DRIFT_PPM;
                check_range("ppm", *ppm, -most, most)
            }
            Action::JumpClock {
                node,
                forward,
                back,
            } => {
                server("node", *node)?;
                check_jump(*forward, *back)
            }
            Action::Partition { groups } => check_groups(groups, server),
            Action::Cut { from, to } | Action::Mend { from, to } => {
                server("from", *from)?;
                server("to", *to)?;
                let differ = if from == to {
                    Err("another server than `from`")
                } else {
                    Ok(())
                };
                differ.map_err(|accepted| ConfigError::new("to", to.0, accepted))
            }
            Action::Heal
            | Action::ModelService { mode: _ }
            | Action::AlignTimers
            | Action::SpreadTimers => Ok(()),
            Action::Drop { message }
            | Action::Duplicate { message }
            | Action::Deliver { message } => check_message(*message),
            Action::Delay { message, by } => {
                check_message(*message)?;
                check_span("by", *by)
            }
            Action::Put { .. }
            | Action::Get { .. }
            | Action::Delete { .. }
            | Action::Touch { .. }
            | Action::CompareAndSwap { .. }
            | Action::Increment { .. }
            | Action::GetMany { .. }
            | Action::List { .. }
            | Action::Batch { .. } => self.operation().map_or(Ok(()), |(who, operation)| {
                client(who)?;
                operation.validate(nodes)
            }),
            Action::ConfigureCache {
                policy,
                capacity_bytes,
            } => check_configuration(policy.is_some(), *capacity_bytes),
            Action::Workload(workload) => {
                workload.client.map_or(Ok(()), client)?;
                workload.validate()
            }
            Action::StopWorkload { client: who } => who.map_or(Ok(()), client),
            Action::Write {
                client: who,
                keys,
                prefix,
                first,
            } => {
                client(*who)?;
                check_many(*keys, prefix, *first)
            }
            Action::Read {
                client: who,
                keys,
                prefix,
                first,
                node,
                path: _,
            } => {
                client(*who)?;
                check_many(*keys, prefix, *first)?;
                node.map_or(Ok(()), |node| server("node", node))
            }
        }
    }
}

impl Action {
    /// Refuses what cannot be done to any disk.
    fn validate_disk(&self) -> Result<(), ConfigError> {
        match self {
            Action::Corrupt {
                file, offset, bit, ..
            } => {
                check_text("file", file, 1, bounds::NAME)?;
                check_range("offset", *offset, 0, bounds::DISK)?;
                check_range("bit", *bit, 0, 7)
            }
            Action::Tear { file, bytes, .. } => {
                check_text("file", file, 1, bounds::NAME)?;
                check_range("bytes", *bytes, 1, bounds::DISK)
            }
            Action::RemoveFile { file, .. } => check_text("file", file, 1, bounds::NAME),
            Action::ResizeDisk { bytes, .. } => {
                bytes.map_or(Ok(()), |bytes| check_range("bytes", bytes, 0, bounds::DISK))
            }
            Action::SlowDisk { factor, .. } => check_range("factor", *factor, 1, bounds::SLOWNESS),
            Action::FailSyncs { count, .. } => check_range("count", *count, 0, bounds::SYNCS),
            Action::KeepImage { image, .. } | Action::RestoreImage { image, .. } => {
                check_text("image", image, 1, bounds::NAME)
            }
            _ => Ok(()),
        }
    }
}

impl TimedAction {
    /// Refuses what cannot be done, or not so late.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, nodes: u32, clients: u32) -> Result<(), ConfigError> {
        let at = self.at.since(Instant::ZERO);
        check_range("at", at, Duration::ZERO, bounds::END)?;
        self.action.validate(nodes, clients)
    }
}

impl Scenario {
    /// The same scenario in which something more is done at a moment, after everything else that
    /// it does at that moment. Nothing runs: so also what broke a run is written down.
    ///
    /// # Errors
    /// The action names a server, a client or an amount that there cannot be, or the scenario has
    /// as many actions as it may have.
    pub fn with_action(&self, at: Instant, action: Action) -> Result<Scenario, ConfigError> {
        let timed = TimedAction { at, action };
        timed.validate(self.nodes, self.clients.count)?;
        let mut scenario = self.clone();
        let place = scenario.actions.partition_point(|known| known.at <= at);
        scenario.actions.insert(place, timed);
        check_amount(&scenario.actions)?;
        Ok(scenario)
    }
}

/// Refuses more actions, or more operations, than a scenario may have.
pub(in crate::sim) fn check_amount(actions: &[TimedAction]) -> Result<(), ConfigError> {
    check_range("the number of actions", actions.len(), 0, bounds::ACTIONS)?;
    let operations = actions.iter().map(|timed| timed.action.operations()).sum();
    let field = "the number of operations of all clients";
    check_range(field, operations, 0, bounds::OPERATIONS)
}

/// What survives is named by counting: a bound keeps it readable.
fn check_keep(keep: &Keep) -> Result<(), ConfigError> {
    match keep {
        Keep::Drawn | Keep::Nothing | Keep::Everything => Ok(()),
        Keep::First { bytes, names } => {
            check_range("keep.first.bytes", *bytes, 0, bounds::DISK)?;
            check_range("keep.first.names", *names, 0, bounds::SURVIVORS as u64)
        }
        Keep::Only { appends, names } => {
            for (field, list) in [("keep.only.appends", appends), ("keep.only.names", names)] {
                check_range(field, list.len(), 0, bounds::SURVIVORS)?;
                let number = |one: &u64| check_range(field, *one, 1, bounds::MESSAGE - 1);
                list.iter().try_for_each(number)?;
            }
            Ok(())
        }
    }
}

fn check_message(message: MessageId) -> Result<(), ConfigError> {
    check_range("message", message.0, 1, bounds::MESSAGE - 1)
}

/// By how much a message is delayed, or a clock jumps.
fn check_span(field: &str, span: Duration) -> Result<(), ConfigError> {
    check_range(field, span, Duration::micros(1), Duration::secs(3_600))
}

fn check_jump(forward: Option<Duration>, back: Option<Duration>) -> Result<(), ConfigError> {
    match (forward, back) {
        (Some(by), None) => check_span("forward", by),
        (None, Some(by)) => check_span("back", by),
        (None, None) => Err(ConfigError::new(
            "forward",
            "not given",
            "a duration, unless `back` is given",
        )),
        (Some(_), Some(by)) => Err(ConfigError::new("back", by, "absent beside `forward`")),
    }
}

fn check_groups(
    groups: &[Vec<NodeId>],
    server: impl Fn(&str, NodeId) -> Result<(), ConfigError>,
) -> Result<(), ConfigError> {
    let mut seen = Vec::new();
    if groups.len() < 2 {
        return Err(ConfigError::new(
            "groups",
            groups.len(),
            "two groups of servers or more",
        ));
    }
    for node in groups.iter().flatten() {
        server("groups", *node)?;
        if seen.contains(node) {
            return Err(ConfigError::new("groups", node.0, "in one group only"));
        }
        seen.push(*node);
    }
    Ok(())
}

fn check_many(keys: u64, prefix: &str, first: u64) -> Result<(), ConfigError> {
    check_range("keys", keys, 1, bounds::KEYS)?;
    check_range("first", first, 0, bounds::SEED - 1)?;
    check_text("prefix", prefix, 1, bounds::NAME)
}

pub(super) fn check_text(
    field: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), ConfigError> {
    if text.len() < least || text.len() > most {
        let given = format!("{} bytes long", text.len());
        return Err(ConfigError::new(
            field,
            given,
            format!("{least} to {most} bytes long"),
        ));
    }
    Ok(())
}

fn check_configuration(policy: bool, capacity: Option<u64>) -> Result<(), ConfigError> {
    match capacity {
        Some(bytes) => check_range("capacity_bytes", bytes, 1, bounds::DISK),
        None if policy => Ok(()),
        None => Err(ConfigError::new(
            "capacity_bytes",
            "not given",
            "a number of bytes, unless `policy` is given",
        )),
    }
}
