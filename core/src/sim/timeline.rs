//! Time travel: any moment of a run, by the nearest checkpoint and a short replay.
//!
//! The present is a time, which may lie between two steps: everything due until then has
//! happened. Going back does not forget what comes after, for it will come again; doing something
//! does, for then it will not.

use super::scenario::{Action, Scenario, TimedAction, bounds, check_amount};
use super::step::{Step, What};
use super::way::{Way, parting};
use super::world::World;
use crate::types::{ConfigError, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Follows a run step by step, and travels in time with it.
pub trait Observer: Clone {
    /// A step has happened; the world is as it left it.
    fn observe(&mut self, world: &World, step: &Step);
}

/// Follows nothing.
impl Observer for () {
    fn observe(&mut self, _: &World, _: &Step) {}
}

/// A run that can be seen at any of its moments.
#[derive(Clone, Debug)]
pub struct Timeline<O> {
    present: Moment<O>,
    cursor: Instant,
    /// The time of each step explored; step 1 first.
    times: Vec<Instant>,
    /// The furthest moment explored.
    head: Instant,
    checkpoints: BTreeMap<u64, Moment<O>>,
    /// A moment shortly before the one that was last gone to: what is asked for next is often there.
    near: Option<Moment<O>>,
    /// Effort between checkpoints; doubles when there are too many.
    spacing: u64,
    /// Which of the scenario's actions were done by hand: doing something else before them forgets
    /// them.
    by_hand: BTreeSet<usize>,
}

/// The world at one moment, with whoever follows it.
#[derive(Clone, Debug)]
struct Moment<O> {
    world: World,
    observer: O,
    /// What it takes to come here from the beginning, in ordinary steps.
    effort: u64,
}

/// Shows a part of a run again, apart from its present.
#[derive(Clone, Debug)]
pub struct Replay<O> {
    moment: Moment<O>,
}

impl<O: Observer> Replay<O> {
    /// The next step, if it is explored and not beyond `upto`. The run must not have taken
    /// another way meanwhile.
    pub fn next(&mut self, timeline: &Timeline<O>, upto: u64) -> Option<Step> {
        let upto = upto.min(timeline.head_step());
        (self.moment.world.steps() < upto).then(|| {
            self.moment
                .step()
                .expect("it happened before, and will again")
        })
    }

    /// The next step, explored or not, unless it happens after `until`.
    pub fn onward(&mut self, until: Instant) -> Option<Step> {
        let next = self.moment.world.next_time()?;
        if next > until {
            return None;
        }
        self.moment.step()
    }

    /// The world after the last step shown.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.moment.world
    }

    /// Whoever follows the run, after the last step shown.
    #[must_use]
    pub fn observer(&self) -> &O {
        &self.moment.observer
    }
}

impl<O: Observer> Moment<O> {
    fn step(&mut self) -> Option<Step> {
        let step = self.world.step()?;
        self.observer.observe(&self.world, &step);
        self.effort += effort(&step);
        Some(step)
    }
}

/// What it takes to replay a step, in ordinary steps. What takes longer by far is to write a
/// snapshot of a large cache: it is then worth a checkpoint of its own.
fn effort(step: &Step) -> u64 {
    let written = step
        .happenings
        .iter()
        .map(|happening| match happening.what {
            What::WriteIssued { bytes, .. } => bytes,
            _ => 0,
        });
    1 + written.sum::<u64>() / BYTES_PER_STEP
}

/// Writing so many bytes takes about as long as an ordinary step.
const BYTES_PER_STEP: u64 = 1_024;
/// Checkpoints are this many ordinary steps apart at first: replaying so many takes a few
/// milliseconds.
const SPACING: u64 = 512;
/// Whoever goes to a moment is shown the steps before it, and may go back to one of them: something is
/// kept at least so many steps before, and at most three times as many.
const NEAR: u64 = 48;
/// More checkpoints than this are thinned out.
const CHECKPOINTS: usize = 512;

impl<O: Observer> Timeline<O> {
    /// The beginning of a run.
    #[must_use]
    pub fn new(scenario: Scenario, observer: O) -> Timeline<O> {
        let present = Moment {
            world: World::new(Arc::new(scenario)),
            observer,
            effort: 0,
        };
        Timeline {
            checkpoints: BTreeMap::from([(0, present.clone())]),
            present,
            near: None,
            cursor: Instant::ZERO,
            times: Vec::new(),
            head: Instant::ZERO,
            spacing: SPACING,
            by_hand: BTreeSet::new(),
        }
    }

    /// The world at the present.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.present.world
    }

    /// Whoever follows the run, as of the present.
    #[must_use]
    pub fn observer(&self) -> &O {
        &self.present.observer
    }

    /// The present.
    #[must_use]
    pub fn cursor(&self) -> Instant {
        self.cursor
    }

    /// The furthest moment explored.
    #[must_use]
    pub fn head(&self) -> Instant {
        self.head
    }

    /// How many steps are explored.
    #[must_use]
    pub fn head_step(&self) -> u64 {
        self.times.len() as u64
    }

    /// One step forward; none when nothing is left to happen.
    pub fn step_forward(&mut self) -> Option<Step> {
        let step = self.present.step()?;
        self.explored(&step);
        self.cursor = step.time;
        self.head = self.head.max(step.time);
        Some(step)
    }

    fn explored(&mut self, step: &Step) {
        if step.number > self.times.len() as u64 {
            self.times.push(step.time);
            let newest = self.checkpoints.last_key_value();
            let before = newest.map_or(0, |(_, moment)| moment.effort);
            if self.present.effort - before >= self.spacing {
                self.checkpoints.insert(step.number, self.present.clone());
                self.thin_out();
            }
        }
    }

    /// When there are too many checkpoints, those stay that are twice as far apart.
    fn thin_out(&mut self) {
        if self.checkpoints.len() <= CHECKPOINTS {
            return;
        }
        self.spacing *= 2;
        let (spacing, mut kept) = (self.spacing, None);
        self.checkpoints.retain(|_, moment| {
            let far = kept.is_none_or(|kept| moment.effort - kept >= spacing);
            if far {
                kept = Some(moment.effort);
            }
            far
        });
    }

    /// Forward until `time`, but at most `most` steps; tells whether the time is reached. Every
    /// step is shown to `watch`. Nobody can wait beyond the longest run that there may be.
    pub fn run_until(
        &mut self,
        time: Instant,
        most: u64,
        watch: &mut impl FnMut(&World, &Step),
    ) -> bool {
        let time = time.min(Instant::ZERO + bounds::END);
        for _ in 0..most {
            if self.world().next_time().is_none_or(|next| next > time) {
                self.cursor = self.cursor.max(time);
                self.head = self.head.max(self.cursor);
                return true;
            }
            if let Some(step) = self.step_forward() {
                watch(self.world(), &step);
            }
        }
        false
    }

    /// To just after the step before the one shown; false at the beginning.
    pub fn step_back(&mut self) -> bool {
        let shown = self.world().steps();
        if shown == 0 {
            let moved = self.cursor > Instant::ZERO;
            self.cursor = Instant::ZERO;
            return moved;
        }
        self.go_to_step(shown - 1);
        true
    }

    /// To just after step `number`, or to the beginning if it is 0; at most to the last explored.
    pub fn go_to_step(&mut self, number: u64) {
        let number = number.min(self.times.len() as u64);
        let [late, middle, early] = [1, 2, 3].map(|times| number.saturating_sub(times * NEAR));
        if self.nearest(late).world.steps() < early {
            self.near = Some(self.moment_at(middle).0);
        }
        self.present = self.moment_at(number).0;
        self.cursor = self.time_of(number);
    }

    /// To any moment: a known one by replay, a later one by running on, at most `most` steps.
    pub fn seek(&mut self, time: Instant, most: u64, watch: &mut impl FnMut(&World, &Step)) {
        if time >= self.head {
            self.go_to_step(self.head_step());
            self.cursor = self.head;
            self.run_until(time, most, watch);
        } else {
            self.go_to_step(self.step_at(time));
            self.cursor = time;
        }
    }

    /// The moment just after step `number`, and how many steps were replayed to get there.
    fn moment_at(&self, number: u64) -> (Moment<O>, u64) {
        let mut moment = self.nearest(number).clone();
        moment
            .world
            .set_scenario(Arc::clone(self.world().scenario()));
        let replayed = number - moment.world.steps();
        for _ in 0..replayed {
            moment.step().expect("it happened before, and will again");
        }
        (moment, replayed)
    }

    /// The last moment that is kept of those up to step `number`.
    fn nearest(&self, number: u64) -> &Moment<O> {
        let checkpoint = self.checkpoints.range(..=number).next_back();
        let (_, checkpoint) = checkpoint.expect("the beginning is a checkpoint");
        [Some(&self.present), self.near.as_ref()]
            .into_iter()
            .flatten()
            .filter(|moment| moment.world.steps() <= number)
            .fold(checkpoint, |nearest, moment| {
                if moment.world.steps() > nearest.world.steps() {
                    moment
                } else {
                    nearest
                }
            })
    }

    /// Shows the steps in `(after, upto]` again; neither the present nor anything else changes.
    pub fn replay(&self, after: u64, upto: u64, watch: &mut impl FnMut(&World, &Step)) {
        self.witness(after, upto, &mut |world, _, step| watch(world, step));
    }

    /// As [`Timeline::replay`], together with whoever follows the run.
    pub fn witness(&self, after: u64, upto: u64, watch: &mut impl FnMut(&World, &O, &Step)) {
        let mut replay = self.replay_from(after);
        while let Some(step) = replay.next(self, upto) {
            watch(replay.world(), replay.observer(), &step);
        }
    }

    /// A replay that begins just after an explored step and can be gone on with at any time.
    #[must_use]
    pub fn replay_from(&self, after: u64) -> Replay<O> {
        let (moment, _) = self.moment_at(after.min(self.head_step()));
        Replay { moment }
    }

    /// A replay of another way of the run, from the last step that both have in common.
    #[must_use]
    pub fn replay_of(&self, way: &Way) -> Replay<O> {
        let mut replay = self.replay_from(self.common(way).0);
        let world = &mut replay.moment.world;
        world.set_scenario(Arc::clone(&way.scenario));
        replay
    }

    /// The step of the last checkpoint before step `number`: from there a replay is at once.
    #[must_use]
    pub fn checkpoint_before(&self, number: u64) -> u64 {
        let before = self.checkpoints.range(..number).next_back();
        before.map_or(0, |(step, _)| *step)
    }

    /// The last explored step that has happened at `time`; 0 when none has.
    #[must_use]
    pub fn step_at(&self, time: Instant) -> u64 {
        self.times.partition_point(|at| *at <= time) as u64
    }

    /// When an explored step happened; the beginning for 0, and for those that are not explored.
    #[must_use]
    pub fn time_of(&self, number: u64) -> Instant {
        let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        let time = place.and_then(|place| self.times.get(place));
        time.copied().unwrap_or(Instant::ZERO)
    }

    /// Does something at the present. What was explored beyond it is forgotten, and so is what
    /// was done by hand there; what the scenario itself does later still comes.
    ///
    /// # Errors
    /// The action names a server, a client or an amount that there cannot be, or the session has
    /// as many actions as a scenario may have.
    pub fn act(&mut self, action: Action) -> Result<Step, ConfigError> {
        let mut scenario = Scenario::clone(self.world().scenario());
        let done = self.world().actions_done();
        let future = scenario.actions.split_off(done);
        let kept = (done..).zip(future);
        let kept = kept.filter(|(place, _)| !self.by_hand.contains(place));
        let kept: Vec<TimedAction> = kept.map(|(_, timed)| timed).collect();
        // An action whose time has come may wait behind others of its moment: this one goes
        // before it, in the file too.
        let waiting = kept.first().map_or(self.cursor, |timed| timed.at);
        let at = self.cursor.min(waiting);
        let timed = TimedAction { at, action };
        timed.validate(scenario.nodes, scenario.clients.count)?;
        scenario.actions.push(timed);
        scenario.actions.extend(kept);
        check_amount(&scenario.actions)?;
        self.by_hand.split_off(&done);
        self.by_hand.insert(done);
        self.present.world.set_scenario(Arc::new(scenario));
        self.forget_future();
        Ok(self.step_forward().expect("the action is due"))
    }

    /// Whether doing something at the present would make anything forgotten.
    #[must_use]
    pub fn has_future(&self) -> bool {
        let later = self.by_hand.range(self.world().actions_done()..).next();
        self.head_step() > self.world().steps() || later.is_some()
    }

    /// The way that the run takes.
    #[must_use]
    pub fn way(&self) -> Way {
        Way {
            scenario: Arc::clone(self.world().scenario()),
            by_hand: self.by_hand.clone(),
        }
    }

    /// Takes another way. What both have in common stays explored, and the present goes back to
    /// there if it lies beyond.
    pub fn take(&mut self, way: &Way) {
        let (common, last) = self.common(way);
        let cursor = self.cursor.min(last);
        if self.world().steps() > common {
            self.go_to_step(common);
        } else {
            self.cursor = cursor;
        }
        self.by_hand.clone_from(&way.by_hand);
        let world = &mut self.present.world;
        world.set_scenario(Arc::clone(&way.scenario));
        self.forget_beyond(common);
    }

    /// The last explored step that another way has in common with this one, and the last moment
    /// at which both are surely the same.
    fn common(&self, way: &Way) -> (u64, Instant) {
        let parting = parting(self.world().scenario(), &way.scenario);
        let last = Instant(parting.map_or(0, |time| time.0.saturating_sub(1)));
        (self.step_at(last), last)
    }

    fn forget_future(&mut self) {
        self.forget_beyond(self.world().steps());
    }

    fn forget_beyond(&mut self, step: u64) {
        self.times.truncate(step as usize);
        self.checkpoints.split_off(&(step + 1));
        self.near.take_if(|moment| moment.world.steps() > step);
        self.head = self.cursor.max(self.time_of(step));
    }
}

#[cfg(test)]
mod tests {
    use super::{CHECKPOINTS, NEAR, SPACING, Timeline};
    use crate::replica::ClientId;
    use crate::sim::Cause;
    use crate::sim::{Action, Scenario, World};
    use crate::types::{Duration, Instant, NodeId};
    use std::sync::Arc;

    fn scenario() -> Scenario {
        let text = r#"
            flotilla = 1
            name = "time travel"
            end = "5s"
            nodes = 3
            actions = [
              { at = "500ms", do = "write", client = 1, keys = 400, prefix = "k" },
              { at = "1s", do = "crash", node = 2 },
              { at = "2s", do = "restart", node = 2 },
            ]
        "#;
        Scenario::parse(text).expect("well-formed")
    }

    fn explored() -> Timeline<()> {
        let mut timeline = Timeline::new(scenario(), ());
        assert!(timeline.run_until(Instant::ZERO + Duration::secs(5), u64::MAX, &mut |_, _| {}));
        timeline
    }

    #[test]
    fn any_step_is_the_same_however_it_is_reached() {
        let mut timeline = explored();
        assert!(
            timeline.head_step() > 4 * SPACING,
            "{} steps",
            timeline.head_step()
        );
        let mut straight = World::new(Arc::new(scenario()));
        let mut fingerprints = vec![straight.fingerprint()];
        while straight.steps() < timeline.head_step() {
            straight.step().expect("as before");
            fingerprints.push(straight.fingerprint());
        }
        for number in [
            0,
            1,
            511,
            512,
            513,
            1000,
            700,
            699,
            2000,
            timeline.head_step(),
            3,
        ] {
            timeline.go_to_step(number);
            assert_eq!(
                timeline.world().fingerprint(),
                fingerprints[number as usize],
                "{number}"
            );
        }
    }

    /// The most effort that it takes to go to any of so many steps.
    fn most_effort(timeline: &Timeline<()>, stride: usize) -> u64 {
        let efforts = (0..=timeline.head_step()).step_by(stride).map(|number| {
            let near = timeline.checkpoints.range(..=number).next_back();
            let (_, checkpoint) = near.expect("the beginning is a checkpoint");
            timeline.moment_at(number).0.effort - checkpoint.effort
        });
        efforts.max().unwrap_or(0)
    }

    #[test]
    fn no_step_is_further_from_a_checkpoint_than_the_spacing() {
        let timeline = explored();
        assert_eq!(timeline.spacing, SPACING);
        assert!(most_effort(&timeline, 97) < SPACING);
    }

    /// Nothing is replayed from further away than the spacing but the step that crosses it, and
    /// the spacing grows only as the run does: a twentieth of a second for a million steps.
    #[test]
    fn checkpoints_are_bounded_in_number_and_in_distance() {
        let mut timeline = Timeline::new(parse(""), ());
        let steps = 5 * SPACING * CHECKPOINTS as u64 / 2;
        while timeline.head_step() < steps {
            timeline.step_forward().expect("timers never end");
        }
        assert!(timeline.checkpoints.len() <= CHECKPOINTS);
        assert!(timeline.checkpoints.len() > CHECKPOINTS / 3);
        assert!(timeline.spacing * CHECKPOINTS as u64 <= 4 * steps);
        assert!(most_effort(&timeline, 9_973) < timeline.spacing);
    }

    /// Whoever has gone somewhere is shown what happened right before, and steps back from there.
    #[test]
    fn what_is_shortly_before_is_near() {
        let mut timeline = explored();
        for far in [2 * SPACING - 1, 3 * SPACING + 1] {
            timeline.go_to_step(far);
            for number in (far - NEAR..far).rev() {
                let replayed = timeline.moment_at(number).1;
                assert!(replayed <= 2 * NEAR, "{replayed} steps to {number}");
                timeline.go_to_step(number);
            }
        }
        timeline.go_to_step(1);
        timeline.forget_future();
        assert!(timeline.near.is_none(), "it is forgotten with the rest");
    }

    /// A step that takes as long as hundreds is never replayed to see one after it.
    #[test]
    fn a_large_piece_of_a_snapshot_has_a_checkpoint_of_its_own() {
        let mut scenario = parse("");
        scenario.server.snapshot.piece_bytes = 1_000_000;
        let mut timeline = Timeline::new(scenario, ());
        let (client, value) = (ClientId(1), "v".repeat(60_000));
        for n in 0..12 {
            let (key, value) = (format!("k{n}"), value.clone());
            let put = Action::Put {
                client,
                key,
                value,
                ttl: None,
            };
            timeline.act(put).expect("there is a client");
        }
        timeline.seek(Instant(3_000_000), u64::MAX, &mut |_, _| {});
        let before = timeline.present.effort;
        let take = Action::TakeSnapshot { node: NodeId(1) };
        let step = timeline.act(take).expect("there are three servers");
        let effort = timeline.present.effort - before;
        assert!(effort > SPACING, "720 kB are worth {effort} steps");
        assert!(timeline.checkpoints.contains_key(&step.number));
    }

    #[test]
    fn time_grows_with_every_step() {
        let mut timeline = Timeline::new(scenario(), ());
        let mut before = Instant::ZERO;
        for _ in 0..3000 {
            let step = timeline.step_forward().expect("timers never end");
            assert!(step.time > before);
            before = step.time;
        }
    }

    #[test]
    fn stepping_back_and_forth_returns_to_the_same_moment() {
        let mut timeline = explored();
        timeline.go_to_step(900);
        let (cursor, fingerprint) = (timeline.cursor(), timeline.world().fingerprint());
        assert!(timeline.step_back() && timeline.step_back());
        timeline.step_forward();
        timeline.step_forward();
        assert_eq!(
            (timeline.cursor(), timeline.world().fingerprint()),
            (cursor, fingerprint)
        );
    }

    /// What a person did in the middle of a run is a scenario that runs just so again.
    #[test]
    fn a_session_is_a_scenario() {
        let mut timeline = explored();
        for (step, node) in [(1500, 1), (1200, 3), (1700, 2)] {
            timeline.go_to_step(step);
            timeline
                .act(Action::crash(NodeId(node)))
                .expect("there are three");
            let later = timeline.cursor() + Duration::millis(400);
            timeline.run_until(later, u64::MAX, &mut |_, _| {});
            timeline
                .act(Action::Restart { node: NodeId(node) })
                .expect("there are three");
        }
        let end = timeline.cursor() + Duration::secs(1);
        timeline.run_until(end, u64::MAX, &mut |_, _| {});
        let text = timeline.world().scenario().to_toml();
        let again = Scenario::parse(&text).expect("it was written just now");
        assert_eq!(&again, timeline.world().scenario().as_ref());
        let mut replayed = Timeline::new(again, ());
        replayed.run_until(end, u64::MAX, &mut |_, _| {});
        assert_eq!(
            replayed.world().fingerprint(),
            timeline.world().fingerprint()
        );
        let crashes: Vec<_> = timeline
            .world()
            .scenario()
            .actions
            .iter()
            .map(|a| a.at)
            .collect();
        assert!(crashes.is_sorted(), "{crashes:?}");
    }

    #[test]
    fn doing_something_forgets_what_was_done_by_hand_later() {
        let mut timeline = explored();
        let count = |timeline: &Timeline<()>| timeline.world().scenario().actions.len();
        timeline.go_to_step(1500);
        timeline.act(Action::Heal).expect("always possible");
        assert_eq!(count(&timeline), 4);
        timeline.go_to_step(300);
        timeline.act(Action::Heal).expect("always possible");
        assert_eq!(
            count(&timeline),
            4,
            "the later one is gone, the scenario's own three stay"
        );
    }

    fn parse(actions: &str) -> Scenario {
        let head = "flotilla = 1\nname = \"x\"\nend = \"5s\"\nnodes = 3\n";
        Scenario::parse(&format!("{head}actions = [ {actions} ]")).expect("well-formed")
    }

    /// Runs the session again from its text, to the same step.
    fn again(timeline: &Timeline<()>) -> u64 {
        let text = timeline.world().scenario().to_toml();
        let scenario = Scenario::parse(&text).expect("it was written just now");
        let mut replayed = Timeline::new(scenario, ());
        while replayed.world().steps() < timeline.world().steps() {
            replayed.step_forward().expect("as before");
        }
        replayed.world().fingerprint()
    }

    /// Actions of one moment happen one after the other, a microsecond apart; a person may step
    /// in between.
    #[test]
    fn doing_something_between_actions_of_one_moment_replays_so() {
        let row = |node: u32| format!("{{ at = \"1s\", do = \"crash\", node = {node} }},");
        for wait in 0..4 {
            let rows: String = (1..=3).map(row).collect();
            let mut timeline = Timeline::new(parse(&rows), ());
            let second = Instant::ZERO + Duration::secs(1);
            timeline.run_until(Instant(second.0 - 1), u64::MAX, &mut |_, _| {});
            for _ in 0..wait {
                timeline.step_forward();
            }
            let step = timeline.act(Action::Heal).expect("always possible");
            assert_eq!(step.cause, Cause::Action(Action::Heal), "right away");
            for _ in 0..100 {
                timeline.step_forward();
            }
            let fingerprint = timeline.world().fingerprint();
            assert_eq!(again(&timeline), fingerprint, "after {wait} steps");
        }
    }

    /// Both ways are as they were, however often one is left for the other.
    #[test]
    fn a_way_that_was_left_can_be_taken_again() {
        let mut timeline = explored();
        let head = timeline.head();
        let again = |timeline: &mut Timeline<()>| {
            timeline.run_until(head, u64::MAX, &mut |_, _| {});
            timeline.world().fingerprint()
        };
        let first = (timeline.way(), again(&mut timeline));
        timeline.go_to_step(1500);
        assert!(timeline.has_future());
        let parted = timeline.cursor();
        timeline.act(Action::crash(NodeId(1))).expect("it is up");
        assert!(!timeline.has_future());
        let second = (timeline.way(), again(&mut timeline));
        assert_ne!(first.1, second.1);
        for (way, fingerprint) in [&first, &second, &first] {
            timeline.take(way);
            assert!(timeline.cursor() <= parted, "only what is common is left");
            assert!(timeline.head_step() >= 1499, "and all of that");
            assert_eq!(again(&mut timeline), *fingerprint);
        }
        timeline.go_to_step(800);
        timeline.take(&second.0);
        assert_eq!(timeline.world().steps(), 800, "the present is common");
        assert!(timeline.head_step() >= 1499);
        assert_eq!(again(&mut timeline), second.1);
    }

    /// What was done by hand and not come to again is a future too.
    #[test]
    fn what_waits_to_be_done_again_is_a_future() {
        let mut timeline = Timeline::new(parse(""), ());
        timeline.seek(Instant(2_000_000), u64::MAX, &mut |_, _| {});
        timeline.act(Action::Heal).expect("always possible");
        let way = timeline.way();
        timeline.go_to_step(300);
        timeline.act(Action::Heal).expect("always possible");
        timeline.take(&way);
        timeline.go_to_step(timeline.head_step());
        assert_eq!(timeline.head_step(), timeline.world().steps());
        assert!(timeline.has_future());
    }

    #[test]
    fn what_the_scenario_does_itself_stays_even_if_a_person_did_the_same() {
        let mut timeline = Timeline::new(parse("{ at = \"1s\", do = \"heal\" }"), ());
        timeline.seek(Instant(999_000), u64::MAX, &mut |_, _| {});
        let before = timeline.world().steps();
        while timeline.world().now() < Instant(1_000_000) {
            timeline.step_forward();
        }
        timeline.act(Action::Heal).expect("always possible");
        timeline.go_to_step(before);
        timeline.act(Action::Heal).expect("always possible");
        let actions = &timeline.world().scenario().actions;
        assert_eq!(actions.len(), 2, "{actions:?}");
    }

    #[test]
    fn there_is_no_doing_beyond_the_end_of_time() {
        let mut timeline = Timeline::new(parse(""), ());
        timeline.seek(Instant(u64::MAX), 100, &mut |_, _| {});
        assert!(timeline.cursor() < Instant(u64::MAX), "a hundred steps");
        for node in 1..=3 {
            let node = NodeId(node);
            timeline.act(Action::crash(node)).expect("runs");
        }
        timeline.seek(Instant(u64::MAX), u64::MAX, &mut |_, _| {});
        assert_eq!(timeline.world().next_time(), None, "all servers are down");
        let end = crate::sim::bounds::END;
        assert_eq!(timeline.cursor(), Instant::ZERO + end);
        timeline.act(Action::Heal).expect("the last moment");
        timeline.act(Action::Heal).expect("still the last moment");
        assert!(timeline.act(Action::Heal).is_err());
        assert_eq!(timeline.step_forward(), None);
    }

    #[test]
    fn impossible_actions_are_refused_and_change_nothing() {
        let mut timeline = explored();
        let before = timeline.head_step();
        let error = timeline
            .act(Action::crash(NodeId(7)))
            .expect_err("there are three");
        assert_eq!(error.to_string(), "node is 7, but must be a server, 1 to 3");
        assert_eq!(timeline.head_step(), before);
    }
}
