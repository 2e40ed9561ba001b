//! What is drawn of a server's disk.

use super::border;
use serde::Serialize;

border! {
    /// A server's disk.
    pub struct DiskView {
        /// Whether the machine has power: then there is something that a crash would take, be it
        /// that the server was killed.
        pub powered: bool,
        /// Bytes that are used.
        pub used: u64,
        /// How many it holds; none when there is no end to them.
        pub capacity: Option<u64>,
        /// A sync takes so many times as long as configured.
        pub slowness: u32,
        /// So many syncs fail before one works again.
        pub failing_syncs: u64,
        /// Its files, by name.
        pub files: Vec<FileView>,
        /// What the newest records of the log say, while a server runs that knows them.
        pub manifest: Option<ManifestView>,
        /// Bytes that wait for a sync.
        pub unsynced_bytes: u64,
        /// The oldest appends that wait for a sync; bounded. A crash can be told which survive.
        pub unsynced_appends: Vec<UnsyncedAppendView>,
        /// How many are not in `unsyncedAppends`.
        pub unsynced_appends_hidden: u64,
        /// Changes of names since the directory was synced last, oldest first.
        pub unsynced_names: Vec<NameChangeView>,
        /// What its latest crash took and left.
        pub last_crash: Option<CrashView>,
    }

    /// What the newest records of a log say: the root of what a disk holds.
    pub struct ManifestView {
        /// The term.
        pub term: u64,
        /// The vote in it.
        pub vote: Option<u32>,
        /// What is written to be committed.
        pub commit: u64,
        /// The snapshot that is the beginning of the log.
        pub snapshot: Option<String>,
    }

    /// One file of a disk.
    pub struct FileView {
        /// Its name.
        pub name: String,
        /// What it is.
        pub kind: FileKind,
        /// Its size in bytes.
        pub bytes: u64,
        /// How many of them would survive a crash now for sure.
        pub synced: u64,
        /// Whether its name would.
        pub named: bool,
        /// Its bytes in order, in stretches of one state.
        pub stretches: Vec<StretchView>,
        /// The lowest and the highest index of a segment's entries.
        pub entries: Option<[u64; 2]>,
        /// Whether the running server's log consists of it, or names it.
        pub in_use: bool,
        /// What it holds, in words: `entries 1 to 40`.
        pub holds: String,
    }

    /// Bytes of a file that follow one another and share their state.
    pub struct StretchView {
        /// What a crash would make of them.
        pub state: StretchState,
        /// How many.
        pub bytes: u64,
    }

    /// What a crash would make of bytes.
    #[derive(Copy)]
    pub enum StretchState {
        /// It leaves them.
        Synced,
        /// That is chance.
        Unsynced,
        /// It takes them: a sync of them failed, and later syncs pass them over.
        GivenUp,
    }

    /// What a file is.
    #[derive(Copy)]
    pub enum FileKind {
        /// A segment of the write-ahead log.
        Segment,
        /// A snapshot.
        Snapshot,
        /// A file that was not finished.
        Temporary,
        /// A file that recovery set aside.
        Quarantine,
        /// Anything else.
        Other,
    }

    /// An append that waits for a sync.
    pub struct UnsyncedAppendView {
        /// Its number among them, from 1, the oldest.
        pub number: u64,
        /// The file.
        pub file: String,
        /// How many bytes it wrote.
        pub bytes: u64,
    }

    /// A change of a name that was not synced.
    pub struct NameChangeView {
        /// Its number among them, from 1, the oldest.
        pub number: u64,
        /// What it is: `a renamed to b`.
        pub change: String,
        /// Whether it survived the crash; none while there was none.
        pub kept: Option<bool>,
    }

    /// What a crash took and left.
    pub struct CrashView {
        /// When it was.
        pub time: u64,
        /// Unsynced bytes that are gone, in files that still have a name.
        pub lost_bytes: u64,
        /// Files whose very name is gone.
        pub lost_files: u64,
        /// Unsynced bytes that survived.
        pub kept_bytes: u64,
        /// Files that had unsynced bytes and still have a name.
        pub files: Vec<FileSurvivalView>,
        /// Changes of names that were not synced.
        pub names: Vec<NameChangeView>,
    }

    /// What a crash made of a file with unsynced bytes.
    pub struct FileSurvivalView {
        /// Its name.
        pub file: String,
        /// Unsynced bytes that survived.
        pub kept: u64,
        /// Bytes that are gone.
        pub lost: u64,
        /// Bytes that read as zeros now, because something behind them survived.
        pub zeros: u64,
    }

    /// A copy of a disk that somebody kept.
    pub struct ImageView {
        /// Its name.
        pub name: String,
        /// The server whose disk it is a copy of.
        pub of: u32,
        /// When it was kept.
        pub kept_at: u64,
        /// How many files it has.
        pub files: u64,
        /// Bytes of all of them.
        pub bytes: u64,
    }
}
