//! A disk in memory whose crash leaves whatever file systems may leave: of bytes that were not
//! synced any part, of names that were not synced any subset.

use crate::storage::{Disk, DiskError, DiskOp, FileInfo};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MemoryDisk {
    /// The directory as a running program sees it: name to file.
    names: BTreeMap<String, usize>,
    /// The directory as it is durable, and what was done to it since.
    durable: BTreeMap<String, usize>,
    pending: Vec<Change>,
    files: Vec<Content>,
    /// A file that fails every read.
    pub(super) broken: Option<String>,
    /// A file that fails the next read.
    pub(super) falters: RefCell<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Add(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

/// What a crash leaves of a file's bytes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Survives {
    Nothing,
    Everything,
    /// The first so many quarters.
    Quarters(usize),
    /// The length, and only the second half of the bytes.
    SecondHalf,
    /// The length, and only the first half of the bytes.
    FirstHalf,
}

impl Survives {
    pub(super) const ALL: [Survives; 7] = [
        Survives::Nothing,
        Survives::Everything,
        Survives::Quarters(1),
        Survives::Quarters(2),
        Survives::Quarters(3),
        Survives::SecondHalf,
        Survives::FirstHalf,
    ];

    fn cut(self, content: &Content) -> Vec<u8> {
        let mut bytes = content.bytes.clone();
        let (synced, unsynced) = (content.synced, bytes.len() - content.synced);
        match self {
            Survives::Nothing => bytes.truncate(synced),
            Survives::Everything => {}
            Survives::Quarters(quarters) => bytes.truncate(synced + unsynced * quarters / 4),
            Survives::SecondHalf => bytes[synced..synced + unsynced / 2].fill(0),
            Survives::FirstHalf => bytes[synced + unsynced / 2..].fill(0),
        }
        bytes
    }
}

impl MemoryDisk {
    pub(super) fn execute(&mut self, ops: &[DiskOp]) {
        for op in ops {
            op.execute(self).expect("this disk does not fail");
        }
    }

    /// Only what is durable is left.
    pub(super) fn crashed(&self) -> MemoryDisk {
        self.crash(0, Survives::Nothing)
    }

    /// How many changes of names a crash may lose.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// A crash that leaves the pending changes of names whose bit is set, as far as they are
    /// possible without the others.
    pub(super) fn crash(&self, changes: u32, survives: Survives) -> MemoryDisk {
        let mut names = self.durable.clone();
        for (place, change) in self.pending.iter().enumerate() {
            if changes & 1 << place.min(31) != 0 {
                change.apply(&mut names);
            }
        }
        let mut left = MemoryDisk::default();
        for (name, file) in names {
            let bytes = survives.cut(&self.files[file]);
            left.put(&name, bytes);
        }
        left
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    /// The files of a kind, in order.
    pub(super) fn named(&self, suffix: &str) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| name.ends_with(suffix));
        names
    }

    pub(super) fn bytes(&self, file: &str) -> &[u8] {
        &self.files[self.names[file]].bytes
    }

    /// Changes a file behind everybody's back.
    pub(super) fn edit(&mut self, file: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let content = &mut self.files[self.names[file]];
        edit(&mut content.bytes);
        content.synced = content.bytes.len();
    }

    /// Puts a durable file there, in the place of one that has the name.
    pub(super) fn put(&mut self, file: &str, bytes: Vec<u8>) {
        let synced = bytes.len();
        self.files.push(Content { bytes, synced });
        self.names.insert(file.into(), self.files.len() - 1);
        self.durable.insert(file.into(), self.files.len() - 1);
    }

    pub(super) fn delete(&mut self, file: &str) {
        self.names.remove(file);
        self.durable.remove(file);
    }

    fn file(&self, name: &str) -> Result<usize, DiskError> {
        let file = self.names.get(name).copied();
        file.ok_or_else(|| DiskError::NotFound { file: name.into() })
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Change::Add(name, file) => {
                names.insert(name.clone(), *file);
            }
            Change::Remove(name) => {
                names.remove(name);
            }
            Change::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if !self.names.contains_key(file) {
            self.files.push(Content::default());
            let id = self.files.len() - 1;
            self.names.insert(file.into(), id);
            self.pending.push(Change::Add(file.into(), id));
        }
        let id = self.file(file)?;
        self.files[id].bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        let id = self.file(file)?;
        self.files[id].synced = self.files[id].bytes.len();
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        self.durable = self.names.clone();
        self.pending.clear();
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let falters = self.falters.borrow_mut().take_if(|one| one == file);
        if falters.is_some() || self.broken.as_deref() == Some(file) {
            let reason = "it does not answer".into();
            return Err(DiskError::Failed {
                file: file.into(),
                reason,
            });
        }
        let id = self.file(file)?;
        Ok(Bytes::copy_from_slice(&self.files[id].bytes))
    }

    fn list(&self) -> Vec<FileInfo> {
        let info = |(name, file): (&String, &usize)| FileInfo {
            name: name.clone(),
            len: self.files[*file].bytes.len() as u64,
        };
        self.names.iter().map(info).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let id = self.file(from)?;
        self.names.remove(from);
        self.names.insert(to.into(), id);
        self.pending
            .push(Change::Rename(from.into(), to.into(), id));
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.file(file)?;
        self.names.remove(file);
        self.pending.push(Change::Remove(file.into()));
        Ok(())
    }
}
