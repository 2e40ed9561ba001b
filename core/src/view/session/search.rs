//! The next thing of a kind, the one before, and the next moment at which all is quiet. Each way is gone in
//! parts, so that the page draws between them; what came of it is told at the end.

use super::Session;
use super::quiet::unrest;
use crate::raft::Event as Consensus;
use crate::replica;
use crate::sim::{Cause, LossReason, Place, Replay, Step, What};
use crate::types::{Duration, Instant, NodeId};
use crate::view::causes::Witness;
use crate::view::explain::search as words;
use crate::view::explain::tell;
use crate::view::model::SoughtView;
use serde::Deserialize;

/// Beyond the end of its scenario a run never ends: a search looks so far ahead there,
/// and quiet is waited for so long.
const PATIENCE: Duration = Duration::secs(60);

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum Interest {
    /// Anything that happens to a server.
    Node(u32),
    /// A message sets out or arrives.
    Message,
    /// A server stands for election, or is elected.
    Election,
    /// An entry is committed: its leader learns that a majority holds it.
    Commit,
    /// A rule is broken.
    Violation,
    /// A machine, a disk, a clock or the network fails. What a cut takes is no further fault.
    Fault,
    /// Any of the last four.
    Turn,
}

impl Interest {
    /// What somebody sees who waits for this, in a sentence; none where it is nothing of the kind.
    fn seen(self, step: &Step, witness: &Witness) -> Option<String> {
        match self {
            Interest::Node(id) => {
                let place = Place::Node(NodeId(id));
                sentence(step, |at, _| at == place).or_else(|| {
                    let own = matches!(step.cause, Cause::Deadline(node) if node == NodeId(id));
                    own.then(|| words::deadline(NodeId(id)))
                })
            }
            Interest::Message => sentence(step, |_, what| {
                matches!(what, What::Sent { .. } | What::Delivered { .. })
            }),
            Interest::Election => consensus(step, |event| {
                matches!(
                    event,
                    Consensus::BecameCandidate { .. } | Consensus::BecameLeader { .. }
                )
            }),
            Interest::Commit => consensus(step, is_commit),
            Interest::Violation => {
                let last = witness.checker.violations().last();
                let broken = last.filter(|violation| violation.step == step.number);
                broken.map(|violation| words::broken(violation.rule, &violation.seen))
            }
            Interest::Fault => sentence(step, |_, what| is_fault(what)),
            Interest::Turn => {
                let kinds = [
                    Interest::Violation,
                    Interest::Election,
                    Interest::Fault,
                    Interest::Commit,
                ];
                kinds.into_iter().find_map(|kind| kind.seen(step, witness))
            }
        }
    }
}

/// The first happening of a kind, told.
fn sentence(step: &Step, is_it: impl Fn(Place, &What) -> bool) -> Option<String> {
    let mut all = step.happenings.iter();
    let found = all.find(|happening| is_it(happening.place, &happening.what))?;
    Some(tell(found).sentence)
}

fn consensus(step: &Step, is_it: impl Fn(&Consensus) -> bool) -> Option<String> {
    sentence(
        step,
        |_, what| matches!(what, What::Replica(replica::Event::Raft(event)) if is_it(event)),
    )
}

/// Whoever leads commits first; all others learn it from there.
fn is_commit(event: &Consensus) -> bool {
    let Consensus::CommitAdvanced { why, .. } = event else {
        return false;
    };
    matches!(why, crate::raft::CommitReason::Quorum { .. })
}

fn is_fault(what: &What) -> bool {
    match what {
        What::MessageLost { why, .. } => matches!(why, LossReason::Network | LossReason::ByHand),
        What::NetworkCut { cuts } => !cuts.is_empty(),
        _ => matches!(
            what,
            What::Crashed { .. }
                | What::Killed { .. }
                | What::StartFailed { .. }
                | What::Stopped { .. }
                | What::MessageDelayed { .. }
                | What::MessageDuplicated { .. }
                | What::ClockDrifts { .. }
                | What::ClockSet { .. }
                | What::BitFlipped { .. }
                | What::FileTorn { .. }
                | What::FileRemoved { .. }
                | What::DiskWiped { .. }
                | What::DiskResized { .. }
                | What::DiskSlowed { .. }
                | What::SyncsWillFail { .. }
                | What::ImageRestored { .. }
                | What::ClusterRecreated { .. }
                | What::ModelBehaves { .. }
                | What::Paused
                | What::ServerSlowed { .. }
        ),
    }
}

/// What a search is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Next(Interest),
    Previous(Interest),
    Quiet,
}

/// A search, under way or at its end.
#[derive(Debug)]
pub(super) struct Search {
    goal: Goal,
    began: Instant,
    /// It looks no further.
    until: Instant,
    /// The step at which the part before has ended: whoever moved meanwhile begins another search.
    at: u64,
    /// Where reading backward goes on.
    reading: Option<Reading>,
    outcome: Option<SoughtView>,
}

/// The steps from a checkpoint to the next, read for the last one of a kind.
#[derive(Debug)]
struct Reading {
    replay: Replay<Witness>,
    from: u64,
    upto: u64,
    last: Option<(u64, String)>,
}

impl Session {
    /// Forward to `time`, but no further than to a message on its way, and at most `most` steps; true when
    /// either is reached. Whoever hurries through a time in which nothing is said misses no message.
    pub fn run_until_message(&mut self, time: Instant, most: u64) -> bool {
        for _ in 0..most {
            let talking = self.timeline.world().network().in_flight().next().is_some();
            if talking || self.is_reached(time) || self.step_noted().is_none() {
                return true;
            }
        }
        false
    }

    /// To the next step that somebody waits for, but at most `most` steps; true at the end of the search. A
    /// search looks up to the end of the scenario, or a minute beyond. The next call goes on.
    pub fn seek_next(&mut self, interest: Interest, most: u64) -> bool {
        let until = self.searching(Goal::Next(interest)).until;
        for _ in 0..most {
            if self.is_reached(until) {
                return self.end_search(false, words::none_until(interest, until));
            }
            let Some(step) = self.step_noted() else {
                return self.end_search(false, words::NOTHING_LEFT.into());
            };
            if let Some(sentence) = interest.seen(&step, self.timeline.observer()) {
                return self.end_search(true, sentence);
            }
        }
        self.leave_off()
    }

    /// Back to the last step before the moment shown that somebody waits for; true at the end of the
    /// search. Each call reads at most `most` steps, from checkpoint to checkpoint, the newest first;
    /// the moment shown stays until the end.
    pub fn seek_previous(&mut self, interest: Interest, most: u64) -> bool {
        let shown = self.timeline.world().steps();
        let between = self.timeline.cursor() > self.timeline.time_of(shown);
        let before = if between {
            shown
        } else {
            shown.saturating_sub(1)
        };
        let reading = self.searching(Goal::Previous(interest)).reading.take();
        let mut reading = reading.unwrap_or_else(|| self.reading(before));
        for _ in 0..most {
            if let Some(step) = reading.replay.next(&self.timeline, reading.upto) {
                let sentence = interest.seen(&step, reading.replay.observer());
                reading.last = sentence.map(|it| (step.number, it)).or(reading.last);
            } else if let Some((step, sentence)) = reading.last {
                self.go_to_step(step);
                return self.end_search(true, sentence);
            } else if reading.from == 0 {
                return self.end_search(false, words::none_before(interest));
            } else {
                reading = self.reading(reading.from);
            }
        }
        self.searching(Goal::Previous(interest)).reading = Some(reading);
        self.leave_off()
    }

    fn reading(&self, upto: u64) -> Reading {
        let from = self.timeline.checkpoint_before(upto);
        Reading {
            replay: self.timeline.replay_from(from),
            from,
            upto,
            last: None,
        }
    }

    /// Runs until all is quiet, at most `most` steps; true at the end of the search. It is quiet when
    /// - one server leads, and every member that runs has applied its whole log, all of it committed;
    /// - no message is on its way but heartbeats and answers to appends, which tell nothing new then;
    /// - no server waits for its disk;
    /// - no client waits for an answer or has more to ask.
    ///
    /// What is not quiet after a simulated minute is told. The next call goes on.
    pub fn settle(&mut self, most: u64) -> bool {
        let search = self.searching(Goal::Quiet);
        let (began, until) = (search.began, search.until);
        for _ in 0..most {
            let waits = unrest(self.timeline.world());
            if waits.is_empty() {
                let waited = self.timeline.cursor().since(began);
                return self.end_search(true, words::quiet(waited));
            }
            if self.is_reached(until) || self.step_noted().is_none() {
                let waited = self.timeline.cursor().since(began);
                return self.end_search(false, words::unrest(waited, &waits));
            }
        }
        self.leave_off()
    }

    /// What the last search came to; none while it is under way.
    #[must_use]
    pub fn sought(&self) -> Option<SoughtView> {
        self.search.as_ref()?.outcome.clone()
    }

    /// The search that is under way, or another one that begins here.
    fn searching(&mut self, goal: Goal) -> &mut Search {
        let (at, began) = (self.timeline.world().steps(), self.timeline.cursor());
        let under_way =
            |search: &Search| search.outcome.is_none() && search.goal == goal && search.at == at;
        let end = self.timeline.world().scenario().end;
        let far = began + PATIENCE;
        let until = match goal {
            Goal::Next(_) if began < end => end,
            Goal::Next(_) | Goal::Previous(_) | Goal::Quiet => far,
        };
        let search = self.search.take().filter(under_way);
        self.search.insert(search.unwrap_or(Search {
            goal,
            began,
            until,
            at,
            reading: None,
            outcome: None,
        }))
    }

    /// Whether nothing happens any more until then; the moment shown is then that.
    fn is_reached(&mut self, until: Instant) -> bool {
        let next = self.timeline.world().next_time();
        let reached = next.is_none_or(|next| next > until);
        reached && self.run_until(until, 1)
    }

    fn leave_off(&mut self) -> bool {
        let at = self.timeline.world().steps();
        if let Some(search) = &mut self.search {
            search.at = at;
        }
        false
    }

    fn end_search(&mut self, found: bool, sentence: String) -> bool {
        if let Some(search) = &mut self.search {
            search.outcome = Some(SoughtView { found, sentence });
        }
        true
    }
}

#[cfg(test)]
mod tests;
