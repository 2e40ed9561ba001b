//! One disk, looked at without a server: whose it is, what each file holds, and what recovery
//! would make of it, in the sentences of the page.

use super::explain::recovery;
use super::model::Rule;
use crate::storage::cases::{Case, Outcome};
use crate::storage::{
    self, Disk, DiskError, Ending, FileInfo, Finding, Identity, RecordError, RecoveryError,
    SnapshotError, Survey, SurveyedSegment, SurveyedSnapshot, survey,
};
use crate::types::{ClusterId, Incarnation, NodeId};
use serde::Serialize;

/// What a disk holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Whose it is; none when no file tells.
    pub owner: Option<Owner>,
    /// What recovery would start with; none when it would refuse.
    pub recovery: Option<Recovery>,
    /// What recovery would find and decide, in order.
    pub report: Vec<Sentence>,
    /// The segments of the log, oldest first.
    pub segments: Vec<SegmentPart>,
    /// Snapshots, finished or not, by name.
    pub snapshots: Vec<SnapshotPart>,
    /// What was set aside before.
    pub quarantine: Vec<Part>,
    /// What is no data of a server.
    pub others: Vec<Part>,
    /// Every file of the log and every snapshot with what its check found; none unless asked for.
    pub checks: Option<Vec<Check>>,
    /// Why the data is damaged, or may not be trusted; empty when it is sound.
    pub problems: Vec<String>,
}

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The server's number.
    pub node: u32,
    /// The life of its cluster, in sixteen hexadecimal digits.
    pub cluster: String,
    /// The life of the server's memory.
    pub incarnation: u64,
}

/// What a server would start with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// Its term.
    pub term: u64,
    /// Its vote in it.
    pub vote: Option<u32>,
    /// The index that its snapshot covers; none without one.
    pub snapshot: Option<u64>,
    /// What it would know to be committed.
    pub commit: u64,
    /// Where its log would end.
    pub last: u64,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sentence {
    /// What was found, and what is decided.
    pub sentence: String,
    /// The rule that decided it.
    pub rule: Option<Rule>,
}

/// A segment of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentPart {
    /// Its file.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
    /// How many of its bytes are intact records, from the start.
    pub valid: u64,
    /// How many records these are.
    pub records: u64,
    /// The lowest index of an entry among them.
    pub first: Option<u64>,
    /// The highest.
    pub last: Option<u64>,
}

/// A snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotPart {
    /// The file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The index that it covers, and the term of the entry there; none when that is not readable.
    pub covers: Option<(u64, u64)>,
    /// What recovery would do with it.
    pub place: &'static str,
}

/// A file of which no more is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// What the check of one file found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The file.
    pub file: String,
    /// What was found.
    pub finding: String,
    /// The first byte that is not as it was written, as far as the checksums tell: where the
    /// first bad record starts, or what a wrong checksum covers.
    pub bad_byte: Option<u64>,
    /// Whether that is damage; a write that a crash cut off is none.
    pub damaged: bool,
}

/// Looks at a disk, and at every record and checksum if `verify` asks for that.
///
/// # Errors
/// The disk cannot be read.
pub fn inspect(disk: &dyn Disk, verify: bool) -> Result<Inspection, DiskError> {
    let survey = survey(disk)?;
    let owner = owner(&survey);
    let identity = owner.map_or(NOBODY, next_life);
    let Attempt {
        recovery,
        findings,
        kept,
        mut problems,
    } = attempt(disk, identity)?;
    let damage = findings.iter().filter(|finding| is_damage(finding));
    problems.extend(damage.map(|finding| sentence(identity, finding).sentence));
    let checks = verify.then(|| checks(&survey));
    for check in checks.iter().flatten().filter(|check| check.damaged) {
        problems.push(format!("{}: {}", check.file, check.finding));
    }
    Ok(Inspection {
        owner: owner.map(|owner| Owner {
            node: owner.node.0,
            cluster: owner.cluster.to_string(),
            incarnation: owner.incarnation.0,
        }),
        recovery,
        report: findings
            .iter()
            .map(|finding| sentence(identity, finding))
            .collect(),
        segments: survey.segments.iter().map(segment).collect(),
        snapshots: survey
            .snapshots
            .iter()
            .map(|found| snapshot(found, &kept))
            .collect(),
        quarantine: parts(survey.quarantine),
        others: parts(survey.others),
        checks,
        problems,
    })
}

impl Inspection {
    /// Whether the disk holds anything that a server wrote.
    #[must_use]
    pub fn is_of_a_server(&self) -> bool {
        !(self.segments.is_empty() && self.snapshots.is_empty() && self.quarantine.is_empty())
    }
}

/// As whom to read what tells nobody's name.
const NOBODY: Identity = Identity {
    cluster: ClusterId(0),
    node: NodeId(0),
    incarnation: Incarnation::FIRST,
};

/// As a host would start that server, if its disk had lost something.
fn next_life(owner: Identity) -> Identity {
    Identity {
        incarnation: Incarnation(owner.incarnation.0.saturating_add(1)),
        ..owner
    }
}

/// What recovery comes to.
#[derive(Default)]
struct Attempt {
    recovery: Option<Recovery>,
    findings: Vec<Finding>,
    /// The snapshots that the log names and that stay, the newest last.
    kept: Vec<String>,
    problems: Vec<String>,
}

fn attempt(disk: &dyn Disk, identity: Identity) -> Result<Attempt, DiskError> {
    let recovered = match storage::recover(disk, identity, &storage::Config::default()) {
        Ok(recovered) => recovered,
        Err(RecoveryError::Disk(error)) => return Err(error),
        Err(refusal) => {
            let problems = vec![refusal.to_string()];
            return Ok(Attempt {
                problems,
                ..Attempt::default()
            });
        }
    };
    let covered = recovered.snapshot.as_ref().map(|(at, _)| at.index);
    let last = recovered.entries.last().map(|entry| entry.position.index);
    let recovery = Recovery {
        term: recovered.hard_state.term.0,
        vote: recovered.hard_state.vote.map(|vote| vote.0),
        snapshot: covered.map(|at| at.0),
        commit: recovered.commit.0,
        last: last.or(covered).unwrap_or_default().0,
    };
    let named = recovered.wal.snapshots();
    Ok(Attempt {
        recovery: Some(recovery),
        kept: named.map(|mark| mark.file.clone()).collect(),
        findings: recovered.report.steps,
        problems: Vec::new(),
    })
}

/// Who wrote the newest segment that can be read, or the newest snapshot.
fn owner(survey: &Survey) -> Option<Identity> {
    let segments = survey.segments.iter().rev();
    let wrote = segments.filter_map(|segment| segment.header.as_ref());
    let snapshots = survey.snapshots.iter().rev();
    let saved = snapshots.filter_map(|snapshot| snapshot.content.as_ref().ok());
    let wrote = wrote.map(|header| header.identity);
    wrote.chain(saved.map(|saved| saved.identity)).next()
}

fn sentence(identity: Identity, finding: &Finding) -> Sentence {
    let told = recovery::tell(identity.node, finding);
    Sentence {
        sentence: told.sentence,
        rule: told.rule,
    }
}

/// Whether something is not as it was written, or may be missing, be it needed or not.
fn is_damage(finding: &Finding) -> bool {
    let case = finding.case();
    case.outcome() == Outcome::NonVoting
        || matches!(case, Case::DamageCovered | Case::SnapshotDamaged)
}

fn segment(found: &SurveyedSegment) -> SegmentPart {
    SegmentPart {
        file: found.info.name.clone(),
        bytes: found.info.len,
        valid: match found.ending {
            Ending::Whole => found.info.len,
            Ending::Torn { valid } => valid,
            Ending::Damaged { offset, .. } => offset,
        },
        records: found.records,
        first: found.entries.map(|(first, _)| first.0),
        last: found.entries.map(|(_, last)| last.0),
    }
}

fn snapshot(found: &SurveyedSnapshot, kept: &[String]) -> SnapshotPart {
    let file = &found.info.name;
    let covers = found.content.as_ref().ok().map(|saved| saved.mark.position);
    SnapshotPart {
        place: match kept.iter().position(|name| name == file) {
            Some(place) if place + 1 == kept.len() => "in use",
            Some(_) => "kept in case the newer one is damaged",
            None => "not in use",
        },
        file: file.clone(),
        bytes: found.info.len,
        covers: covers.map(|covers| (covers.index.0, covers.term.0)),
    }
}

fn parts(infos: Vec<FileInfo>) -> Vec<Part> {
    let part = |info: FileInfo| Part {
        file: info.name,
        bytes: info.len,
    };
    infos.into_iter().map(part).collect()
}

fn checks(survey: &Survey) -> Vec<Check> {
    let segments = survey.segments.iter().map(check_segment);
    let snapshots = survey.snapshots.iter().map(check_snapshot);
    segments.chain(snapshots).collect()
}

fn check_segment(found: &SurveyedSegment) -> Check {
    let intact = format!("{} intact records", found.records);
    let (finding, bad_byte, damaged) = match found.ending {
        Ending::Whole => (intact, None, false),
        Ending::Torn { valid } => {
            let finding = format!("{intact}, then a write that a crash cut off");
            (finding, Some(valid), false)
        }
        Ending::Damaged { offset, what } => {
            let what = match what {
                RecordError::CutShort if offset == found.info.len => {
                    "the end of the file is missing".into()
                }
                what => what.to_string(),
            };
            (format!("{intact}, then damage: {what}"), Some(offset), true)
        }
    };
    Check {
        file: found.info.name.clone(),
        finding,
        bad_byte,
        damaged,
    }
}

/// An unfinished file is no damage: the crash came before it counted.
fn check_snapshot(found: &SurveyedSnapshot) -> Check {
    let (file, found_at) = (found.info.name.clone(), found.data_at);
    let (finding, bad_byte, damaged) = match &found.content {
        Ok(saved) => {
            let bytes = saved.data.len();
            (
                format!("{bytes} bytes, as their checksum says"),
                None,
                false,
            )
        }
        Err(_) if file.ends_with(".tmp") => {
            let finding = "not finished when the server stopped".into();
            (finding, None, false)
        }
        Err(error) => {
            let bad_byte = match error {
                SnapshotError::Header | SnapshotError::Format { .. } => Some(0),
                SnapshotError::Length { found, expected } => {
                    found_at.map(|at| at + found.min(expected))
                }
                SnapshotError::Checksum => found_at,
                SnapshotError::Footer => Some(
                    found
                        .info
                        .len
                        .saturating_sub(storage::SNAPSHOT_FOOTER_BYTES as u64),
                ),
                SnapshotError::Disk(_)
                | SnapshotError::Foreign { .. }
                | SnapshotError::NotTheNamed { .. } => None,
            };
            (format!("damage: {error}"), bad_byte, true)
        }
    };
    Check {
        file,
        finding,
        bad_byte,
        damaged,
    }
}
