use super::{SnapshotJob, SnapshotLane};
use crate::cache::{Apply, Cache, Command, Config, Operation, Sequence, SessionId, Stamped};
use crate::raft::Membership;
use crate::replica::codec::{SnapshotEncoder, SnapshotHead};
use crate::replica::io::{Effects, Write};
use crate::replica::snapshots::restore;
use crate::storage::{DiskOp, Identity, open_snapshot};
use crate::types::{ClusterId, Incarnation, Index, NodeId, Position, Rope, Term};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

const IDENTITY: Identity = Identity {
    cluster: ClusterId(1),
    node: NodeId(1),
    incarnation: Incarnation::FIRST,
};
const PIECE: u64 = 100;

fn cache(keys: u64) -> Cache {
    let mut cache = Cache::new(Config::default());
    cache.apply(Index(1), &Stamped::plain(Command::OpenSession));
    for number in 1..=keys {
        let apply = Apply {
            session: SessionId(1),
            sequence: Sequence(number),
            acknowledged: Sequence(number),
            operation: Operation::Put {
                key: Bytes::from(format!("key-{number}")),
                value: Bytes::from_static(&[b'v'; 40]),
                ttl: None,
            },
        };
        cache.apply(Index(number + 1), &Stamped::plain(Command::Apply(apply)));
    }
    cache
}

fn encoder(cache: &Cache) -> SnapshotEncoder {
    let head = SnapshotHead {
        cluster: IDENTITY.cluster,
        digest: crate::replica::AppliedDigest::default(),
        membership: Membership::of_voters(&[NodeId(1)]),
    };
    SnapshotEncoder::new(&head, cache)
}

fn covers(index: u64) -> Position {
    Position::new(Term(1), Index(index))
}

/// A snapshot that the server took itself.
fn own(index: u64, keys: u64) -> SnapshotJob {
    let membership = Arc::new(Membership::of_voters(&[NodeId(1)]));
    let covered = (covers(index), membership);
    SnapshotJob::own(IDENTITY, covered, encoder(&cache(keys)))
}

/// A snapshot that a leader sent in pieces of another size.
fn received(index: u64, keys: u64) -> SnapshotJob {
    let (mut encoder, mut data) = (encoder(&cache(keys)), Rope::default());
    while let Some(piece) = encoder.next_piece(33) {
        data.push(piece);
    }
    let config = crate::replica::Config::default();
    let restored = restore(&config, IDENTITY.cluster, covers(index), &data);
    SnapshotJob::received(IDENTITY, restored.expect("it was just written"))
}

/// The bytes that a write appends.
fn bytes(write: &Write) -> u64 {
    let appended = write.ops.iter().map(|op| match op {
        DiskOp::Append { bytes, .. } => bytes.len() as u64,
        _ => 0,
    });
    appended.sum()
}

/// A lane with its disk.
struct Lane {
    lane: SnapshotLane,
    files: BTreeMap<String, Vec<u8>>,
    /// The write under way.
    write: Option<Write>,
    writes: usize,
}

impl Lane {
    fn new(held: bool) -> Lane {
        Lane {
            lane: SnapshotLane::new(held),
            files: BTreeMap::new(),
            write: None,
            writes: 0,
        }
    }

    fn take(&mut self, mut out: Effects) {
        self.writes += out.writes.len();
        assert!(out.writes.len() <= 1, "one write at a time");
        if let Some(write) = out.writes.pop() {
            assert!(self.write.is_none(), "one write at a time");
            let header_and_footer = 100;
            assert!(bytes(&write) <= PIECE + header_and_footer);
            self.write = Some(write);
        }
    }

    fn submit(&mut self, job: SnapshotJob) -> Option<Position> {
        let mut out = Effects::default();
        let abandoned = self.lane.submit(job, PIECE, &mut out);
        self.take(out);
        abandoned
    }

    /// The write under way becomes durable; what is whole by that is checked, and what it covers and
    /// whether it is a leader's is told.
    fn durable(&mut self) -> Option<(Position, bool)> {
        let write = self.write.take().expect("a write is under way");
        for op in write.ops {
            self.execute(op);
        }
        let mut out = Effects::default();
        assert!(self.lane.is_busy());
        let saved = self.lane.durable(write.id.number, PIECE, &mut out);
        self.take(out);
        let saved = saved?;
        let file = Bytes::from(self.files[&saved.mark.file].clone());
        let read = open_snapshot(&saved.mark.file, &file).expect("it is whole");
        assert_eq!(read.mark, saved.mark);
        assert_eq!(saved.snapshot.data, Rope::from(read.data));
        Some((read.mark.position, saved.restored.is_some()))
    }

    fn execute(&mut self, op: DiskOp) {
        match op {
            DiskOp::Append { file, bytes } => self.files.entry(file).or_default().extend(bytes),
            DiskOp::Rename { from, to } => {
                let content = self.files.remove(&from).expect("it is there");
                assert!(self.files.insert(to, content).is_none(), "nothing is lost");
            }
            DiskOp::Remove { file } => {
                self.files.remove(&file).expect("it is there");
            }
            DiskOp::Sync { file } => assert!(self.files.contains_key(&file)),
            DiskOp::SyncDir => {}
        }
    }

    fn finish(&mut self) -> Option<(Position, bool)> {
        loop {
            if let Some(saved) = self.durable() {
                return Some(saved);
            }
        }
    }
}

#[test]
fn a_file_is_written_piece_by_piece_each_when_the_one_before_is_durable() {
    for job in [own, received] {
        let mut lane = Lane::new(false);
        assert_eq!(lane.submit(job(5, 40)), None);
        let is_leaders = job(5, 1).own_covers().is_none();
        assert_eq!(lane.finish(), Some((covers(5), is_leaders)));
        assert!(lane.writes > 20 && lane.write.is_none() && !lane.lane.is_busy());
        assert_eq!(lane.files.len(), 1);
    }
}

#[test]
fn a_snapshot_waits_for_the_repairs_that_may_rename_its_file() {
    let mut lane = Lane::new(true);
    lane.submit(own(5, 3));
    assert!(lane.lane.is_busy() && lane.write.is_none());
    for expected in [1, 1] {
        let mut out = Effects::default();
        lane.lane.release(PIECE, &mut out);
        lane.take(out);
        assert_eq!(lane.writes, expected, "once");
    }
    assert_eq!(lane.finish(), Some((covers(5), false)));
}

#[test]
fn an_own_snapshot_that_is_not_whole_is_given_up_for_a_leaders() {
    let mut lane = Lane::new(false);
    lane.submit(own(5, 40));
    lane.durable();
    assert_eq!(lane.files.len(), 1, "the unfinished one");
    assert_eq!(lane.submit(received(9, 40)), Some(covers(5)));
    // The same file: an unfinished one of that name is in nobody's way.
    assert_eq!(lane.submit(received(5, 20)), None);
    assert_eq!(lane.durable(), None, "the write that was under way");
    assert_eq!(
        lane.finish(),
        Some((covers(5), true)),
        "only the latest is written"
    );
    assert!(lane.write.is_none() && !lane.lane.is_busy());
    assert_eq!(lane.files.len(), 1, "{:?}", lane.files.keys());
}

#[test]
fn what_is_nearly_done_or_a_leaders_is_not_given_up() {
    let mut lane = Lane::new(false);
    lane.submit(own(5, 0));
    while !matches!(lane.lane.inflight, Some((_, super::Writing::Last(_)))) {
        lane.durable();
    }
    assert_eq!(lane.submit(received(9, 3)), None);
    assert_eq!(lane.durable(), Some((covers(5), false)));
    assert_eq!(lane.submit(received(12, 3)), None);
    assert_eq!(lane.finish(), Some((covers(9), true)));
    assert_eq!(lane.finish(), Some((covers(12), true)));
    assert_eq!(lane.files.len(), 3);
}

#[test]
fn an_own_one_that_waits_is_given_up_too() {
    let mut lane = Lane::new(true);
    assert_eq!(lane.submit(own(5, 3)), None);
    assert_eq!(lane.submit(received(9, 3)), Some(covers(5)));
    assert_eq!(lane.submit(received(11, 3)), None);
}
