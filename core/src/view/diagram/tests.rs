//! What a window shows, beside a naive reading of the same steps.

use super::{Diagram, FINE, READ, STEPS, WHOLE, WindowAsked};
use crate::sim::{Action, Scenario, Step, Timeline, What};
use crate::types::{Instant, NodeId};
use crate::view::causes::Witness;
use crate::view::model::{BandRole, BandView, WindowView};
use std::collections::BTreeMap;

const SCENARIO: &str = r#"
    flotilla = 1
    name = "diagram"
    seed = 11
    end = "3s"
    nodes = 3
    actions = [
      { at = "300ms", do = "write", client = 1, keys = 40, prefix = "k" },
      { at = "900ms", do = "crash", node = 1 },
      { at = "1500ms", do = "restart", node = 1 },
      { at = "2s", do = "isolate", node = 2 },
      { at = "2500ms", do = "heal" },
    ]
    [network]
    loss_ppm = 20000
"#;

fn run_to(text: &str, end: u64) -> (Timeline<Witness>, Vec<Step>) {
    let scenario = Scenario::parse(text).expect("well-formed");
    let mut timeline = Timeline::new(scenario, Witness::default());
    let mut steps = Vec::new();
    timeline.run_until(Instant(end), u64::MAX, &mut |_, step| {
        steps.push(step.clone())
    });
    (timeline, steps)
}

fn asked(from: u64, to: u64, most: u32) -> WindowAsked {
    WindowAsked {
        from,
        to,
        most,
        without: Vec::new(),
        traces: true,
    }
}

/// Number, when sent, when landed, in which steps, and how it ended.
type Line = (u64, u64, u64, u64, u64, u32);

fn lines(view: &WindowView) -> Vec<Line> {
    let arrows = &view.arrows;
    let mut lines: Vec<Line> = (0..arrows.id.len())
        .map(|at| {
            let (sent, landed) = (arrows.sent_at[at], arrows.landed_at[at]);
            let steps = (arrows.sent_step[at], arrows.landed_step[at]);
            (
                arrows.id[at],
                sent,
                landed,
                steps.0,
                steps.1,
                arrows.fate[at],
            )
        })
        .collect();
    lines.sort_unstable();
    lines
}

/// The same from the steps themselves; those that are on their way have no end.
fn naive(steps: &[Step], from: u64, to: u64) -> Vec<Line> {
    let mut sent = BTreeMap::new();
    let mut lines = Vec::new();
    for step in steps {
        for happening in &step.happenings {
            let (message, fate) = match &happening.what {
                What::Sent { message, .. } => {
                    sent.insert(*message, step);
                    continue;
                }
                What::Delivered { message, .. } => (*message, 0),
                What::MessageLost { message, .. } => (*message, 1),
                _ => continue,
            };
            let set_out = sent.remove(&message).expect("it was sent");
            let (begin, end) = (set_out.time.0, step.time.0);
            lines.push((message.0, begin, end, set_out.number, step.number, fate));
        }
    }
    let flying = sent.iter();
    let flying = flying.map(|(message, step)| (message.0, step.time.0, 0, step.number, 0, 2));
    lines.extend(flying);
    lines.retain(|line| line.1 <= to && (line.2 >= from || line.5 == 2));
    lines.sort_unstable();
    lines
}

/// When a message on its way will arrive is not in the steps.
fn without_arrival(mut lines: Vec<Line>) -> Vec<Line> {
    for line in &mut lines {
        line.2 *= u64::from(line.5 != 2);
    }
    lines
}

#[test]
fn a_window_has_every_message_that_crosses_it_and_no_other() {
    let (timeline, steps) = run_to(SCENARIO, 3_000_000);
    let mut diagram = Diagram::default();
    let mut fates = [0; 3];
    for (from, to) in [
        (0, 3_000_000),
        (310_000, 340_000),
        (890_000, 1_000_000),
        (2_100_000, 2_110_000),
        (2_990_000, 3_000_000),
    ] {
        let view = diagram.window(&timeline, &asked(from, to, 20_000));
        assert_eq!(view.merged_within, 0);
        let lines = without_arrival(lines(&view));
        assert_eq!(lines, naive(&steps, from, to), "from {from} to {to}");
        for line in &lines {
            fates[line.5 as usize] += 1;
        }
        let all: u64 = view.counts.iter().sum();
        assert_eq!(all, lines.len() as u64);
    }
    assert!(fates[0] > 0 && fates[1] > 0, "{fates:?}");
}

#[test]
fn messages_on_their_way_end_when_they_are_expected() {
    let (mut timeline, _) = run_to(SCENARIO, 500_000);
    while timeline.world().network().in_flight().next().is_none() {
        timeline.step_forward().expect("heartbeats never end");
    }
    let now = timeline.world().now().0;
    let view = Diagram::default().window(&timeline, &asked(now, now, 100));
    let flying = timeline.world().network().in_flight();
    let flying: Vec<(u64, u64)> = flying.map(|it| (it.id.0, it.arrives_at.0)).collect();
    let drawn = lines(&view).into_iter().filter(|line| line.5 == 2);
    let drawn: Vec<(u64, u64)> = drawn.map(|line| (line.0, line.2)).collect();
    assert_eq!(drawn, flying);
}

fn bands_of(view: &WindowView, lane: u32) -> Vec<&BandView> {
    let bands = view.bands.iter();
    bands.filter(|band| band.lane == lane).collect()
}

#[test]
fn bands_are_what_the_servers_were_without_a_gap() {
    let (timeline, _) = run_to(SCENARIO, 3_000_000);
    let view = Diagram::default().window(&timeline, &asked(0, 3_000_000, 1_000));
    for lane in 0..3 {
        let bands = bands_of(&view, lane);
        assert_eq!(bands[0].from, 0);
        assert_eq!(bands.last().expect("there are some").to, 3_000_000);
        assert!(bands.windows(2).all(|two| two[0].to == two[1].from));
        for band in bands {
            let mut there = timeline.clone();
            there.seek(Instant(band.to - 1), 0, &mut |_, _| {});
            let node = there.world().node(NodeId(lane + 1));
            let running = node.replica();
            assert_eq!(band.role == BandRole::Down, running.is_none(), "{band:?}");
            assert_eq!(
                band.term,
                running.map_or(0, |server| server.term().0),
                "{band:?}"
            );
        }
    }
    let leads = |band: &&BandView| band.role == BandRole::Leader;
    assert!(view.bands.iter().filter(leads).count() >= 2);
    let down = bands_of(&view, 0);
    let down = down
        .iter()
        .find(|band| band.role == BandRole::Down && band.from > 0);
    let down = down.expect("it crashed");
    assert_eq!((down.from, down.to), (900_000, 1_500_000));
    let cuts: Vec<(u32, u32)> = view
        .cuts
        .iter()
        .map(|cut| (cut.from_lane, cut.to_lane))
        .collect();
    assert_eq!(cuts, [(0, 1), (1, 0), (1, 2), (2, 1)]);
    assert!(
        view.cuts
            .iter()
            .all(|cut| (cut.from, cut.to) == (2_000_000, 2_500_000))
    );
}

#[test]
fn a_small_window_begins_with_what_was_so_before() {
    let (timeline, _) = run_to(SCENARIO, 3_000_000);
    let view = Diagram::default().window(&timeline, &asked(1_000_000, 1_010_000, 1_000));
    let down = bands_of(&view, 0);
    assert_eq!(down.len(), 1);
    assert_eq!(
        (down[0].role, down[0].from, down[0].to),
        (BandRole::Down, 1_000_000, 1_010_000)
    );
    let view = Diagram::default().window(&timeline, &asked(2_200_000, 2_210_000, 1_000));
    assert_eq!(view.cuts.len(), 4);
}

#[test]
fn few_stand_for_many_and_none_is_forgotten() {
    let (timeline, steps) = run_to(SCENARIO, 3_000_000);
    let mut diagram = Diagram::default();
    let all = diagram.window(&timeline, &asked(0, 3_000_000, 20_000));
    let few = diagram.window(&timeline, &asked(0, 3_000_000, 100));
    assert!(all.arrows.id.len() > 200 && few.merged_within > 0);
    for most in [few.arrows.id.len(), few.marks.id.len()] {
        assert!(most <= 100, "{most}");
    }
    assert_eq!(few.counts, all.counts);
    let stands_for: u64 = few.arrows.count.iter().sum();
    assert_eq!(stands_for, naive(&steps, 0, 3_000_000).len() as u64);
    assert_eq!(
        few.marks.count.iter().sum::<u64>(),
        all.marks.count.iter().sum::<u64>()
    );
    let heartbeats = all
        .kinds
        .iter()
        .position(|kind| *kind == crate::view::MessageKind::Heartbeat);
    let heartbeats = heartbeats.expect("there is that kind") as u32;
    let mut question = asked(0, 3_000_000, 20_000);
    question.without = vec![heartbeats];
    let without = diagram.window(&timeline, &question);
    assert!(!without.arrows.kind.contains(&heartbeats));
    assert_eq!(without.counts, all.counts);
}

/// Time goes on behind what was read, also after going back; another way replaces what it parts
/// from.
#[test]
fn the_window_follows_the_run_wherever_it_goes() {
    let (mut timeline, _) = run_to(SCENARIO, 1_000_000);
    let mut diagram = Diagram::default();
    let question = asked(0, 3_000_000, 20_000);
    let fresh = |timeline: &Timeline<Witness>| Diagram::default().window(timeline, &question);
    assert_eq!(diagram.window(&timeline, &question), fresh(&timeline));
    timeline.seek(Instant(2_000_000), u64::MAX, &mut |_, _| {});
    timeline.seek(Instant(600_000), 0, &mut |_, _| {});
    let before = diagram.window(&timeline, &question);
    assert_eq!(before, fresh(&timeline));
    assert_eq!(before.read_to, 2_000_000);
    let node = NodeId(3);
    timeline
        .act(Action::Isolate { node })
        .expect("there are three");
    timeline.seek(Instant(2_000_000), u64::MAX, &mut |_, _| {});
    let after = diagram.window(&timeline, &question);
    assert_eq!(after, fresh(&timeline));
    assert_ne!(after.cuts, before.cuts);
}

const LONG: &str = "flotilla = 1\nname = \"long\"\nend = \"600s\"\nnodes = 5\nactions = [\n\
    { at = \"300ms\", do = \"workload\", rate = 200, keys = 40 } ]\n[clients]\ncount = 2\n";

/// Old slices are read again, and are what they were; memory is bounded; a window over everything
/// comes from the coarse pictures.
#[test]
fn a_long_run_is_kept_in_part_and_read_again_where_it_is_looked_at() {
    let scenario = Scenario::parse(LONG).expect("well-formed");
    let mut timeline = Timeline::new(scenario, Witness::default());
    let enough = (WHOLE as u64 + 8) * STEPS;
    while timeline.head_step() < enough {
        timeline.step_forward().expect("the load goes on");
    }
    let mut diagram = Diagram::default();
    let early = asked(2_000_000, 2_200_000, 20_000);
    let first = diagram.window(&timeline, &early);
    assert!(first.merged_within == 0 && first.arrows.id.len() > 100);
    let head = timeline.head().0;
    let mut asked_for = 1;
    while diagram.window(&timeline, &early).read_to < head {
        asked_for += 1;
    }
    assert_eq!(asked_for, enough / READ, "each question reads a part");
    assert!(diagram.whole.len() <= WHOLE);
    assert_eq!(diagram.coarse.len(), WHOLE + 8);
    let everything = diagram.window(&timeline, &asked(0, head, 3_000));
    assert!(everything.merged_within > 0 && everything.arrows.id.len() <= 3_000);
    const { assert!(WHOLE + 8 > FINE) };
    let landed: u64 = everything.counts.iter().sum();
    assert!(landed > enough / 3, "{landed} messages");
    assert!(
        diagram
            .used
            .iter()
            .all(|number| diagram.whole.contains_key(number))
    );
    let (oldest, newest) = (diagram.used.front(), diagram.whole.len());
    assert!(oldest.is_some() && newest == diagram.used.len());
    let mut again = diagram.window(&timeline, &early);
    again.read_to = first.read_to;
    assert_eq!(again, first);
}
