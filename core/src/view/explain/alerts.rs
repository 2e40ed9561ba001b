//! Alerts in words: what is wrong, and the setting that decided when to say so.

use super::{Told, count, list, ms, story};
use crate::raft::ClockJump;
use crate::replica::{Alert, AlertKey, AlertKind, QuorumCount};
use crate::types::{Duration, NodeId};

pub(super) fn raised(node: NodeId, alert: &Alert) -> Told {
    let kind = alert.key().kind;
    let told = format!(
        "{node} raises an alert, {}: {}",
        title(kind),
        text(node, alert)
    );
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
    }
}

/// The setting that decides when it is raised.
fn setting(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::NoLeader => "alerts.leaderless",
        AlertKind::QuorumAtRisk | AlertKind::QuorumLost | AlertKind::FollowerSilent => {
            "alerts.follower_silence"
        }
        AlertKind::FollowerBehind => "alerts.follower_lag",
        AlertKind::ApplyStalled => "alerts.apply_stall",
        AlertKind::DiskNearlyFull => "alerts.disk_percent",
        AlertKind::ClockBeyondBound => "raft.clock_drift_ppm",
        AlertKind::ClockJumped => "alerts.clock_jump",
    }
}

fn by_setting(told: Told, kind: AlertKind) -> Told {
    told.by(&format!("Threshold {}", setting(kind)), "Configuration")
}

/// What is wrong, in a sentence that names the server.
pub(in crate::view) fn text(node: NodeId, alert: &Alert) -> String {
    match alert {
        Alert::NoLeader { lasting, limit } => format!(
            "{node} has known of no leader for {}, and {} are allowed: it serves no write and no fresh \
             read",
            ms(lasting.as_micros()),
            ms(limit.as_micros())
        ),
        Alert::QuorumAtRisk(count) => {
            format!("{}: one more failure stops writes", quorum(node, count))
        }
        Alert::QuorumLost(count) => format!("{}: nothing can be committed", quorum(node, count)),
        Alert::FollowerSilent {
            follower,
            silence,
            limit,
        } => format!(
            "{node} has not heard from {follower} for {}, and {} are allowed",
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
            "the clock of {follower} runs {} to {} ppm faster than that of {node}, and no clock may be \
             off by more than {bound_ppm}: reads by lease may be stale",
            rate.low_ppm, rate.high_ppm
        ),
        Alert::ClockJumped { jump, ago } => {
            let jump = match jump {
                ClockJump::Back { by } => format!("back by {}", ms(by.as_micros())),
                ClockJump::Forward { late } => format!("ahead by {}", ms(late.as_micros())),
            };
            let ago = ms(ago.as_micros());
            format!("the clock of {node} jumped {jump}, {ago} ago: promises made by it are void")
        }
    }
}

fn quorum(node: NodeId, count: &QuorumCount) -> String {
    let QuorumCount {
        voters,
        living,
        needed,
        silent,
    } = count;
    let silent = list(silent.iter().map(NodeId::to_string));
    format!("{node} hears from {living} of {voters} voters, not from {silent}, and {needed} decide")
}
