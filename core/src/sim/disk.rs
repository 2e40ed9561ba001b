//! A simulated disk: what was written, and what of it would survive a crash.

use super::capacity::Capacity;
use super::latency::Latency;
use crate::replica::{Lane, Write, WriteId};
use crate::storage::{Disk, DiskError, DiskOp, FileInfo};
use crate::types::{Duration, Rng};
use bytes::{Bytes, BytesMut};
use imbl::{OrdMap, Vector};
use std::collections::VecDeque;

/// A flat directory with a page cache. Names and contents are durable apart: a file that was
/// synced but whose name was not is lost by a crash, as POSIX allows. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimDisk {
    /// The directory as a running program sees it: name to file.
    names: OrdMap<String, u64>,
    /// The directory as a crash leaves it.
    durable_names: OrdMap<String, u64>,
    files: OrdMap<u64, File>,
    next_file: u64,
    /// Whether a file was ever durable.
    written: bool,
    capacity: Capacity,
}

/// A file's content, as the pieces in which it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct File {
    pieces: Vector<Bytes>,
    len: u64,
    /// How many bytes a crash leaves.
    synced: u64,
}

/// What a crash took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Lost {
    /// Bytes that were written but not synced.
    pub bytes: u64,
    /// Files whose very name was lost.
    pub files: u64,
}

impl SimDisk {
    /// An empty disk that holds so much.
    #[must_use]
    pub fn new(capacity: Capacity) -> SimDisk {
        SimDisk {
            capacity,
            ..SimDisk::default()
        }
    }

    /// Whether a file was ever durable, be it gone now.
    #[must_use]
    pub fn was_written(&self) -> bool {
        self.written
    }

    /// How much it holds.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Bytes of all files. Those of a removed file are free again once the directory is synced:
    /// until then a crash would bring the file back.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.files.values().map(|file| file.len).sum()
    }

    /// The power goes: only what is durable is left.
    pub fn crash(&mut self) -> Lost {
        let mut lost = Lost::default();
        for (name, id) in &self.names {
            if self.durable_names.get(name) != Some(id) {
                lost.files += 1;
            }
        }
        self.names = self.durable_names.clone();
        let mut files = OrdMap::new();
        for id in self.names.values() {
            let Some(file) = self.files.get(id) else {
                continue;
            };
            lost.bytes += file.len - file.synced;
            files.insert(*id, file.cut(file.synced));
        }
        self.files = files;
        lost
    }

    /// Each file with its size, and how many of its bytes a crash would leave.
    pub fn files(&self) -> impl Iterator<Item = (FileInfo, u64)> + '_ {
        self.names.iter().filter_map(|(name, id)| {
            let file = self.files.get(id)?;
            let named = self.durable_names.get(name) == Some(id);
            let synced = if named { file.synced } else { 0 };
            Some((
                FileInfo {
                    name: name.clone(),
                    len: file.len,
                },
                synced,
            ))
        })
    }

    /// [`Disk::append`] without a copy: clones of the world share what was written. What does not
    /// fit is not written in part either: nothing of it would be synced, so nobody could tell.
    fn append_shared(&mut self, file: &str, bytes: Bytes) -> Result<(), DiskError> {
        if let Some(capacity) = self.capacity.bytes()
            && self.used() + bytes.len() as u64 > capacity
        {
            return Err(DiskError::Full { file: file.into() });
        }
        if !self.names.contains_key(file) {
            self.next_file += 1;
            self.names.insert(file.into(), self.next_file);
            self.files.insert(self.next_file, File::default());
        }
        let file = self.file_mut(file)?;
        file.len += bytes.len() as u64;
        file.pieces.push_back(bytes);
        Ok(())
    }

    fn execute(&mut self, op: DiskOp) -> Result<(), DiskError> {
        match op {
            DiskOp::Append { file, bytes } => self.append_shared(&file, bytes),
            other => other.execute(self),
        }
    }

    fn file_mut(&mut self, name: &str) -> Result<&mut File, DiskError> {
        let missing = || DiskError::NotFound { file: name.into() };
        let id = self.names.get(name).ok_or_else(missing)?;
        self.files.get_mut(id).ok_or_else(missing)
    }
}

impl File {
    fn cut(&self, len: u64) -> File {
        let mut cut = File {
            pieces: Vector::new(),
            len,
            synced: len,
        };
        let mut room = len as usize;
        for piece in &self.pieces {
            let taken = piece.len().min(room);
            if taken == 0 {
                break;
            }
            cut.pieces.push_back(piece.slice(..taken));
            room -= taken;
        }
        cut
    }
}

impl Disk for SimDisk {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.append_shared(file, Bytes::copy_from_slice(bytes))
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        let file = self.file_mut(file)?;
        file.synced = file.len;
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        self.written |= !self.names.is_empty();
        self.durable_names = self.names.clone();
        let kept = self
            .names
            .values()
            .filter_map(|id| Some((*id, self.files.get(id)?.clone())));
        self.files = kept.collect();
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let missing = || DiskError::NotFound { file: file.into() };
        let id = self.names.get(file).ok_or_else(missing)?;
        let file = self.files.get(id).ok_or_else(missing)?;
        let mut whole = BytesMut::with_capacity(file.len as usize);
        file.pieces
            .iter()
            .for_each(|piece| whole.extend_from_slice(piece));
        Ok(whole.freeze())
    }

    fn list(&self) -> Vec<FileInfo> {
        self.files().map(|(info, _)| info).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let missing = || DiskError::NotFound { file: from.into() };
        let id = self.names.remove(from).ok_or_else(missing)?;
        self.names.insert(to.into(), id);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        let missing = || DiskError::NotFound { file: file.into() };
        self.names.remove(file).map(|_| ()).ok_or_else(missing)
    }
}

/// The device in front of a disk: it takes writes in two lanes and needs time for each sync.
#[derive(Clone, Debug)]
pub struct Device {
    disk: SimDisk,
    latency: Latency,
    rng: Rng,
    log: LaneQueue,
    snapshot: LaneQueue,
}

/// Writes of one lane, the first one under way.
#[derive(Clone, Debug, Default)]
struct LaneQueue {
    writes: VecDeque<Write>,
    /// Operations of the first write that are done.
    done: usize,
}

/// What a lane comes to when it is driven on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for a sync, so long.
    Waits(Duration),
    /// A write is durable.
    Durable(WriteId),
    /// A write failed.
    Failed(WriteId, DiskError),
    /// Nothing is left to do.
    Idle,
}

impl Device {
    /// An empty disk.
    #[must_use]
    pub fn new(latency: Latency, capacity: Capacity, rng: Rng) -> Device {
        let (log, snapshot) = (LaneQueue::default(), LaneQueue::default());
        Device {
            disk: SimDisk::new(capacity),
            latency,
            rng,
            log,
            snapshot,
        }
    }

    /// The disk behind it.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// Takes a write. Tells whether its lane was idle and wants to be driven.
    pub fn submit(&mut self, write: Write) -> bool {
        let lane = self.lane(write.id.lane);
        lane.writes.push_back(write);
        lane.writes.len() == 1
    }

    /// Goes on until the lane must wait for the device, or a write is done.
    pub fn drive(&mut self, lane: Lane) -> Progress {
        loop {
            let queue = self.lane(lane);
            let Some(write) = queue.writes.front() else {
                return Progress::Idle;
            };
            let (id, next) = (write.id, write.ops.get(queue.done).cloned());
            match next {
                None => {
                    queue.writes.pop_front();
                    queue.done = 0;
                    return Progress::Durable(id);
                }
                Some(op) if op.is_barrier() => {
                    return Progress::Waits(self.latency.draw(&mut self.rng));
                }
                Some(op) => {
                    queue.done += 1;
                    if let Err(error) = self.disk.execute(op) {
                        return Progress::Failed(id, error);
                    }
                }
            }
        }
    }

    /// The sync for which the lane waited is done.
    pub fn synced(&mut self, lane: Lane) -> Option<(WriteId, DiskError)> {
        let queue = self.lane(lane);
        let write = queue.writes.front()?;
        let (id, op) = (write.id, write.ops.get(queue.done).cloned()?);
        queue.done += 1;
        self.disk.execute(op).err().map(|error| (id, error))
    }

    /// The power goes.
    pub fn crash(&mut self) -> Lost {
        self.log = LaneQueue::default();
        self.snapshot = LaneQueue::default();
        self.disk.crash()
    }

    fn lane(&mut self, lane: Lane) -> &mut LaneQueue {
        match lane {
            Lane::Log => &mut self.log,
            Lane::Snapshot => &mut self.snapshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Lost, SimDisk};
    use crate::storage::{Disk, DiskError};

    fn disk() -> SimDisk {
        let mut disk = SimDisk::default();
        disk.append("a", b"one").expect("room");
        disk.sync("a").expect("there");
        disk.sync_dir().expect("works");
        disk
    }

    #[test]
    fn a_crash_takes_what_was_not_synced() {
        let mut disk = disk();
        disk.append("a", b"two").expect("room");
        assert_eq!(disk.crash(), Lost { bytes: 3, files: 0 });
        assert_eq!(disk.read("a").as_deref(), Ok(&b"one"[..]));
    }

    #[test]
    fn a_name_that_was_not_synced_is_lost_with_its_file() {
        let mut disk = disk();
        disk.append("b", b"two").expect("room");
        disk.sync("b").expect("there");
        assert_eq!(disk.crash(), Lost { bytes: 0, files: 1 });
        assert_eq!(
            disk.read("b"),
            Err(DiskError::NotFound { file: "b".into() })
        );
    }

    #[test]
    fn what_does_not_fit_is_not_written_at_all() {
        let mut disk = SimDisk::new(Capacity::Bytes(8));
        disk.append("a", b"12345").expect("five of eight");
        let full = |file: &str| Err(DiskError::Full { file: file.into() });
        assert_eq!(disk.append("a", b"6789"), full("a"));
        assert_eq!(disk.append("b", b"6789"), full("b"));
        assert_eq!((disk.used(), disk.list().len()), (5, 1));
        disk.append("b", b"678").expect("eight of eight");
        assert_eq!(disk.append("b", b"9"), full("b"));
        assert_eq!(disk.capacity().bytes(), Some(disk.used()));
    }

    #[test]
    fn a_removed_file_leaves_its_room_once_the_directory_is_synced() {
        let mut disk = SimDisk::new(Capacity::Bytes(8));
        disk.append("a", b"12345678").expect("room");
        disk.sync("a").expect("there");
        disk.sync_dir().expect("works");
        disk.remove("a").expect("there");
        assert!(disk.append("b", b"1").is_err());
        assert_eq!(disk.used(), 8);
        disk.sync_dir().expect("works");
        assert_eq!(disk.used(), 0);
        disk.append("b", b"12345678").expect("room");
        disk.crash();
        assert_eq!(disk.used(), 0);
    }

    #[test]
    fn a_rename_is_undone_by_a_crash_until_the_directory_is_synced() {
        let mut renamed = disk();
        renamed.rename("a", "b").expect("there");
        let mut synced = renamed.clone();
        renamed.crash();
        assert_eq!(renamed.read("a").as_deref(), Ok(&b"one"[..]));
        synced.sync_dir().expect("works");
        synced.crash();
        assert_eq!(synced.read("b").as_deref(), Ok(&b"one"[..]));
    }
}
