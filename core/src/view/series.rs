//! How each server stood over time, for charts, and all of them side by side.
//!
//! The series travels with the run through time, as the checker does, so it is that of the moment
//! shown after going back too. It is bounded: when it has too many spans, two become one.

mod compare;
#[cfg(test)]
mod tests;

pub(super) use compare::compare;

use super::model::{SeriesView, ServerSeries};
use crate::replica::Replica;
use crate::sim::{Address, ClientEvent, Node, Operation, Place, Step, What, World};
use crate::types::{Duration, Instant, NodeId};
use imbl::Vector;

/// A run that ends when its scenario says so has so many spans; a longer one at most twice as many.
const SPANS: usize = 240;
/// No span is shorter: in less a server does nothing or one thing.
const SHORTEST: Duration = Duration::millis(10);

/// What each server did in spans of equal length, and how it stood at the end of each. Cloning is
/// cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// How long a span is; zero before the first step.
    span: Duration,
    rows: Vector<Vector<Span>>,
    /// What was counted in the span under way.
    counts: Vec<Counts>,
}

/// One server in one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    counts: Counts,
    /// None while it does not run.
    stand: Option<Stand>,
}

/// What a server did in a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    sent: u64,
    received: u64,
    reads: u64,
    writes: u64,
}

/// Where a server stood at the end of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stand {
    commit: u64,
    applied: u64,
    /// Entries that its log holds, without those that were compacted.
    entries: u64,
    cache_bytes: u64,
}

impl Series {
    /// Takes in a step.
    pub fn observe(&mut self, world: &World, step: &Step) {
        if self.span == Duration::ZERO {
            let least = world.scenario().end.0 / SPANS as u64;
            self.span = Duration::micros(least).max(SHORTEST);
            self.counts.resize(world.nodes().len(), Counts::default());
        }
        // A span that ends when something happens ends after it.
        while self.ends() <= step.time {
            let row = world.nodes().iter().zip(&mut self.counts);
            let row = row.map(|(node, counts)| Span::of(node, std::mem::take(counts)));
            self.rows.push_back(row.collect());
            if self.rows.len() == 2 * SPANS {
                self.halve();
            }
        }
        self.count(step);
    }

    /// When the span under way ends.
    fn ends(&self) -> Instant {
        Instant((self.rows.len() as u64 + 1) * self.span.0)
    }

    fn count(&mut self, step: &Step) {
        let mut answering = None;
        for happening in &step.happenings {
            match (happening.place, &happening.what) {
                (Place::Node(node), What::Sent { .. }) => self.of(node).sent += 1,
                (Place::Node(node), What::Delivered { .. }) => self.of(node).received += 1,
                (Place::Client(_), What::Delivered { from, .. }) => answering = Some(*from),
                (Place::Client(_), What::Client(ClientEvent::Answered(answered))) => {
                    let Some(Address::Node(node)) = answering else {
                        continue;
                    };
                    match answered.operation {
                        Operation::Get { .. }
                        | Operation::GetMany { .. }
                        | Operation::List { .. } => self.of(node).reads += 1,
                        _ => self.of(node).writes += 1,
                    }
                }
                _ => {}
            }
        }
    }

    /// How many messages a server has sent and received since the run began.
    fn messages(&self, node: NodeId) -> (u64, u64) {
        let place = node.0 as usize - 1;
        let past = self.rows.iter().map(|row| row[place].counts);
        let all = past.chain(self.counts.get(place).copied());
        all.fold((0, 0), |(sent, received), counts| {
            (sent + counts.sent, received + counts.received)
        })
    }

    fn of(&mut self, node: NodeId) -> &mut Counts {
        &mut self.counts[node.0 as usize - 1]
    }

    /// Makes one span of two.
    fn halve(&mut self) {
        let rows: Vec<Vector<Span>> = self.rows.iter().cloned().collect();
        let pairs = rows.chunks_exact(2).map(|pair| {
            let both = pair[0].iter().zip(&pair[1]);
            both.map(|(first, second)| first.and(second)).collect()
        });
        self.rows = pairs.collect();
        self.span = Duration(self.span.0 * 2);
    }

    /// The series up to the moment shown, which ends the last span.
    pub fn view(&self, world: &World, now: Instant) -> SeriesView {
        let rows = 1..=self.rows.len() as u64;
        let mut until: Vec<u64> = rows.map(|row| row * self.span.0).collect();
        until.push(now.0);
        let servers = world.nodes().iter().enumerate().map(|(place, node)| {
            let past = self.rows.iter().map(|row| row[place]);
            let counts = self.counts.get(place).copied().unwrap_or_default();
            let spans: Vec<Span> = past.chain([Span::of(node, counts)]).collect();
            server(node.id(), &spans)
        });
        SeriesView {
            servers: servers.collect(),
            until,
        }
    }
}

impl Span {
    fn of(node: &Node, counts: Counts) -> Span {
        let stand = node.replica().map(Stand::of);
        Span { counts, stand }
    }

    /// This span and the one that follows it as one.
    fn and(&self, next: &Span) -> Span {
        let (mine, theirs) = (self.counts, next.counts);
        Span {
            counts: Counts {
                sent: mine.sent + theirs.sent,
                received: mine.received + theirs.received,
                reads: mine.reads + theirs.reads,
                writes: mine.writes + theirs.writes,
            },
            stand: next.stand,
        }
    }
}

impl Stand {
    fn of(replica: &Replica) -> Stand {
        let log = replica.raft().log();
        Stand {
            commit: replica.raft().commit().0,
            applied: replica.applied().index.0,
            entries: log.last().index.since(log.base().index),
            cache_bytes: replica.cache().bytes(),
        }
    }
}

fn server(id: NodeId, spans: &[Span]) -> ServerSeries {
    let stands = |of: fn(&Stand) -> u64| {
        let all = spans.iter().map(|span| span.stand.as_ref().map(of));
        all.collect()
    };
    let counts = |of: fn(&Counts) -> u64| spans.iter().map(|span| of(&span.counts)).collect();
    ServerSeries {
        id: id.0,
        commit: stands(|stand| stand.commit),
        applied: stands(|stand| stand.applied),
        entries: stands(|stand| stand.entries),
        cache_bytes: stands(|stand| stand.cache_bytes),
        sent: counts(|counts| counts.sent),
        received: counts(|counts| counts.received),
        reads: counts(|counts| counts.reads),
        writes: counts(|counts| counts.writes),
    }
}
