//! The trace for other programs: a line of JSON for each event, or a log for ShiViz.
//!
//! ShiViz draws a run from vector clocks alone (Fidge 1988, Mattern 1989): an event happened before
//! another exactly if its clock is at most the other's in every place. Each server and client, the
//! model service and the network has a place; each event counts its own up by one, and a message
//! carries the clock of its sender to its receiver.

use super::causes::{self, Flight, Witness};
use super::model::{EventView, ExportView, MessageKind, Rule, Weight};
use super::session::views;
use crate::sim::{MessageId, Place, Step, Timeline, What};
use core::fmt::Write;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One answer has so many events at most, and those of the step in which it ends.
const MOST: usize = 20_000;

/// A line of the trace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    /// The event's number: its step times 1000, plus its place in the step.
    id: u64,
    /// The step in which it happened.
    step: u64,
    /// When, in microseconds of simulated time.
    time_us: u64,
    /// Where: `n1`, `c1`, `model`, or `world`.
    place: &'a str,
    /// What it is: `leader`.
    kind: &'a str,
    /// How much it matters: `story`, `detail` or `trace`.
    weight: Weight,
    /// In words.
    sentence: &'a str,
    /// The rule that decided it, and where that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a Rule>,
    /// The message that was sent, arrived or was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageLine>,
    /// The earlier steps without which it would not have happened.
    causes: BTreeSet<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageLine {
    id: u64,
    from: String,
    to: String,
    kind: MessageKind,
    sent_us: u64,
}

impl From<&Flight> for MessageLine {
    fn from(flight: &Flight) -> MessageLine {
        MessageLine {
            id: flight.id.0,
            from: flight.from.to_string(),
            to: flight.to.to_string(),
            kind: flight.kind,
            sent_us: flight.sent_at.0,
        }
    }
}

/// Writes the steps behind `after` down, until `upto` or until there are enough events.
fn export(
    timeline: &Timeline<Witness>,
    (after, upto): (u64, u64),
    text: String,
    mut write: impl FnMut(&mut String, &Witness, &Step, &[EventView]),
) -> ExportView {
    let upto = upto.min(timeline.head_step());
    let (mut text, mut events, mut last) = (text, 0, after);
    let mut replay = timeline.replay_from(after);
    while events < MOST
        && let Some(step) = replay.next(timeline, upto)
    {
        let told: Vec<EventView> = views(&step).collect();
        write(&mut text, replay.observer(), &step, &told);
        events += told.len();
        last = step.number;
    }
    let next = (last < upto).then_some(last);
    ExportView { text, next }
}

/// The events of the steps behind `after`, up to `upto`, a line of JSON each.
pub(super) fn json_lines(timeline: &Timeline<Witness>, range: (u64, u64)) -> ExportView {
    export(
        timeline,
        range,
        String::new(),
        |text, witness, step, told| {
            let links = causes::links(timeline, witness, step);
            for (place, (event, happening)) in told.iter().zip(&step.happenings).enumerate() {
                let led_to = links.iter();
                let led_to = led_to.filter(|link| link.about.is_none_or(|about| about <= place));
                let line = Line {
                    id: event.id,
                    step: event.step,
                    time_us: event.time,
                    place: &event.place,
                    kind: &event.kind,
                    weight: event.weight,
                    sentence: &event.sentence,
                    rule: event.rule.as_ref(),
                    message: message_of(&happening.what)
                        .and_then(|message| witness.ends.message(message))
                        .map(MessageLine::from),
                    causes: led_to.map(|link| link.step).collect(),
                };
                let json = serde_json::to_string(&line).expect("texts and numbers are JSON");
                text.push_str(&json);
                text.push('\n');
            }
        },
    )
}

fn message_of(what: &What) -> Option<MessageId> {
    match what {
        What::Sent { message, .. }
        | What::Delivered { message, .. }
        | What::MessageLost { message, .. }
        | What::MessageDelayed { message, .. }
        | What::MessageHurried { message, .. } => Some(*message),
        What::InputWaits { message, .. } => *message,
        What::MessageDuplicated { copy, .. } => Some(*copy),
        _ => None,
    }
}

/// How ShiViz reads the log: two lines for each event.
const PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<step>\d*) (?<time>\S*) (?<event>.*)";

/// The events of the steps behind `after`, up to `upto`, as a log for ShiViz: the expression that
/// reads it, an empty line for there is one run, and two lines for each event. Clocks begin at 0.
pub(super) fn shiviz(timeline: &Timeline<Witness>, range: (u64, u64)) -> ExportView {
    let mut clocks = Clocks::default();
    let head = format!("{PARSER}\n\n");
    export(timeline, range, head, |text, _, step, told| {
        for (event, happening) in told.iter().zip(&step.happenings) {
            let clock = clocks.tick(happening.place, &happening.what);
            let _ = write!(text, "{} {{", event.place);
            for (at, (place, count)) in clock.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\"{place}\":{count}");
            }
            let sentence = event.sentence.replace('\n', " ");
            let _ = writeln!(text, "}}\n{} {}us {sentence}", event.step, event.time);
        }
    })
}

type Clock = BTreeMap<Place, u64>;

/// The vector clock of every place, and of every message on its way.
#[derive(Default)]
struct Clocks {
    places: BTreeMap<Place, Clock>,
    messages: BTreeMap<MessageId, Clock>,
}

impl Clocks {
    /// An event happens; tells its clock.
    fn tick(&mut self, place: Place, what: &What) -> &Clock {
        let carried = match what {
            What::Delivered { message, .. } | What::MessageLost { message, .. } => {
                self.messages.remove(message)
            }
            What::MessageDuplicated { message, copy, .. } => {
                let clock = self.messages.get(message).cloned();
                if let Some(clock) = clock.clone() {
                    self.messages.insert(*copy, clock);
                }
                clock
            }
            _ => None,
        };
        let clock = self.places.entry(place).or_default();
        for (other, count) in carried.into_iter().flatten() {
            let known = clock.entry(other).or_default();
            *known = count.max(*known);
        }
        *clock.entry(place).or_default() += 1;
        if let What::Sent { message, .. } = what {
            self.messages.insert(*message, clock.clone());
        }
        clock
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, json_lines, shiviz};
    use crate::sim::{Happening, Scenario, Timeline, What};
    use crate::types::Instant;
    use crate::view::causes::Witness;
    use std::collections::{BTreeMap, BTreeSet};

    const SCENARIO: &str = r#"
        flotilla = 1
        name = "export"
        seed = 11
        end = "700ms"
        nodes = 3
        actions = [
          { at = "300ms", do = "put", client = 1, key = "fruit", value = "{pear}\n" },
          { at = "500ms", do = "crash", node = 2 },
        ]
        [network]
        loss_ppm = 30000
        duplication_ppm = 30000
    "#;

    fn run() -> (Timeline<Witness>, Vec<Happening>) {
        let scenario = Scenario::parse(SCENARIO).expect("well-formed");
        let mut timeline = Timeline::new(scenario, Witness::default());
        let mut happenings = Vec::new();
        timeline.run_until(Instant(700_000), u64::MAX, &mut |_, step| {
            happenings.extend(step.happenings.iter().cloned());
        });
        (timeline, happenings)
    }

    /// Which events happened before each: those of its place, and those before its message was
    /// sent.
    fn before(happenings: &[Happening]) -> Vec<BTreeSet<usize>> {
        let (mut newest, mut sent) = (BTreeMap::new(), BTreeMap::new());
        let mut all: Vec<BTreeSet<usize>> = Vec::new();
        for (at, happening) in happenings.iter().enumerate() {
            let carried = match &happening.what {
                What::Delivered { message, .. } | What::MessageLost { message, .. } => {
                    sent.get(message)
                }
                What::MessageDuplicated { message, .. } => sent.get(message),
                _ => None,
            };
            let parents = carried.into_iter().chain(newest.get(&happening.place));
            let parents: Vec<usize> = parents.copied().collect();
            let mut before: BTreeSet<usize> = parents.iter().copied().collect();
            for parent in parents {
                before.extend(all[parent].iter().copied());
            }
            all.push(before);
            match &happening.what {
                What::Sent { message, .. } => {
                    sent.insert(*message, at);
                }
                What::MessageDuplicated { message, copy, .. } => {
                    let original = sent[message];
                    sent.insert(*copy, original);
                }
                _ => {}
            }
            newest.insert(happening.place, at);
        }
        all
    }

    type Clock = BTreeMap<String, u64>;

    /// Reads the log as its first line says.
    fn read(text: &str) -> Vec<(String, Clock, String)> {
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(r"(?<host>\S*) (?<clock>{.*})\n(?<step>\d*) (?<time>\S*) (?<event>.*)")
        );
        assert_eq!(lines.next(), Some(""));
        let mut events = Vec::new();
        while let Some(line) = lines.next() {
            let (host, clock) = line.split_once(' ').expect("a host");
            let clock = serde_json::from_str(clock).expect("a clock is JSON");
            let event = lines.next().expect("two lines for each event");
            let (step, event) = event.split_once(' ').expect("a step");
            assert!(step.parse::<u64>().is_ok(), "{step}");
            events.push((host.to_string(), clock, event.to_string()));
        }
        events
    }

    fn precedes(one: &Clock, other: &Clock) -> bool {
        let within = |(place, count): (&String, &u64)| other.get(place).is_some_and(|c| c >= count);
        one != other && one.iter().all(within)
    }

    #[test]
    fn vector_clocks_say_exactly_what_happened_before_what() {
        let (timeline, happenings) = run();
        let exported = shiviz(&timeline, (0, u64::MAX));
        assert_eq!(exported.next, None);
        let events = read(&exported.text);
        assert_eq!(events.len(), happenings.len());
        let before = before(&happenings);
        let mut pairs = [0_u64; 2];
        for (late, (host, clock, _)) in events.iter().enumerate() {
            assert_eq!(*host, happenings[late].place.to_string());
            assert!(clock.contains_key(host), "a clock has its own place");
            for (early, (_, earlier, _)) in events.iter().enumerate() {
                let happened = before[late].contains(&early);
                assert_eq!(precedes(earlier, clock), happened, "{early} and {late}");
                pairs[usize::from(happened)] += 1;
            }
        }
        assert!(pairs.iter().all(|count| *count > 1_000), "{pairs:?}");
        let what = |wanted: fn(&What) -> bool| happenings.iter().any(|it| wanted(&it.what));
        assert!(what(|what| matches!(what, What::MessageLost { .. })));
        assert!(what(|what| matches!(what, What::MessageDuplicated { .. })));
    }

    #[test]
    fn a_log_that_begins_later_has_clocks_from_there() {
        let (timeline, _) = run();
        let half = timeline.head_step() / 2;
        let events = read(&shiviz(&timeline, (half, u64::MAX)).text);
        let mut counted = BTreeMap::<String, u64>::new();
        for (host, clock, _) in events {
            let own = counted.entry(host.clone()).or_default();
            *own += 1;
            assert_eq!(clock[&host], *own);
        }
    }

    #[test]
    fn every_event_is_a_line_with_its_message_and_its_causes() {
        let (timeline, happenings) = run();
        let exported = json_lines(&timeline, (0, u64::MAX));
        let lines: Vec<serde_json::Value> = exported
            .text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), happenings.len());
        for (line, happening) in lines.iter().zip(&happenings) {
            assert_eq!(line["place"], happening.place.to_string());
            let step = line["step"].as_u64().expect("a number");
            assert_eq!(line["id"].as_u64().map(|id| id / 1_000), Some(step));
            if let What::Delivered {
                message, sent_step, ..
            } = happening.what
            {
                assert_eq!(line["message"]["id"], message.0);
                assert_eq!(line["message"]["to"], line["place"]);
                let causes = line["causes"].as_array().expect("a list");
                assert!(causes.contains(&sent_step.into()), "{line}");
            }
            if let What::Sent { message, .. } = happening.what {
                assert_eq!(line["message"]["id"], message.0);
            }
        }
        let leader = lines.iter().find(|line| line["kind"] == "leader");
        let leader = leader.expect("one is elected");
        assert_eq!(leader["rule"]["source"], "Raft paper, section 5.2");
        assert_eq!(leader["weight"], "story");
        let crashed = lines.iter().find(|line| line["kind"] == "crashed");
        let crashed = crashed.expect("it did");
        assert_eq!(crashed["timeUs"], 500_000);
        assert_eq!(crashed["causes"], serde_json::json!([]));
    }

    #[test]
    fn a_long_trace_comes_in_parts_that_fit_together() {
        let scenario = "flotilla = 1\nname = \"x\"\nend = \"200s\"\nnodes = 5\n";
        let scenario = Scenario::parse(scenario).expect("well-formed");
        let mut timeline = Timeline::new(scenario, Witness::default());
        timeline.run_until(Instant(180_000_000), u64::MAX, &mut |_, _| {});
        let mut parts = vec![json_lines(&timeline, (0, u64::MAX))];
        while let Some(next) = parts.last().expect("one at least").next {
            parts.push(json_lines(&timeline, (next, u64::MAX)));
        }
        assert!(parts.len() > 1, "{} steps", timeline.head_step());
        let mut steps = Vec::new();
        for part in &parts {
            assert!(part.text.lines().count() < MOST + 1_000);
            for line in part.text.lines() {
                let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
                steps.push(line["step"].as_u64().expect("a number"));
            }
        }
        assert!(steps.is_sorted());
        let told: BTreeSet<u64> = steps.into_iter().collect();
        let mut happened = BTreeSet::new();
        timeline.replay(0, u64::MAX, &mut |_, step| {
            if !step.happenings.is_empty() {
                happened.insert(step.number);
            }
        });
        assert_eq!(told, happened);
    }
}
