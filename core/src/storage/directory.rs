//! The real disk: one directory of the machine's file system.
//!
//! This is the only file of the core that does input and output. It is compiled with the feature
//! `directory` alone, never for wasm, and nothing in the core uses it: a host opens a
//! [`Directory`] and executes in it what a replica asks for. [`DirectoryReader`] looks at a
//! directory without changing anything, also while a server runs in it.
//!
//! What it promises:
//! - **One owner.** A data directory belongs to one running server. The lock on its file `LOCK`
//!   is the operating system's: it ends with the process, however that ends.
//! - **A failure is final.** After a failed write or sync nobody knows what is durable: the kernel
//!   may have dropped the pages that it could not write, and a second fsync of the same file then
//!   succeeds (Rebello and others, "Can Applications Recover from fsync Failures?", 2020). So
//!   nothing is tried again, and every later change is refused with the first failure.
//! - **A sync sees every failure.** A file stays open from its first write to its sync, because an
//!   error of the write-back may be told only to those who had the file open when it happened.
//! - **The listing is what was there at the opening, and what was done since.** So it cannot fail
//!   later, and a directory that cannot be listed is never taken for an empty one.

use super::disk::{Disk, DiskError, FileInfo};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The file whose lock says that a directory is in use. It is no part of the data.
const LOCK: &str = "LOCK";

/// How often an opening tries again when it only met someone who looked at the lock, and the pause
/// between: a look takes microseconds, or as long as a busy machine suspends the one who looks.
const LOCK_ATTEMPTS: u32 = 1_000;
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// The longest text of a lock file that is read.
const HOLDER_BYTES: u64 = 80;

/// A data directory that this process has for itself.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    files: BTreeMap<String, u64>,
    /// Files that were written and are still open.
    open: BTreeMap<String, OpenFile>,
    /// The first failure; nothing is written after it.
    failed: Option<DiskError>,
    /// Open as long as the directory is in use, because the lock lasts as long.
    _lock: File,
}

/// A file that was written.
#[derive(Debug)]
struct OpenFile {
    handle: File,
    /// Whether it holds bytes that no sync has covered.
    unsynced: bool,
}

/// A data directory, to be looked at.
#[derive(Debug)]
pub struct DirectoryReader {
    path: PathBuf,
    files: BTreeMap<String, u64>,
    holder: Option<Holder>,
}

/// Who has a directory open, as far as the lock file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(String);

impl core::fmt::Display for Holder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0.as_str() {
            "" => f.write_str("another process"),
            process => write!(f, "process {process}"),
        }
    }
}

/// Why a directory cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Another opening of it lasts.
    #[error(
        "{path} is in use by {holder}. A data directory belongs to one running server: stop that \
         one first, or give this one a directory of its own"
    )]
    InUse {
        /// The directory.
        path: String,
        /// Who has it.
        holder: Holder,
    },
    /// There is something, but no directory.
    #[error("{path} is not a directory")]
    NotADirectory {
        /// What was to be opened.
        path: String,
    },
    /// The operating system refuses.
    #[error("{path}: {doing} failed: {reason}")]
    Failed {
        /// The directory, or a file in it.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// What the operating system said.
        reason: String,
    },
}

impl Directory {
    /// Takes a directory for this process. If there is none, it is created in its parent, which
    /// must be there.
    ///
    /// # Errors
    /// It is in use, or the operating system refuses.
    pub fn open(path: &Path) -> Result<Directory, DirectoryError> {
        create(path)?;
        let lock = lock(path)?;
        Ok(Directory {
            path: path.to_path_buf(),
            files: list(path)?,
            open: BTreeMap::new(),
            failed: None,
            _lock: lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses everything after a failure.
    fn check_sound(&self, file: &str) -> Result<(), DiskError> {
        match &self.failed {
            None => Ok(()),
            Some(first) => Err(DiskError::Failed {
                file: file.into(),
                reason: format!("nothing is written after the first failure: {first}"),
            }),
        }
    }

    fn check(&self, file: &str) -> Result<(), DiskError> {
        check_name(file)?;
        self.check_sound(file)
    }

    fn check_known(&self, file: &str) -> Result<(), DiskError> {
        self.check(file)?;
        if self.files.contains_key(file) {
            Ok(())
        } else {
            Err(DiskError::NotFound { file: file.into() })
        }
    }

    /// The end of every attempt to change something: the first failure is remembered.
    fn settle<T>(
        &mut self,
        file: &str,
        doing: &str,
        result: io::Result<T>,
    ) -> Result<T, DiskError> {
        result.map_err(|cause| {
            let error = match cause.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    DiskError::Full { file: file.into() }
                }
                _ => failure(&self.path, file, doing, &cause),
            };
            self.failed = Some(error.clone());
            error
        })
    }

    /// The file, open for writing at its end. One that was not there must not be there: in a
    /// directory that belongs to this process nobody else creates files.
    fn opened(&mut self, file: &str) -> io::Result<&mut OpenFile> {
        if !self.open.contains_key(file) {
            let create = !self.files.contains_key(file);
            let mut options = OpenOptions::new();
            let handle = options
                .append(true)
                .create_new(create)
                .open(self.path.join(file))?;
            let unsynced = create;
            self.open.insert(file.into(), OpenFile { handle, unsynced });
            self.files.entry(file.into()).or_default();
        }
        Ok(self.open.get_mut(file).expect("opened just now, or before"))
    }

    fn write(&mut self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let opened = self.opened(file)?;
        opened.unsynced = true;
        opened.handle.write_all(bytes)?;
        if let Some(len) = self.files.get_mut(file) {
            *len += bytes.len() as u64;
        }
        Ok(())
    }

    /// Afterwards this file stays open, because more will follow; others close that need no sync.
    fn flush(&mut self, file: &str) -> io::Result<()> {
        let opened = self.opened(file)?;
        opened.handle.sync_data()?;
        opened.unsynced = false;
        self.open
            .retain(|name, opened| opened.unsynced || name == file);
        Ok(())
    }
}

impl Disk for Directory {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.check(file)?;
        let written = self.write(file, bytes);
        self.settle(file, "writing", written)
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.check_known(file)?;
        let flushed = self.flush(file);
        self.settle(file, "fsync", flushed)
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        self.check_sound(".")?;
        let synced = sync_directory(&self.path);
        self.settle(".", "fsync", synced)
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let bytes = read(&self.path, &self.files, file)?;
        let (found, known) = (bytes.len() as u64, self.files[file]);
        if found == known {
            return Ok(bytes);
        }
        Err(DiskError::Failed {
            file: file.into(),
            reason: format!(
                "it has {found} bytes instead of {known}: another program changed it meanwhile"
            ),
        })
    }

    fn list(&self) -> Vec<FileInfo> {
        infos(&self.files)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        check_name(to)?;
        self.check_known(from)?;
        let renamed = fs::rename(self.path.join(from), self.path.join(to));
        self.settle(from, "renaming", renamed)?;
        self.open.remove(to);
        if let Some(opened) = self.open.remove(from) {
            self.open.insert(to.into(), opened);
        }
        if let Some(len) = self.files.remove(from) {
            self.files.insert(to.into(), len);
        }
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.check_known(file)?;
        self.open.remove(file);
        let removed = fs::remove_file(self.path.join(file));
        self.settle(file, "removing", removed)?;
        self.files.remove(file);
        Ok(())
    }
}

impl DirectoryReader {
    /// Looks at a directory. Nothing is created or changed, so it works on a disk that is
    /// mounted read-only, and while a server runs in it; what that server does meanwhile is
    /// seen in part.
    ///
    /// # Errors
    /// There is no directory, or the operating system refuses.
    pub fn open(path: &Path) -> Result<DirectoryReader, DirectoryError> {
        check_directory(path)?;
        Ok(DirectoryReader {
            path: path.to_path_buf(),
            files: list(path)?,
            holder: holder(path)?,
        })
    }

    /// Who has it open.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    fn refused(file: &str) -> DiskError {
        DiskError::Failed {
            file: file.into(),
            reason: "the directory was opened to be looked at, not to be changed".into(),
        }
    }
}

impl Disk for DirectoryReader {
    fn append(&mut self, file: &str, _: &[u8]) -> Result<(), DiskError> {
        Err(DirectoryReader::refused(file))
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        Err(DirectoryReader::refused(file))
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        Err(DirectoryReader::refused("."))
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        read(&self.path, &self.files, file)
    }

    fn list(&self) -> Vec<FileInfo> {
        infos(&self.files)
    }

    fn rename(&mut self, from: &str, _: &str) -> Result<(), DiskError> {
        Err(DirectoryReader::refused(from))
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        Err(DirectoryReader::refused(file))
    }
}

/// A name that leads nowhere else: letters, digits, `-`, `_` and `.`, the first no `.`.
fn check_name(file: &str) -> Result<(), DiskError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if !file.is_empty() && !file.starts_with('.') && file.bytes().all(plain) && file != LOCK {
        return Ok(());
    }
    Err(DiskError::Failed {
        file: file.into(),
        reason: "this is no plain file name".into(),
    })
}

fn failure(path: &Path, file: &str, doing: &str, cause: &io::Error) -> DiskError {
    DiskError::Failed {
        file: file.into(),
        reason: format!("{doing} in {} failed: {cause}", path.display()),
    }
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> DirectoryError {
    move |cause| DirectoryError::Failed {
        path: path.display().to_string(),
        doing,
        reason: cause.to_string(),
    }
}

fn check_directory(path: &Path) -> Result<(), DirectoryError> {
    let found = fs::metadata(path).map_err(failed(path, "opening"))?;
    if found.is_dir() {
        return Ok(());
    }
    let path = path.display().to_string();
    Err(DirectoryError::NotADirectory { path })
}

/// A new directory is durable with its parent. Only the last name is created: a path whose
/// beginning is missing is more likely a disk that is not mounted.
fn create(path: &Path) -> Result<(), DirectoryError> {
    match fs::create_dir(path) {
        Ok(()) => {
            let parent = parent(path);
            sync_directory(parent).map_err(failed(parent, "fsync"))
        }
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => check_directory(path),
        Err(cause) => Err(failed(path, "creating")(cause)),
    }
}

/// The directory that holds the name; a path of one name is looked for where the process works.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Takes the lock and writes down who did. Someone who only looks takes it for a moment too, and
/// shared, so whoever meets a shared lock tries again.
fn lock(path: &Path) -> Result<File, DirectoryError> {
    let file = path.join(LOCK);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let lock = options.open(&file).map_err(failed(&file, "opening"))?;
    for _ in 0..LOCK_ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => {
                return sign(&lock).map(|()| lock).map_err(failed(&file, "writing"));
            }
            Err(TryLockError::Error(cause)) => return Err(failed(&file, "locking")(cause)),
            Err(TryLockError::WouldBlock) => match lock.try_lock_shared() {
                Ok(()) => {
                    lock.unlock().map_err(failed(&file, "unlocking"))?;
                    thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(cause)) => return Err(failed(&file, "locking")(cause)),
            },
        }
    }
    Err(DirectoryError::InUse {
        path: path.display().to_string(),
        holder: read_holder(&lock),
    })
}

/// For a person who wants to know who has the directory.
fn sign(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

/// What the holder signed with; where a lock also keeps readers out, nothing.
fn read_holder(lock: &File) -> Holder {
    let mut text = String::new();
    let read = lock.take(HOLDER_BYTES).read_to_string(&mut text);
    let signed = read.ok().map(|_| text.trim());
    let plain = signed.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    Holder(plain.unwrap_or_default().into())
}

/// Who holds the lock, without creating it.
fn holder(path: &Path) -> Result<Option<Holder>, DirectoryError> {
    let file = path.join(LOCK);
    let lock = match File::open(&file) {
        Ok(lock) => lock,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(&file, "opening")(cause)),
    };
    match lock.try_lock_shared() {
        Ok(()) => lock
            .unlock()
            .map(|()| None)
            .map_err(failed(&file, "unlocking")),
        Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&lock))),
        Err(TryLockError::Error(cause)) => Err(failed(&file, "locking")(cause)),
    }
}

/// All files that can be data, with their sizes. What has another name was put there by somebody
/// else, and is left alone. Links are followed: a segment may lie elsewhere.
fn list(path: &Path) -> Result<BTreeMap<String, u64>, DirectoryError> {
    let entries = fs::read_dir(path).map_err(failed(path, "listing"))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(failed(path, "listing"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if check_name(&name).is_err() {
            continue;
        }
        let found = look_at(&entry.path()).map_err(failed(&entry.path(), "opening"))?;
        if let Some(found) = found.filter(|found| !found.is_dir()) {
            files.insert(name, found.len());
        }
    }
    Ok(files)
}

/// What has this name, if there is still anything: a server that runs there may have removed it
/// just now. A link that leads nowhere is told from that by itself being there.
fn look_at(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(cause) if cause.kind() == ErrorKind::NotFound && !is_there(path) => Ok(None),
        Err(cause) => Err(cause),
    }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn read(path: &Path, files: &BTreeMap<String, u64>, file: &str) -> Result<Bytes, DiskError> {
    check_name(file)?;
    let missing = || DiskError::NotFound { file: file.into() };
    if !files.contains_key(file) {
        return Err(missing());
    }
    match fs::read(path.join(file)) {
        Ok(bytes) => Ok(bytes.into()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Err(missing()),
        Err(cause) => Err(failure(path, file, "reading", &cause)),
    }
}

fn infos(files: &BTreeMap<String, u64>) -> Vec<FileInfo> {
    let info = |(name, len): (&String, &u64)| FileInfo {
        name: name.clone(),
        len: *len,
    };
    files.iter().map(info).collect()
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Without POSIX there is no portable way to sync a directory: a name is as durable as the file
/// system makes it by itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
