//! Whether what a scenario expects has come true.

use super::client::OperationResult;
use super::node::Node;
use super::scenario::Expect;
use super::world::World;
use crate::raft::Role;
use crate::replica::Replica;
use crate::types::NodeId;
use bytes::Bytes;

/// One expectation, in words, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What is expected.
    pub what: String,
    /// Whether it holds.
    pub met: bool,
    /// What was found.
    pub found: String,
}

/// Everything that the scenario of this world expects, against the world as it is.
#[must_use]
pub fn expectations(world: &World) -> Vec<Expectation> {
    against(&world.scenario().expect, world)
}

/// The same for anything else that could be expected of this world.
pub(super) fn against(expect: &Expect, world: &World) -> Vec<Expectation> {
    let mut all = Vec::new();
    let mut add = |what: String, met: bool, found: String| {
        all.push(Expectation { what, met, found });
    };
    if expect.leader {
        let leaders = leaders(world);
        let found = match leaders.as_slice() {
            [] => "no leader".to_string(),
            some => some.join(", "),
        };
        add(
            "one leader of the newest term".into(),
            leaders.len() == 1,
            found,
        );
    }
    if expect.answered {
        let (answered, open, refused) = answers(world);
        let met = open == 0 && refused == 0 && answered > 0;
        let found = format!("{answered} answered, {refused} of them refused, {open} open");
        add("every request answered, none refused".into(), met, found);
    }
    if expect.equal {
        let digests: Vec<Option<u64>> = members(world)
            .map(|node| node.replica().map(|r| r.cache().digest()))
            .collect();
        let met = digests
            .iter()
            .all(|digest| digest.is_some() && *digest == digests[0]);
        let found = if met {
            "equal"
        } else {
            "different, or not all members run"
        };
        add("the same cache on every member".into(), met, found.into());
    }
    if let Some(keys) = expect.keys {
        let running = members(world).filter_map(|node| Some((node, node.replica()?)));
        let counts: Vec<(&Node, usize)> = running
            .map(|(node, replica)| (node, replica.cache().len()))
            .collect();
        let met = !counts.is_empty() && counts.iter().all(|(_, count)| *count as u64 == keys);
        let found = counts
            .iter()
            .map(|(node, count)| format!("{}: {count}", node.id()));
        add(
            format!("{keys} keys on every running member"),
            met,
            join(found),
        );
    }
    if let Some(reads) = expect.reads_absent {
        let found = reads_that(world, |value| value.is_none());
        add(
            format!("{reads} reads that found nothing"),
            found == reads,
            found.to_string(),
        );
    }
    if let Some(reads) = expect.reads_found {
        let found = reads_that(world, |value| value.is_some());
        add(
            format!("{reads} reads that found a value"),
            found == reads,
            found.to_string(),
        );
    }
    if let Some(least) = expect.hit_percent_at_least {
        let counts = world.clients().iter();
        let (hits, misses) = counts.fold((0, 0), |(hits, misses), client| {
            (hits + client.hits(), misses + client.misses())
        });
        let asked = hits + misses;
        let found = match asked {
            0 => "nothing was read".into(),
            _ => format!("{hits} of {asked}, {} %", hits * 100 / asked),
        };
        let met = asked > 0 && hits * 100 >= asked * least;
        add(
            format!("{least} % of the keys read are found, or more"),
            met,
            found,
        );
    }
    if let Some(least) = expect.repeated_at_least {
        let repeated = world.repeated();
        let what = format!("{least} requests or more were given their first answer again");
        add(what, repeated >= least, repeated.to_string());
    }
    for (key, value) in &expect.values {
        let running = members(world).filter_map(|node| Some((node, node.replica()?)));
        let held: Vec<(String, Option<&Bytes>)> = running
            .map(|(node, replica)| {
                let held = replica.cache().get(key.as_bytes());
                (node.id().to_string(), held.map(|held| &held.value))
            })
            .collect();
        let met = !held.is_empty()
            && held
                .iter()
                .all(|(_, held)| *held == Some(&Bytes::copy_from_slice(value.as_bytes())));
        let found = held.iter().map(|(node, held)| match held {
            Some(held) => format!("{node}: {}", String::from_utf8_lossy(held)),
            None => format!("{node}: absent"),
        });
        add(
            format!("{key} = {value} on every running member"),
            met,
            join(found),
        );
    }
    for id in &expect.snapshot_installed {
        let installed = world.node(*id).snapshots_installed();
        let what = format!("{id} installed a snapshot of a leader");
        add(what, installed > 0, format!("{installed} installed"));
    }
    if let Some(elections) = expect.elections {
        let held = world.elections();
        let what = format!("leaders in {elections} terms or more");
        add(what, held >= elections, format!("{held} terms"));
    }
    if let Some(most) = expect.elections_at_most {
        let held = world.elections();
        let what = format!("leaders in {most} terms or fewer");
        add(what, held <= most, format!("{held} terms"));
    }
    if let Some(reads) = expect.lease_reads {
        let served = world.lease_reads();
        let what = format!("{reads} reads answered by a lease");
        add(what, served == reads, served.to_string());
    }
    if !expect.voters.is_empty() {
        let (met, found) = voters(world, &expect.voters);
        let names = join(expect.voters.iter().map(ToString::to_string));
        add(format!("{names} vote, and no others"), met, found);
    }
    for kind in &expect.alerts {
        let raised: Vec<String> = running(world)
            .filter(|(node, _)| {
                node.alerts()
                    .iter()
                    .any(|a| a.alert.key().kind.name() == kind)
            })
            .map(|(node, _)| node.id().to_string())
            .collect();
        let what = format!("the alert {kind} is raised");
        let found = if raised.is_empty() {
            "nowhere".into()
        } else {
            format!("on {}", raised.join(", "))
        };
        add(what, !raised.is_empty(), found);
    }
    all
}

/// Whether the leader counts exactly these voters, and no change is under way.
fn voters(world: &World, expected: &[NodeId]) -> (bool, String) {
    let Some(leader) = leads(world) else {
        return (false, "no leader".into());
    };
    let membership = leader.raft().membership();
    let settled = membership.wanted.is_none() && !membership.is_joint();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let names = join(membership.voters.iter().map(ToString::to_string));
    let pending = if settled {
        ""
    } else {
        ", with a change under way"
    };
    let met = settled && membership.voters == expected;
    (met, format!("{names}{pending}"))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) fn running(world: &World) -> impl Iterator<Item = (&Node, &Replica)> {
    world
        .nodes()
        .iter()
        .filter_map(|node| Some((node, node.replica()?)))
}

/// Who leads, if anybody does.
pub(super) fn leads(world: &World) -> Option<&Replica> {
    world.leader().and_then(|id| world.node(id).replica())
}

/// The members of the cluster as its leader counts them; all servers while nobody leads.
fn members(world: &World) -> impl Iterator<Item = &Node> {
    let members = leads(world).map(|replica| replica.raft().membership().members());
    let is_member = move |node: &&Node| members.as_ref().is_none_or(|all| all.contains(&node.id()));
    world.nodes().iter().filter(is_member)
}

/// Leaders of the newest term that a running server is in.
fn leaders(world: &World) -> Vec<String> {
    let newest = running(world)
        .map(|(_, replica)| replica.raft().term())
        .max();
    running(world)
        .filter(|(_, replica)| Some(replica.raft().term()) == newest)
        .filter(|(_, replica)| matches!(replica.raft().role(), Role::Leader(_)))
        .map(|(node, replica)| format!("{} in term {}", node.id(), replica.raft().term()))
        .collect()
}

/// Operations answered, still open, and refused among the answered.
fn answers(world: &World) -> (usize, usize, usize) {
    let (mut answered, mut open, mut refused) = (0, 0, 0);
    for client in world.clients() {
        answered += client.history().len();
        open += client.queued() + client.under_way();
        let refusals = client.history().iter().filter(|answered| {
            matches!(
                answered.result,
                OperationResult::Refused(_) | OperationResult::GivenUp { .. }
            )
        });
        refused += refusals.count();
    }
    (answered, open, refused)
}

pub(super) fn reads_that(world: &World, found: impl Fn(Option<&Bytes>) -> bool) -> u64 {
    let all = world.clients().iter().flat_map(|client| client.history());
    let reads = all.filter(|answered| match &answered.result {
        OperationResult::Found { value, .. } => found(value.as_ref()),
        _ => false,
    });
    reads.count() as u64
}
