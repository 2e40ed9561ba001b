//! The disk, as small as it can be said.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A flat directory of files. What was appended may be lost by a crash until the file is synced;
/// that a file exists, or under which name, may be lost until the directory is synced.
pub trait Disk {
    /// Adds bytes at the end of a file, which is created if there is none.
    ///
    /// # Errors
    /// The disk is full, or fails.
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes the file's content durable.
    ///
    /// # Errors
    /// There is no such file, or the disk fails: then nothing is known of what is durable.
    fn sync(&mut self, file: &str) -> Result<(), DiskError>;

    /// Makes names durable: files created, renamed and removed.
    ///
    /// # Errors
    /// The disk fails.
    fn sync_dir(&mut self) -> Result<(), DiskError>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// There is no such file, or the disk fails.
    fn read(&self, file: &str) -> Result<Bytes, DiskError>;

    /// All files, by name.
    fn list(&self) -> Vec<FileInfo>;

    /// Gives a file another name; a file that has it already is replaced.
    ///
    /// # Errors
    /// There is no such file, or the disk fails.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a file.
    ///
    /// # Errors
    /// There is no such file, or the disk fails.
    fn remove(&mut self, file: &str) -> Result<(), DiskError>;
}

/// A file of a disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub len: u64,
}

/// Why a disk did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum DiskError {
    /// There is no file of that name.
    #[error("there is no file {file}")]
    NotFound {
        /// The name.
        file: String,
    },
    /// No room is left.
    #[error("no room is left for {file}")]
    Full {
        /// The file that did not fit.
        file: String,
    },
    /// The device failed.
    #[error("the disk failed on {file}: {reason}")]
    Failed {
        /// The file.
        file: String,
        /// What the device said.
        reason: String,
    },
}

/// One operation for whoever owns the disk. Operations of one write are executed in order;
/// a sync is finished before the next begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DiskOp {
    /// [`Disk::append`].
    Append {
        /// The file.
        file: String,
        /// What to add.
        bytes: Bytes,
    },
    /// [`Disk::sync`].
    Sync {
        /// The file.
        file: String,
    },
    /// [`Disk::sync_dir`].
    SyncDir,
    /// [`Disk::rename`].
    Rename {
        /// The present name.
        from: String,
        /// The new name.
        to: String,
    },
    /// [`Disk::remove`].
    Remove {
        /// The file.
        file: String,
    },
}

impl DiskOp {
    /// Does it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn execute(&self, disk: &mut dyn Disk) -> Result<(), DiskError> {
        match self {
            DiskOp::Append { file, bytes } => disk.append(file, bytes),
            DiskOp::Sync { file } => disk.sync(file),
            DiskOp::SyncDir => disk.sync_dir(),
            DiskOp::Rename { from, to } => disk.rename(from, to),
            DiskOp::Remove { file } => disk.remove(file),
        }
    }

    /// Whether it waits for the device.
    #[must_use]
    pub fn is_barrier(&self) -> bool {
        matches!(self, DiskOp::Sync { .. } | DiskOp::SyncDir)
    }
}
