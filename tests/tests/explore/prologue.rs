//! What has happened before an exploration begins: a few verbs, and the beginnings told with
//! them.

use super::cluster::{Action, Cluster, State};
use flotilla_core::raft::Message;
use flotilla_core::replica::Envelope;
use flotilla_core::types::NodeId;

/// Nothing has happened.
pub fn nothing(_: &Cluster, _: &mut State) {}

fn act(cluster: &Cluster, state: &mut State, action: Action) {
    *state = cluster.after(state, &action);
}

/// Delivers the messages that `wanted` names, and those that they lead to, until there are none.
fn deliver(cluster: &Cluster, state: &mut State, wanted: impl Fn(&Envelope) -> bool) {
    let next = |state: &State| {
        let mut sent = state.network().iter();
        sent.find(|parcel| wanted(&parcel.envelope)).cloned()
    };
    while let Some(parcel) = next(state) {
        act(cluster, state, Action::Deliver(parcel));
    }
}

fn deliver_among(cluster: &Cluster, state: &mut State, nodes: &[NodeId]) {
    let among =
        |envelope: &Envelope| nodes.contains(&envelope.from) && nodes.contains(&envelope.to);
    deliver(cluster, state, among);
}

/// Elects a server with the votes of these; what it says as a leader is still on its way.
fn elect(cluster: &Cluster, state: &mut State, node: NodeId, votes: &[NodeId]) {
    act(cluster, state, Action::Deadline(node));
    deliver(cluster, state, |envelope| match envelope.message {
        Message::VoteRequest(_) | Message::PreVoteRequest(_) => votes.contains(&envelope.to),
        Message::VoteResponse(_) | Message::PreVoteResponse(_) => true,
        _ => false,
    });
}

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);

/// The first server led term 1 and the second leads term 2; each has an entry that nobody else has
/// (Raft paper, figure 8, on three servers).
pub fn rivals(cluster: &Cluster, state: &mut State) {
    elect(cluster, state, N1, &[N3]);
    state.lose_messages();
    // Its first election fails: the third server's vote is given.
    elect(cluster, state, N2, &[]);
    state.lose_messages();
    elect(cluster, state, N2, &[N1, N3]);
    state.lose_messages();
}

/// The first server leads, and two entries are committed on the first two; the leader has
/// dropped one of them for a snapshot. The third server has nothing: an entry and the snapshot are
/// on their way to it.
pub fn third_lags(cluster: &Cluster, state: &mut State) {
    elect(cluster, state, N1, &[N2]);
    deliver_among(cluster, state, &[N1, N2]);
    act(cluster, state, Action::TakeSnapshot(N1));
    act(cluster, state, Action::Propose(N1));
    deliver_among(cluster, state, &[N1, N2]);
}

/// The first server leads, and everyone knows.
pub fn led(cluster: &Cluster, state: &mut State) {
    elect(cluster, state, N1, &cluster.voters);
    deliver(cluster, state, |_| true);
}

/// The same, and the followers have answered the leader's heartbeat; the answers are on their way.
pub fn confirmed_soon(cluster: &Cluster, state: &mut State) {
    led(cluster, state);
    let heartbeat_at = state.server(N1).replica.deadline();
    act(
        cluster,
        state,
        Action::TimePasses(heartbeat_at.expect("it leads")),
    );
    act(cluster, state, Action::Deadline(N1));
    deliver(cluster, state, |envelope| envelope.from == N1);
}

/// The first server leads, and a client's entry is committed on the first and the third. The second
/// has nothing but its vote; what the leader sent it is lost.
pub fn third_holds_what_counts(cluster: &Cluster, state: &mut State) {
    elect(cluster, state, N1, &[N2]);
    deliver_among(cluster, state, &[N1, N3]);
    act(cluster, state, Action::Propose(N1));
    deliver_among(cluster, state, &[N1, N3]);
    state.lose_messages();
}
