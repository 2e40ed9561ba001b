//! What a crash leaves of what was not durable: anything between nothing and everything.

use super::SimDisk;
use imbl::OrdMap;
use serde::Serialize;

/// A change of a name that a running program sees at once, and that is durable once the directory
/// is synced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum NameChange {
    /// A file was created.
    Created {
        /// Its name.
        file: String,
    },
    /// A file got another name.
    Renamed {
        /// Its old name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A file was removed.
    Removed {
        /// Its name.
        file: String,
    },
}

/// An append that no sync has made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsyncedAppend {
    /// The file.
    pub file: String,
    /// How many bytes it wrote.
    pub bytes: u64,
}

/// Everything that a crash may take or leave, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsynced {
    /// Appends to files.
    pub appends: Vec<UnsyncedAppend>,
    /// Changes of names.
    pub names: Vec<NameChange>,
}

/// What of all that survives; what is not said to survive is lost. The parts are independent of
/// each other, as POSIX allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survivors {
    /// Of each unsynced append, so many bytes from its start: all of them, none, or something
    /// between for a torn write. A later append may survive without an earlier one.
    pub appends: Vec<u64>,
    /// Whether each change of a name survives.
    pub names: Vec<bool>,
}

/// What a crash took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Lost {
    /// Bytes that were written but not synced.
    pub bytes: u64,
    /// Files whose very name was lost.
    pub files: u64,
}

/// What a crash took and what it left, file by file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct CrashReport {
    /// What is gone.
    pub lost: Lost,
    /// Bytes that were not synced and are there all the same.
    pub kept: u64,
    /// Files that had unsynced bytes and still have a name.
    pub files: Vec<FileSurvival>,
    /// Each change of a name that was not synced, and whether it survived.
    pub names: Vec<(NameChange, bool)>,
}

/// What a crash made of a file with unsynced bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FileSurvival {
    /// Its name after the crash.
    pub file: String,
    /// Unsynced bytes that survived.
    pub kept: u64,
    /// Bytes that are gone.
    pub lost: u64,
    /// Bytes that read as zeros now, because something behind them survived.
    pub zeros: u64,
}

impl CrashReport {
    /// How many changes of names survived though the directory was not synced.
    #[must_use]
    pub fn names_kept(&self) -> u64 {
        self.names.iter().filter(|(_, kept)| *kept).count() as u64
    }
}

impl Survivors {
    /// All of it survives.
    #[must_use]
    pub fn everything(unsynced: &Unsynced) -> Survivors {
        Survivors {
            appends: unsynced.appends.iter().map(|append| append.bytes).collect(),
            names: vec![true; unsynced.names.len()],
        }
    }

    /// The oldest so many bytes and changes of names survive: the rest was still to be written
    /// when the power went.
    #[must_use]
    pub fn first(unsynced: &Unsynced, bytes: u64, names: u64) -> Survivors {
        let mut room = bytes;
        let appends = unsynced.appends.iter().map(|append| {
            let kept = append.bytes.min(room);
            room -= kept;
            kept
        });
        Survivors {
            appends: appends.collect(),
            names: vec![true; (names as usize).min(unsynced.names.len())],
        }
    }

    /// Only these appends and changes of names survive, counted from 1, the oldest.
    #[must_use]
    pub fn only(unsynced: &Unsynced, appends: &[u64], names: &[u64]) -> Survivors {
        let named = |list: &[u64], place: usize| list.contains(&(place as u64 + 1));
        let survives = |(place, append): (usize, &super::UnsyncedAppend)| {
            u64::from(named(appends, place)) * append.bytes
        };
        Survivors {
            appends: unsynced.appends.iter().enumerate().map(survives).collect(),
            names: (0..unsynced.names.len())
                .map(|place| named(names, place))
                .collect(),
        }
    }
}

impl SimDisk {
    /// What a crash now may take or leave.
    #[must_use]
    pub fn unsynced(&self) -> Unsynced {
        let appends = self.unsynced_appends().into_iter();
        Unsynced {
            appends: appends
                .map(|(_, file, bytes)| UnsyncedAppend { file, bytes })
                .collect(),
            names: self
                .changes
                .iter()
                .map(|(change, _)| change.clone())
                .collect(),
        }
    }

    /// The unsynced appends in the order in which they were made: number, file and size.
    fn unsynced_appends(&self) -> Vec<(u64, String, u64)> {
        let mut appends = Vec::new();
        for (id, file) in &self.files {
            let mut unsynced = file.unsynced().peekable();
            if unsynced.peek().is_some() {
                let name = self.name_of(*id);
                appends.extend(unsynced.map(|(number, bytes)| (number, name.clone(), bytes)));
            }
        }
        appends.sort_unstable_by_key(|(number, ..)| *number);
        appends
    }

    /// A file's name: the present one, or the one that it had.
    fn name_of(&self, id: u64) -> String {
        let all = self.names.iter().chain(&self.durable_names);
        let known = all.into_iter().find(|(_, file)| **file == id);
        known.map_or_else(String::new, |(name, _)| name.clone())
    }

    /// The power goes: what is durable is left, and what of the rest `survivors` names.
    pub fn crash(&mut self, survivors: &Survivors) -> CrashReport {
        let before = std::mem::take(&mut self.names);
        let mut report = CrashReport::default();
        self.names = self.durable_names.clone();
        for (place, (change, id)) in std::mem::take(&mut self.changes).into_iter().enumerate() {
            let kept = survivors.names.get(place) == Some(&true);
            if kept {
                apply(&mut self.names, &change, id);
            }
            report.names.push((change, kept));
        }
        let lost = |(name, id): &(&String, &u64)| self.names.get(*name) != Some(*id);
        report.lost.files = before.iter().filter(lost).count() as u64;
        let appends = self.unsynced_appends();
        let kept_of = |number: u64| {
            let place = appends.binary_search_by_key(&number, |(number, ..)| *number);
            let kept = place
                .ok()
                .and_then(|place| survivors.appends.get(place).copied());
            kept.unwrap_or(0)
        };
        let mut files = OrdMap::new();
        for (name, id) in &self.names {
            let Some(file) = self.files.get(id) else {
                continue;
            };
            let (left, cut) = file.cut(kept_of);
            files.insert(*id, left);
            report.lost.bytes += cut.lost;
            report.kept += cut.kept;
            if cut.lost + cut.kept > 0 {
                report.files.push(FileSurvival {
                    file: name.clone(),
                    kept: cut.kept,
                    lost: cut.lost,
                    zeros: cut.zeros,
                });
            }
        }
        self.files = files;
        self.durable_names = self.names.clone();
        report
    }
}

/// Makes a change in a directory that may lack the changes before it. A file has one name.
fn apply(names: &mut OrdMap<String, u64>, change: &NameChange, id: u64) {
    match change {
        NameChange::Created { file } | NameChange::Renamed { to: file, .. } => {
            let present = names.iter().find(|(_, known)| **known == id);
            if let Some(name) = present.map(|(name, _)| name.clone()) {
                names.remove(&name);
            }
            names.insert(file.clone(), id);
        }
        NameChange::Removed { file } => {
            if names.get(file) == Some(&id) {
                names.remove(file);
            }
        }
    }
}
