//! What recovery could not use: named so that nothing reads it, kept so that nothing is lost, and
//! bounded once nothing depends on it any more.
//!
//! A file set aside may be the only copy of something until the server is a full member again:
//! then the cluster has everything that this server could say. So [`Quarantine::trim`] is for a
//! server that has its seat in the membership, and for no other.

use super::config::Config;
use super::disk::{Disk, DiskOp, FileInfo};
use crate::types::Instant;
use serde::Serialize;

const MARK: &str = ".quarantine";

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Quarantined {
    /// Its name: `wal-00000003.log.quarantine`.
    pub file: String,
    /// Its size in bytes.
    pub len: u64,
    /// Its name before: `wal-00000003.log`.
    pub was: String,
}

impl Quarantined {
    /// None if a file of this name was not set aside.
    #[must_use]
    pub fn of(info: &FileInfo) -> Option<Quarantined> {
        let (was, number) = info.name.rsplit_once(MARK)?;
        let digits = number.strip_prefix('-').unwrap_or("0");
        let numbered = number.is_empty() || number.starts_with('-');
        let named = numbered && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        named.then(|| Quarantined {
            file: info.name.clone(),
            len: info.len,
            was: was.into(),
        })
    }
}

/// The name under which a file is set aside: with `.quarantine` behind its own, and a number behind
/// that if there is one of that name already.
pub(super) fn name(disk: &dyn Disk, file: &str) -> String {
    let files = disk.list();
    let numbered = (2u64..).map(|number| format!("{file}{MARK}-{number}"));
    std::iter::once(format!("{file}{MARK}"))
        .chain(numbered)
        .find(|name| files.iter().all(|info| info.name != *name))
        .expect("a disk holds fewer files than there are numbers")
}

/// The files that are set aside on a disk, those too that `repairs` will set aside.
#[must_use]
pub fn list(disk: &dyn Disk, repairs: &[DiskOp]) -> Vec<Quarantined> {
    let mut files = disk.list();
    for file in &mut files {
        let moved = repairs.iter().find_map(|op| match op {
            DiskOp::Rename { from, to } if *from == file.name => Some(to),
            _ => None,
        });
        if let Some(to) = moved {
            file.name.clone_from(to);
        }
    }
    files.iter().filter_map(Quarantined::of).collect()
}

/// The files that are set aside, with when this run of the server first saw each. There is no
/// clock that goes on while a server is off, so that is what age counts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantine {
    /// Oldest first.
    files: Vec<(Instant, Quarantined)>,
}

impl Quarantine {
    /// What a server finds when it starts at `now`.
    #[must_use]
    pub fn found(files: Vec<Quarantined>, now: Instant) -> Quarantine {
        let files = files.into_iter().map(|file| (now, file)).collect();
        Quarantine { files }
    }

    /// The files, oldest first.
    pub fn files(&self) -> impl Iterator<Item = &Quarantined> {
        self.files.iter().map(|(_, file)| file)
    }

    /// The bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().map(|file| file.len).sum()
    }

    /// Removes the oldest files until the rest keeps to the configured size; none that has not
    /// the configured age. Only for a server that has its seat in the membership.
    pub fn trim(&mut self, now: Instant, config: &Config) -> Vec<DiskOp> {
        let mut bytes = self.bytes();
        let mut ops = Vec::new();
        while bytes > config.quarantine_bytes
            && let Some((seen, file)) = self.files.first()
            && now.since(*seen) >= config.quarantine_age
        {
            bytes -= file.len;
            ops.push(DiskOp::Remove {
                file: file.file.clone(),
            });
            self.files.remove(0);
        }
        if !ops.is_empty() {
            ops.push(DiskOp::SyncDir);
        }
        ops
    }
}

#[cfg(test)]
mod tests {
    use super::{Quarantine, Quarantined};
    use crate::storage::{Config, DiskOp, FileInfo};
    use crate::types::{Duration, Instant};

    fn file(name: &str) -> Option<Quarantined> {
        let name = name.into();
        Quarantined::of(&FileInfo { name, len: 10 })
    }

    #[test]
    fn only_names_that_recovery_gives_are_quarantined_ones() {
        let was = |name| file(name).map(|file| file.was);
        let wal = Some("wal-00000001.log".to_string());
        assert_eq!(was("wal-00000001.log.quarantine"), wal);
        assert_eq!(was("wal-00000001.log.quarantine-12"), wal);
        for other in [
            "wal-00000001.log",
            "a.quarantine-",
            "a.quarantine-x",
            "a.quarantined",
        ] {
            assert_eq!(was(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_go_until_the_rest_is_small_enough_and_none_too_young() {
        let files = ["a.quarantine", "b.quarantine", "c.quarantine"];
        let found = files.into_iter().filter_map(file).collect();
        let mut quarantine = Quarantine::found(found, Instant(1_000));
        let config = Config {
            quarantine_bytes: 10,
            quarantine_age: Duration(500),
            ..Config::default()
        };
        assert_eq!(quarantine.trim(Instant(1_499), &config), []);
        let removed = |file: &str| DiskOp::Remove { file: file.into() };
        let both = [removed(files[0]), removed(files[1]), DiskOp::SyncDir];
        assert_eq!(quarantine.trim(Instant(1_500), &config), both);
        assert_eq!((quarantine.bytes(), quarantine.files().count()), (10, 1));
        assert_eq!(quarantine.trim(Instant(9_999), &config), []);
    }
}
