//! A simulated disk: what was written, and what of it would survive a crash.
//!
//! `disk/file.rs` holds one file, `disk/crash.rs` says what a crash leaves, `disk/damage.rs` what
//! people do to a disk behind its server's back.

mod crash;
mod damage;
mod file;

pub use crash::{CrashReport, FileSurvival, Lost, NameChange, Survivors, Unsynced, UnsyncedAppend};
pub use damage::{DamageError, DiskImage};
pub use file::PieceState;

use super::capacity::Capacity;
use crate::storage::{Disk, DiskError, DiskOp, FileInfo, Record, segment_sequence};
use bytes::Bytes;
use file::File;
use imbl::{OrdMap, Vector};

/// A flat directory with a page cache. Names and contents are durable apart: a file that was
/// synced but whose name was not is lost by a crash, as POSIX allows. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimDisk {
    /// The directory as a running program sees it: name to file.
    names: OrdMap<String, u64>,
    /// The directory as a crash leaves it.
    durable_names: OrdMap<String, u64>,
    /// What leads from the second to the first, oldest first, each change with its file.
    changes: Vector<(NameChange, u64)>,
    files: OrdMap<u64, File>,
    next_file: u64,
    /// Counts the appends.
    appended: u64,
    /// Whether a part of a log was ever durable under its name.
    written: bool,
    capacity: Capacity,
    /// So many syncs fail before one works again.
    failing_syncs: u64,
}

/// A file, and what a crash would leave of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Its name and its size.
    pub info: FileInfo,
    /// How many of its bytes a crash leaves for sure.
    pub synced: u64,
    /// Whether its name is durable.
    pub named: bool,
    /// Its bytes in order, in stretches of one state.
    pub stretches: Vec<(PieceState, u64)>,
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

    /// Whether a part of a log was ever durable, be it gone now. Before that the server can have
    /// promised nothing, whatever else a crash left and recovery set aside.
    #[must_use]
    pub fn was_written(&self) -> bool {
        self.written
    }

    /// How much it holds.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// From now on it holds so much; what is on it stays, be it more.
    pub fn set_capacity(&mut self, capacity: Capacity) {
        self.capacity = capacity;
    }

    /// The next so many syncs fail.
    pub fn fail_syncs(&mut self, count: u64) {
        self.failing_syncs = count;
    }

    /// How many syncs fail before one works again.
    #[must_use]
    pub fn failing_syncs(&self) -> u64 {
        self.failing_syncs
    }

    /// Bytes of all files. Those of a removed file are free again once the directory is synced:
    /// until then a crash would bring the file back.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.files.values().map(File::len).sum()
    }

    /// Each file with what a crash would leave of it, by name.
    pub fn files(&self) -> impl Iterator<Item = FileState> + '_ {
        self.names.iter().filter_map(|(name, id)| {
            let file = self.files.get(id)?;
            let named = self.durable_names.get(name) == Some(id);
            Some(FileState {
                info: FileInfo {
                    name: name.clone(),
                    len: file.len(),
                },
                synced: if named { file.durable() } else { 0 },
                named,
                stretches: file.stretches(),
            })
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
            let created = NameChange::Created { file: file.into() };
            self.changes.push_back((created, self.next_file));
        }
        self.appended += 1;
        let number = self.appended;
        self.file_mut(file)?.append(bytes, number);
        Ok(())
    }

    pub(super) fn execute(&mut self, op: DiskOp) -> Result<(), DiskError> {
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

    /// Whether a segment begins as it should, durably. What a crash leaves of a header alone is
    /// no log: nobody was told anything before the header was durable.
    fn holds_log(&self) -> bool {
        let logs = self.names.iter();
        let mut logs = logs.filter(|(name, _)| segment_sequence(name).is_some());
        logs.any(|(_, id)| {
            let durable = self.files.get(id).filter(|file| file.durable() > 0);
            durable.is_some_and(|file| Record::decode(&file.read()).is_ok())
        })
    }

    /// Whether this sync fails.
    fn sync_fails(&mut self) -> bool {
        let fails = self.failing_syncs > 0;
        self.failing_syncs -= u64::from(fails);
        fails
    }
}

/// What a device says when it cannot write: EIO.
fn input_output_error(file: &str) -> DiskError {
    DiskError::Failed {
        file: file.into(),
        reason: "input/output error at a sync".into(),
    }
}

impl Disk for SimDisk {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.append_shared(file, Bytes::copy_from_slice(bytes))
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        let fails = self.sync_fails();
        let content = self.file_mut(file)?;
        if fails {
            content.settle(PieceState::GivenUp);
            return Err(input_output_error(file));
        }
        content.settle(PieceState::Durable);
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        if self.sync_fails() {
            return Err(input_output_error("the directory"));
        }
        self.written = self.written || self.holds_log();
        self.durable_names = self.names.clone();
        self.changes = Vector::new();
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
        self.files.get(id).map(File::read).ok_or_else(missing)
    }

    fn list(&self) -> Vec<FileInfo> {
        let files = self.names.iter().filter_map(|(name, id)| {
            let len = self.files.get(id)?.len();
            let name = name.clone();
            Some(FileInfo { name, len })
        });
        files.collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let missing = || DiskError::NotFound { file: from.into() };
        let id = self.names.remove(from).ok_or_else(missing)?;
        self.names.insert(to.into(), id);
        let (from, to) = (from.into(), to.into());
        self.changes
            .push_back((NameChange::Renamed { from, to }, id));
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        let missing = || DiskError::NotFound { file: file.into() };
        let id = self.names.remove(file).ok_or_else(missing)?;
        let file = file.into();
        self.changes.push_back((NameChange::Removed { file }, id));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
