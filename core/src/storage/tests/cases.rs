//! Each row of the table of cases: a disk image that reaches it, and what must come of it.

use super::disk::MemoryDisk;
use super::server::{
    FRESH, IDENTITY, Promised, Server, at, check_idempotent, check_one_history, commit, config,
    entry, recovered, snapshot, term,
};
use crate::storage::cases::{self, Case, Outcome};
use crate::storage::{
    AsideReason, Disk, DiskOp, FORMAT, Finding, Identity, Quarantined, Record, Recovered, Trust,
    WriteMark, list_quarantine, recover, segment_file, segment_sequence, supersede,
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
    let log_of = |identity| {
        let mut server = Server::new(identity);
        server.write(&[term(1), entry(1, 1)]);
        server
    };
    let stranger = Identity {
        node: NodeId(2),
        ..OTHER_LIFE
    };
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
        image(
            Case::OtherServer,
            "its log without a snapshot",
            log_of(OTHER_SERVER),
        ),
        image(Case::OtherServer, "its snapshots", other_snapshot),
        image(Case::OtherLife, "its log", Server::with_history(OTHER_LIFE)),
        image(Case::OtherLife, "another server's log", log_of(stranger)),
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
    let mut cut_between = history();
    let (file, place) = cut_between.find(10);
    cut_between.disk.edit(&file, |bytes| bytes.truncate(place));
    let mut missing = history();
    let (file, _) = missing.find(10);
    missing.disk.delete(&file);
    let mut vote_missing = Server::new(IDENTITY);
    vote_missing.write(&[term(1), entry(1, 1)]);
    vote_missing = vote_missing.restarted();
    vote_missing.write(&[term(2)]);
    vote_missing = vote_missing.restarted();
    vote_missing.write(&[entry(2, 2)]);
    vote_missing.disk.delete(&segment_file(2));
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
        image(Case::Damage, "a cut between two records", cut_between),
        image(Case::VoteForgotten, "damage", damaged.clone()),
        image(Case::PrefixKept, "damage", damaged.clone()),
        image(Case::FormerLog, "damage", damaged),
        image(Case::DamageCovered, "in the first header", covered),
        image(Case::DamageCovered, "the first segment cut", cut),
        image(Case::SegmentMissing, "that of entry 10", missing),
        image(Case::SegmentMissing, "one without entries", vote_missing),
        image(Case::SegmentMissingCovered, "the second", missing_covered),
        image(Case::LogGone, "all segments", gone),
        image(Case::CommitBeyondLog, "commit 20 of 12", beyond),
        image(Case::CommitRaised, "no commit recorded", raised),
        image(Case::TermBehind, "an entry of term 5", behind),
    ]
}

/// Only the newest segment, which has no entries, and snapshots: what the log ends with is told by
/// the segment's header alone.
fn only_a_header() -> Server {
    let mut server = history();
    server.snapshot(12);
    let mut server = server.restarted();
    let mut segments = server.disk.named(".log");
    segments.pop();
    segments.iter().for_each(|file| server.disk.delete(file));
    server
}

fn contradictions() -> Vec<Image> {
    let wrong = |what, record: Record| {
        let mut server = history();
        server.write(&[record]);
        image(Case::LogContradiction, what, server)
    };
    let misplaced_record = |what, record: Record| {
        let image = wrong(what, record);
        let case = Case::Damage;
        Image { case, ..image }
    };
    let mark = WriteMark {
        sequence: 1,
        offset: 1,
    };
    let header = history().records(&segment_file(1)).swap_remove(0);
    let below = |what, entries: &[Record]| {
        let mut server = only_a_header();
        server.write(entries);
        image(Case::LogContradiction, what, server)
    };
    let mut one_write = Server::new(IDENTITY);
    one_write.write(&[term(1), entry(1, 1)]);
    let bytes = one_write.disk.bytes(&segment_file(1)).to_vec();
    let mut one_write = one_write.restarted();
    one_write.write(&[entry(1, 2), commit(2)]);
    one_write.disk.put(&segment_file(3), bytes);
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
        below("below the term that the header tells", &[entry(1, 13)]),
        below(
            "below the first term behind the header",
            &[entry(2, 13), entry(1, 13)],
        ),
        misplaced_record("the mark of another place", Record::Write(mark)),
        misplaced_record("a header within a segment", header),
        image(Case::Damage, "a segment under another's name", misplaced),
        image(
            Case::Damage,
            "a segment of one write under another's name",
            one_write,
        ),
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
    let mut conflict_before = conflict.clone();
    conflict_before.begin_segment();
    let mut header_conflict = only_a_header();
    let mark = header_conflict.save(at(3, 12));
    header_conflict.write(&[term(3), Record::Snapshot(mark)]);
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
        image(
            Case::SnapshotConflict,
            "before another segment was begun",
            conflict_before,
        ),
        image(
            Case::SnapshotConflict,
            "another term in the header",
            header_conflict,
        ),
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
        assert_eq!(row.case.to_string(), row.id);
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

/// They are listed before the repairs have renamed them as they are afterwards.
#[test]
fn what_is_set_aside_is_listed_with_what_was_before() {
    let mut server = history();
    server.save(at(2, 11));
    server.disk.put("old.log.quarantine", vec![1]);
    let state = recovered(&server.disk, FRESH);
    let listed = list_quarantine(&server.disk, &state.repairs);
    let of = |file: &Quarantined| (file.was.clone(), file.len);
    let (snapshot, bytes) = ("snapshot-00000000000000000011-0000000002.snap", 50);
    let [old, new] = &listed[..] else {
        panic!("two files are set aside: {listed:?}");
    };
    assert_eq!(of(old), ("old.log".into(), 1));
    assert_eq!(of(new).0, snapshot);
    assert!(new.len > bytes, "the whole file");
    server.disk.execute(&state.repairs);
    assert_eq!(list_quarantine(&server.disk, &[]), listed);
}

/// Not even one whose header cannot be read any more is missed in the log of the newer one.
#[test]
fn all_segments_before_a_fresh_incarnation_are_former_ones() {
    let mut disk = former_incarnation().disk;
    disk.edit(&segment_file(1), |bytes| bytes[9] ^= 0x10);
    let state = recovered(&disk, FRESH);
    assert_eq!(state.trust, Trust::Kept, "{:#?}", state.report);
    let mut segments = disk.named(".log");
    segments.pop();
    let why_aside = |step: &Finding| match step {
        Finding::SetAside { file, why, .. } => Some((file.clone(), why.clone())),
        _ => None,
    };
    let aside: Vec<_> = state.report.steps.iter().filter_map(why_aside).collect();
    for file in segments {
        let former = (file, AsideReason::FormerIncarnation);
        assert!(aside.contains(&former), "{former:?} in {aside:?}");
    }
}

/// A disk that answers the second time is not one to start from without its newest snapshot.
#[test]
fn a_snapshot_that_fails_one_read_is_not_taken_for_missing() {
    let server = history();
    let newest = server.disk.named(".snap").pop();
    *server.disk.falters.borrow_mut() = newest;
    let error = recover(&server.disk, FRESH, &config()).expect_err("a read failed");
    assert_eq!(error.case(), Case::DiskUnreadable);
    recover(&server.disk, FRESH, &config()).expect("the next read does not fail");
}

#[test]
fn a_refusal_says_whose_the_disk_is() {
    let server = Server::with_history(OTHER_SERVER);
    let error = recover(&server.disk, FRESH, &config()).expect_err("it is another's");
    let text = error.to_string();
    let [theirs, ours] =
        [OTHER_SERVER, FRESH].map(|it| format!("{} of cluster {}", it.node, it.cluster));
    assert!(
        text.contains(&format!("belongs to {theirs}, but this is {ours}")),
        "{text}"
    );
}
