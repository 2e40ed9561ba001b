//! Tables of quorums, and the arithmetic beside deliberately naive twins.

use super::{VoteResult, Voters, majority};
use crate::types::{Index, NodeId};
use VoteResult::{Lost, Pending, Won};

fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

#[test]
fn a_majority_is_more_than_half() {
    let table = [
        (1, 1),
        (2, 2),
        (3, 2),
        (4, 3),
        (5, 3),
        (6, 4),
        (7, 4),
        (8, 5),
        (9, 5),
    ];
    for (voters, needed) in table {
        assert_eq!(majority(voters), needed, "{voters} voters");
    }
}

/// Votes are written by voter id: `y` granted, `n` refused, `_` not heard.
fn result(incoming: &[u32], outgoing: &[u32], votes: &str) -> VoteResult {
    let (incoming, outgoing) = (nodes(incoming), nodes(outgoing));
    let voters = Voters {
        incoming: &incoming,
        outgoing: &outgoing,
    };
    voters.result(|node| match votes.as_bytes().get(node.0 as usize - 1) {
        Some(b'y') => Some(true),
        Some(b'n') => Some(false),
        _ => None,
    })
}

#[test]
fn votes_of_one_majority() {
    let table: &[(&[u32], &str, VoteResult)] = &[
        (&[1], "_", Pending),
        (&[1], "n", Lost),
        (&[1], "y", Won),
        (&[1, 2], "y_", Pending),
        (&[1, 2], "n_", Lost),
        (&[1, 2], "yn", Lost),
        (&[1, 2], "yy", Won),
        (&[1, 2, 3], "y__", Pending),
        (&[1, 2, 3], "n__", Pending),
        (&[1, 2, 3], "yn_", Pending),
        (&[1, 2, 3], "nn_", Lost),
        (&[1, 2, 3], "yy_", Won),
        (&[1, 2, 3], "yny", Won),
        (&[1, 2, 3, 4], "yyn_", Pending),
        (&[1, 2, 3, 4], "yynn", Lost),
        (&[1, 2, 3, 4], "yyyn", Won),
        (&[1, 2, 3, 4, 5], "yynn_", Pending),
        (&[1, 2, 3, 4, 5], "nnn__", Lost),
        (&[1, 2, 3, 4, 5], "ynyny", Won),
        // A vote of a server that is no voter counts for nothing.
        (&[2, 3, 4], "yy__", Pending),
    ];
    for (voters, votes, expected) in table {
        assert_eq!(result(voters, &[], votes), *expected, "{voters:?} {votes}");
    }
}

#[test]
fn votes_of_two_majorities() {
    let table: &[(&[u32], &[u32], &str, VoteResult)] = &[
        (&[1, 2, 3], &[1, 2, 3], "yy_", Won),
        (&[1, 2, 3], &[1, 2, 3], "nn_", Lost),
        // Both majorities are needed.
        (&[1, 2, 3], &[3, 4, 5], "yy___", Pending),
        (&[1, 2, 3], &[3, 4, 5], "yy_yy", Won),
        (&[1, 2, 3], &[3, 4, 5], "y_yy_", Won),
        (&[1, 2, 3], &[3, 4, 5], "yy_nn", Lost),
        (&[1, 2, 3], &[3, 4, 5], "nn_yy", Lost),
        // From one server to another.
        (&[2], &[1], "y_", Pending),
        (&[2], &[1], "yy", Won),
        (&[2], &[1], "_n", Lost),
        // Growing from 3 to 5.
        (&[1, 2, 3, 4, 5], &[1, 2, 3], "yy___", Pending),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], "yy_y_", Won),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], "y__yy", Pending),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], "ynnyy", Lost),
        // Shrinking from 5 to 3.
        (&[1, 2, 3], &[1, 2, 3, 4, 5], "yy___", Pending),
        (&[1, 2, 3], &[1, 2, 3, 4, 5], "__yyy", Pending),
        (&[1, 2, 3], &[1, 2, 3, 4, 5], "yy__y", Won),
        (&[1, 2, 3], &[1, 2, 3, 4, 5], "yynnn", Lost),
    ];
    for (incoming, outgoing, votes, expected) in table {
        let found = result(incoming, outgoing, votes);
        assert_eq!(found, *expected, "{incoming:?} {outgoing:?} {votes}");
    }
}

#[test]
fn the_committed_index_of_joint_quorums() {
    let table: &[(&[u32], &[u32], &[u64], u64)] = &[
        (&[1], &[], &[12], 12),
        (&[1, 2], &[], &[12, 5], 5),
        (&[1, 2, 3], &[], &[12, 5, 6], 6),
        (&[1, 2, 3, 4], &[], &[12, 5, 6, 7], 6),
        (&[1, 2, 3, 4, 5], &[], &[101, 104, 103, 103, 0], 103),
        (&[1, 2, 3], &[1, 2, 3], &[12, 5, 6], 6),
        (&[1, 2, 3], &[4, 5, 6], &[2, 3, 4, 10, 11, 12], 3),
        (&[4, 5, 6], &[1, 2, 3], &[2, 3, 4, 10, 11, 12], 3),
        (&[1], &[2], &[9, 4], 4),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], &[9, 9, 9, 0, 0], 9),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], &[9, 9, 0, 0, 0], 0),
    ];
    for (incoming, outgoing, matched, expected) in table {
        let (incoming, outgoing) = (nodes(incoming), nodes(outgoing));
        let voters = Voters {
            incoming: &incoming,
            outgoing: &outgoing,
        };
        let held = voters.committed(|node| Index(matched[node.0 as usize - 1]));
        assert_eq!(
            held,
            Index(*expected),
            "{incoming:?} {outgoing:?} {matched:?}"
        );
    }
}

/// The naive twin: try each index, count who holds it in each set.
fn naive_committed(sets: [&[NodeId]; 2], matched: &[u64]) -> Index {
    let carried = |set: &[NodeId], index: u64| {
        let held = set
            .iter()
            .filter(|node| matched[node.0 as usize - 1] >= index);
        set.is_empty() || 2 * held.count() > set.len()
    };
    let all = (0..=*matched.iter().max().unwrap_or(&0)).rev();
    let index = all
        .into_iter()
        .find(|index| sets.iter().all(|set| carried(set, *index)));
    Index(index.unwrap_or(0))
}

/// The naive twin: fill in what is not heard in every way; won or lost is what all agree on.
fn naive_result(sets: [&[NodeId]; 2], votes: &[Option<bool>]) -> VoteResult {
    let open: Vec<usize> = (0..votes.len())
        .filter(|place| votes[*place].is_none())
        .collect();
    let (mut wins, mut losses) = (false, false);
    for code in 0..1u32 << open.len() {
        let granted = |node: &NodeId| {
            let place = node.0 as usize - 1;
            let filled = open.iter().position(|at| *at == place);
            votes[place].unwrap_or_else(|| filled.is_some_and(|bit| code >> bit & 1 == 1))
        };
        let carried = |set: &[NodeId]| {
            set.is_empty() || 2 * set.iter().filter(|node| granted(node)).count() > set.len()
        };
        if sets.iter().all(|set| carried(set)) {
            wins = true
        } else {
            losses = true
        }
    }
    match (wins, losses) {
        (true, false) => Won,
        (false, true) => Lost,
        _ => Pending,
    }
}

/// All pairs of non-empty and possibly empty subsets of four servers, with all that they may
/// hold or say, three values each.
#[test]
fn the_arithmetic_agrees_with_counting() {
    let subset = |bits: u32| -> Vec<NodeId> {
        (0..4)
            .filter(|bit| bits >> bit & 1 == 1)
            .map(|bit| NodeId(bit + 1))
            .collect()
    };
    let mut cases = 0;
    for pair in 0..16 * 16u32 {
        let (incoming, outgoing) = (subset(pair / 16), subset(pair % 16));
        if incoming.is_empty() {
            continue;
        }
        let sets = [&incoming[..], &outgoing[..]];
        let voters = Voters {
            incoming: &incoming,
            outgoing: &outgoing,
        };
        for code in 0..81u64 {
            let digits = [code % 3, code / 3 % 3, code / 9 % 3, code / 27 % 3];
            let held = voters.committed(|node| Index(digits[node.0 as usize - 1]));
            assert_eq!(held, naive_committed(sets, &digits), "{sets:?} {digits:?}");
            let votes = digits.map(|digit| [None, Some(false), Some(true)][digit as usize]);
            let found = voters.result(|node| votes[node.0 as usize - 1]);
            assert_eq!(found, naive_result(sets, &votes), "{sets:?} {votes:?}");
            let agrees = |node: NodeId| votes[node.0 as usize - 1] == Some(true);
            assert_eq!(voters.is_quorum(agrees), found == Won);
            cases += 1;
        }
    }
    assert_eq!(cases, 15 * 16 * 81);
}

#[test]
fn what_may_still_fail() {
    let table: &[(&[u32], &[u32], &[u32], Option<usize>)] = &[
        (&[1, 2, 3], &[], &[1, 2, 3], Some(1)),
        (&[1, 2, 3], &[], &[1, 2], Some(0)),
        (&[1, 2, 3], &[], &[1], None),
        (&[1, 2, 3, 4, 5], &[], &[1, 2, 3, 4, 5], Some(2)),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], &[1, 2, 3, 4], Some(1)),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], &[1, 2, 4, 5], Some(0)),
        (&[1, 2, 3, 4, 5], &[1, 2, 3], &[1, 4, 5], None),
    ];
    for (incoming, outgoing, living, expected) in table {
        let (incoming, outgoing) = (nodes(incoming), nodes(outgoing));
        let voters = Voters {
            incoming: &incoming,
            outgoing: &outgoing,
        };
        let spare = voters.spare(|node| living.contains(&node.0));
        assert_eq!(spare, *expected, "{incoming:?} {outgoing:?} {living:?}");
    }
}
