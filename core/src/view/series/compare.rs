//! All servers side by side, one row for each measure.

use super::Series;
use crate::replica::{Metrics, RoleKind};
use crate::sim::{Node, Status, World};
use crate::types::Instant;
use crate::view::model::{CellView, ComparisonRow, ComparisonView};

/// What a server is compared by.
struct Server<'w> {
    node: &'w Node,
    metrics: Option<Metrics>,
    /// Messages sent and received, in all of its runs.
    sent: u64,
    received: u64,
}

/// A measure as it is of one server: a text, or a number that can be compared with the leader's.
enum Measure {
    None,
    Text(String),
    Number(u64),
}

/// All servers at the moment shown.
pub(in crate::view) fn compare(series: &Series, world: &World, now: Instant) -> ComparisonView {
    let servers: Vec<Server> = world
        .nodes()
        .iter()
        .map(|node| Server::new(series, node, now))
        .collect();
    let leader = world.leader();
    let rows = MEASURES.iter().map(|(name, unit, hint, measure)| {
        let all: Vec<Measure> = servers.iter().map(|server| measure(server, now)).collect();
        let at = leader.map(|id| &all[id.0 as usize - 1]);
        let leads = match at {
            Some(Measure::Number(number)) => Some(*number),
            _ => None,
        };
        ComparisonRow {
            name: (*name).into(),
            unit: (*unit).into(),
            hint: (*hint).into(),
            cells: all.iter().map(|measure| cell(measure, leads)).collect(),
        }
    });
    ComparisonView {
        servers: servers.iter().map(|server| server.node.id().0).collect(),
        leader: leader.map(|id| id.0),
        rows: rows.collect(),
    }
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Server<'_>, Instant) -> Measure,
);

const MEASURES: [Row; 17] = [
    ("Role", "", "", |server, _| {
        Measure::Text(server.role().into())
    }),
    ("Term", "", "", |server, _| {
        server.number(|metrics| metrics.term.0)
    }),
    (
        "Last index",
        "",
        "where its log ends, durable or not",
        |server, _| server.number(|metrics| metrics.last.0),
    ),
    (
        "Durable index",
        "",
        "how far its log is on disk: a crash takes what is beyond",
        |server, _| server.number(|metrics| metrics.durable.0),
    ),
    (
        "Commit index",
        "",
        "up to where it knows a majority to hold the log",
        |server, _| server.number(|metrics| metrics.commit.0),
    ),
    (
        "Applied index",
        "",
        "what its cache has taken in",
        |server, _| server.number(|metrics| metrics.applied.0),
    ),
    (
        "Snapshot",
        "",
        "the index that its newest durable snapshot covers",
        |server, _| {
            let replica = server.node.replica();
            let covers = replica.and_then(|replica| replica.raft().snapshot());
            covers.map_or(Measure::None, |snapshot| {
                Measure::Number(snapshot.covers.index.0)
            })
        },
    ),
    (
        "Log entries",
        "",
        "without those that a snapshot has replaced",
        |server, _| server.number(|metrics| metrics.log_entries),
    ),
    ("Log", "bytes", "payload of these entries", |server, _| {
        server.number(|metrics| metrics.log_bytes)
    }),
    ("Cache keys", "", "", |server, _| {
        server.number(|metrics| metrics.cache_keys)
    }),
    ("Cache", "bytes", "all keys and values", |server, _| {
        server.number(|metrics| metrics.cache_bytes)
    }),
    ("Disk", "bytes", "all files, durable or not", |server, _| {
        Measure::Number(server.node.device().disk().used())
    }),
    (
        "Disk, not durable",
        "bytes",
        "what a crash would take",
        |server, _| {
            let unsynced = server.node.device().disk().unsynced();
            Measure::Number(unsynced.appends.iter().map(|append| append.bytes).sum())
        },
    ),
    ("Messages sent", "", "since the run began", |server, _| {
        Measure::Number(server.sent)
    }),
    (
        "Messages received",
        "",
        "since the run began",
        |server, _| Measure::Number(server.received),
    ),
    (
        "Inputs waiting",
        "",
        "while it is paused or slow",
        |server, _| Measure::Number(server.node.intake().waiting() as u64),
    ),
    (
        "Clock offset",
        "",
        "beside simulated time",
        |server, now| {
            let (ours, theirs) = (i128::from(now.0), i128::from(server.node.clock().at(now).0));
            let ahead = theirs - ours;
            let sign = if ahead < 0 { "−" } else { "" };
            let (ms, us) = (ahead.unsigned_abs() / 1_000, ahead.unsigned_abs() % 1_000);
            Measure::Text(format!("{sign}{ms}.{us:03} ms"))
        },
    ),
];

impl<'w> Server<'w> {
    fn new(series: &Series, node: &'w Node, now: Instant) -> Server<'w> {
        let (sent, received) = series.messages(node.id());
        let its_now = node.clock().at(now);
        Server {
            node,
            metrics: node.replica().map(|replica| replica.metrics(its_now)),
            sent,
            received,
        }
    }

    fn number(&self, of: fn(&Metrics) -> u64) -> Measure {
        self.metrics
            .as_ref()
            .map_or(Measure::None, |metrics| Measure::Number(of(metrics)))
    }

    fn role(&self) -> &'static str {
        let role = self.metrics.as_ref().map(|metrics| metrics.role);
        match (self.node.status(), role) {
            (Status::Failed(_), _) => "failed",
            (_, None) => "down",
            (_, Some(RoleKind::Follower)) => "follower",
            (_, Some(RoleKind::PreCandidate)) => "pre-candidate",
            (_, Some(RoleKind::Candidate)) => "candidate",
            (_, Some(RoleKind::Leader)) => "leader",
        }
    }
}

fn cell(measure: &Measure, leader: Option<u64>) -> CellView {
    match measure {
        Measure::None => CellView {
            text: "–".into(),
            beside_leader: None,
        },
        Measure::Text(text) => CellView {
            text: text.clone(),
            beside_leader: None,
        },
        Measure::Number(number) => {
            let beside = leader.map(|leader| i128::from(*number) - i128::from(leader));
            let beside = beside.and_then(|beside| i64::try_from(beside).ok());
            CellView {
                text: number.to_string(),
                beside_leader: beside.filter(|beside| *beside != 0),
            }
        }
    }
}
