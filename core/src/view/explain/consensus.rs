//! Events of consensus in words.

use super::{Told, count, detail, leases, list, membership, ms, seats, story};
use crate::raft::{
    AppendRefusal, CampaignReason, CommitReason, Event, FollowReason, InstalledLog, PromiseReason,
    VoteRefusal,
};
use crate::types::NodeId;

const PAPER: &str = "Raft paper, section";

fn paper(section: &str) -> String {
    format!("{PAPER} {section}")
}

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    match event {
        Event::BecamePreCandidate { .. }
        | Event::PreVoteGranted { .. }
        | Event::PreVoteRefused { .. }
        | Event::PreVoteCounted { .. } => pre_vote(node, event),
        Event::BecameCandidate { .. }
        | Event::BecameLeader { .. }
        | Event::BecameFollower { .. }
        | Event::VoteGranted { .. }
        | Event::VoteRefused { .. }
        | Event::VoteCounted { .. }
        | Event::StaleTermRefused { .. } => election(node, event),
        Event::AppendRejected { .. }
        | Event::EntriesAppended { .. }
        | Event::LogTruncated { .. }
        | Event::FollowerProbed { .. }
        | Event::CommitAdvanced { .. }
        | Event::CommitWithheld { .. } => replication(node, event),
        Event::ReadsConfirmed { .. } | Event::ReadsHeld { .. } => reads(node, event),
        Event::LeaseRead { .. } | Event::LeaseReadRefused { .. } | Event::ClockJumped { .. } => {
            leases::tell(node, event)
        }
        Event::MembershipAdopted { .. }
        | Event::MembershipReverted { .. }
        | Event::MembershipCommitted { .. }
        | Event::LearnerCaughtUp { .. }
        | Event::TransferStarted { .. }
        | Event::SuccessorAsked { .. }
        | Event::TransferAborted { .. } => membership::tell(node, event),
        Event::IncarnationHeard { .. }
        | Event::FormerIncarnationRefused { .. }
        | Event::AcknowledgedDenied { .. }
        | Event::SeatsLost { .. }
        | Event::SeatEarned { .. } => seats::tell(node, event),
        Event::SnapshotSendStarted { .. }
        | Event::SnapshotSendFinished { .. }
        | Event::SnapshotReceiveStarted { .. }
        | Event::SnapshotIgnored { .. }
        | Event::SnapshotInstalled { .. }
        | Event::SnapshotDamaged { .. }
        | Event::LogCompacted { .. } => snapshots(node, event),
    }
}

fn campaign(why: &CampaignReason) -> String {
    match why {
        CampaignReason::NoLeader { waited } => {
            format!("it heard from no leader for {}", ms(waited.as_micros()))
        }
        CampaignReason::NoMajority {
            waited,
            votes,
            needed,
        } => format!(
            "its last election had {votes} of {needed} votes after {}",
            ms(waited.as_micros())
        ),
        CampaignReason::PreVoteWon { votes } => {
            let votes = list(votes.iter().map(ToString::to_string));
            format!("{votes} would vote for it")
        }
        CampaignReason::AskedByLeader { leader } => {
            format!("{leader}, the leader, asked it to take over")
        }
    }
}

fn pre_vote(node: NodeId, event: &Event) -> Told {
    let told = match event {
        Event::BecamePreCandidate { term, why } => {
            let words = campaign(why);
            let sentence = format!("{node} asks who would vote for it in term {term}: {words}");
            // Asking again and again is no news.
            match why {
                CampaignReason::NoMajority { .. } => detail("pre-candidate", sentence),
                _ => story("pre-candidate", sentence),
            }
        }
        Event::PreVoteGranted { candidate, term } => detail(
            "pre-vote-granted",
            format!("{node} would vote for {candidate} in term {term}"),
        ),
        Event::PreVoteRefused { candidate, why } => {
            let (why, rule, source) = refusal(node, why);
            let sentence = format!("{node} would not vote for {candidate}: {why}");
            return detail("pre-vote-refused", sentence).by(rule, &source);
        }
        Event::PreVoteCounted {
            from,
            granted,
            votes,
            needed,
        } => {
            let said = if *granted { "would" } else { "would not" };
            let who = if *from == node {
                "itself".into()
            } else {
                from.to_string()
            };
            let sentence = format!("{node} counts {who}, which {said}: {votes} of {needed} votes");
            detail("pre-vote-counted", sentence)
        }
        _ => unreachable!("sorted by the caller"),
    };
    told.by("Pre-vote", "Raft dissertation, section 9.6")
}

fn election(node: NodeId, event: &Event) -> Told {
    match event {
        Event::BecameCandidate { term, why } => {
            let why = campaign(why);
            story(
                "candidate",
                format!("{node} stands for election in term {term}: {why}"),
            )
            .by("Election timeout", &paper("5.2"))
        }
        Event::BecameLeader {
            term,
            votes,
            needed,
        } => {
            let votes_of = list(votes.iter().map(ToString::to_string));
            let sentence = format!(
                "{node} leads term {term}: {votes_of} voted for it, and {needed} votes are a majority"
            );
            story("leader", sentence).by("Election by majority", &paper("5.2"))
        }
        Event::BecameFollower { term, why } => match why {
            FollowReason::HigherTerm { from, previous } => {
                let sentence =
                    format!("{node} moves from term {previous} to {term}: {from} is in that term");
                detail("new-term", sentence).by("A higher term makes a follower", &paper("5.1"))
            }
            FollowReason::LeaderOfTerm { leader } => detail(
                "follower",
                format!("{node} follows {leader}, the leader of term {term}"),
            )
            .by("One leader per term", &paper("5.2")),
            FollowReason::QuorumLost { heard, waited } => {
                let were = if heard.len() == 1 { "was" } else { "were" };
                let heard = list(heard.iter().map(ToString::to_string));
                let sentence = format!(
                    "{node} leads term {term} no more: in {} only {heard} {were} heard from, which is no \
                     majority, so another leader may be elected",
                    ms(waited.as_micros())
                );
                story("quorum-lost", sentence).by("Check quorum", "Raft dissertation, section 6.2")
            }
            FollowReason::Removed => {
                let sentence = format!(
                    "{node} leads no more: the change that removed it from the cluster is committed"
                );
                story("removed", sentence)
                    .by("A removed leader", "Raft dissertation, section 4.2.2")
            }
        },
        Event::VoteGranted {
            term,
            candidate,
            candidate_last,
            own_last,
        } => {
            let sentence = format!(
                "{node} votes for {candidate} in term {term}: the vote was free, and the candidate's log \
                 ends at {candidate_last}, its own at {own_last}"
            );
            detail("vote-granted", sentence).by("Election restriction", &paper("5.4.1"))
        }
        Event::VoteRefused { candidate, why } => {
            let (why, rule, source) = refusal(node, why);
            let sentence = format!("{node} refuses {candidate} its vote: {why}");
            detail("vote-refused", sentence).by(rule, &source)
        }
        Event::VoteCounted {
            from,
            granted,
            votes,
            needed,
        } => {
            let said = if *granted { "yes" } else { "no" };
            let whom = if *from == node {
                "itself".into()
            } else {
                from.to_string()
            };
            let sentence = format!("{node} hears {said} from {whom}: {votes} of {needed} votes");
            detail("vote-counted", sentence).by("Election by majority", &paper("5.2"))
        }
        Event::StaleTermRefused { from, term } => detail(
            "stale-term",
            format!("{node} refuses a message of {from}: term {term} is over"),
        )
        .by("A lower term is refused", &paper("5.1")),
        _ => unreachable!("sorted by the caller"),
    }
}

/// Why there is no vote, by which rule, and where that is written.
fn refusal(node: NodeId, why: &VoteRefusal) -> (String, &'static str, String) {
    let (why, rule, section) = match why {
        VoteRefusal::StaleTerm { candidate, own } => (
            format!("its own term is {own} already, and the candidate's would be {candidate}"),
            "A lower term is refused",
            "5.1",
        ),
        VoteRefusal::AlreadyVoted { term, for_whom } => {
            let whom = if *for_whom == node {
                "itself".into()
            } else {
                for_whom.to_string()
            };
            (
                format!("its vote of term {term} is for {whom}"),
                "One vote per term",
                "5.2",
            )
        }
        VoteRefusal::Leads { term } => (
            format!("it leads term {term} itself"),
            "A living leader is not disturbed",
            "4.2.3",
        ),
        VoteRefusal::Promised { why, left } => {
            let why = match why {
                PromiseReason::HeardFrom { leader } => format!("it heard from {leader}"),
                PromiseReason::Restarted => {
                    "it started again, and may have heard from a leader".into()
                }
                PromiseReason::ClockJumped => {
                    "its clock jumped, and it may have heard from a leader".into()
                }
            };
            let left = ms(left.as_micros());
            (
                format!("{why} too recently, and helps nobody to be elected for another {left}"),
                "A living leader is not disturbed",
                "4.2.3",
            )
        }
        VoteRefusal::LogBehind {
            candidate_last,
            own_last,
        } => {
            let why = format!(
                "the candidate's log ends at {candidate_last}, its own goes on to {own_last}"
            );
            (why, "Election restriction", "5.4.1")
        }
        VoteRefusal::Unseated { incarnation } => {
            let why = format!(
                "it is in incarnation {incarnation}, may have forgotten a vote, and has no seat yet"
            );
            (why, "One vote per term", "5.2")
        }
    };
    let promise = matches!(section, "4.2.3");
    let source = if promise {
        "Raft dissertation, section"
    } else {
        PAPER
    };
    (why, rule, format!("{source} {section}"))
}

fn replication(node: NodeId, event: &Event) -> Told {
    match event {
        Event::AppendRejected { leader, why } => {
            let why = match why {
                AppendRefusal::Missing { previous, last } => {
                    format!("it should hold {previous} before them, and its log ends at {last}")
                }
                AppendRefusal::TermConflict { previous, held } => format!(
                    "it holds term {held} at index {}, and the leader's previous entry is of term {}",
                    previous.index, previous.term
                ),
            };
            detail(
                "append-rejected",
                format!("{node} rejects entries of {leader}: {why}"),
            )
            .by("Consistency check", &paper("5.3"))
        }
        Event::EntriesAppended {
            leader,
            first,
            last,
        } => {
            let entries = count(last.index.since(first.index) + 1, "entry", "entries");
            let from = leader.map_or("its own".into(), |leader| format!("from {leader}"));
            super::trace(
                "appended",
                format!("{node} takes {entries} {from} into its log, {first} to {last}"),
            )
        }
        Event::LogTruncated { first, last, term } => {
            let entries = count(last.index.since(first.index) + 1, "entry", "entries");
            let sentence = format!(
                "{node} removes {entries}, {first} to {last}: the leader holds term {term} at index {}, \
                 so they were never committed",
                first.index
            );
            story("truncated", sentence).by("Conflicting entries give way", &paper("5.3"))
        }
        Event::FollowerProbed {
            follower,
            refused,
            next,
            conflicting,
        } => {
            let hint = conflicting.map_or("its log ends before".to_string(), |held| {
                format!("it holds term {} from index {} on", held.term, held.index)
            });
            let sentence = format!(
                "{node} goes back to index {next} for {follower}: it lacks {refused}, {hint}"
            );
            detail("probe", sentence).by("Fast backtracking", &paper("5.3, end"))
        }
        Event::CommitAdvanced { from, to, why } => committed(node, from.0, to.0, why),
        Event::CommitWithheld { entry, term } => {
            let sentence = format!(
                "{node} does not commit {entry} although a majority holds it: only an entry of its own \
                 term {term} commits what is before"
            );
            story("commit-withheld", sentence).by(
                "Only entries of the own term are counted",
                &paper("5.4.2, figure 8"),
            )
        }
        _ => unreachable!("sorted by the caller"),
    }
}

fn committed(node: NodeId, from: u64, to: u64, why: &CommitReason) -> Told {
    match why {
        CommitReason::Quorum {
            matched,
            needed,
            needed_of_old,
        } => {
            let held = list(
                matched
                    .iter()
                    .map(|(node, index)| format!("{node} holds {index}")),
            );
            let majority = match needed_of_old {
                None => format!("{needed} make a majority"),
                Some(old) => {
                    format!("{needed} of the new voters and {old} of the former make a majority")
                }
            };
            let sentence = format!("{node} commits up to index {to}: {held}, and {majority}");
            detail("committed", sentence).by("Commit by majority", &paper("5.3 and 5.4.2"))
        }
        CommitReason::LeaderCommit { leader, commit } => {
            let sentence = format!(
                "{node} learns from {leader} that index {to} is committed (leader's commit {commit})"
            );
            super::trace("commit-learned", sentence)
                .by("Commit index travels with appends", &paper("5.3"))
        }
        CommitReason::Snapshot { covers } => {
            let sentence = format!(
                "{node} raises its commit index from {from} to {to}: the snapshot of {covers} covers only \
                 committed entries"
            );
            detail("committed", sentence).by("Snapshots are committed", &paper("7"))
        }
    }
}

fn reads(node: NodeId, event: &Event) -> Told {
    match event {
        Event::ReadsConfirmed { reads, index, by } => {
            let who = list(by.iter().map(ToString::to_string));
            let reads = count(*reads, "read", "reads");
            let sentence = format!(
                "{node} may answer {reads} from any state that has applied index {index}: {who} confirm \
                 that it still leads"
            );
            detail("read-confirmed", sentence).by("ReadIndex", "Raft dissertation, section 6.4")
        }
        Event::ReadsHeld { term } => {
            let sentence = format!(
                "{node} holds reads back: until an entry of its term {term} is committed it cannot know \
                 what is"
            );
            detail("read-held", sentence)
                .by("ReadIndex, first step", "Raft dissertation, section 6.4")
        }
        _ => unreachable!("sorted by the caller"),
    }
}

fn snapshots(node: NodeId, event: &Event) -> Told {
    let told = match event {
        Event::SnapshotSendStarted {
            follower,
            needs,
            first,
            covers,
            bytes,
        } => {
            let sentence = format!(
                "{node} sends {follower} a snapshot of {covers} ({bytes} bytes): it needs index {needs}, \
                 and the log begins at {first}"
            );
            story("snapshot-sent", sentence)
        }
        Event::SnapshotSendFinished { follower, next } => {
            let sentence =
                format!("{node} goes on with {follower} at index {next}, behind the snapshot");
            detail("snapshot-done", sentence)
        }
        Event::SnapshotReceiveStarted {
            leader,
            covers,
            bytes,
        } => {
            let sentence = format!(
                "{node} begins to receive a snapshot of {covers} ({bytes} bytes) from {leader}"
            );
            detail("snapshot-received", sentence)
        }
        Event::SnapshotIgnored { covers, commit } => {
            let sentence = format!(
                "{node} needs no snapshot of {covers}: it has committed up to index {commit}"
            );
            detail("snapshot-ignored", sentence)
        }
        Event::SnapshotInstalled { covers, log } => {
            let log = match log {
                InstalledLog::SuffixKept { last } => format!(
                    "its log holds that entry too, so what follows, up to index {last}, stays"
                ),
                InstalledLog::Replaced { last } => format!(
                    "its log, which ended at index {last}, does not hold that entry and is replaced"
                ),
            };
            story(
                "snapshot-installed",
                format!("{node} installs the snapshot of {covers}: {log}"),
            )
        }
        Event::SnapshotDamaged { covers } => {
            let sentence = format!(
                "{node} throws the pieces of the snapshot of {covers} away: its checksum does not fit"
            );
            story("snapshot-damaged", sentence)
        }
        Event::LogCompacted {
            first,
            covers,
            entries,
        } => {
            let gone = count(*entries, "entry", "entries");
            let sentence = format!(
                "{node} drops {gone} from its log, which now begins at index {first}: its snapshot covers {covers}"
            );
            detail("compacted", sentence)
        }
        _ => unreachable!("sorted by the caller"),
    };
    told.by("Log compaction", &paper("7"))
}
