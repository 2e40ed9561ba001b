//! A person's session: a run that can be played, stepped and changed, and what of it is new on
//! the screen. Only changes leave it, never the whole history.

use super::explain::{alerts, tell};
use super::model::{
    ClientView, EventView, ExpectationView, Frame, Marker, MarkerKind, MessageDetail, NodeDetail,
    NodeView, ScenarioView, SettingChange, SettingsTable, ViolationView, Weight,
};
use super::{cache, messages, screen, settings};
use crate::check::{self, Checker, Violation};
use crate::raft;
use crate::replica;
use crate::sim::{
    Action, Cause, Happening, MessageId, Scenario, ScenarioError, Step, Timeline, What, World,
};
use crate::types::{ConfigError, Instant, NodeId};

/// A run on somebody's screen.
#[derive(Debug)]
pub struct Session {
    timeline: Timeline<Checker>,
    /// What has happened in the steps explored and matters: not traffic. Bounded.
    known: Vec<EventView>,
    markers: Vec<Marker>,
    /// The newest step whose events are in `known`.
    noted: u64,
    drawn: Drawn,
}

/// What the page has, so that only what differs is sent.
#[derive(Debug, Default)]
struct Drawn {
    nodes: Vec<NodeView>,
    clients: Vec<ClientView>,
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
/// Traffic is shown of so many steps before the present.
const TRAFFIC_STEPS: u64 = 40;
/// More new events than this in one frame are as good as a jump.
const BURST: usize = 600;

impl Session {
    /// The beginning of a run.
    #[must_use]
    pub fn new(scenario: Scenario) -> Session {
        let timeline = Timeline::new(scenario, Checker::default());
        let drawn = Drawn {
            jumped: true,
            ..Drawn::default()
        };
        Session {
            timeline,
            known: Vec::new(),
            markers: Vec::new(),
            noted: 0,
            drawn,
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
        } = self;
        timeline.run_until(time, most, &mut |_, step| {
            note(step, (known, markers, noted), drawn);
        })
    }

    /// One step forward; false when nothing is left to happen.
    pub fn step_forward(&mut self) -> bool {
        let Some(step) = self.timeline.step_forward() else {
            return false;
        };
        self.note(&step);
        true
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
        } = self;
        timeline.seek(time, most, &mut |_, step| {
            note(step, (known, markers, noted), drawn);
        });
    }

    /// Does something at the moment shown; what was explored beyond it is forgotten.
    ///
    /// # Errors
    /// The action names something that there cannot be.
    pub fn act(&mut self, action: Action) -> Result<(), ConfigError> {
        let shown = self.timeline.world().steps();
        let step = self.timeline.act(action)?;
        let past = self.known.partition_point(|event| event.step <= shown);
        self.known.truncate(past);
        let time = step.time.0;
        self.markers.retain(|marker| marker.time < time);
        self.noted = self.noted.min(shown);
        self.drawn.markers = None;
        self.note(&step);
        Ok(())
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
    }

    /// What is new on the screen since the last frame.
    pub fn frame(&mut self) -> Frame {
        let (events_replaced, events) = self.new_events();
        let sent = self.drawn.markers.replace(self.markers.len());
        let world = self.timeline.world();
        let nodes = world.nodes().iter().map(screen::node).collect();
        let clients = world.clients().iter().map(screen::client).collect();
        let over = self.timeline.cursor() >= world.scenario().end;
        Frame {
            time: self.timeline.cursor().0,
            step: world.steps(),
            head_time: self.timeline.head().0,
            head_step: self.timeline.head_step(),
            end_time: world.scenario().end.0,
            service: cache::service(world),
            found: cache::found(world),
            messages: screen::messages(world),
            cuts: screen::cuts(world),
            events_replaced,
            events,
            markers_replaced: sent.is_none(),
            markers: self.markers[sent.unwrap_or(0).min(self.markers.len())..].to_vec(),
            violations: self
                .timeline
                .observer()
                .violations()
                .iter()
                .map(violation)
                .collect(),
            expectations: if over {
                expected(world, self.timeline.observer())
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

    /// One server, opened.
    #[must_use]
    pub fn node(&self, id: u32) -> Option<NodeDetail> {
        let world = self.timeline.world();
        let known = world.nodes().iter().find(|node| node.id() == NodeId(id));
        known.map(|node| screen::node_detail(world, node, self.timeline.cursor()))
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

    /// The whole session as a scenario file.
    #[must_use]
    pub fn toml(&self) -> String {
        self.timeline.world().scenario().to_toml()
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

fn views(step: &Step) -> impl Iterator<Item = EventView> + '_ {
    step.happenings
        .iter()
        .enumerate()
        .map(|(place, happening)| {
            let told = tell(happening);
            EventView {
                id: step.number * 1_000 + place.min(999) as u64,
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

fn violation(violation: &Violation) -> ViolationView {
    ViolationView {
        step: violation.step,
        time: violation.time.0,
        rule: violation.rule.name().into(),
        sentence: violation.seen.clone(),
    }
}

fn expected(world: &World, checker: &Checker) -> Vec<ExpectationView> {
    let view = |e: crate::sim::Expectation| ExpectationView {
        what: e.what,
        met: e.met,
        found: e.found,
    };
    check::expectations(world, checker)
        .into_iter()
        .map(view)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Session;
    use crate::types::Instant;
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
