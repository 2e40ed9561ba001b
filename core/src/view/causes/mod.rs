//! Why something happened: the chain of causes back through messages, disks and timers.
//!
//! `ends.rs` follows the run and knows of each step what led to it; `link.rs` is what it says.
//! Here the chain is followed backward, each stretch by a short replay, the newest step first.

mod ends;
mod link;
#[cfg(test)]
mod tests;

pub(in crate::view) use ends::Witness;
pub(in crate::view) use link::{Flight, Link, Reason};

use super::explain::causes as words;
use super::model::{CauseView, EventView, ReasonView, Weight, WhyView};
use super::session::views;
use crate::sim::{Place, Step, Timeline};
use std::collections::BTreeMap;

/// Steps that one replay keeps: causes are mostly near.
const STRETCH: u64 = 256;
/// One answer takes so many replays at most, each as long as the way to a checkpoint.
const REPLAYS: usize = 24;
/// One answer names so many steps at most.
const MOST: usize = 400;
/// What is told of each step.
const EVENTS: usize = 5;

/// A step, and what led to it.
struct Known {
    step: Step,
    links: Vec<Link>,
}

/// Reads steps backward.
struct Reader<'a> {
    timeline: &'a Timeline<Witness>,
    known: BTreeMap<u64, Known>,
    replays: usize,
}

impl Reader<'_> {
    /// A step of the run; none when it would take too long to find.
    fn read(&mut self, number: u64) -> Option<&Known> {
        if number == 0 || number > self.timeline.head_step() {
            return None;
        }
        if !self.known.contains_key(&number) {
            if self.replays == REPLAYS {
                return None;
            }
            self.replays += 1;
            self.known.clear();
            let after = number.saturating_sub(STRETCH);
            let timeline = self.timeline;
            timeline.witness(after, number, &mut |_, witness, step| {
                let links = links(timeline, witness, step);
                let step = step.clone();
                self.known.insert(step.number, Known { step, links });
            });
        }
        self.known.get(&number)
    }
}

/// What led to a step, with the steps that are known only by their time.
pub(super) fn links(timeline: &Timeline<Witness>, witness: &Witness, step: &Step) -> Vec<Link> {
    let mut links = witness.ends.links().to_vec();
    for link in &mut links {
        if let Reason::Invoked { at, .. } = link.reason {
            link.step = timeline.step_at(at);
        }
    }
    links.retain(|link| (1..step.number).contains(&link.step));
    links
}

/// Why the event happened that is number `place` in its step; the chain has `most` steps at most.
/// None when there is no such event.
pub(super) fn why(
    timeline: &Timeline<Witness>,
    (number, place): (u64, usize),
    most: usize,
) -> Option<WhyView> {
    let mut reader = Reader {
        timeline,
        known: BTreeMap::new(),
        replays: 0,
    };
    let known = reader.read(number)?;
    let event = views(&known.step).nth(place)?;
    // What happened before it in the step may have led to it; what comes after has not.
    let own = known.links.iter();
    let own = own.filter(|link| link.about.is_none_or(|about| about <= place));
    let own: Vec<Link> = own.cloned().collect();
    let origin = origin(known);
    let mut reasons = Vec::new();
    let mut wanted = BTreeMap::<u64, Vec<ReasonView>>::new();
    for link in &own {
        let view = reason(timeline, link, &known.step);
        reasons.push(view.clone());
        wanted.entry(link.step).or_default().push(view);
    }
    let mut causes = Vec::new();
    let most = most.min(MOST);
    while causes.len() < most
        && let Some((number, leads_to)) = wanted.pop_last()
    {
        let Some(known) = reader.read(number) else {
            wanted.insert(number, leads_to);
            break;
        };
        for link in &known.links {
            let view = reason(timeline, link, &known.step);
            wanted.entry(link.step).or_default().push(view);
        }
        causes.push(CauseView {
            step: number,
            time: known.step.time.0,
            leads_to,
            events: telling(&known.step),
            origin: self::origin(known),
        });
    }
    let more = !wanted.is_empty();
    Some(WhyView {
        event,
        origin,
        reasons,
        causes,
        more,
    })
}

fn origin(known: &Known) -> Option<String> {
    let led_to = known.links.iter().any(|link| link.about.is_none());
    (!led_to).then(|| words::origin(&known.step.cause))
}

fn reason(timeline: &Timeline<Witness>, link: &Link, effect: &Step) -> ReasonView {
    let since = timeline.time_of(link.step);
    let (kind, message, sentence) = words::reason(&link.reason, (since, effect.time));
    let place = match link.about {
        Some(about) => effect.happenings.get(about),
        None => effect.happenings.first(),
    };
    let place = place.map_or(Place::World, |happening| happening.place);
    let (from, to) = link.reason.places(place);
    ReasonView {
        cause: link.step,
        since: since.0,
        from: from.to_string(),
        effect: effect.number,
        until: effect.time.0,
        to: to.to_string(),
        kind,
        message,
        sentence,
    }
}

/// What matters of a step: what is no mere traffic, if there is any.
fn telling(step: &Step) -> Vec<EventView> {
    let all: Vec<EventView> = views(step).collect();
    let matters = |event: &&EventView| !matches!(event.weight, Weight::Trace);
    let mut events: Vec<EventView> = all.iter().filter(matters).cloned().collect();
    if events.is_empty() {
        events = all;
    }
    events.truncate(EVENTS);
    events
}
