//! What a run has come across: situations that have to occur in a hunt, or it has not looked there.

use crate::cache::{RemovalReason, Taken};
use crate::raft;
use crate::replica::Event;
use crate::sim::{
    ClientEvent, Happening, LossReason, Observer, OperationResult, Step, What, World,
};
use crate::storage::cases::Case;

macro_rules! sights {
    ($($name:ident = $says:literal),* $(,)?) => {
        /// A situation that is worth having been in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Sight {
            $(#[doc = $says] $name),*
        }

        impl Sight {
            /// All of them.
            pub const ALL: &[Sight] = &[$(Sight::$name),*];

            /// In words.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Sight::$name => $says),* }
            }
        }
    };
}

sights! {
    LeaderElected = "leaders elected",
    VoteSplit = "elections without a decision",
    PreVoteRefused = "pre-votes refused",
    VoteRefusedForLog = "votes refused for a log that is behind",
    LeaderLostQuorum = "leaders that lost their quorum",
    EntriesTruncated = "logs truncated",
    CommitWithheld = "commits withheld for an older term",
    MessageLost = "messages lost",
    MessageCut = "messages cut off",
    MessageDuplicated = "messages doubled",
    Crashed = "crashes",
    UnsyncedLost = "crashes that lost unsynced data",
    UnsyncedSurvived = "crashes that unsynced data survived",
    Stopped = "servers stopped by their disk",
    BitFlipped = "bits turned over",
    DiskWiped = "disks wiped",
    Paused = "servers paused",
    Slowed = "servers slowed down",
    TornTail = "torn tails cut off",
    DamageFound = "recoveries that found damage",
    VoteTaken = "recoveries that gave up the vote",
    SeatEarned = "seats earned back",
    SnapshotTaken = "snapshots taken",
    SnapshotInstalled = "snapshots installed from a leader",
    SnapshotAbandoned = "snapshots abandoned for a leader's",
    SuffixKept = "snapshots installed under a log that stays",
    LeaseRead = "reads by lease",
    LeaseRefused = "reads by lease refused",
    ReadsHeld = "reads held until the term has committed",
    ClockJumped = "clock jumps noticed",
    TransferStarted = "transfers started",
    TransferAborted = "transfers given up",
    MembershipAdopted = "memberships adopted",
    MembershipReverted = "memberships reverted",
    LearnerCaughtUp = "learners caught up",
    DuplicateAnswered = "duplicates given their first answer",
    SessionExpired = "sessions expired",
    UnknownOutcome = "requests of unknown outcome",
    KeysExpired = "removals of expired keys",
    KeysEvicted = "evictions by a policy",
    ModelChose = "evictions that a model chose",
    ModelOfNoUse = "answers of the model without use",
    ModelPaused = "times the model was left alone",
}

/// How often each was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sights(Vec<u64>);

impl Default for Sights {
    fn default() -> Sights {
        Sights(vec![0; Sight::ALL.len()])
    }
}

impl Sights {
    /// How often this was seen.
    #[must_use]
    pub fn count(&self, sight: Sight) -> u64 {
        self.0[sight as usize]
    }

    /// Each with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Sight, u64)> + '_ {
        Sight::ALL.iter().map(|sight| (*sight, self.count(*sight)))
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Sights) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    fn see(&mut self, sight: Sight) {
        self.0[sight as usize] += 1;
    }
}

impl Observer for Sights {
    fn observe(&mut self, _: &World, step: &Step) {
        for Happening { what, .. } in &step.happenings {
            match what {
                What::Replica(event) => self.on_replica(event),
                What::Client(event) => self.on_client(event),
                What::MessageLost { why, .. } => self.see(match why {
                    LossReason::Cut => Sight::MessageCut,
                    _ => Sight::MessageLost,
                }),
                What::MessageDuplicated { .. } => self.see(Sight::MessageDuplicated),
                What::Crashed { lost } => {
                    self.see(Sight::Crashed);
                    if *lost != Default::default() {
                        self.see(Sight::UnsyncedLost);
                    }
                }
                What::Survived { .. } => self.see(Sight::UnsyncedSurvived),
                What::Stopped { .. } => self.see(Sight::Stopped),
                What::BitFlipped { .. } => self.see(Sight::BitFlipped),
                What::DiskWiped { .. } => self.see(Sight::DiskWiped),
                What::Paused => self.see(Sight::Paused),
                What::ServerSlowed { factor: 2.. } => self.see(Sight::Slowed),
                _ => {}
            }
        }
    }
}

impl Sights {
    fn on_client(&mut self, event: &ClientEvent) {
        match event {
            ClientEvent::SessionExpired(_) => self.see(Sight::SessionExpired),
            ClientEvent::Answered(answered) => {
                if let OperationResult::GivenUp { .. } = answered.result {
                    self.see(Sight::UnknownOutcome);
                }
            }
            _ => {}
        }
    }

    fn on_replica(&mut self, event: &Event) {
        match event {
            Event::Raft(event) => self.on_raft(event),
            Event::Recovery(finding) => match finding.case() {
                Case::TornTail => self.see(Sight::TornTail),
                Case::Damage | Case::DamageCovered => self.see(Sight::DamageFound),
                Case::EverythingGone | Case::LogGone | Case::SegmentMissing => {
                    self.see(Sight::VoteTaken);
                }
                _ => {}
            },
            Event::Applied {
                taken: Taken::Before,
                ..
            } => self.see(Sight::DuplicateAnswered),
            Event::SnapshotTaken { .. } => self.see(Sight::SnapshotTaken),
            Event::SnapshotAbandoned { .. } => self.see(Sight::SnapshotAbandoned),
            Event::KeysRemoved { removed, .. } => {
                for one in removed {
                    self.see(match one.why {
                        RemovalReason::Expired => Sight::KeysExpired,
                        RemovalReason::Evicted(_) => Sight::KeysEvicted,
                        RemovalReason::Chosen => Sight::ModelChose,
                    });
                }
            }
            Event::ModelOfNoUse { .. } => self.see(Sight::ModelOfNoUse),
            Event::ModelPaused { .. } => self.see(Sight::ModelPaused),
            _ => {}
        }
    }

    fn on_raft(&mut self, event: &raft::Event) {
        use raft::Event as E;
        let sight = match event {
            E::BecameLeader { .. } => Sight::LeaderElected,
            E::BecamePreCandidate {
                why: raft::CampaignReason::NoMajority { .. },
                ..
            } => Sight::VoteSplit,
            E::PreVoteRefused { .. } => Sight::PreVoteRefused,
            E::VoteRefused {
                why: raft::VoteRefusal::LogBehind { .. },
                ..
            } => Sight::VoteRefusedForLog,
            E::BecameFollower {
                why: raft::FollowReason::QuorumLost { .. },
                ..
            } => Sight::LeaderLostQuorum,
            E::LogTruncated { .. } => Sight::EntriesTruncated,
            E::CommitWithheld { .. } => Sight::CommitWithheld,
            E::SeatEarned { .. } => Sight::SeatEarned,
            E::SnapshotInstalled {
                log: raft::InstalledLog::SuffixKept { .. },
                ..
            } => Sight::SuffixKept,
            E::SnapshotInstalled { .. } => Sight::SnapshotInstalled,
            E::LeaseRead { .. } => Sight::LeaseRead,
            E::LeaseReadRefused { .. } => Sight::LeaseRefused,
            E::ReadsHeld { .. } => Sight::ReadsHeld,
            E::ClockJumped { .. } => Sight::ClockJumped,
            E::TransferStarted { .. } => Sight::TransferStarted,
            E::TransferAborted { .. } => Sight::TransferAborted,
            E::MembershipAdopted { .. } => Sight::MembershipAdopted,
            E::MembershipReverted { .. } => Sight::MembershipReverted,
            E::LearnerCaughtUp { .. } => Sight::LearnerCaughtUp,
            _ => return,
        };
        self.see(sight);
    }
}
