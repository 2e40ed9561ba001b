//! Each row of the table of cases: a disk image that reaches it, and what must come of it.

use super::disk::MemoryDisk;
use super::server::{
    FRESH, IDENTITY, Promised, Server, at, check_idempotent, check_one_history, commit, config,
    entry, recovered, snapshot, term,
};
use crate::storage::cases::{self, Case, Outcome};
use crate::storage::{
    Disk, DiskOp, FORMAT, Finding, Identity, Record, Recovered, Trust, recover, segment_file,
    segment_sequence, supersede,
};
use crate::types::{ClusterId, Incarnation, Index, NodeId};
use bytes::BytesMut;

/// A disk, made by what a server does and what happens to disks.
struct Image {
    /// The row that it is for.
    case: Case,
    what: &'static str,
    disk: MemoryDisk,
    given: Identity,
    promised: Promised,
}

fn image(case: Case, what: &'static str, server: Server) -> Image {
    Image {
        case,
        what,
        disk: server.disk,
        given: FRESH,
        promised: server.promised,
    }
}

const OTHER_SERVER: Identity = Identity {
    node: NodeId(2),
    ..IDENTITY
};

const OTHER_LIFE: Identity = Identity {
    cluster: ClusterId(8),
    ..IDENTITY
};

fn history() -> Server {
    Server::with_history(IDENTITY)
}

/// The same, without what the newest snapshot covers.
fn trimmed() -> Server {
    let mut server = history();
    server.trim();
    server
}

fn images() -> Vec<Image> {
    let mut images = identities();
    images.extend(logs());
    images.extend(contradictions());
    images.extend(snapshots());
    images
}

fn identities() -> Vec<Image> {
    let empty = || Server::new(IDENTITY);
    let mut never_ran = image(Case::NeverRan, "an empty disk", empty());
    never_ran.given = IDENTITY;
    let mut unreadable = history();
    unreadable.disk.broken = Some(segment_file(2));
    let mut snapshot_unreadable = history();
    snapshot_unreadable.disk.broken = snapshot_unreadable.disk.named(".snap").pop();
    let mut newer = history();
    newer.disk.edit(&segment_file(1), newer_format);
    let mut other_snapshot = Server::with_history(OTHER_SERVER);
    other_snapshot.lose_log();
    let mut other_life_snapshot = Server::with_history(OTHER_LIFE);
    other_life_snapshot.lose_log();
    let mut stray = history();
    let mut other = Server::with_history(OTHER_LIFE);
    for index in 13..40 {
        other.write(&[entry(2, index)]);
    }
    let file = other.disk.named(".log").pop().expect("many");
    stray.disk.put(&file, other.disk.bytes(&file).to_vec());
    vec![
        never_ran,
        image(
            Case::EverythingGone,
            "an empty disk of one that ran",
            empty(),
        ),
        image(Case::DiskUnreadable, "a segment fails", unreadable),
        image(
            Case::DiskUnreadable,
            "a snapshot fails",
            snapshot_unreadable,
        ),
        image(Case::OtherFormat, "a newer version wrote", newer),
        image(
            Case::OtherServer,
            "its log",
            Server::with_history(OTHER_SERVER),
        ),
        image(Case::OtherServer, "its snapshots", other_snapshot),
        image(Case::OtherLife, "its log", Server::with_history(OTHER_LIFE)),
        image(Case::OtherLife, "its snapshots", other_life_snapshot),
        image(Case::StraySegment, "of another life", stray),
        former_incarnation(),
        superseded(
            Case::Superseded,
            "a note of a later incarnation",
            Incarnation(5),
        ),
        superseded(Case::NoteHeeded, "a note of this one", IDENTITY.incarnation),
    ]
}

fn superseded(case: Case, name: &'static str, by: Incarnation) -> Image {
    let mut server = history();
    server.disk.execute(&supersede(by));
    image(case, name, server)
}

/// A crash after the fresh incarnation's first segment was durable, before the renames.
fn former_incarnation() -> Image {
    let mut server = history();
    let (file, place) = server.find(10);
    server.flip(&file, place + 9);
    let state = recovered(&server.disk, FRESH);
    let rename = |op: &DiskOp| matches!(op, DiskOp::Rename { .. });
    let upto = state.repairs.iter().position(rename).expect("set aside");
    server.disk.execute(&state.repairs[..upto]);
    let mut image = image(Case::FormerIncarnation, "renames lost", server);
    image.promised = Promised::default();
    image
}

fn newer_format(bytes: &mut Vec<u8>) {
    let Ok((Record::Segment(mut header), _)) = Record::decode(bytes) else {
        panic!("a segment begins with its header");
    };
    header.format = FORMAT + 1;
    let mut changed = BytesMut::new();
    Record::Segment(header).encode(&mut changed);
    *bytes = changed.to_vec();
}

fn logs() -> Vec<Image> {
    let mut torn = history();
    torn.write_unsynced(&[entry(2, 13)]);
    let (file, place) = torn.find(13);
    torn.disk.edit(&file, |bytes| bytes.truncate(place + 5));
    let mut later_page = history();
    let before = later_page.disk.named(".log").pop().expect("many");
    let synced = later_page.disk.bytes(&before).len();
    later_page.write_unsynced(&[entry(2, 13), entry(2, 14)]);
    later_page
        .disk
        .edit(&before, |bytes| bytes[synced..synced + 20].fill(0));
    let mut zero = history().restarted();
    zero.write_unsynced(&[]);
    let begun = zero.disk.named(".log").pop().expect("many");
    let mut half = zero.clone();
    zero.disk.edit(&begun, Vec::clear);
    half.disk.edit(&begun, |bytes| bytes.truncate(30));
    let mut damaged = history();
    let (file, place) = damaged.find(10);
    damaged.flip(&file, place + 9);
    let mut header = trimmed();
    header.write(&[]);
    let newest = header.disk.named(".log").pop().expect("some");
    header.flip(&newest, 9);
    let mut covered = history();
    covered.flip(&segment_file(1), 20);
    let mut cut = history();
    cut.disk.edit(&segment_file(1), |bytes| bytes.truncate(100));
    let mut missing = history();
    let (file, _) = missing.find(10);
    missing.disk.delete(&file);
    let mut missing_covered = history();
    missing_covered.disk.delete(&segment_file(2));
    let mut gone = history();
    gone.lose_log();
    let mut beyond = history();
    beyond.write(&[commit(20)]);
    let mut raised = Server::new(IDENTITY);
    raised.write(&[term(2), entry(1, 1), entry(1, 2), entry(1, 3)]);
    raised.snapshot(2);
    let mut behind = history();
    behind.write(&[entry(5, 13)]);
    vec![
        image(Case::SegmentRead, "all whole", history()),
        image(Case::HardStateUsed, "all whole", history()),
        image(Case::EntriesUsed, "all whole", history()),
        image(Case::Ready, "all whole, trimmed", trimmed()),
        image(Case::TornTail, "cut", torn),
        image(
            Case::TornTail,
            "a later page without an earlier one",
            later_page,
        ),
        image(Case::SegmentUnwritten, "empty", zero),
        image(Case::SegmentUnwritten, "half a header", half),
        image(Case::Damage, "in an entry", damaged.clone()),
        image(Case::Damage, "in the newest header", header),
        image(Case::VoteForgotten, "damage", damaged.clone()),
        image(Case::PrefixKept, "damage", damaged.clone()),
        image(Case::FormerLog, "damage", damaged),
        image(Case::DamageCovered, "in the first header", covered),
        image(Case::DamageCovered, "the first segment cut", cut),
        image(Case::SegmentMissing, "that of entry 10", missing),
        image(Case::SegmentMissingCovered, "the second", missing_covered),
        image(Case::LogGone, "all segments", gone),
        image(Case::CommitBeyondLog, "commit 20 of 12", beyond),
        image(Case::CommitRaised, "no commit recorded", raised),
        image(Case::TermBehind, "an entry of term 5", behind),
    ]
}

fn contradictions() -> Vec<Image> {
    let wrong = |what, record: Record| {
        let mut server = history();
        server.write(&[record]);
        image(Case::LogContradiction, what, server)
    };
    let mut misplaced = history();
    let bytes = misplaced.disk.bytes(&segment_file(1)).to_vec();
    let last = misplaced.disk.named(".log").pop().expect("many");
    let next = segment_sequence(&last).expect("a segment") + 1;
    misplaced.disk.put(&segment_file(next), bytes);
    vec![
        wrong("an index is skipped", entry(2, 14)),
        wrong("the term goes down", entry(1, 13)),
        wrong("a committed entry is replaced", entry(2, 5)),
        wrong("index 0", entry(2, 0)),
        wrong("an index beyond all bounds", entry(2, u64::MAX)),
        image(Case::Damage, "a segment under another's name", misplaced),
    ]
}

fn snapshots() -> Vec<Image> {
    let newest = |server: &Server| server.disk.named(".snap").pop().expect("two");
    let mut former = history();
    former.write(&[commit(20)]);
    let state = recovered(&former.disk, FRESH);
    former.disk.execute(&state.repairs);
    former.promised = Promised::default();
    let mut replaced = history();
    replaced.install(at(2, 20));
    let named = |what, case, covers| {
        let mut server = history();
        let mark = server.save(covers);
        server.write(&[Record::Snapshot(mark), Record::Commit(covers.index)]);
        image(case, what, server)
    };
    let mut conflict = history();
    conflict.write(&[term(3), entry(2, 13)]);
    let mark = conflict.save(at(3, 13));
    conflict.write(&[Record::Snapshot(mark)]);
    let mut unnamed = history();
    unnamed.save(at(2, 11));
    let mut unfinished = history();
    unfinished
        .disk
        .execute(&snapshot(IDENTITY, at(2, 11)).1[..2]);
    let mut foreign = history();
    foreign.disk.execute(&snapshot(OTHER_SERVER, at(2, 11)).1);
    let mut swapped = history();
    let file = newest(&swapped);
    let theirs = Server::with_history(OTHER_LIFE);
    swapped.disk.put(&file, theirs.disk.bytes(&file).to_vec());
    let mut damaged = history();
    let file = newest(&damaged);
    damaged.flip(&file, 60);
    let mut missing = history();
    let file = newest(&missing);
    missing.disk.delete(&file);
    let mut gap = history();
    gap.trim();
    gap.snapshot(12);
    gap.trim();
    for file in gap.disk.named(".snap") {
        gap.flip(&file, 60);
    }
    vec![
        image(Case::SnapshotUsed, "all whole", history()),
        image(Case::SnapshotOfFormerIncarnation, "repaired before", former),
        image(Case::LogReplaced, "an install", replaced),
        named("in the same term", Case::SnapshotAhead, at(2, 20)),
        named("in an earlier term", Case::SnapshotInverted, at(1, 20)),
        image(Case::SnapshotConflict, "another term there", conflict),
        image(Case::SnapshotUnnamed, "saved only", unnamed),
        image(Case::SnapshotUnfinished, "half written", unfinished),
        image(Case::SnapshotForeign, "beside the log", foreign),
        image(
            Case::SnapshotForeign,
            "in the place of a named one",
            swapped,
        ),
        image(Case::SnapshotDamaged, "a byte", damaged),
        image(Case::SnapshotMissing, "the newest", missing),
        image(Case::Gap, "no snapshot is intact", gap),
    ]
}

impl Server {
    pub(super) fn flip(&mut self, file: &str, place: usize) {
        self.disk.edit(file, |bytes| bytes[place] ^= 0x10);
    }

    pub(super) fn lose_log(&mut self) {
        for file in self.disk.named(".log") {
            self.disk.delete(&file);
        }
    }
}

#[test]
fn every_row_has_an_image_and_comes_to_its_outcome() {
    let images = images();
    for row in cases::all() {
        let of_row: Vec<&Image> = images.iter().filter(|it| it.case == row.case).collect();
        assert!(!of_row.is_empty(), "no image reaches {}", row.id);
        of_row.iter().for_each(|image| image.check(row));
    }
    println!("{} rows, {} images", cases::all().len(), images.len());
}

impl Image {
    fn check(&self, row: &cases::Row) {
        let place = format!("{}: {}", row.id, self.what);
        let state = match recover(&self.disk, self.given, &config()) {
            Ok(state) => state,
            Err(error) => {
                assert_eq!(
                    (error.case(), row.outcome),
                    (row.case, Outcome::Refused),
                    "{place}"
                );
                return;
            }
        };
        let steps = &state.report.steps;
        let found: Vec<Case> = steps.iter().map(Finding::case).collect();
        assert!(found.contains(&row.case), "{place}: {found:?}");
        assert_ne!(row.outcome, Outcome::Refused, "{place}");
        if row.outcome == Outcome::NonVoting {
            let lost = matches!(&state.trust, Trust::Lost(why) if why.contains(&row.case));
            assert!(lost, "{place}: {:?}", state.trust);
        }
        check_outcome(&state, &self.promised, &place);
        self.check_set_aside(&state, &place);
        check_idempotent(&self.disk, &state);
    }

    /// What is set aside is renamed, and everything that was there is there still.
    fn check_set_aside(&self, state: &Recovered, place: &str) {
        let mut after = self.disk.clone();
        after.execute(&state.repairs);
        for finding in &state.report.steps {
            if let Finding::SetAside {
                file, quarantine, ..
            } = finding
            {
                assert_eq!(after.bytes(quarantine), self.disk.bytes(file), "{place}");
                assert!(after.read(file).is_err(), "{place}: {file}");
            }
        }
        let kept = |file: &&String| after.read(file).is_ok();
        let moved = |file: &&String| after.read(&format!("{file}.quarantine")).is_ok();
        let gone = self.disk.names();
        let gone = gone.iter().find(|file| !kept(file) && !moved(file));
        assert_eq!(gone, None, "{place}");
    }
}

/// The trust is what the table says of the findings, and what was promised is missing only when
/// it is lost.
pub(super) fn check_outcome(state: &Recovered, promised: &Promised, place: &str) {
    check_one_history(state);
    let cases = state.report.steps.iter().map(Finding::case);
    let graver = cases
        .clone()
        .any(|case| case.outcome() == Outcome::NonVoting);
    assert_eq!(graver, state.trust != Trust::Kept, "{place}");
    if state.trust == Trust::Kept {
        assert_eq!(promised.missing_in(state), None, "{place}");
    } else {
        assert!(state.identity.incarnation > Incarnation::FIRST, "{place}");
        assert!(
            state.hard_state.term >= promised.hard_state.term || lost_term(state),
            "{place}"
        );
    }
}

/// Whether even the term may be gone.
fn lost_term(state: &Recovered) -> bool {
    let gone = |finding: &Finding| {
        matches!(
            finding.case(),
            Case::EverythingGone
                | Case::LogGone
                | Case::OtherLife
                | Case::Damage
                | Case::SegmentMissing
        )
    };
    state.report.steps.iter().any(gone)
}

/// Under a name that is taken, a number is added.
#[test]
fn nothing_that_is_set_aside_replaces_what_was_before() {
    let mut server = history();
    server.save(at(2, 11));
    let name = server
        .disk
        .named("11-0000000002.snap")
        .pop()
        .expect("saved");
    for taken in ["", "-2", "-3"] {
        let taken = format!("{name}.quarantine{taken}");
        server.disk.put(&taken, vec![1]);
    }
    let state = recovered(&server.disk, FRESH);
    let to = format!("{name}.quarantine-4");
    let aside =
        |step: &Finding| matches!(step, Finding::SetAside { quarantine, .. } if *quarantine == to);
    assert!(state.report.steps.iter().any(aside), "{:#?}", state.report);
}

/// The fresh incarnation is fresh even if the host provides one that is not.
#[test]
fn an_incarnation_that_the_disk_knows_is_never_given_again() {
    let mut server = Server::with_history(Identity {
        incarnation: Incarnation(7),
        ..IDENTITY
    });
    server.lose_log();
    let state = recovered(&server.disk, FRESH);
    assert_eq!(state.identity.incarnation, Incarnation(8));
    assert_eq!(state.commit, Index(8));
}
