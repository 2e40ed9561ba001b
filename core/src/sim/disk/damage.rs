//! What happens to a disk behind its server's back: bits that turn over, files that are cut or
//! gone, copies that are kept and put back. All of it is durable at once.

use super::{File, SimDisk};
use crate::storage::DiskError;
use imbl::{OrdMap, Vector};

/// Why a disk cannot be damaged so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageError {
    /// There is no such file.
    NoSuchFile,
    /// The file ends first.
    BeyondEnd {
        /// Its bytes.
        len: u64,
    },
}

/// A copy of all files of a disk, as they read. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskImage {
    files: OrdMap<String, File>,
}

impl DiskImage {
    /// How many files it has.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files.len() as u64
    }

    /// Bytes of all of them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(File::len).sum()
    }
}

impl SimDisk {
    /// Turns one bit of a file over, in the page cache as well.
    ///
    /// # Errors
    /// There is no such byte.
    pub fn flip(&mut self, file: &str, offset: u64, bit: u8) -> Result<(), DamageError> {
        let content = self.damaged(file)?;
        let len = content.len();
        if content.flip(offset, bit) {
            Ok(())
        } else {
            Err(DamageError::BeyondEnd { len })
        }
    }

    /// Cuts so many bytes off the end of a file.
    ///
    /// # Errors
    /// It does not have so many.
    pub fn tear(&mut self, file: &str, bytes: u64) -> Result<(), DamageError> {
        let content = self.damaged(file)?;
        let len = content.len();
        if bytes > len {
            return Err(DamageError::BeyondEnd { len });
        }
        content.cut_tail(bytes);
        Ok(())
    }

    /// Removes a file, for good.
    ///
    /// # Errors
    /// There is no such file.
    pub fn lose(&mut self, file: &str) -> Result<(), DamageError> {
        let id = self.names.remove(file).ok_or(DamageError::NoSuchFile)?;
        let stale = self.durable_names.iter().find(|(_, known)| **known == id);
        if let Some(name) = stale.map(|(name, _)| name.clone()) {
            self.durable_names.remove(&name);
        }
        self.changes.retain(|(_, known)| *known != id);
        self.files.remove(&id);
        Ok(())
    }

    /// Removes everything. That it once held something is not forgotten.
    pub fn wipe(&mut self) {
        self.put_back(&DiskImage::default());
    }

    /// Takes the place of a disk that never held anything.
    pub fn replace(&mut self) {
        self.wipe();
        self.written = false;
    }

    /// A copy of all files, as they read now.
    #[must_use]
    pub fn image(&self) -> DiskImage {
        let files = self.names.iter();
        let files = files.filter_map(|(name, id)| Some((name.clone(), self.files.get(id)?)));
        DiskImage {
            files: files.map(|(name, file)| (name, file.copied())).collect(),
        }
    }

    /// Puts a copy in the place of everything that is there.
    pub fn put_back(&mut self, image: &DiskImage) {
        (self.names, self.files) = (OrdMap::new(), OrdMap::new());
        for (name, file) in &image.files {
            self.next_file += 1;
            self.names.insert(name.clone(), self.next_file);
            self.files.insert(self.next_file, file.clone());
        }
        self.durable_names = self.names.clone();
        self.changes = Vector::new();
        self.written = self.written || self.holds_log();
    }

    fn damaged(&mut self, file: &str) -> Result<&mut File, DamageError> {
        let no_file = |_: DiskError| DamageError::NoSuchFile;
        self.file_mut(file).map_err(no_file)
    }
}
