//! A simulated disk: what was written, and what of it would survive a crash.

use super::capacity::Capacity;
use crate::storage::{Disk, DiskError, DiskOp, FileInfo};
use bytes::{Bytes, BytesMut};
use imbl::{OrdMap, Vector};

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

#[cfg(test)]
mod tests;
