//! From what a disk holds to what a server may start with.
//!
//! A pure function: it reads, decides, and says what it decided and why; each finding names its row
//! of the table in `cases.rs`. The write-ahead log is the root of truth; a snapshot counts only if
//! the log names it. Nothing is deleted to make a start succeed: what cannot be used is set aside,
//! and a server that may have forgotten something goes on under a fresh incarnation.
//!
//! The order of things: `segments.rs` finds this server's own segments and reads them through
//! `replay.rs`; here it is decided whether that is all that the server ever promised. If so, the
//! log goes on as it is ([`keep`]). If not, the best intact beginning is written again under the
//! fresh incarnation ([`lose`]), so that the next start finds a log that is whole.

use super::cases::Case;
use super::config::Config;
use super::disk::{Disk, DiskError, DiskOp};
use super::quarantine;
use super::record::{HardState, Identity, LogEntry, Record, SnapshotMark};
use super::replay::Era;
use super::report::{AsideReason, Finding, RecoveryError, Report};
use super::segments::{self, Reading, Sorted};
use super::snapshot::{self, SnapshotError, SnapshotFile};
use super::wal::{Known, Wal, segment_file};
use crate::types::{Incarnation, Index, Position, Term};
use bytes::Bytes;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Whether a server still is who it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Trust {
    /// Everything that the incarnation may have promised is there.
    Kept,
    /// Something may be missing: the server goes on under a fresh incarnation, which has no vote
    /// until it has caught up. The cases that made it so, in the order in which they were found.
    Lost(Vec<Case>),
}

/// What a server starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Whose the data is, and the incarnation under which the server goes on.
    pub identity: Identity,
    /// Whether that is the incarnation that wrote the data.
    pub trust: Trust,
    /// The term, and the vote in it.
    pub hard_state: HardState,
    /// What is known to be committed: at least what the snapshot covers.
    pub commit: Index,
    /// The newest usable snapshot, and what it covers.
    pub snapshot: Option<(Position, Bytes)>,
    /// The entries that follow it, without gaps.
    pub entries: Vec<LogEntry>,
    /// Where to write on.
    pub wal: Wal,
    /// What must be durable before the server promises anything: syncs of what was read but may sit
    /// in the page cache only, then what the recovery itself writes, then renames of what could not
    /// be used.
    pub repairs: Vec<DiskOp>,
    /// What was found, and what was decided.
    pub report: Report,
}

/// What a host writes on the disk of a server that found itself superseded by a later incarnation,
/// before it starts the server again: recovery then does not trust what the disk says.
#[must_use]
pub fn supersede(by: Incarnation) -> Vec<DiskOp> {
    let file = note(by);
    vec![
        DiskOp::Append {
            file: file.clone(),
            bytes: Bytes::new(),
        },
        DiskOp::Sync { file },
        DiskOp::SyncDir,
    ]
}

const NOTE: &str = "superseded-";

fn note(by: Incarnation) -> String {
    format!("{NOTE}{by}")
}

fn noted(file: &str) -> Option<Incarnation> {
    file.strip_prefix(NOTE)?.parse().ok().map(Incarnation)
}

/// Reads what `disk` holds of the data of `identity`'s server. The incarnation is the one that the
/// disk tells; that of `identity` is for a server whose disk tells none, or not all that it may
/// have promised.
///
/// # Errors
/// The server must not start with it: the error says why, and what a person can do.
pub fn recover(
    disk: &dyn Disk,
    identity: Identity,
    config: &Config,
) -> Result<Recovered, RecoveryError> {
    let mut sorted = segments::sort(segments::load(disk, identity)?, identity);
    let mut reading = segments::read(&sorted.own);
    let mut report = Report {
        steps: std::mem::take(&mut sorted.findings),
    };
    let snapshots = Snapshots { disk, identity };
    let log_is_gone = reading.current.is_none() && reading.broken.is_empty();
    if log_is_gone && reading.damaged.is_empty() {
        without_log(&snapshots, &sorted, &mut report)?;
    }
    let judged = match reading.current.take() {
        Some(era) => Some(judge(&snapshots, era)?),
        None => None,
    };
    cover(&mut reading, judged.as_ref());
    report.steps.append(&mut reading.findings);
    let mut recovery = Recovery {
        snapshots,
        config,
        sorted,
        reading,
        report,
        repairs: Vec::new(),
        unusable: BTreeMap::new(),
        noted: None,
    };
    recovery.heed_note();
    let state = recovery.take(judged);
    let reasons = recovery.report.reasons();
    if reasons.is_empty() {
        recovery.keep(state.unwrap_or_default())
    } else {
        recovery.lose(state, reasons)
    }
}

/// No segment says anything: a server that never ran, or one that lost its log.
fn without_log(
    snapshots: &Snapshots<'_>,
    sorted: &Sorted,
    report: &mut Report,
) -> Result<(), RecoveryError> {
    let given = snapshots.identity.incarnation;
    let (own, others) = snapshots.owners()?;
    let of_cluster = |(_, found): &&(String, Identity)| found.cluster == snapshots.identity.cluster;
    if own == 0
        && let Some((file, found)) = others.iter().find(of_cluster)
    {
        return Err(RecoveryError::OtherServer {
            file: file.clone(),
            found: *found,
            expected: snapshots.identity,
        });
    }
    let other_life = sorted.other_life.or_else(|| {
        let first = others.first().filter(|_| own == 0);
        first.map(|(_, found)| found.cluster)
    });
    if let Some(cluster) = other_life {
        report.steps.push(Finding::OtherLife { cluster });
    }
    if own > 0 {
        report.steps.push(Finding::LogGone { snapshots: own });
    } else if other_life.is_none() {
        report.steps.push(match given {
            Incarnation::FIRST => Finding::NeverRan,
            _ => Finding::EverythingGone { given },
        });
    }
    Ok(())
}

/// What was damaged or is missing does no harm if the log is whole from behind it.
fn cover(reading: &mut Reading, judged: Option<&Judged>) {
    let whole = judged.is_some_and(|judged| judged.is_whole);
    for finding in &mut reading.findings {
        match finding {
            Finding::Damaged { covered, .. } | Finding::SegmentMissing { covered, .. } => {
                *covered = whole;
            }
            _ => {}
        }
    }
}

/// The snapshot files of a disk.
struct Snapshots<'a> {
    disk: &'a dyn Disk,
    identity: Identity,
}

impl Snapshots<'_> {
    /// The files, finished ones and others.
    fn files(&self) -> Vec<String> {
        let names = self.disk.list().into_iter().map(|info| info.name);
        names
            .filter(|name| snapshot::is_snapshot_file(name))
            .collect()
    }

    fn finished(&self) -> Vec<String> {
        let mut files = self.files();
        files.retain(|file| snapshot::is_finished(file));
        files
    }

    fn read(&self, file: &str) -> Result<Bytes, RecoveryError> {
        self.disk.read(file).map_err(RecoveryError::Disk)
    }

    fn is_own(&self, found: Identity) -> bool {
        found.is_same_server(self.identity)
    }

    /// How many finished files may be this server's, and which are somebody else's. Asked when no
    /// log counts, so whatever lies there may.
    fn owners(&self) -> Result<(u64, Vec<(String, Identity)>), RecoveryError> {
        let (mut own, mut others) = (0, Vec::new());
        for file in self.finished() {
            match snapshot::owner(&self.read(&file)?) {
                Ok(found) if !self.is_own(found) => others.push((file, found)),
                Err(SnapshotError::Format { given }) => {
                    return Err(RecoveryError::Format { file, given });
                }
                Ok(_) | Err(_) => own += 1,
            }
        }
        Ok((own, others))
    }

    /// The incarnation that wrote a snapshot of this server.
    fn writer(&self, file: &str) -> Result<Option<Incarnation>, RecoveryError> {
        let owner = snapshot::owner(&self.read(file)?);
        let own = owner.ok().filter(|found| self.is_own(*found));
        Ok(own.map(|identity| identity.incarnation))
    }

    /// A named snapshot, or what is wrong with it.
    fn load(
        &self,
        mark: &SnapshotMark,
    ) -> Result<Result<SnapshotFile, SnapshotError>, RecoveryError> {
        match snapshot::load(self.disk, self.identity, mark) {
            Err(SnapshotError::Disk(error)) if !matches!(error, DiskError::NotFound { .. }) => {
                Err(RecoveryError::Disk(error))
            }
            Err(SnapshotError::Format { given }) => Err(RecoveryError::Format {
                file: mark.file.clone(),
                given,
            }),
            loaded => Ok(loaded),
        }
    }

    /// The intact snapshot of this server that covers most, named or not: what it covers is
    /// committed in any case.
    fn best(&self) -> Result<Option<SnapshotFile>, RecoveryError> {
        let mut best: Option<SnapshotFile> = None;
        for file in self.finished() {
            let Ok(found) = snapshot::open(&file, &self.read(&file)?) else {
                continue;
            };
            if self.is_own(found.identity) {
                let both = [found].into_iter().chain(best);
                best = both.max_by_key(|one| one.mark.position);
            }
        }
        Ok(best)
    }
}

/// A state that a server could start with.
#[derive(Clone, Debug, Default)]
struct State {
    hard_state: HardState,
    commit: Index,
    snapshot: Option<SnapshotFile>,
    /// The snapshots whose files stay, the one in use last.
    marks: VecDeque<SnapshotMark>,
    entries: VecDeque<LogEntry>,
}

impl State {
    fn of_snapshot(snapshot: SnapshotFile) -> State {
        State {
            commit: snapshot.mark.position.index,
            snapshot: Some(snapshot),
            ..State::default()
        }
    }

    fn covers(&self) -> Position {
        let snapshot = self.snapshot.as_ref();
        snapshot.map_or(Position::ZERO, |snapshot| snapshot.mark.position)
    }

    fn last(&self) -> Position {
        let last = self.entries.back();
        last.map_or(self.covers(), |entry| entry.position)
    }

    /// Puts a newer snapshot in the place of the entries that it covers, if it fits.
    fn shorten(&mut self, newer: SnapshotFile) {
        let covers = newer.mark.position;
        let Some(place) = self.entries.iter().position(|one| one.position == covers) else {
            return;
        };
        self.entries.drain(..=place);
        self.commit = self.commit.max(covers.index);
        self.snapshot = Some(newer);
    }

    /// How much it is worth to a server that must catch up.
    fn worth(&self) -> (Index, Index) {
        (self.commit, self.last().index)
    }
}

/// A stretch of the log, put together with its snapshots.
struct Judged {
    /// Whether a usable snapshot reaches the stretch, or it begins with the log.
    is_whole: bool,
    state: State,
    findings: Vec<Finding>,
    /// Named snapshots that cannot be used.
    unusable: Vec<(String, SnapshotError)>,
}

/// Puts a stretch of the log together with the newest usable snapshot that it names.
fn judge(snapshots: &Snapshots<'_>, era: Era) -> Result<Judged, RecoveryError> {
    let mut judged = Judged {
        is_whole: true,
        state: State {
            hard_state: era.hard_state,
            commit: era.commit,
            marks: era.snapshots,
            entries: era.entries,
            snapshot: None,
        },
        findings: vec![Finding::HardStateFound(era.hard_state)],
        unusable: Vec::new(),
    };
    judged.findings.extend(era.doubts);
    judged.choose_snapshot(snapshots, era.identity)?;
    let covers = judged.state.covers();
    if covers.index < era.base {
        judged.is_whole = false;
        judged.findings.push(Finding::Gap {
            covered: covers.index,
            first: Index(era.base.0.saturating_add(1)),
        });
        return Ok(judged);
    }
    let follows = |entry: &LogEntry| entry.position.index > covers.index;
    judged.state.entries.retain(follows);
    judged.check();
    Ok(judged)
}

impl Judged {
    fn choose_snapshot(
        &mut self,
        snapshots: &Snapshots<'_>,
        writer: Identity,
    ) -> Result<(), RecoveryError> {
        while let Some(mark) = self.state.marks.back() {
            match snapshots.load(mark)? {
                Ok(found) => {
                    self.findings.push(used(&found, writer.incarnation));
                    self.state.snapshot = Some(found);
                    break;
                }
                Err(SnapshotError::Disk(_)) => self.findings.push(Finding::SnapshotMissing {
                    covers: mark.position,
                    file: mark.file.clone(),
                }),
                Err(error) => self.unusable.push((mark.file.clone(), error)),
            }
            self.state.marks.pop_back();
        }
        Ok(())
    }

    /// What must hold: snapshot <= commit <= last, and no term beyond the recorded one.
    fn check(&mut self) {
        let (covers, last) = (self.state.covers(), self.state.last());
        let term = self.state.hard_state.term;
        let found = covers.max(last);
        if found.term > term {
            self.findings.push(Finding::TermBehind { found, term });
        }
        if let Some(first) = self.state.entries.front().map(|entry| entry.position) {
            self.findings.push(Finding::EntriesFound { first, last });
        }
        let (commit, last) = (self.state.commit, last.index);
        if commit > last {
            self.findings
                .push(Finding::CommitBeyondLog { commit, last });
        } else if commit < covers.index {
            let (from, to) = (commit, covers.index);
            self.findings.push(Finding::CommitRaised { from, to });
        }
        self.state.commit = commit.clamp(covers.index, last);
    }
}

fn used(snapshot: &SnapshotFile, writer: Incarnation) -> Finding {
    let found = snapshot.identity.incarnation;
    Finding::SnapshotUsed {
        covers: snapshot.mark.position,
        bytes: snapshot.mark.len,
        former: (found != writer).then_some(found),
    }
}

/// A recovery that has read everything and is about to decide.
struct Recovery<'a> {
    snapshots: Snapshots<'a>,
    config: &'a Config,
    sorted: Sorted,
    reading: Reading,
    report: Report,
    repairs: Vec<DiskOp>,
    /// Named snapshots that cannot be used.
    unusable: BTreeMap<String, SnapshotError>,
    /// The least incarnation that the cluster would listen to, if there is a note of it.
    noted: Option<Incarnation>,
}

impl Recovery<'_> {
    /// Looks for a note that the incarnation of the log is superseded.
    fn heed_note(&mut self) {
        let files = self.snapshots.disk.list();
        let notes = files.iter().filter_map(|info| noted(&info.name));
        let Some(by) = notes.max() else {
            return;
        };
        let known = self.reading.identity.map(|identity| identity.incarnation);
        if known.is_some_and(|known| known < by) {
            self.report.steps.push(Finding::Superseded { by });
        }
        self.noted = Some(by);
    }

    /// Takes over what was found out about the newest stretch; its state if it is whole.
    fn take(&mut self, judged: Option<Judged>) -> Option<State> {
        let judged = judged?;
        self.report.steps.extend(judged.findings);
        self.unusable.extend(judged.unusable);
        judged.is_whole.then_some(judged.state)
    }

    /// Nothing that was promised is missing: the log goes on as it is.
    fn keep(mut self, state: State) -> Result<Recovered, RecoveryError> {
        let found = self.reading.identity;
        let identity = found.unwrap_or(self.snapshots.identity);
        let unsynced = self.reading.unsynced_from;
        let segments = std::mem::take(&mut self.reading.segments);
        for segment in segments.iter().filter(|one| one.sequence >= unsynced) {
            self.repairs.push(DiskOp::Sync {
                file: segment.file(),
            });
        }
        let damaged = std::mem::take(&mut self.reading.damaged);
        for sequence in &damaged {
            let file = segment_file(*sequence);
            self.set_aside(&file, AsideReason::DamageCovered);
        }
        self.set_others_aside(&state)?;
        let intact = segments.into_iter();
        let segments = intact.filter(|segment| !damaged.contains(&segment.sequence));
        let (segments, next) = (segments.collect(), self.sorted.next);
        let wal = Wal::resume(identity, self.config, (segments, next), known(&state));
        Ok(self.finish(identity, Trust::Kept, state, wal))
    }

    /// Something may be missing: the best that is left is the beginning of a fresh incarnation.
    fn lose(
        mut self,
        current: Option<State>,
        reasons: Vec<Case>,
    ) -> Result<Recovered, RecoveryError> {
        let (mut state, highest) = self.best_state(current)?;
        let identity = Identity {
            incarnation: self.fresh_incarnation()?,
            ..self.snapshots.identity
        };
        // What is used is told once more below, and may be something else.
        let told_again = |step: &Finding| {
            matches!(
                step,
                Finding::SnapshotUsed { .. } | Finding::EntriesFound { .. }
            )
        };
        self.report.steps.retain(|step| !told_again(step));
        let term = highest.max(state.last().term).max(state.covers().term);
        state.hard_state = HardState { term, vote: None };
        let incarnation = identity.incarnation;
        self.report
            .steps
            .push(Finding::VoteForgotten { term, incarnation });
        if let Some(snapshot) = &state.snapshot {
            // One that no record names may sit in the page cache only.
            self.repairs.push(DiskOp::Sync {
                file: snapshot.mark.file.clone(),
            });
            self.report.steps.push(used(snapshot, incarnation));
        }
        let wal = self.rewrite(identity, &state);
        for file in std::mem::take(&mut self.reading.segments) {
            self.set_aside(&file.file(), AsideReason::FormerLog);
        }
        self.set_others_aside(&state)?;
        Ok(self.finish(identity, Trust::Lost(reasons), state, wal))
    }

    /// The best state that is intact, and the highest term found anywhere.
    fn best_state(&mut self, current: Option<State>) -> Result<(State, Term), RecoveryError> {
        let newest = self.snapshots.best()?;
        let mut states = vec![State::default()];
        states.extend(newest.clone().map(State::of_snapshot));
        for era in std::mem::take(&mut self.reading.broken) {
            let judged = judge(&self.snapshots, era)?;
            if judged.is_whole {
                states.push(judged.state);
            }
        }
        states.extend(current);
        // The last of equals: what is known newest.
        let best = states.into_iter().max_by_key(State::worth);
        let mut best = best.unwrap_or_default();
        if let Some(newest) = newest {
            best.shorten(newest);
        }
        // Older snapshots serve with the log behind them only, which is not written again.
        best.marks = best
            .snapshot
            .iter()
            .map(|found| found.mark.clone())
            .collect();
        Ok((best, self.reading.highest))
    }

    /// The one that the host provides, unless the disk knows that it is not fresh.
    fn fresh_incarnation(&self) -> Result<Incarnation, RecoveryError> {
        let given = self.snapshots.identity.incarnation;
        let mut known = self.reading.identity.map(|identity| identity.incarnation);
        for file in self.snapshots.finished() {
            known = known.max(self.snapshots.writer(&file)?);
        }
        // Data of another life: the server ran, so it is not the first time.
        let known = known.unwrap_or(Incarnation::FIRST);
        let next = Incarnation(known.0.saturating_add(1));
        Ok(given.max(next).max(self.noted.unwrap_or(next)))
    }

    /// Writes the state again, in a segment that depends on none before.
    fn rewrite(&mut self, identity: Identity, state: &State) -> Wal {
        let base = Known {
            hard_state: state.hard_state,
            commit: state.covers().index,
            last: state.covers(),
            snapshots: state.marks.clone(),
        };
        let entries = state.entries.iter().cloned().map(Record::Entry);
        let mut records: Vec<Record> = entries.collect();
        if state.commit > base.commit {
            records.push(Record::Commit(state.commit));
        }
        let next = self.sorted.next;
        let (wal, ops) = Wal::rewrite(identity, self.config, next, (base, &records));
        self.repairs.extend(ops);
        self.report.steps.push(Finding::PrefixKept {
            covers: state.covers(),
            entries: state.entries.len() as u64,
            file: segment_file(next),
        });
        wal
    }

    /// Sets aside everything that is not in use.
    fn set_others_aside(&mut self, state: &State) -> Result<(), RecoveryError> {
        if let Some(by) = self.noted {
            self.set_aside(&note(by), AsideReason::Note);
        }
        for (file, why) in std::mem::take(&mut self.sorted.aside) {
            self.set_aside(&file, why);
        }
        for file in self.snapshots.files() {
            if state.marks.iter().any(|mark| mark.file == file) {
                continue;
            }
            let why = self.why_unused(&file)?;
            self.set_aside(&file, why);
        }
        Ok(())
    }

    fn why_unused(&mut self, file: &str) -> Result<AsideReason, RecoveryError> {
        if let Some(error) = self.unusable.remove(file) {
            return Ok(match error {
                SnapshotError::Foreign { found } => AsideReason::SnapshotForeign { found },
                error => AsideReason::SnapshotDamaged { error },
            });
        }
        if !snapshot::is_finished(file) {
            return Ok(AsideReason::SnapshotUnfinished);
        }
        let owner = snapshot::owner(&self.snapshots.read(file)?);
        Ok(match owner {
            Ok(found) if !self.snapshots.is_own(found) => AsideReason::SnapshotForeign { found },
            Ok(_) | Err(_) => AsideReason::SnapshotUnnamed,
        })
    }

    fn set_aside(&mut self, file: &str, why: AsideReason) {
        let quarantine = quarantine::name(self.snapshots.disk, file);
        self.repairs.push(DiskOp::Rename {
            from: file.into(),
            to: quarantine.clone(),
        });
        self.report.steps.push(Finding::SetAside {
            file: file.into(),
            quarantine,
            why,
        });
    }

    fn finish(mut self, identity: Identity, trust: Trust, state: State, mut wal: Wal) -> Recovered {
        // Also the names of files that were read may not be durable.
        if !self.snapshots.disk.list().is_empty() {
            self.repairs.push(DiskOp::SyncDir);
        }
        if trust == Trust::Kept && wal.segments().next().is_some() {
            // A sync passes over what an earlier one failed to write, and reports success: the page
            // cache holds it as clean. So how much was read is written down before anything is
            // promised, in the header of the next segment: what is gone later is missed then.
            self.repairs.extend(wal.append(&[]));
        }
        let (covers, last) = (state.covers().index, state.last().index);
        self.report.steps.push(Finding::Ready {
            snapshot: covers,
            commit: state.commit,
            last,
        });
        assert!(
            covers <= state.commit && state.commit <= last,
            "snapshot {covers} <= commit {} <= last {last}",
            state.commit
        );
        let snapshot = state
            .snapshot
            .map(|found| (found.mark.position, found.data));
        Recovered {
            identity,
            trust,
            hard_state: state.hard_state,
            commit: state.commit,
            snapshot,
            entries: state.entries.into(),
            wal,
            repairs: self.repairs,
            report: self.report,
        }
    }
}

fn known(state: &State) -> Known {
    Known {
        hard_state: state.hard_state,
        commit: state.commit,
        last: state.last(),
        snapshots: state.marks.clone(),
    }
}
