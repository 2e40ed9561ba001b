//! The modes of the nemesis, and which faults each of them knows.

/// Something that a nemesis does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The power of a server goes, and comes back.
    Crash,
    /// The power of the leader goes, and comes back.
    CrashLeader,
    /// The process of a server dies, and is started again.
    Kill,
    /// A server is ended in order, and started again.
    ShutDown,
    /// The network falls into two parts.
    Partition,
    /// One direction between two servers is cut.
    OneWay,
    /// The leader is cut off.
    IsolateLeader,
    /// A message on its way is lost.
    Drop,
    /// A message on its way is held up.
    Delay,
    /// A message on its way arrives twice.
    Duplicate,
    /// A disk is slow for a while.
    SlowDisk,
    /// Syncs of a disk fail.
    FailSyncs,
    /// A disk is full for a while.
    FullDisk,
    /// A bit of a file turns over.
    Rot,
    /// A server that is down loses everything on its disk.
    Wipe,
    /// A clock runs fast or slow, within the bound.
    Drift,
    /// A clock runs so fast or slow that leases promise nothing.
    DriftBeyond,
    /// A clock is set.
    Jump,
    /// An operator wants a snapshot.
    Snapshot,
    /// An operator wants another leader.
    Transfer,
    /// An operator wants other members.
    Membership,
    /// An operator wants another policy or capacity of the cache.
    Configure,
    /// The model service breaks, and is mended.
    Model,
}

/// Which faults there are, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Only load.
    Calm,
    /// Messages are lost, late and doubled, links are cut; servers go on.
    FlakyNetwork,
    /// Servers crash, disks are slow, full, fail and rot.
    StorageTrouble,
    /// Clocks drift within the bound, or jump.
    ClockTrouble,
    /// All of that, and operators who change things meanwhile.
    Storm,
    /// Any number of disks lose everything. What was acknowledged may be lost; nothing may be made up.
    DisksBeyond,
    /// Clocks drift beyond the bound: reads by lease may be stale, and nothing else may be wrong.
    ClocksBeyond,
}

impl Mode {
    /// All modes.
    pub const ALL: [Mode; 7] = [
        Mode::Calm,
        Mode::FlakyNetwork,
        Mode::StorageTrouble,
        Mode::ClockTrouble,
        Mode::Storm,
        Mode::DisksBeyond,
        Mode::ClocksBeyond,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Calm => "calm",
            Mode::FlakyNetwork => "flaky-network",
            Mode::StorageTrouble => "storage-trouble",
            Mode::ClockTrouble => "clock-trouble",
            Mode::Storm => "storm",
            Mode::DisksBeyond => "disks-beyond",
            Mode::ClocksBeyond => "clocks-beyond",
        }
    }

    /// The mode of this name.
    ///
    /// # Errors
    /// There is none; the sentence names those that there are.
    pub fn named(name: &str) -> Result<Mode, String> {
        let known = Mode::ALL.into_iter().find(|mode| mode.name() == name);
        known.ok_or_else(|| {
            let all: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
            format!("there is no mode {name:?}; there are {}", all.join(", "))
        })
    }

    /// What happens in it, in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Mode::Calm => "Clients ask, and nothing goes wrong",
            Mode::FlakyNetwork => "Messages are lost, late and doubled, and links are cut",
            Mode::StorageTrouble => "Servers crash, and disks are slow, full, fail and rot",
            Mode::ClockTrouble => "Clocks drift within the bound, or are set",
            Mode::Storm => "All of that, and operators change things meanwhile",
            Mode::DisksBeyond => {
                "Any number of disks lose everything: more than is promised to survive"
            }
            Mode::ClocksBeyond => "Clocks drift beyond the bound on which leases rely",
        }
    }

    /// Whether the protocol promises to survive it: then no rule may be broken, and the cluster must
    /// come to rest afterwards.
    #[must_use]
    pub fn is_survivable(self) -> bool {
        !matches!(self, Mode::DisksBeyond | Mode::ClocksBeyond)
    }

    pub(super) fn knows(self) -> &'static [FaultKind] {
        use FaultKind as F;
        match self {
            Mode::Calm => &[],
            Mode::FlakyNetwork => &[
                F::Partition,
                F::OneWay,
                F::IsolateLeader,
                F::Drop,
                F::Delay,
                F::Duplicate,
            ],
            Mode::StorageTrouble => &[
                F::Crash,
                F::CrashLeader,
                F::Kill,
                F::SlowDisk,
                F::FailSyncs,
                F::FullDisk,
                F::Rot,
                F::Wipe,
                F::Snapshot,
            ],
            Mode::ClockTrouble => &[F::Drift, F::Jump, F::Crash, F::IsolateLeader, F::Transfer],
            Mode::Storm => &[
                F::Crash,
                F::CrashLeader,
                F::Kill,
                F::ShutDown,
                F::Partition,
                F::OneWay,
                F::IsolateLeader,
                F::Drop,
                F::Delay,
                F::Duplicate,
                F::SlowDisk,
                F::FailSyncs,
                F::FullDisk,
                F::Rot,
                F::Wipe,
                F::Drift,
                F::Jump,
                F::Snapshot,
                F::Transfer,
                F::Membership,
                F::Configure,
                F::Model,
            ],
            Mode::DisksBeyond => &[F::Crash, F::CrashLeader, F::Wipe, F::Rot, F::Partition],
            Mode::ClocksBeyond => &[F::DriftBeyond, F::IsolateLeader, F::Partition, F::Transfer],
        }
    }
}
