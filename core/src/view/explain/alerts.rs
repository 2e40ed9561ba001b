//! Alerts in words: what is wrong, and the setting that decided when to say so.

use super::{Told, count, list, ms, seats, story};
use crate::raft::{ClockJump, ClockRate};
use crate::replica::{Alert, AlertKey, AlertKind, QuorumCount};
use crate::types::{Duration, NodeId};

pub(super) fn raised(node: NodeId, alert: &Alert) -> Told {
    let kind = alert.key().kind;
    let told = format!("alert, {}: {}", title(kind), text(node, alert));
    by_setting(story("alert", told), kind)
}

pub(super) fn cleared(node: NodeId, alert: AlertKey, lasted: Duration) -> Told {
    let of = alert
        .follower
        .map_or(String::new(), |id| format!(" ({id})"));
    let (title, lasted) = (title(alert.kind), ms(lasted.as_micros()));
    let told = format!("{node} clears its alert, {title}{of}, after {lasted}");
    by_setting(story("alert-cleared", told), alert.kind)
}

/// What it is called, in a word or two.
pub(in crate::view) fn title(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::NoLeader => "no leader",
        AlertKind::QuorumAtRisk => "quorum at risk",
        AlertKind::QuorumLost => "quorum lost",
        AlertKind::FollowerSilent => "follower silent",
        AlertKind::FollowerBehind => "follower behind",
        AlertKind::ApplyStalled => "applying stands still",
        AlertKind::DiskNearlyFull => "disk nearly full",
        AlertKind::ClockBeyondBound => "clock beyond its bound",
        AlertKind::ClockJumped => "clock jumped",
        AlertKind::SeatVacant => "no vote for now",
        AlertKind::SeatsLost => "a majority may have forgotten",
    }
}

/// The setting that decides when it is raised.
fn setting(kind: AlertKind) -> Option<&'static str> {
    Some(match kind {
        AlertKind::NoLeader => "alerts.leaderless",
        AlertKind::QuorumAtRisk | AlertKind::QuorumLost | AlertKind::FollowerSilent => {
            "alerts.follower_silence"
        }
        AlertKind::FollowerBehind => "alerts.follower_lag",
        AlertKind::ApplyStalled => "alerts.apply_stall",
        AlertKind::DiskNearlyFull => "alerts.disk_percent",
        AlertKind::ClockBeyondBound => "raft.clock_drift_ppm",
        AlertKind::ClockJumped => "alerts.clock_jump",
        AlertKind::SeatVacant | AlertKind::SeatsLost => return None,
    })
}

fn by_setting(told: Told, kind: AlertKind) -> Told {
    match setting(kind) {
        Some(setting) => told.by(&format!("Threshold {setting}"), "Configuration"),
        None => told.by("A vote counts for one memory", seats::CHAPTER),
    }
}

/// What is wrong, in a sentence that names the server.
pub(in crate::view) fn text(node: NodeId, alert: &Alert) -> String {
    match alert {
        Alert::NoLeader { lasting, limit } => format!(
            "{node} has known of no leader for {} ({} are allowed), and serves no write",
            ms(lasting.as_micros()),
            ms(limit.as_micros())
        ),
        Alert::QuorumAtRisk(count) => {
            format!("{}; one more failure stops writes", quorum(node, count))
        }
        Alert::QuorumLost(count) => {
            let needed = count.needed;
            format!("{}; {needed} are needed to commit", quorum(node, count))
        }
        Alert::FollowerSilent {
            follower,
            silence,
            limit,
        } => format!(
            "{node} has not heard from {follower} for {} ({} are allowed)",
            ms(silence.as_micros()),
            ms(limit.as_micros())
        ),
        Alert::FollowerBehind {
            follower,
            entries,
            limit,
            lasting,
        } => format!(
            "{follower} lacks {} of the log of {node}; it has lacked more than {limit} for {}",
            count(*entries, "entry", "entries"),
            ms(lasting.as_micros())
        ),
        Alert::ApplyStalled {
            applied,
            commit,
            lasting,
        } => format!(
            "{node} has applied index {applied} and no more for {}, while index {commit} is committed: \
             what it answers is old",
            ms(lasting.as_micros())
        ),
        Alert::DiskNearlyFull { usage, limit } => format!(
            "{} of the {} bytes of the disk of {node} are used, more than {limit} percent: a server whose \
             disk is full stops",
            usage.used, usage.capacity
        ),
        Alert::ClockBeyondBound {
            follower,
            rate,
            bound_ppm,
        } => format!(
            "the clock of {follower} runs {} than that of {node}, and no clock may be off by more than \
             {bound_ppm} ppm: reads by lease may be stale",
            apart(*rate)
        ),
        Alert::ClockJumped { jump, ago } => {
            let jump = match jump {
                ClockJump::Back { by } => format!("back by {}", ms(by.as_micros())),
                ClockJump::Forward { late } => format!("ahead by {}", ms(late.as_micros())),
            };
            let ago = ms(ago.as_micros());
            format!("the clock of {node} jumped {jump}, {ago} ago: promises made by it are void")
        }
        Alert::SeatVacant { incarnation } => format!(
            "{node}, in incarnation {incarnation}, may have forgotten what it promised: its vote does not \
             count until a leader has brought it up to date and given it its seat"
        ),
        Alert::SeatsLost { vacant, needed } => {
            format!("{node} knows that {}", seats::lost(vacant, *needed))
        }
    }
}

/// How far two clocks are apart that are apart for sure.
fn apart(rate: ClockRate) -> String {
    let ClockRate { low_ppm, high_ppm } = rate;
    if high_ppm < 0 {
        format!("{} to {} ppm slower", -high_ppm, -low_ppm)
    } else {
        format!("{low_ppm} to {high_ppm} ppm faster")
    }
}

fn quorum(node: NodeId, count: &QuorumCount) -> String {
    let silent = list(count.silent.iter().map(NodeId::to_string));
    let (living, voters) = (count.living, count.voters);
    format!("{node} can count on {living} of {voters} voters, not on {silent}")
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::raft::{ClockJump, ClockRate};
    use crate::replica::{Alert, DiskUsage, QuorumCount};
    use crate::types::{Duration, Incarnation, Index, NodeId};
    use expect_test::expect;

    #[test]
    fn every_alert_explains_itself_with_its_numbers() {
        let (limit, lasting) = (Duration::secs(1), Duration::micros(1_234_567));
        let follower = NodeId(3);
        let count = |living, silent: &[u32]| QuorumCount {
            voters: 3,
            living,
            needed: 2,
            silent: silent.iter().map(|id| NodeId(*id)).collect(),
        };
        let (low_ppm, high_ppm) = (-60_300, -59_700);
        let alerts = [
            Alert::NoLeader { lasting, limit },
            Alert::QuorumAtRisk(count(2, &[3])),
            Alert::QuorumLost(count(1, &[2, 3])),
            Alert::FollowerSilent {
                follower,
                silence: lasting,
                limit,
            },
            Alert::FollowerBehind {
                follower,
                entries: 120,
                limit: 100,
                lasting,
            },
            Alert::ApplyStalled {
                applied: Index(1_119),
                commit: Index(287),
                lasting,
            },
            Alert::DiskNearlyFull {
                usage: DiskUsage {
                    used: 950,
                    capacity: 1_000,
                },
                limit: 90,
            },
            Alert::ClockBeyondBound {
                follower,
                rate: ClockRate { low_ppm, high_ppm },
                bound_ppm: 10_000,
            },
            Alert::ClockJumped {
                jump: ClockJump::Back { by: lasting },
                ago: limit,
            },
            Alert::SeatVacant {
                incarnation: Incarnation(4),
            },
            Alert::SeatsLost {
                vacant: vec![NodeId(2), follower],
                needed: 2,
            },
        ];
        let lines = alerts.iter().map(|alert| text(NodeId(1), alert));
        let lines: Vec<String> = lines.collect();
        expect![[r#"
            n1 has known of no leader for 1234.5 ms (1000.0 ms are allowed), and serves no write
            n1 can count on 2 of 3 voters, not on n3; one more failure stops writes
            n1 can count on 1 of 3 voters, not on n2 and n3; 2 are needed to commit
            n1 has not heard from n3 for 1234.5 ms (1000.0 ms are allowed)
            n3 lacks 120 entries of the log of n1; it has lacked more than 100 for 1234.5 ms
            n1 has applied index 1119 and no more for 1234.5 ms, while index 287 is committed: what it answers is old
            950 of the 1000 bytes of the disk of n1 are used, more than 90 percent: a server whose disk is full stops
            the clock of n3 runs 59700 to 60300 ppm slower than that of n1, and no clock may be off by more than 10000 ppm: reads by lease may be stale
            the clock of n1 jumped back by 1234.5 ms, 1000.0 ms ago: promises made by it are void
            n1, in incarnation 4, may have forgotten what it promised: its vote does not count until a leader has brought it up to date and given it its seat
            n1 knows that n2 and n3 may have forgotten what they acknowledged, and those who have not are fewer than the 2 that decide: whoever was elected now could lack committed writes. Put back the data directory of one of them, or begin a new cluster"#]].assert_eq(&lines.join("\n"));
    }
}
