//! What counts as a failure, and why a cluster has not come to rest.

use crate::check::{Rule, Violation};
use crate::raft::Role;
use crate::sim::{Mode, Node, Status, World, expectations};
use crate::types::Instant;
use core::fmt;

/// What is wrong with a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A rule was broken.
    Broken(Violation),
    /// All trouble was over long ago, and yet the cluster has not come to rest.
    Stuck {
        /// When nobody waited any longer.
        at: Instant,
        /// What is stuck, and why.
        why: Vec<String>,
    },
    /// Something goes on and on.
    Restless {
        /// So many steps were made.
        steps: u64,
    },
}

impl Failure {
    /// What kind of failure it is: a smaller run shows the same if it has the same name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Broken(violation) => violation.rule.name(),
            Failure::Stuck { .. } => "Progress",
            Failure::Restless { .. } => "Rest",
        }
    }

    /// The step after which it was seen; none when it is the whole run.
    #[must_use]
    pub fn step(&self) -> Option<u64> {
        match self {
            Failure::Broken(violation) => Some(violation.step),
            Failure::Stuck { .. } | Failure::Restless { .. } => None,
        }
    }

    /// When it was seen.
    #[must_use]
    pub fn time(&self) -> Option<Instant> {
        match self {
            Failure::Broken(violation) => Some(violation.time),
            Failure::Stuck { at, .. } => Some(*at),
            Failure::Restless { .. } => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Broken(violation) => write!(
                f,
                "{} is broken at {} in step {}: {}",
                violation.rule.name(),
                violation.time,
                violation.step,
                violation.seen
            ),
            Failure::Stuck { at, why } => {
                write!(f, "no rest by {at}: {}", why.join("; "))
            }
            Failure::Restless { steps } => write!(f, "no rest after {steps} steps"),
        }
    }
}

/// Beyond the bound on clocks a read by lease may be stale; nothing else may be wrong.
pub(super) fn is_allowed(mode: Option<Mode>, rule: Rule) -> bool {
    mode == Some(Mode::ClocksBeyond) && matches!(rule, Rule::FreshReads | Rule::Linearizable)
}

/// What keeps a cluster from rest: expectations that are not met, and clients that wait. Nothing when it
/// is at rest.
#[must_use]
pub fn stuck(world: &World) -> Vec<String> {
    let unmet = expectations(world).into_iter().filter(|one| !one.met);
    let mut why: Vec<String> = unmet
        .map(|one| format!("expected {}, found {}", one.what, one.found))
        .collect();
    for client in world.clients() {
        if let Some((operation, attempts)) = client.current() {
            let (id, queued) = (client.id(), client.queued());
            why.push(format!(
                "{id} waits for \"{operation}\" (sent {attempts} times, asks {} next, {queued} wait behind it)",
                client.target()
            ));
        } else if client.queued() > 0 || client.has_workload() {
            why.push(format!("{} has {} to ask", client.id(), client.queued()));
        }
    }
    if !why.is_empty() {
        why.extend(world.nodes().iter().map(standing));
    }
    why
}

/// How a server stands.
fn standing(node: &Node) -> String {
    let id = node.id();
    let replica = match node.status() {
        Status::Up(replica) => replica,
        Status::Down => return format!("{id} is off"),
        Status::Failed(failure) => return format!("{id} has stopped: {failure}"),
    };
    let raft = replica.raft();
    let role = match raft.role() {
        Role::Leader(_) => "leads",
        Role::Candidate(_) => "stands for election in",
        Role::PreCandidate(_) => "asks who would vote for it after",
        Role::Follower(_) => "follows in",
    };
    format!(
        "{id} {role} term {}, log up to {}, committed {}, applied {}",
        raft.term(),
        raft.log().last(),
        raft.commit(),
        replica.applied()
    )
}
