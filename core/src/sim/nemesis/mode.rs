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
    /// The power of a server goes that has just helped to elect another one, or is asked to.
    CrashVoter,
    /// The power of a leader goes before anything of its term is committed.
    CrashNewLeader,
    /// A leader is cut off while another server stands for election, or is asked to take over.
    IsolateDeposed,
    /// The network falls into two parts while the members change.
    PartitionChange,
    /// Nobody hears the leader, and it hears one server only.
    MuteLeader,
    /// A voter that is asked in spite of its promise starts again, and its leader is cut off.
    RestartVoter,
    /// The leader's clock runs as slow as the bound allows and all others as fast, and it is cut off.
    StrandSlowLeader,
    /// A follower's answer is late, and nobody hears the leader meanwhile.
    LateAnswer,
    /// Leaders are cut off one after the other, each before anybody else has its newest entry, and the one
    /// before comes back meanwhile.
    TakeTurns,
    /// A leader is cut off once a majority holds what an earlier one left, and nobody anything of its own term.
    CutOffHeir,
    /// A server takes nothing for a while; half of the time it is the leader.
    Pause,
    /// A server is slow for a while.
    SlowServer,
}

impl FaultKind {
    /// Whether another leader may come while the first does not know it.
    pub(super) fn strands_leader(self) -> bool {
        use FaultKind as F;
        matches!(
            self,
            F::IsolateLeader
                | F::IsolateDeposed
                | F::MuteLeader
                | F::Transfer
                | F::RestartVoter
                | F::LateAnswer
                | F::StrandSlowLeader
        )
    }

    /// Whether it waits for its moment: one that comes seldom, and passes at once.
    pub(super) fn lurks(self) -> bool {
        use FaultKind as F;
        matches!(
            self,
            F::CrashVoter
                | F::CrashNewLeader
                | F::IsolateDeposed
                | F::PartitionChange
                | F::RestartVoter
                | F::LateAnswer
                | F::TakeTurns
                | F::CutOffHeir
        )
    }

    /// What follows, mostly, as soon as there is a moment for it. In turns, leaders write what nobody else has;
    /// the heir of one of them is the leader of whom figure 8 of the Raft paper tells.
    pub(super) fn goes_on(self) -> &'static [FaultKind] {
        match self {
            FaultKind::TakeTurns => &[FaultKind::TakeTurns, FaultKind::CutOffHeir],
            FaultKind::CutOffHeir => &[FaultKind::TakeTurns],
            _ => &[],
        }
    }
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
    /// Clocks drift within the bound, or jump, and servers pause: that too is time which they do not see
    /// pass.
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
            Mode::ClockTrouble => "Clocks drift within the bound or are set, and servers pause",
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
                F::MuteLeader,
                F::Drop,
                F::Delay,
                F::Duplicate,
                F::IsolateDeposed,
                F::LateAnswer,
                F::TakeTurns,
                F::CutOffHeir,
            ],
            Mode::StorageTrouble => &[
                F::Crash,
                F::CrashLeader,
                F::CrashVoter,
                F::CrashNewLeader,
                F::Kill,
                F::SlowDisk,
                F::FailSyncs,
                F::FullDisk,
                F::Rot,
                F::Wipe,
                F::Snapshot,
            ],
            Mode::ClockTrouble => &[
                F::Drift,
                F::Jump,
                F::Crash,
                F::CrashVoter,
                F::OneWay,
                F::IsolateLeader,
                F::MuteLeader,
                F::IsolateDeposed,
                F::Transfer,
                F::Pause,
                F::RestartVoter,
                F::LateAnswer,
                F::StrandSlowLeader,
            ],
            Mode::Storm => &[
                F::Crash,
                F::CrashLeader,
                F::CrashVoter,
                F::CrashNewLeader,
                F::Kill,
                F::ShutDown,
                F::Partition,
                F::PartitionChange,
                F::OneWay,
                F::IsolateLeader,
                F::MuteLeader,
                F::IsolateDeposed,
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
                F::Pause,
                F::SlowServer,
                F::RestartVoter,
                F::LateAnswer,
                F::StrandSlowLeader,
                F::TakeTurns,
                F::CutOffHeir,
            ],
            Mode::DisksBeyond => &[F::Crash, F::CrashLeader, F::Wipe, F::Rot, F::Partition],
            Mode::ClocksBeyond => &[
                F::DriftBeyond,
                F::IsolateLeader,
                F::MuteLeader,
                F::IsolateDeposed,
                F::Partition,
                F::Transfer,
            ],
        }
    }
}
