//! A server's metrics as rows to be read: names, values, units and hints.

use super::explain::alerts::{text, title};
use super::model::{AlertSeverity, AlertView, MetricGroup, MetricRow};
use crate::raft::Standing;
use crate::replica::{FollowerMetrics, Metrics, RoleKind, Sent, Severity};
use crate::sim::Node;
use crate::types::{Duration, Instant};

/// What is wrong with a server, the worst first.
pub(super) fn alerts(node: &Node) -> Vec<AlertView> {
    let mut raised: Vec<_> = node.alerts().iter().collect();
    raised.sort_by_key(|raised| core::cmp::Reverse(raised.alert.key().kind.severity()));
    let view = |raised: &crate::sim::RaisedAlert| {
        let key = raised.alert.key();
        AlertView {
            name: key.kind.name().into(),
            title: title(key.kind).into(),
            follower: key.follower.map(|id| id.0),
            severity: match key.kind.severity() {
                Severity::Warning => AlertSeverity::Warning,
                Severity::Critical => AlertSeverity::Critical,
            },
            since: raised.at.0,
            sentence: text(node.id(), &raised.alert),
        }
    };
    raised.into_iter().map(view).collect()
}

/// The metrics of a server at this time by its clock.
pub(super) fn groups(metrics: &Metrics, now: Instant) -> Vec<MetricGroup> {
    let mut groups = vec![
        leadership(metrics, now),
        log(metrics),
        group(
            "Cache",
            vec![
                row("Keys", metrics.cache_keys, "", ""),
                row("Keys and values", metrics.cache_bytes, "bytes", ""),
                row(
                    "Sessions",
                    metrics.sessions,
                    "",
                    "clients whose answers are remembered",
                ),
            ],
        ),
        disk(metrics),
    ];
    groups.extend(metrics.followers.iter().map(follower));
    groups
}

fn leadership(metrics: &Metrics, now: Instant) -> MetricGroup {
    let role = match metrics.role {
        RoleKind::Follower => "follower",
        RoleKind::PreCandidate => "pre-candidate",
        RoleKind::Candidate => "candidate",
        RoleKind::Leader => "leader",
    };
    let standing = match metrics.standing {
        Standing::Voter => "voter",
        Standing::Learner => "learner",
        Standing::Outsider => "no member",
        Standing::Unseated => "voter without its seat",
    };
    let leader = metrics.leader.map_or("none".into(), |id| id.to_string());
    let mut rows = vec![
        row("Term", metrics.term, "", ""),
        row("Role", role, "", ""),
        row("Standing", standing, "", "as far as its own log says"),
        row("Leader", leader, "", "as far as it has heard recently"),
        row(
            "Elections begun",
            metrics.elections_started,
            "",
            "since it was switched on",
        ),
        row(
            "Elections won",
            metrics.elections_won,
            "",
            "since it was switched on",
        ),
        row(
            "Leaderships seen",
            metrics.leaderships_seen,
            "",
            "since it was switched on",
        ),
    ];
    if let Some(since) = metrics.leaderless_since {
        rows.push(row("Without a leader", ms(now.since(since)), "ms", ""));
    }
    if metrics.role == RoleKind::Leader {
        let left = metrics.lease_left.map_or("none".into(), ms);
        let unit = if metrics.lease_left.is_some() {
            "ms"
        } else {
            ""
        };
        rows.push(row(
            "Lease left",
            left,
            unit,
            "so long it may answer reads by itself",
        ));
    }
    group("Leadership", rows)
}

fn log(metrics: &Metrics) -> MetricGroup {
    let mut rows = vec![
        row("Last", metrics.last, "", "where its log ends"),
        row("Durable", metrics.durable, "", "how far its log is on disk"),
        row("Commit", metrics.commit, "", ""),
        row("Applied", metrics.applied, "", ""),
        row(
            "Apply lag",
            metrics.apply_lag,
            "entries",
            "committed and not applied",
        ),
        row(
            "Held",
            metrics.log_entries,
            "entries",
            "above the newest compaction",
        ),
        row("Payload held", metrics.log_bytes, "bytes", ""),
    ];
    if let Some(bytes) = metrics.uncommitted_bytes {
        rows.push(row("Uncommitted", bytes, "bytes", ""));
        rows.push(row(
            "Commands waiting",
            metrics.proposals,
            "",
            "to be committed and applied",
        ));
    }
    rows.push(row(
        "Reads waiting",
        metrics.reads,
        "",
        "to be confirmed and answered",
    ));
    rows.extend(
        metrics
            .receiving
            .map(|sent| part("Snapshot received", sent)),
    );
    group("Log", rows)
}

fn disk(metrics: &Metrics) -> MetricGroup {
    group(
        "Disk",
        vec![
            row("Write-ahead log", metrics.wal_bytes, "bytes", ""),
            row(
                "Segments",
                metrics.wal_segments,
                "",
                "files of the write-ahead log",
            ),
            row("Log writes", metrics.log_writes, "", "not durable yet"),
            row(
                "Records waiting",
                metrics.log_records,
                "",
                "for the write under way",
            ),
            row(
                "Snapshot writes",
                metrics.snapshot_writes,
                "",
                "not durable yet",
            ),
        ],
    )
}

fn follower(follower: &FollowerMetrics) -> MetricGroup {
    let mut rows = vec![
        row("Matched", follower.matched, "", "what it holds for sure"),
        row("Lag", follower.lag, "entries", ""),
        row("Heard", ms(follower.silence), "ms ago", ""),
        row("Appends under way", follower.inflight_appends, "", ""),
        row("Bytes under way", follower.inflight_bytes, "bytes", ""),
    ];
    if let Some(rate) = follower.clock_rate {
        let value = format!("{} to {}", rate.low_ppm, rate.high_ppm);
        rows.push(row(
            "Clock rate",
            value,
            "ppm",
            "how much faster than the leader's it runs",
        ));
    }
    rows.extend(follower.sending.map(|sent| part("Snapshot", sent)));
    group(&format!("Follower {}", follower.node), rows)
}

fn part(name: &str, sent: Sent) -> MetricRow {
    row(
        name,
        format!("{} of {}", sent.bytes, sent.total),
        "bytes",
        "",
    )
}

fn group(name: &str, rows: Vec<MetricRow>) -> MetricGroup {
    let name = name.into();
    MetricGroup { name, rows }
}

fn row(name: &str, value: impl ToString, unit: &str, hint: &str) -> MetricRow {
    MetricRow {
        name: name.into(),
        value: value.to_string(),
        unit: unit.into(),
        hint: hint.into(),
    }
}

/// Milliseconds with one digit more.
fn ms(span: Duration) -> String {
    let us = span.as_micros();
    format!("{}.{}", us / 1_000, us % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use crate::types::{Duration, Instant};
    use crate::view::{AlertSeverity, Frame, MarkerKind, NodeDetail, Session};

    /// A cluster of three in which two servers crash, one after the other.
    fn shown(ms: u64) -> (Session, Frame) {
        let text = "flotilla = 1
            name = \"alerts\"
            end = \"9s\"
            nodes = 3
            actions = [
              { at = \"1s\", do = \"crash\", node = 1 },
              { at = \"3s\", do = \"crash\", node = 2 },
            ]";
        let mut session = Session::parse(text).expect("well-formed");
        session.run_until(Instant::ZERO + Duration::millis(ms), u64::MAX);
        let frame = session.frame();
        (session, frame)
    }

    fn alerts(frame: &Frame, severity: AlertSeverity) -> Vec<&str> {
        let all = frame.nodes.iter().flat_map(|node| &node.alerts);
        let those = all.filter(|alert| alert.severity == severity);
        those.map(|alert| alert.name.as_str()).collect()
    }

    #[test]
    fn a_frame_shows_what_is_wrong_at_its_moment() {
        let (mut session, healthy) = shown(900);
        assert!(healthy.nodes.iter().all(|node| node.alerts.is_empty()));
        session.seek(Instant(2_900_000), u64::MAX);
        let watch = session.frame();
        assert_eq!(
            alerts(&watch, AlertSeverity::Warning),
            ["quorum-at-risk", "follower-silent"]
        );
        session.seek(Instant(5_000_000), u64::MAX);
        let broken = session.frame();
        assert_eq!(alerts(&broken, AlertSeverity::Critical), ["no-leader"]);
        let marks = session.frame().markers;
        assert!(marks.is_empty(), "they were sent already");
        session.seek(Instant(900_000), u64::MAX);
        assert!(alerts(&session.frame(), AlertSeverity::Critical).is_empty());
    }

    #[test]
    fn alerts_are_marked_on_the_timeline() {
        let (_, frame) = shown(5_000);
        let alert = |kind: &MarkerKind| matches!(kind, MarkerKind::Alert);
        let marks = frame.markers.iter().filter(|mark| alert(&mark.kind));
        let labels: Vec<&str> = marks.map(|mark| mark.label.as_str()).collect();
        assert!(labels.contains(&"n3: no leader"), "{labels:?}");
    }

    #[test]
    fn an_opened_server_shows_its_metrics_while_it_runs() {
        let opened = shown(2_000).0.details(usize::MAX);
        let [one, two, three] = &opened[..] else {
            panic!("there are three");
        };
        assert!(one.metrics.is_empty());
        let names = |opened: &NodeDetail| -> Vec<String> {
            let groups = opened.metrics.iter();
            groups.map(|group| group.name.clone()).collect()
        };
        let leadership = &three.metrics[0];
        let (two, three) = (names(two), names(three));
        let leads = if two.len() > three.len() { two } else { three };
        let expected = ["Leadership", "Log", "Cache", "Disk", "Follower n1"];
        assert_eq!(leads[..5], expected);
        let row = |name: &str| {
            let row = leadership.rows.iter().find(|row| row.name == name);
            row.map(|row| row.value.clone())
        };
        assert_ne!(row("Term"), Some("0".into()));
        assert_ne!(row("Leader"), Some("none".into()));
    }
}
