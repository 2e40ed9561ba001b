//! The search for an order that explains the answers.

use super::call::{Call, Footprint, Mark};
use super::model::{Scene, State, Surroundings};
use super::numbers::Numbers;
use super::record::Path;
use core::iter;
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Calls by their number.
pub(super) type Calls = OrdMap<u64, Arc<Call>>;

/// One way in which everything so far may have gone. What is compared fast comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// The log index of what took effect last, as far as an answer says it.
    pub(super) newest: u64,
    /// Calls that have taken effect though they have not ended yet, or never will.
    pub(super) done: Numbers,
    /// What the keys hold.
    pub(super) state: State,
    /// What took effect on it, as far as it is not settled.
    pub(super) path: Path,
}

/// How a search came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This explains all answers.
    Way(Way),
    /// Nothing does.
    Nothing,
    /// It was given up.
    Undecided,
}

/// How many operations may still be tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort(pub(super) u32);

/// The effort is spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent;

impl Effort {
    fn spend(&mut self) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(1).ok_or(Spent)?;
        Ok(())
    }
}

impl Way {
    /// Nothing has happened.
    pub(super) fn new(state: State) -> Way {
        Way {
            state,
            done: Numbers::default(),
            newest: 0,
            path: Path::default(),
        }
    }

    /// One way for the keys of both.
    pub(super) fn and(&self, other: &Way) -> Way {
        Way {
            state: self.state.and(&other.state),
            done: self.done.and(&other.done),
            newest: self.newest.min(other.newest),
            path: self.path.and(&other.path),
        }
    }
}

/// What is searched.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    /// Calls of whose effect nothing is settled, ended ones and others.
    pub(super) calls: &'a Calls,
    pub(super) around: Surroundings,
}

/// The calls that may take effect before the answer to one.
struct Open<'a> {
    calls: Vec<&'a Arc<Call>>,
    /// Where in the log those that say it took effect, the lowest index first, and their numbers.
    marked: Vec<(Mark, u64)>,
}

impl<'a> Open<'a> {
    fn new(calls: Vec<&'a Arc<Call>>) -> Open<'a> {
        let with_mark = |call: &&Arc<Call>| call.mark().map(|mark| (mark, call.number()));
        let mut marked: Vec<(Mark, u64)> = calls.iter().filter_map(with_mark).collect();
        marked.sort_by_key(|(mark, _)| mark.index());
        Open { calls, marked }
    }

    /// Whether one other than `call`, not done on this way, should have taken effect before what is at
    /// this index.
    fn leaves_behind(&self, way: &Way, call: &Call, newest: u64) -> bool {
        let mut reached = self
            .marked
            .iter()
            .take_while(|(mark, _)| mark.index() <= newest);
        reached.any(|(mark, number)| {
            mark.is_late(newest) && *number != call.number() && !way.done.contains(*number)
        })
    }
}

/// A place in a search: this way explains the answers before the one at this place.
type Place = (usize, Way);

impl Span<'_> {
    /// The calls that were answered, in the order of their answers.
    pub(super) fn answered(&self) -> Vec<&Arc<Call>> {
        let mut answered: Vec<&Arc<Call>> = self.calls.values().collect();
        answered.retain(|call| call.ended().is_some());
        answered.sort_by_key(|call| call.ended());
        answered
    }

    /// One way that goes on from one of these and explains all answers.
    pub(super) fn search(&self, from: &[Way], effort: &mut Effort) -> Found {
        let answered = self.answered();
        // What is simple is tried first: a call takes effect right before its answer. Only where that
        // explains nothing, or leads nowhere, others go before it.
        let mut simple: Vec<Place> = from.iter().rev().map(|way| (0, way.clone())).collect();
        let mut harder: Vec<Place> = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let next = match simple.pop() {
                Some((at, way)) if at == answered.len() => return Found::Way(way),
                Some((at, way)) if !seen.insert((at, way.clone())) => continue,
                Some((at, way)) => {
                    let next = self.simply(&way, answered[at], effort);
                    harder.push((at, way));
                    next.map(|ways| (at, ways))
                }
                None => match harder.pop() {
                    None => return Found::Nothing,
                    Some((at, way)) => self
                        .after(&way, answered[at], effort)
                        .map(|ways| (at, ways)),
                },
            };
            match next {
                Ok((at, ways)) => simple.extend(ways.into_iter().map(|way| (at + 1, way))),
                Err(Spent) => return Found::Undecided,
            }
        }
    }

    /// One way that goes on from this one and explains this answer too.
    pub(super) fn next(
        &self,
        way: &Way,
        call: &Call,
        effort: &mut Effort,
    ) -> Result<Option<Way>, Spent> {
        let simply = self.simply(way, call, effort)?;
        Ok(match simply.into_iter().next() {
            Some(way) => Some(way),
            None => self.after(way, call, effort)?.into_iter().next(),
        })
    }

    /// Ways after the answer to this call in which nothing else took effect before it.
    fn simply(&self, way: &Way, call: &Call, effort: &mut Effort) -> Result<Vec<Way>, Spent> {
        if way.done.contains(call.number()) {
            return Ok(vec![way.clone().ended(call)]);
        }
        effort.spend()?;
        let open = self.open(way, call);
        let ways = self.take(way, (call, call), &open);
        Ok(ways.map(|way| way.ended(call)).collect())
    }

    /// Ways after the answer to this call: with those that can follow them, all that there are.
    pub(super) fn after(
        &self,
        way: &Way,
        call: &Call,
        effort: &mut Effort,
    ) -> Result<Vec<Way>, Spent> {
        let open = self.open(way, call);
        let others = relevant(call, &open.calls);
        let mut seen = BTreeSet::from([way.clone()]);
        let mut waiting = vec![way.clone()];
        let mut found = BTreeSet::new();
        while let Some(way) = waiting.pop() {
            if way.done.contains(call.number()) {
                found.insert(way.ended(call));
                continue;
            }
            effort.spend()?;
            let left = others.iter().map(|other| &***other);
            let left = left.filter(|other| !way.done.contains(other.number()));
            let mut all = iter::once(call).chain(left.clone());
            if let Some(next) = all.find_map(|one| self.quietly(&way, (one, call), &open)) {
                waiting.extend(seen.insert(next.clone()).then_some(next));
                continue;
            }
            found.extend(
                self.take(&way, (call, call), &open)
                    .map(|way| way.ended(call)),
            );
            for other in left {
                effort.spend()?;
                for next in self.take(&way, (other, call), &open) {
                    if seen.insert(next.clone()) {
                        waiting.push(next);
                    }
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The way on which an answered call takes effect next, if that changes nothing. Then it may as well
    /// do so at once: whatever else could take effect before it can do so after it. Without that, reads of
    /// one key at one time would be tried in every order.
    fn quietly(&self, way: &Way, (call, until): (&Call, &Call), open: &Open<'_>) -> Option<Way> {
        let here = call
            .mark()
            .is_none_or(|mark| mark == Mark::Read(way.newest));
        if !here || call.ended().is_none() {
            return None;
        }
        let mut ways = self.take(way, (call, until), open);
        let (next, other) = (ways.next()?, ways.next());
        let touched = Footprint::of(&call.operation);
        let same = other.is_none() && next.state.is_as(&way.state, &touched);
        same.then_some(next)
    }

    /// This way, and all those on which other calls took effect before this one is answered.
    pub(super) fn before(
        &self,
        way: &Way,
        call: &Call,
        effort: &mut Effort,
    ) -> Result<BTreeSet<Way>, Spent> {
        let open = self.open(way, call);
        let others = relevant(call, &open.calls);
        let mut seen = BTreeSet::from([way.clone()]);
        let mut waiting = vec![way.clone()];
        while let Some(way) = waiting.pop() {
            for other in &others {
                if way.done.contains(other.number()) {
                    continue;
                }
                effort.spend()?;
                for next in self.take(&way, (other, call), &open) {
                    if seen.insert(next.clone()) {
                        waiting.push(next);
                    }
                }
            }
        }
        Ok(seen)
    }

    /// The calls that may take effect before the answer to this one: those that began before it, and
    /// have not ended.
    fn open(&self, way: &Way, call: &Call) -> Open<'_> {
        let Some(ended) = call.ended() else {
            return Open::new(Vec::new());
        };
        let earlier = self.calls.range(..ended.number).map(|(_, call)| call);
        let is_open = |other: &&Arc<Call>| {
            let still = other.ended().is_none_or(|other| other > ended);
            still && !way.done.contains(other.number())
        };
        Open::new(earlier.filter(is_open).collect())
    }

    /// The ways in which `call` takes effect next, before `until` is answered.
    fn take<'w>(
        &self,
        way: &'w Way,
        (call, until): (&Call, &Call),
        open: &Open<'_>,
    ) -> impl Iterator<Item = Way> + 'w {
        let scene = Scene {
            call,
            around: self.around,
            by: until.ended().map_or(call.began.time, |ended| ended.time),
        };
        let newest = match call.mark() {
            None => Some(way.newest),
            Some(mark) => (!mark.is_late(way.newest)).then_some(mark.index()),
        };
        // Nothing of a lower index can take effect any more.
        let newest = newest.filter(|newest| !open.leaves_behind(way, call, *newest));
        let states = newest.map(|newest| {
            let mut done = way.done.clone();
            done.insert(call.number());
            let before = until.ended().unwrap_or(until.began);
            let path = way.path.then(call.number(), before);
            let states = way.state.after(&scene).into_iter();
            states.map(move |state| Way {
                state,
                done: done.clone(),
                newest,
                path: path.clone(),
            })
        });
        states.into_iter().flatten()
    }
}

impl Way {
    /// The call has ended: it is no more among those that are done too early.
    fn ended(mut self, call: &Call) -> Way {
        self.done.remove(call.number());
        self
    }
}

/// The log index at which a call took effect, as far as its answer says it.
fn index(call: &Call) -> u64 {
    call.mark().map_or(0, Mark::index)
}

/// Whether a call should have taken effect before what is at this index.
fn is_late(call: &Call, newest: u64) -> bool {
    call.mark().is_some_and(|mark| mark.is_late(newest))
}

/// Those of the open calls of which it can matter for this one whether they took effect before: they have
/// to do with the same keys, or a lower log index. One that nobody was told of matters only to whoever
/// sees what it changed: if nobody does, it may as well never have happened. But of one that changes
/// several keys a part may be overwritten here, and the rest be seen later.
fn relevant<'c>(call: &Call, open: &[&'c Arc<Call>]) -> Vec<&'c Arc<Call>> {
    let mut touched = Footprint::of(&call.operation);
    let mut observed = Footprint::observed(&call.operation);
    let mut newest = index(call);
    let mut rest: Vec<&Arc<Call>> = open.to_vec();
    let mut relevant = Vec::new();
    loop {
        let matters = |other: &&Arc<Call>| match other.ended() {
            Some(_) => is_late(other, newest) || Footprint::of(&other.operation).meets(&touched),
            None => {
                let changed = Footprint::changed(&other.operation);
                changed.meets(&observed) || (changed.keys.len() > 1 && changed.meets(&touched))
            }
        };
        let (more, left): (Vec<_>, Vec<_>) = rest.into_iter().partition(matters);
        if more.is_empty() {
            return relevant;
        }
        for other in &more {
            touched.join(&Footprint::of(&other.operation));
            observed.join(&Footprint::observed(&other.operation));
            newest = newest.max(index(other));
        }
        relevant.extend(more);
        rest = left;
    }
}
