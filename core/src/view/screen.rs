//! From the world to what is drawn of it: plain data, without memory of what was drawn before.

use super::explain::cache::command_text;
use super::explain::membership::members;
use super::explain::world::result_text;
use super::model::{
    ClientView, ClockView, CutView, EntryView, LeaseView, MembershipView, MessageView, NodeDetail,
    NodeStatus, NodeView, PositionView, ProgressView, PromiseView, RoleView, SnapshotProgressView,
    StandingView, TimerView, VotesView,
};
use super::{cache, disk, messages, metrics};
use crate::cache::Stamped;
use crate::raft::{Payload as EntryPayload, Progress, Raft, Role, Sending, Standing};
use crate::replica::Replica;
use crate::sim::{Client, Clock, Node, Status, World};
use crate::types::{Index, Instant, Position};

/// The newest entries, keys, ... that a server's details show; the rest is counted.
const SHOWN: usize = 200;

pub(super) fn node(node: &Node) -> NodeView {
    let failure = match node.status() {
        Status::Failed(failure) => Some(failure.to_string()),
        Status::Up(_) | Status::Down => None,
    };
    match node.replica() {
        Some(replica) => running(node, replica),
        None => NodeView {
            id: node.id().0,
            status: if failure.is_some() {
                NodeStatus::Failed
            } else {
                NodeStatus::Down
            },
            failure,
            role: RoleView::Follower,
            standing: StandingView::Outsider,
            incarnation: 1,
            membership: MembershipView::default(),
            clock: clock(node.clock()),
            term: 0,
            voted_for: None,
            leader: None,
            first: 0,
            last: 0,
            last_term: 0,
            recent_terms: Vec::new(),
            durable: 0,
            commit: 0,
            applied: 0,
            snapshot: None,
            timer: None,
            votes: None,
            lease: None,
            promise: None,
            handing_over_to: None,
            ending: false,
            progress: Vec::new(),
            keys: 0,
            writes_pending: 0,
            paused: false,
            slowness: node.intake().slowness(),
            waiting: 0,
            alerts: Vec::new(),
        },
    }
}

fn running(node: &Node, replica: &Replica) -> NodeView {
    let raft = replica.raft();
    // A server speaks of times by its own clock.
    let shown_at = |reading: Instant| node.clock().when(reading).0;
    let (role, timer) = match raft.role() {
        Role::Follower(follower) => (RoleView::Follower, Some(follower.timer)),
        Role::PreCandidate(asking) => (RoleView::PreCandidate, Some(asking.timer)),
        Role::Candidate(candidate) => (RoleView::Candidate, Some(candidate.timer)),
        Role::Leader(_) => (RoleView::Leader, None),
    };
    let last = raft.log().last();
    // Without a vote there is no election to wait for.
    let timer = timer.filter(|_| raft.may_stand());
    NodeView {
        id: node.id().0,
        status: NodeStatus::Up,
        failure: None,
        role,
        incarnation: raft.incarnation().0,
        standing: match raft.standing() {
            Standing::Voter => StandingView::Voter,
            Standing::Learner => StandingView::Learner,
            Standing::Outsider => StandingView::Outsider,
            Standing::Unseated => StandingView::Unseated,
        },
        membership: membership(raft),
        clock: clock(node.clock()),
        term: raft.term().0,
        voted_for: raft.vote().map(|node| node.0),
        leader: raft.leader().map(|node| node.0),
        first: raft.log().first().0,
        last: last.index.0,
        last_term: last.term.0,
        recent_terms: recent_terms(raft),
        durable: raft.durable_last().0,
        commit: raft.commit().0,
        applied: replica.applied().index.0,
        snapshot: raft.snapshot().map(|snapshot| position(snapshot.covers)),
        timer: timer.map(|timer| TimerView {
            set_at: shown_at(timer.set_at),
            fires_at: shown_at(timer.fires_at),
        }),
        votes: votes(raft),
        lease: raft.lease_until().map(|until| LeaseView {
            until: shown_at(until),
            length: shown_at(until) - shown_at(until - replica.config().raft.lease()),
        }),
        promise: promise(raft).map(|until| PromiseView {
            until: shown_at(until),
        }),
        handing_over_to: raft.handing_over_to().map(|node| node.0),
        ending: replica.is_ending(),
        progress: progress(raft),
        keys: replica.cache().len() as u64,
        writes_pending: replica.writes_pending(),
        paused: node.intake().is_paused(),
        slowness: node.intake().slowness(),
        waiting: node.intake().waiting() as u64,
        alerts: metrics::alerts(node),
    }
}

/// Logs are compared side by side over so many entries.
const COMPARED: u64 = 48;

fn recent_terms(raft: &Raft) -> Vec<u64> {
    let last = raft.log().last().index;
    let after = Index(last.0.saturating_sub(COMPARED));
    raft.log()
        .range(after, last)
        .map(|entry| entry.position.term.0)
        .collect()
}

fn position(position: Position) -> PositionView {
    PositionView {
        index: position.index.0,
        term: position.term.0,
    }
}

fn votes(raft: &Raft) -> Option<VotesView> {
    let votes = match raft.role() {
        Role::PreCandidate(asking) => &asking.votes,
        Role::Candidate(candidate) => &candidate.votes,
        Role::Follower(_) | Role::Leader(_) => return None,
    };
    let said = |what: bool| {
        let those = votes.iter().filter(|(_, granted)| *granted == what);
        those.map(|(node, _)| node.0).collect()
    };
    Some(VotesView {
        granted: said(true),
        refused: said(false),
        needed: raft.membership().quorum().least() as u64,
    })
}

fn membership(raft: &Raft) -> MembershipView {
    let ids = |nodes: &[crate::types::NodeId]| nodes.iter().map(|node| node.0).collect();
    let membership = raft.membership();
    MembershipView {
        index: raft.membership_index().0,
        committed: raft.membership_index() <= raft.commit(),
        voters: ids(&membership.voters),
        outgoing: ids(&membership.outgoing),
        learners: ids(&membership.learners),
        wanted: membership.wanted.as_ref().map(|wanted| ids(&wanted.voters)),
        retired: ids(&membership.retired),
        vacant: ids(&raft.vacant_seats()),
    }
}

/// Until when a server that does not lead gives no vote, by its own clock.
fn promise(raft: &Raft) -> Option<Instant> {
    match raft.role() {
        Role::Leader(_) => None,
        Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
            Some(raft.promise().until)
        }
    }
}

fn clock(clock: &Clock) -> ClockView {
    let at = clock.changed_at();
    let (ours, theirs) = (i128::from(at.0), i128::from(clock.at(at).0));
    ClockView {
        drift_ppm: clock.drift_ppm(),
        changed_at: at.0,
        ahead: i64::try_from(theirs - ours).unwrap_or(i64::MAX),
    }
}

fn progress(raft: &Raft) -> Vec<ProgressView> {
    let Role::Leader(leader) = raft.role() else {
        return Vec::new();
    };
    let one = |progress: &Progress| {
        let (state, snapshot) = match &progress.state {
            Sending::Probe { .. } => ("probe", None),
            Sending::Replicate { .. } => ("replicate", None),
            Sending::Snapshot(transfer) => {
                let (acknowledged, sent) = (transfer.acknowledged, transfer.sent);
                let total = transfer.total;
                let view = SnapshotProgressView {
                    acknowledged,
                    sent,
                    total,
                };
                ("snapshot", Some(view))
            }
        };
        ProgressView {
            node: progress.node.0,
            state: state.into(),
            matched: progress.matched.0,
            next: progress.next.0,
            inflight: progress.inflight() as u64,
            departing: progress.departing_since.is_some(),
            snapshot,
        }
    };
    leader.progress.iter().map(one).collect()
}

pub(super) fn client(client: &Client) -> ClientView {
    let (current, attempts) = match client.current() {
        Some((operation, attempts)) => (Some(operation.to_string()), attempts),
        None => (None, 0),
    };
    let last = client.history().last();
    ClientView {
        id: client.id().0,
        session: client.session().map(|session| session.0),
        current,
        attempts,
        queued: client.queued() as u64,
        answered: client.history().len() as u64,
        last_answer: last.map(|last| format!("{}: {}", last.operation, result_text(&last.result))),
        target: client.target().0,
        under_way: client.under_way() as u64,
        hits: client.hits(),
        misses: client.misses(),
        busy: client.has_workload(),
    }
}

pub(super) fn messages(world: &World) -> Vec<MessageView> {
    world.network().in_flight().map(messages::message).collect()
}

pub(super) fn cuts(world: &World) -> Vec<CutView> {
    world
        .network()
        .cuts()
        .map(|(from, to)| CutView {
            from: from.0,
            to: to.0,
        })
        .collect()
}

/// One server, opened.
pub(super) fn node_detail(world: &World, node: &Node, now: Instant) -> NodeDetail {
    let (log, log_hidden) = node.replica().map(log).unwrap_or_default();
    NodeDetail {
        id: node.id().0,
        log,
        log_hidden,
        cache: cache::cache(node),
        disk: disk::disk(node),
        images: disk::images(world),
        recovery: disk::recovery(node),
        metrics: node.replica().map_or(Vec::new(), |replica| {
            let its_now = node.clock().at(now);
            metrics::groups(&replica.metrics(its_now), its_now)
        }),
    }
}

fn log(replica: &Replica) -> (Vec<EntryView>, u64) {
    let raft = replica.raft();
    let last = raft.log().last().index;
    let after = Index(last.0.saturating_sub(SHOWN as u64)).max(raft.log().base().index);
    let entries = raft.log().range(after, last).map(|entry| {
        let index = entry.position.index;
        EntryView {
            index: index.0,
            term: entry.position.term.0,
            text: match &entry.payload {
                EntryPayload::Noop => "start of the term".into(),
                EntryPayload::Membership(membership) => format!("members: {}", members(membership)),
                EntryPayload::Command(bytes) => match Stamped::decode(bytes) {
                    Ok(stamped) => command_text(&stamped.command),
                    Err(error) => error.to_string(),
                },
            },
            durable: index <= raft.durable_last(),
            committed: index <= raft.commit(),
            applied: index <= replica.applied().index,
        }
    });
    (entries.collect(), after.since(raft.log().base().index))
}
