//! A person's session: a run that can be played, stepped and changed, and what of it is new on
//! the screen. Only changes leave it, never the whole history.

use std::collections::BTreeMap;

use super::causes::{self, Witness};
use super::diagram::{Diagram, WindowAsked};
use super::explain::{alerts, tell};
use super::model::{
    ClientView, ComparisonView, EventView, ExpectationView, ExportView, Frame, Marker, MarkerKind,
    MessageDetail, MessageView, NodeDetail, NodeView, SavedTest, ScenarioView, Seen, SeriesView,
    SettingChange, SettingsTable, Weight, WhyView, WindowView,
};
use super::{cache, export, messages, saved, screen, series, settings};
use crate::check::{self, Checker};
use crate::raft;
use crate::replica;
use crate::sim::{
    Action, Cause, Happening, MessageId, Scenario, ScenarioError, Step, Timeline, What, World,
};
use crate::types::{ConfigError, Instant};

mod branches;
pub(super) mod checks;
mod comparison;
pub(super) mod quiet;
mod search;

use branches::Branches;
use comparison::Comparison;
pub use search::Interest;
use search::Search;

/// A run on somebody's screen.
#[derive(Debug)]
pub struct Session {
    timeline: Timeline<Witness>,
    /// What has happened in the steps explored and matters: not traffic. Bounded.
    known: Vec<EventView>,
    markers: Vec<Marker>,
    /// The newest step whose events are in `known`.
    noted: u64,
    /// The newest step whose broken rules are in `markers`.
    judged: u64,
    drawn: Drawn,
    diagram: Diagram,
    search: Option<Search>,
    branches: Branches,
    comparison: Option<Comparison>,
}

/// What the page has, so that only what differs is sent.
#[derive(Debug, Default)]
struct Drawn {
    nodes: Vec<NodeView>,
    /// Servers as they were last told, opened.
    details: BTreeMap<u32, NodeDetail>,
    /// The place of the server that is looked at next.
    next_detail: usize,
    clients: Vec<ClientView>,
    /// Messages in flight, oldest first.
    messages: Vec<MessageView>,
    /// Events since the last frame.
    events: Vec<EventView>,
    /// The list must be built anew: time went back, or jumped.
    jumped: bool,
    /// Marks already sent; none when they must be sent anew.
    markers: Option<usize>,
}

/// How many events that matter are kept, and sent after a jump.
const KNOWN: usize = 4_000;
const SENT: usize = 300;
/// An event's number is its step times this, plus its place in the step.
const EVENTS_PER_STEP: u64 = 1_000;
/// Traffic is shown of so many steps before the present.
const TRAFFIC_STEPS: u64 = 40;
/// More new events than this in one frame are as good as a jump.
const BURST: usize = 600;

impl Session {
    /// The beginning of a run.
    #[must_use]
    pub fn new(scenario: Scenario) -> Session {
        let timeline = Timeline::new(scenario, Witness::default());
        let drawn = Drawn {
            jumped: true,
            ..Drawn::default()
        };
        Session {
            timeline,
            known: Vec::new(),
            markers: Vec::new(),
            noted: 0,
            judged: 0,
            drawn,
            diagram: Diagram::default(),
            search: None,
            branches: Branches::default(),
            comparison: None,
        }
    }

    /// Reads a scenario and begins its run.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    pub fn parse(text: &str) -> Result<Session, ScenarioError> {
        Scenario::parse(text).map(Session::new)
    }

    /// The same scenario from the start, with another seed.
    ///
    /// # Errors
    /// The seed is not below 2^53.
    pub fn reseed(&mut self, seed: u64) -> Result<(), ConfigError> {
        let mut scenario = Scenario::clone(self.timeline.world().scenario());
        scenario.seed = seed;
        scenario.validate()?;
        *self = Session::new(scenario);
        Ok(())
    }

    /// The same scenario from the start, with other settings; its seed and its actions stay.
    /// Settings that depend on one another are given together.
    ///
    /// # Errors
    /// The first setting that there is not, that cannot be read, or that cannot be; the run then
    /// stays what it is.
    pub fn configure(&mut self, changes: &[SettingChange]) -> Result<(), ConfigError> {
        let pairs = changes.iter();
        let pairs = pairs.map(|change| (change.path.as_str(), change.value.as_str()));
        let scenario = self.timeline.world().scenario().with_settings(pairs)?;
        *self = Session::new(scenario);
        Ok(())
    }

    /// What can be set, and what it is set to.
    #[must_use]
    pub fn settings(&self) -> Vec<SettingsTable> {
        settings::tables(self.timeline.world().scenario())
    }

    /// Forward to `time`, at most `most` steps; tells whether the time is reached.
    pub fn run_until(&mut self, time: Instant, most: u64) -> bool {
        let Session {
            timeline,
            known,
            markers,
            noted,
            drawn,
            ..
        } = self;
        let reached = timeline.run_until(time, most, &mut |_, step| {
            note(step, (known, markers, noted), drawn);
        });
        self.mark_broken();
        reached
    }

    /// One step forward; false when nothing is left to happen.
    pub fn step_forward(&mut self) -> bool {
        self.step_noted().is_some()
    }

    fn step_noted(&mut self) -> Option<Step> {
        let step = self.timeline.step_forward()?;
        self.note(&step);
        Some(step)
    }

    /// To just after the step before; false at the beginning.
    pub fn step_back(&mut self) -> bool {
        self.drawn.jumped = true;
        self.timeline.step_back()
    }

    /// To any moment; beyond what is explored, at most `most` steps.
    pub fn seek(&mut self, time: Instant, most: u64) {
        self.drawn.jumped = true;
        let Session {
            timeline,
            known,
            markers,
            noted,
            drawn,
            ..
        } = self;
        timeline.seek(time, most, &mut |_, step| {
            note(step, (known, markers, noted), drawn);
        });
        self.mark_broken();
    }

    /// To just after a step that is explored, or to the beginning if it is 0: several steps can
    /// share one moment.
    pub fn go_to_step(&mut self, number: u64) {
        self.drawn.jumped = true;
        self.timeline.go_to_step(number);
    }

    /// Does something at the moment shown. What was explored beyond it is kept as a branch: its name
    /// is returned where there is one.
    ///
    /// # Errors
    /// The action names something that there cannot be.
    pub fn act(&mut self, action: Action) -> Result<Option<String>, ConfigError> {
        let shown = self.timeline.world().steps();
        let former = self.timeline.has_future().then(|| self.branch());
        let step = self.timeline.act(action)?;
        self.forget_beyond(shown);
        self.note(&step);
        Ok(former.map(|former| {
            let name = former.tag.name.clone();
            self.branches.part(former, &step);
            name
        }))
    }

    /// History goes another way behind this step.
    fn forget_beyond(&mut self, step: u64) {
        let past = self.known.partition_point(|event| event.step <= step);
        self.known.truncate(past);
        let time = self.timeline.time_of(step).0;
        self.markers.retain(|marker| marker.time <= time);
        self.noted = self.noted.min(step);
        self.judged = self.judged.min(step);
        self.drawn.markers = None;
    }

    fn note(&mut self, step: &Step) {
        let Session {
            known,
            markers,
            noted,
            drawn,
            ..
        } = self;
        note(step, (known, markers, noted), drawn);
        self.mark_broken();
    }

    /// Marks the rules that were found broken in the steps just explored.
    fn mark_broken(&mut self) {
        let violations = self.timeline.observer().checker.violations().iter();
        let fresh = violations.filter(|violation| violation.step > self.judged);
        self.markers.extend(fresh.map(|violation| Marker {
            time: violation.time.0,
            kind: MarkerKind::Violation,
            label: format!("{} is broken", violation.rule.name()),
        }));
        self.judged = self.judged.max(self.timeline.world().steps());
    }

    /// What is new on the screen since the last frame.
    pub fn frame(&mut self) -> Frame {
        let (events_replaced, events) = self.new_events();
        let sent = self.drawn.markers.replace(self.markers.len());
        let world = self.timeline.world();
        let nodes = world.nodes().iter().map(screen::node).collect();
        let clients = world.clients().iter().map(screen::client).collect();
        let (messages, messages_gone) = fly_on(&mut self.drawn.messages, screen::messages(world));
        let over = self.timeline.cursor() >= world.scenario().end;
        Frame {
            time: self.timeline.cursor().0,
            step: world.steps(),
            head_time: self.timeline.head().0,
            head_step: self.timeline.head_step(),
            end_time: world.scenario().end.0,
            service: cache::service(world),
            found: cache::found(world),
            messages,
            messages_gone,
            cuts: screen::cuts(world),
            events_replaced,
            events,
            markers_replaced: sent.is_none(),
            markers: self.markers[sent.unwrap_or(0).min(self.markers.len())..].to_vec(),
            violations: self
                .timeline
                .observer()
                .checker
                .violations()
                .iter()
                .map(checks::violation)
                .collect(),
            rules: checks::standings(&self.timeline.observer().checker, world.steps()),
            expectations: if over {
                expected(world, &self.timeline.observer().checker)
            } else {
                Vec::new()
            },
            nodes: changed(&mut self.drawn.nodes, nodes),
            clients: changed(&mut self.drawn.clients, clients),
        }
    }

    fn new_events(&mut self) -> (bool, Vec<EventView>) {
        let fresh = std::mem::take(&mut self.drawn.events);
        if !std::mem::take(&mut self.drawn.jumped) && fresh.len() <= BURST {
            return (false, fresh);
        }
        let shown = self.timeline.world().steps();
        let recent = shown.saturating_sub(TRAFFIC_STEPS);
        let past = self.known.partition_point(|event| event.step <= recent);
        let mut events = self.known[past.saturating_sub(SENT)..past].to_vec();
        self.timeline
            .replay(recent, shown, &mut |_, step| events.extend(views(step)));
        (true, events)
    }

    /// How each server stood over time, until the moment shown.
    #[must_use]
    pub fn series(&self) -> SeriesView {
        let (world, now) = (self.timeline.world(), self.timeline.cursor());
        self.timeline.observer().series.view(world, now)
    }

    /// All servers side by side.
    #[must_use]
    pub fn comparison(&self) -> ComparisonView {
        let (world, now) = (self.timeline.world(), self.timeline.cursor());
        series::compare(&self.timeline.observer().series, world, now)
    }

    /// Servers, opened, that stand otherwise than when they were last told: at most `most`, those that
    /// have waited longest first.
    pub fn details(&mut self, most: usize) -> Vec<NodeDetail> {
        let (world, now) = (self.timeline.world(), self.timeline.cursor());
        let nodes = world.nodes();
        let (told, next) = (&mut self.drawn.details, &mut self.drawn.next_detail);
        let mut news = Vec::new();
        for _ in 0..nodes.len() {
            if news.len() >= most {
                break;
            }
            let detail = screen::node_detail(world, &nodes[*next], now);
            *next = (*next + 1) % nodes.len();
            if told.get(&detail.id) != Some(&detail) {
                told.insert(detail.id, detail.clone());
                news.push(detail);
            }
        }
        news
    }

    /// What is new, of at most `servers` opened, and the message that is open.
    pub fn look(&mut self, servers: usize, message: Option<u64>) -> Seen {
        Seen {
            frame: self.frame(),
            details: self.details(servers),
            message: message.and_then(|id| self.message(id)),
        }
    }

    /// A message, opened; none when it is not on its way.
    #[must_use]
    pub fn message(&self, id: u64) -> Option<MessageDetail> {
        self.timeline
            .world()
            .network()
            .get(MessageId(id))
            .map(messages::message_detail)
    }

    /// Why an event happened, with the chain of `most` steps that led to it; none when there is no
    /// such event.
    #[must_use]
    pub fn why(&self, event: u64, most: usize) -> Option<WhyView> {
        let place = usize::try_from(event % EVENTS_PER_STEP).ok()?;
        causes::why(&self.timeline, (event / EVENTS_PER_STEP, place), most)
    }

    /// What happened between two moments, for the space-time diagram.
    pub fn window(&mut self, asked: &WindowAsked) -> WindowView {
        self.diagram.window(&self.timeline, asked)
    }

    /// The trace of the steps behind `after`, up to `upto`, a line of JSON for each event; in parts.
    #[must_use]
    pub fn trace_json_lines(&self, after: u64, upto: u64) -> ExportView {
        export::json_lines(&self.timeline, (after, upto))
    }

    /// The same as a log for ShiViz, with vector clocks from the beginning of each part.
    #[must_use]
    pub fn trace_shiviz(&self, after: u64, upto: u64) -> ExportView {
        export::shiviz(&self.timeline, (after, upto))
    }

    /// What happened in a step that is explored; nothing in others.
    #[must_use]
    pub fn step_events(&self, step: u64) -> Vec<EventView> {
        let mut events = Vec::new();
        let before = step.saturating_sub(1);
        self.timeline
            .replay(before, step, &mut |_, step| events.extend(views(step)));
        events
    }

    /// The whole session as a scenario file.
    #[must_use]
    pub fn toml(&self) -> String {
        self.timeline.world().scenario().to_toml()
    }

    /// The session as a scenario that expects what is true at its end.
    ///
    /// # Errors
    /// The end is too far to be reached.
    pub fn as_test(&self) -> Result<SavedTest, ConfigError> {
        saved::as_test(self.timeline.world().scenario(), self.timeline.cursor())
    }

    /// What scenario it is.
    #[must_use]
    pub fn scenario(&self) -> ScenarioView {
        let scenario = self.timeline.world().scenario();
        ScenarioView {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            seed: scenario.seed,
            nodes: scenario.nodes,
            actions: scenario.actions.len() as u64,
            mutants: scenario
                .mutants
                .iter()
                .map(|mutant| mutant.name().into())
                .collect(),
        }
    }

    /// The digest of everything that has happened.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.timeline.world().fingerprint()
    }
}

/// Keeps what a step that has just been shown told.
fn note(
    step: &Step,
    (known, markers, noted): (&mut Vec<EventView>, &mut Vec<Marker>, &mut u64),
    drawn: &mut Drawn,
) {
    if step.number > *noted {
        *noted = step.number;
        known.extend(views(step).filter(|event| !matches!(event.weight, Weight::Trace)));
        if known.len() > 2 * KNOWN {
            known.drain(..known.len() - KNOWN);
        }
        markers.extend(
            step.happenings
                .iter()
                .filter_map(|happening| marker(step, happening)),
        );
        if let Cause::Action(Action::Put { .. } | Action::Get { .. } | Action::Delete { .. }) =
            &step.cause
        {
            let (time, kind) = (step.time.0, MarkerKind::Request);
            markers.push(Marker {
                time,
                kind,
                label: "request".into(),
            });
        }
    }
    // What will be thrown away for a jump need not be collected.
    if !drawn.jumped {
        drawn.events.extend(views(step));
        if drawn.events.len() > BURST {
            drawn.events.clear();
            drawn.jumped = true;
        }
    }
}

/// What is new is sent; the newest state is remembered.
fn changed<T: PartialEq + Clone>(drawn: &mut Vec<T>, now: Vec<T>) -> Vec<T> {
    let same = |place: usize, view: &T| drawn.get(place) == Some(view);
    let news = now
        .iter()
        .enumerate()
        .filter(|(place, view)| !same(*place, view));
    let news = news.map(|(_, view)| view.clone()).collect();
    *drawn = now;
    news
}

/// Messages that are new or changed are sent, and the numbers of those that are gone; what is in flight
/// now is remembered. Both lists are in the order of the messages' numbers.
fn fly_on(drawn: &mut Vec<MessageView>, now: Vec<MessageView>) -> (Vec<MessageView>, Vec<u64>) {
    let find = |list: &[MessageView], id: u64| list.binary_search_by_key(&id, |view| view.id);
    let known = |view: &&MessageView| find(drawn, view.id).is_ok_and(|at| drawn[at] == **view);
    let news = now.iter().filter(|view| !known(view)).cloned().collect();
    let gone = drawn.iter().map(|view| view.id);
    let gone = gone.filter(|id| find(&now, *id).is_err()).collect();
    *drawn = now;
    (news, gone)
}

/// The number of an event in the run's trace, by its place in its step.
pub(super) fn event_id(step: u64, place: usize) -> u64 {
    step * EVENTS_PER_STEP + (place as u64).min(EVENTS_PER_STEP - 1)
}

pub(super) fn views(step: &Step) -> impl Iterator<Item = EventView> + '_ {
    step.happenings
        .iter()
        .enumerate()
        .map(|(place, happening)| {
            let told = tell(happening);
            EventView {
                id: event_id(step.number, place),
                step: step.number,
                time: step.time.0,
                place: happening.place.to_string(),
                kind: told.kind.into(),
                weight: told.weight,
                sentence: told.sentence,
                rule: told.rule,
            }
        })
}

fn marker(step: &Step, happening: &Happening) -> Option<Marker> {
    let place = happening.place;
    let (kind, label) = match &happening.what {
        What::Replica(replica::Event::Raft(raft::Event::BecameLeader { term, .. })) => {
            (MarkerKind::Election, format!("{place} leads term {term}"))
        }
        What::Replica(replica::Event::Raft(raft::Event::SnapshotInstalled { covers, .. })) => (
            MarkerKind::Snapshot,
            format!("{place} installs a snapshot of {covers}"),
        ),
        What::AlertRaised { alert } => {
            let title = alerts::title(alert.key().kind);
            (MarkerKind::Alert, format!("{place}: {title}"))
        }
        What::Crashed { .. } => (MarkerKind::Crash, format!("{place} crashes")),
        What::Paused => (MarkerKind::Crash, format!("{place} pauses")),
        What::Resumed { .. } => (MarkerKind::Restart, format!("{place} goes on")),
        What::Killed { .. } => (MarkerKind::Crash, format!("{place} is killed")),
        What::BitFlipped { .. }
        | What::FileTorn { .. }
        | What::FileRemoved { .. }
        | What::DiskWiped { .. }
        | What::ImageRestored { .. } => (MarkerKind::Disk, format!("{place}'s disk changed")),
        What::ClusterRecreated { .. } => (MarkerKind::Disk, "cluster begun anew".into()),
        What::Stopped { .. } | What::StartFailed { .. } => {
            (MarkerKind::Crash, format!("{place} fails"))
        }
        What::SwitchedOn { run } if *run > 1 => (MarkerKind::Restart, format!("{place} restarts")),
        What::NetworkCut { .. } => (MarkerKind::Network, "network cut".into()),
        What::NetworkMended { from, to } => (MarkerKind::Network, format!("{from} to {to} mended")),
        What::NetworkHealed { .. } => (MarkerKind::Network, "network healed".into()),
        _ => return None,
    };
    Some(Marker {
        time: step.time.0,
        kind,
        label,
    })
}

fn expected(world: &World, checker: &Checker) -> Vec<ExpectationView> {
    let all = check::expectations(world, checker).into_iter();
    all.map(ExpectationView::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{MarkerKind, Session, screen};
    use crate::sim::Action;
    use crate::types::{Duration, Instant, NodeId};
    use crate::view::SettingChange;

    const SCENARIO: &str = "flotilla = 1\nname = \"x\"\nseed = 3\nend = \"9s\"\nnodes = 3\n\
        actions = [ { at = \"1s\", do = \"crash\", node = 2 } ]\n";

    fn session() -> Session {
        Session::parse(SCENARIO).expect("a scenario")
    }

    fn change(path: &str, value: &str) -> SettingChange {
        let (path, value) = (path.into(), value.into());
        SettingChange { path, value }
    }

    /// How many messages have been sent in the first two seconds.
    fn sent(session: &mut Session) -> u64 {
        session.run_until(Instant(2_000_000), u64::MAX);
        session.timeline.world().steps()
    }

    #[test]
    fn another_heartbeat_is_another_run_of_the_same_scenario() {
        let mut session = session();
        let before = sent(&mut session);
        session
            .configure(&[change("raft.heartbeat_interval", "10ms")])
            .expect("possible");
        assert_eq!(session.timeline.world().steps(), 0, "it begins anew");
        let text = session.toml();
        assert!(
            text.ends_with("\n\n[raft]\nheartbeat_interval = \"10ms\"\n"),
            "{text}"
        );
        assert!(
            text.contains("seed = 3") && text.contains("do = \"crash\""),
            "{text}"
        );
        let after = sent(&mut session);
        assert!(after > 2 * before, "{after} steps now, {before} before");

        let given = |session: &Session| session.settings()[0].settings[2].clone();
        let heartbeat = given(&session);
        assert_eq!(heartbeat.path, "raft.heartbeat_interval");
        assert_eq!(
            (heartbeat.given.as_str(), heartbeat.default.as_str()),
            ("10ms", "50ms")
        );
        session
            .configure(&[change("raft.heartbeat_interval", "50ms")])
            .expect("as before");
        assert_eq!(sent(&mut session), before);
    }

    /// A page that only heard what was new knows all that flies, wherever time goes.
    #[test]
    fn frames_put_together_are_what_is_in_flight() {
        let mut session = session();
        let mut known = BTreeMap::new();
        let (mut heard, mut most) = (0, 0);
        let mut look = |session: &mut Session| {
            let frame = session.frame();
            heard += frame.messages.len();
            for id in frame.messages_gone {
                assert!(known.remove(&id).is_some(), "{id} was never there");
            }
            known.extend(frame.messages.into_iter().map(|view| (view.id, view)));
            let flying = screen::messages(session.timeline.world());
            most = flying.len().max(most);
            assert!(known.values().eq(flying.iter()), "{known:?} {flying:?}");
        };
        for _ in 0..300 {
            session.step_forward();
            look(&mut session);
        }
        let late = session.timeline.world().network().in_flight().next();
        let message = late.expect("something flies").id;
        let by = Duration(1_000);
        session.act(Action::Delay { message, by }).expect("late");
        look(&mut session);
        for time in [20_000, 4_000_000, 900_000, 1_200_000] {
            session.seek(Instant(time), u64::MAX);
            look(&mut session);
        }
        session.step_back();
        look(&mut session);
        assert!(most > 2 && heard < 500, "{most} at once, {heard} in all");
    }

    /// And it knows every server, though of three that stand still nothing is told.
    #[test]
    fn details_put_together_are_the_servers() {
        let mut session = session();
        let mut known = BTreeMap::new();
        let mut heard = 0;
        let mut look = |session: &mut Session| {
            let news = session.details(usize::MAX);
            heard += news.len();
            known.extend(news.into_iter().map(|detail| (detail.id, detail)));
            let (world, now) = (session.timeline.world(), session.timeline.cursor());
            for node in world.nodes() {
                let detail = screen::node_detail(world, node, now);
                assert_eq!(known.get(&detail.id), Some(&detail));
            }
        };
        for _ in 0..300 {
            session.step_forward();
            look(&mut session);
        }
        let copy = Action::KeepImage {
            node: NodeId(3),
            image: "copy".into(),
        };
        session.act(copy).expect("a copy");
        look(&mut session);
        for time in [20_000, 4_000_000, 900_000, 1_200_000] {
            session.seek(Instant(time), u64::MAX);
            look(&mut session);
        }
        session
            .configure(&[change("raft.heartbeat_interval", "10ms")])
            .expect("possible");
        look(&mut session);
        assert!(heard < 500, "{heard} in 306 looks at three servers");
    }

    #[test]
    fn servers_told_one_at_a_time_all_have_their_turn() {
        let busy = "do = \"crash\", node = 2 }, { at = \"1s\", do = \"workload\", rate = 20, keys = 5, reads_percent = 0, for = \"8s\" }";
        let text = SCENARIO.replace("do = \"crash\", node = 2 }", busy);
        let mut session = Session::parse(&text).expect("a scenario");
        let mut told = Vec::new();
        for _ in 0..6 {
            session.run_until(session.timeline.cursor() + Duration(1_000_000), u64::MAX);
            told.extend(session.details(1).into_iter().map(|detail| detail.id));
        }
        assert_eq!(told, [1, 2, 3, 1, 3, 1], "the second lies crashed");
        assert_eq!(session.details(usize::MAX).len(), 1, "the third");
        assert!(session.details(usize::MAX).is_empty());
    }

    /// However often the run is gone through.
    #[test]
    fn a_broken_rule_is_marked_once() {
        let text = include_str!("../../../tests/scenarios/log-lost-believed.toml");
        let mut session = Session::parse(text).expect("a scenario");
        let end = session.timeline.world().scenario().end;
        for _ in 0..2 {
            session.seek(Instant(0), 0);
            while !session.run_until(end, 100) {}
        }
        let broken: Vec<u64> = session
            .frame()
            .violations
            .iter()
            .map(|one| one.time)
            .collect();
        let markers = session.markers.iter();
        let marked = markers.filter(|marker| marker.kind == MarkerKind::Violation);
        assert!(!broken.is_empty());
        assert_eq!(marked.map(|marker| marker.time).collect::<Vec<_>>(), broken);
    }

    #[test]
    fn a_refused_setting_leaves_the_run_as_it_was() {
        let mut session = session();
        sent(&mut session);
        let before = (session.fingerprint(), session.toml());
        let changes = [
            change("raft.append_entries", "8"),
            change("raft.append_bytes", "0"),
        ];
        let refused = session.configure(&changes).expect_err("no bytes at all");
        assert_eq!(refused.field, "raft.append_bytes");
        assert_eq!((session.fingerprint(), session.toml()), before);
    }
}
