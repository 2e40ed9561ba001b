//! A disk in memory. What is executed is durable at once: what a crash loses are the writes that
//! were not executed yet, and these the [`Server`](super::server::Server) keeps.

use bytes::Bytes;
use flotilla_core::storage::{Disk, DiskError, FileInfo};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files by name, shared between the states that have the same.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    files: Arc<BTreeMap<String, Bytes>>,
}

impl MemoryDisk {
    fn take(&mut self, file: &str) -> Result<Bytes, DiskError> {
        let found = Arc::make_mut(&mut self.files).remove(file);
        found.ok_or_else(|| DiskError::NotFound { file: file.into() })
    }
}

impl Disk for MemoryDisk {
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let content = Arc::make_mut(&mut self.files).entry(file.into());
        let content = content.or_default();
        *content = [content, bytes].concat().into();
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.read(file).map(|_| ())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Bytes, DiskError> {
        let found = self.files.get(file).cloned();
        found.ok_or_else(|| DiskError::NotFound { file: file.into() })
    }

    fn list(&self) -> Vec<FileInfo> {
        let info = |(name, content): (&String, &Bytes)| FileInfo {
            name: name.clone(),
            len: content.len() as u64,
        };
        self.files.iter().map(info).collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        let content = self.take(from)?;
        Arc::make_mut(&mut self.files).insert(to.into(), content);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.take(file).map(|_| ())
    }
}
