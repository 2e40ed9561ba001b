//! The run as a space-time diagram: any window of it, as finely as there is room for.
//!
//! The run is read once, by a replay that goes on behind it, and kept in slices of some thousand
//! steps (`slice.rs`). The newest slices are kept whole and older ones read again when they are
//! looked at closely; of every slice a coarse picture stays, so a window over a million steps is
//! there at once. When the run takes another way, what is not common to both is forgotten.

mod slice;
#[cfg(test)]
mod tests;

use self::slice::{
    Arrow, Fate, LaneState, Lanes, Mark, STEPS, Slice, Writer, coarse, merge_arrows, merge_marks,
    thin,
};
use super::causes::Witness;
use super::model::{ArrowsView, BandView, CutSpanView, MarksView, MessageKind, Weight, WindowView};
use crate::sim::{Replay, Scenario, Timeline, parting};
use crate::types::Instant;
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// So many slices are kept whole: some ten megabytes.
const WHOLE: usize = 40;
/// A window over more slices is drawn from their coarse pictures,
const FINE: usize = 32;
/// and so is one for which more would have to be read again.
const AGAIN: usize = 4;
/// One question reads so many steps of the run at most.
const READ: u64 = 40_000;
/// One answer has so many arrows, and so many marks, at most.
const MOST: usize = 20_000;
/// Things nearer than this part of the window are drawn in one place anyway.
const PIXELS: u64 = 2_000;

/// What somebody wants to see of the run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowAsked {
    /// From when, in microseconds.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// How many arrows, and how many marks, at most.
    pub most: u32,
    /// Kinds of messages that are left out, as places in `kinds` of the answer.
    pub without: Vec<u32>,
    /// Whether writes, applied entries and the like are marked too.
    pub traces: bool,
}

/// The run, read so far.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    /// The scenario of the way that was read.
    scenario: Option<Arc<Scenario>>,
    reading: Option<Reading>,
    /// Of every slice that is complete.
    coarse: Vec<Arc<Slice>>,
    whole: BTreeMap<usize, Arc<Slice>>,
    /// The slices in `whole`, the one looked at last behind all others.
    used: VecDeque<usize>,
}

/// Where reading goes on.
#[derive(Debug)]
struct Reading {
    replay: Replay<Witness>,
    writer: Writer,
}

impl Reading {
    fn at(timeline: &Timeline<Witness>, slice: usize) -> Reading {
        let replay = timeline.replay_from(slice as u64 * STEPS);
        let writer = Writer::after(replay.world());
        Reading { replay, writer }
    }

    /// Writes down the next step, up to `upto`.
    fn next(&mut self, timeline: &Timeline<Witness>, upto: u64) -> bool {
        let Some(step) = self.replay.next(timeline, upto) else {
            return false;
        };
        let (world, witness) = (self.replay.world(), self.replay.observer());
        self.writer.write(world, witness, &step);
        true
    }

    fn steps(&self) -> u64 {
        self.replay.world().steps()
    }
}

impl Diagram {
    /// What happened in a window.
    pub fn window(&mut self, timeline: &Timeline<Witness>, asked: &WindowAsked) -> WindowView {
        self.read(timeline);
        let (from, to) = (Instant(asked.from), Instant(asked.to.max(asked.from)));
        let slices = self.slices(timeline, (from, to));
        let lanes = Lanes::of(timeline.world());
        let in_window = |arrow: &&Arrow| arrow.sent_at <= to && arrow.landed_at >= from;
        let flying = self.flying(lanes);
        let arrows = slices.iter().flat_map(|slice| &slice.arrows).chain(&flying);
        let mut counts = vec![0; MessageKind::ALL.len()];
        let mut wanted = Vec::new();
        for arrow in arrows.filter(in_window) {
            counts[arrow.kind as usize] += arrow.count;
            if !asked.without.contains(&(arrow.kind as u32)) {
                wanted.push(arrow.clone());
            }
        }
        let marks = slices.iter().flat_map(|slice| &slice.marks);
        let marks = marks.filter(|mark| (from..=to).contains(&mark.time));
        let marks = marks.filter(|mark| asked.traces || !matches!(mark.weight, Weight::Trace));
        let marks: Vec<Mark> = marks.cloned().collect();
        let most = (asked.most as usize).min(MOST);
        let pixel = (to.0 - from.0) / PIXELS;
        let is_coarse = slices.iter().any(|slice| self.is_coarse(slice));
        let (arrows, arrows_within) = thin(wanted, most, pixel, merge_arrows);
        let (marks, marks_within) = thin(marks, most, pixel, merge_marks);
        let merged_within = arrows_within.max(marks_within);
        let read_to = self.read_to(timeline);
        let end = to.min(read_to);
        WindowView {
            from: from.0,
            to: to.0,
            read_to: read_to.0,
            lanes: lanes.names(),
            servers: u32::from(lanes.servers),
            kinds: MessageKind::ALL.to_vec(),
            counts,
            merged_within: merged_within.max(u64::from(is_coarse)),
            arrows: arrow_columns(&arrows),
            marks: mark_columns(&marks),
            bands: bands(&slices, (from, end)),
            cuts: cut_spans(&slices, (from, end)),
        }
    }

    /// Reads on, up to the furthest moment explored, or as far as one question may.
    fn read(&mut self, timeline: &Timeline<Witness>) {
        self.follow(timeline);
        for _ in 0..READ {
            let number = self.coarse.len();
            let reading = self
                .reading
                .get_or_insert_with(|| Reading::at(timeline, number));
            if !reading.next(timeline, u64::MAX) {
                break;
            }
            if reading.steps().is_multiple_of(STEPS) {
                let next = Writer::after(reading.replay.world());
                let full = std::mem::replace(&mut reading.writer, next).slice;
                self.coarse.push(Arc::new(coarse(&full)));
                self.keep(number, Arc::new(full));
            }
        }
    }

    /// Forgets what the run does not have in common with what was read.
    fn follow(&mut self, timeline: &Timeline<Witness>) {
        let now = timeline.world().scenario();
        let known = self.scenario.replace(Arc::clone(now));
        let Some(known) = known.filter(|known| !Arc::ptr_eq(known, now)) else {
            return;
        };
        let upto = match parting(&known, now) {
            Some(time) => timeline.step_at(Instant(time.0.saturating_sub(1))),
            None => 0,
        };
        let slices = usize::try_from(upto / STEPS).unwrap_or(usize::MAX);
        self.reading = None;
        self.coarse.truncate(slices);
        self.whole.retain(|number, _| *number < slices);
        self.used.retain(|number| *number < slices);
    }

    fn keep(&mut self, number: usize, slice: Arc<Slice>) {
        self.whole.insert(number, slice);
        self.used.retain(|known| *known != number);
        self.used.push_back(number);
        while self.used.len() > WHOLE {
            if let Some(oldest) = self.used.pop_front() {
                self.whole.remove(&oldest);
            }
        }
    }

    fn read_to(&self, timeline: &Timeline<Witness>) -> Instant {
        let read = self.reading.as_ref().map_or(0, Reading::steps);
        if read >= timeline.head_step() {
            timeline.head()
        } else {
            timeline.time_of(read)
        }
    }

    fn flying(&self, lanes: Lanes) -> Vec<Arrow> {
        let reading = self.reading.iter();
        let flying = reading.flat_map(|reading| reading.replay.observer().ends.flying());
        flying.map(|flight| Arrow::flying(lanes, flight)).collect()
    }

    /// What the window needs, oldest first: whole as far as that does not take too long.
    fn slices(
        &mut self,
        timeline: &Timeline<Witness>,
        (from, to): (Instant, Instant),
    ) -> Vec<Arc<Slice>> {
        let overlaps = |slice: &Slice| slice.earliest <= to && slice.ends >= from;
        let numbers = (0..self.coarse.len()).filter(|at| overlaps(&self.coarse[*at]));
        let numbers: Vec<usize> = numbers.collect();
        let missing = numbers.iter().filter(|at| !self.whole.contains_key(at));
        let fine = numbers.len() <= FINE && missing.count() <= AGAIN;
        let mut slices = Vec::new();
        for number in numbers {
            slices.push(if fine {
                self.whole_slice(timeline, number)
            } else {
                Arc::clone(&self.coarse[number])
            });
        }
        let open = self.reading.iter().map(|reading| &reading.writer.slice);
        // The state at the head lasts, so the open slice also tells of what is not explored.
        slices.extend(open.cloned().map(Arc::new));
        slices
    }

    fn whole_slice(&mut self, timeline: &Timeline<Witness>, number: usize) -> Arc<Slice> {
        let slice = match self.whole.get(&number) {
            Some(slice) => Arc::clone(slice),
            None => {
                let mut reading = Reading::at(timeline, number);
                while reading.next(timeline, (number as u64 + 1) * STEPS) {}
                Arc::new(reading.writer.slice)
            }
        };
        self.keep(number, Arc::clone(&slice));
        slice
    }

    fn is_coarse(&self, slice: &Arc<Slice>) -> bool {
        self.coarse.iter().any(|known| Arc::ptr_eq(known, slice))
    }
}

fn bands(slices: &[Arc<Slice>], (from, to): (Instant, Instant)) -> Vec<BandView> {
    let mut bands = Vec::new();
    let Some(first) = slices
        .iter()
        .find(|slice| slice.ends >= from)
        .or(slices.last())
    else {
        return bands;
    };
    let mut open: Vec<(Instant, LaneState)> = Vec::new();
    open.extend(first.states.iter().map(|state| (from, *state)));
    let mut close = |lane: usize, (since, state): (Instant, LaneState), until: Instant| {
        let (since, until) = (since.max(from), until.min(to));
        if since < until {
            bands.push(BandView {
                lane: lane as u32,
                from: since.0,
                to: until.0,
                role: state.role,
                term: state.term,
            });
        }
    };
    let turns = slices.iter().flat_map(|slice| &slice.turns);
    for turn in turns.filter(|turn| turn.time >= first.begins && turn.time <= to) {
        let lane = turn.lane as usize;
        close(lane, open[lane], turn.time);
        open[lane] = (turn.time, turn.state);
    }
    for (lane, state) in open.into_iter().enumerate() {
        close(lane, state, to);
    }
    bands
}

fn cut_spans(slices: &[Arc<Slice>], (from, to): (Instant, Instant)) -> Vec<CutSpanView> {
    let mut spans = Vec::new();
    let Some(first) = slices
        .iter()
        .find(|slice| slice.ends >= from)
        .or(slices.last())
    else {
        return spans;
    };
    let mut open: BTreeMap<(u16, u16), Instant> = BTreeMap::new();
    open.extend(first.cuts.iter().map(|way| (*way, from)));
    let mut close = |way: (u16, u16), since: Instant, until: Instant| {
        let (since, until) = (since.max(from), until.min(to));
        if since < until {
            spans.push(CutSpanView {
                from_lane: u32::from(way.0),
                to_lane: u32::from(way.1),
                from: since.0,
                to: until.0,
            });
        }
    };
    let cuttings = slices.iter().flat_map(|slice| &slice.cuttings);
    for cutting in cuttings.filter(|it| it.time >= first.begins && it.time <= to) {
        if cutting.cut {
            open.insert(cutting.way, cutting.time);
        } else if let Some(since) = open.remove(&cutting.way) {
            close(cutting.way, since, cutting.time);
        }
    }
    for (way, since) in open {
        close(way, since, to);
    }
    spans
}

fn arrow_columns(arrows: &[Arrow]) -> ArrowsView {
    let mut columns = ArrowsView::default();
    for arrow in arrows {
        columns.id.push(arrow.id);
        columns.from.push(u32::from(arrow.from));
        columns.to.push(u32::from(arrow.to));
        columns.kind.push(arrow.kind as u32);
        columns.sent_at.push(arrow.sent_at.0);
        columns.landed_at.push(arrow.landed_at.0);
        columns.sent_step.push(arrow.sent_step);
        columns.landed_step.push(arrow.landed_step);
        columns.fate.push(match arrow.fate {
            Fate::Arrived => 0,
            Fate::Lost => 1,
            Fate::Flying => 2,
        });
        columns.count.push(arrow.count);
    }
    columns
}

fn mark_columns(marks: &[Mark]) -> MarksView {
    let mut columns = MarksView::default();
    for mark in marks {
        columns.id.push(mark.id);
        columns.time.push(mark.time.0);
        columns.lane.push(mark.lane.map_or(-1, i32::from));
        columns.kind.push(mark.kind.into());
        columns.weight.push(match mark.weight {
            Weight::Story => 2,
            Weight::Detail => 1,
            Weight::Trace => 0,
        });
        columns.count.push(mark.count);
    }
    columns
}
