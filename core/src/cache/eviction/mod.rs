//! Who has to go when room is needed.
//!
//! [`Eviction`] is replicated state: every server tells it of the same uses in the same order, and so
//! every server evicts alike. It holds one of the classic policies, and the usage history that the
//! learned policy needs. The learned policy has two halves. Ahead of need the leader asks a model about
//! [`Eviction::candidates`] and evicts what it is told through the log; where nobody answers in time,
//! S3-FIFO decides, on every server alike. What the model learns from ([`Feedback`]) stays with the
//! leader.
//!
//! It knows entries by their ids, sizes and key hashes, and nothing of keys, values or log entries.
//! Read `lru.rs` first, then the other policies, then `history.rs`.

mod feedback;
mod ghosts;
mod history;
mod lru;
mod queue;
mod s3_fifo;
mod sieve;
mod sketch;
mod snapshot;
mod w_tiny_lfu;

pub use feedback::{Feedback, Outcome, Sample};
pub use history::{Features, GAPS};
pub(super) use snapshot::{Cursor, Kept, Remnant};

use super::{EntryId, PolicyKind};
use history::History;
use lru::Lru;
use s3_fifo::S3Fifo;
use serde::{Deserialize, Serialize};
use sieve::Sieve;
use snapshot::Seat;
use std::collections::BTreeSet;
use w_tiny_lfu::WTinyLfu;

/// A rule for who goes next. What is said of an entry that it does not hold changes nothing.
trait Policy {
    /// A new entry, with the hash of its key.
    fn insert(&mut self, entry: EntryId, key_hash: u64, size: u64);
    /// The entry was used.
    fn access(&mut self, entry: EntryId);
    /// The entry has another size now.
    fn resize(&mut self, entry: EntryId, size: u64);
    /// The entry left: it was evicted, deleted, or expired.
    fn remove(&mut self, entry: EntryId);
    /// Decides who has to go; asked again before that entry is removed, it says the same.
    fn victim(&mut self) -> Option<EntryId>;
    /// The bytes that there is room for; who goes first may depend on them.
    fn set_capacity(&mut self, capacity: u64);

    /// Where the entry is, for a snapshot.
    fn seat(&self, entry: EntryId) -> Option<Seat>;
    /// Puts an entry, with the hash of its key and its size, where [`Policy::seat`] found it; false if it
    /// cannot have been there.
    fn seat_at(&mut self, entry: (EntryId, u64, u64), seat: Seat) -> bool;
    /// What the policy remembers beside the entries that it holds, piece by piece: each tells from where
    /// the next one is asked for, the first is 0.
    fn remnant_from(&self, _from: u64) -> Option<(u64, Remnant)> {
        None
    }
    /// Takes back what it remembered; false if that cannot have been.
    fn remember(&mut self, _remnant: &Remnant) -> bool {
        false
    }
    /// Whether what came back piece by piece fits together.
    fn is_whole(&self) -> bool {
        true
    }
}

/// The policy in force, with all that it knows. Cloning is cheap. What serde writes of it is its head
/// alone: all that grows with the cache goes into a snapshot piece by piece (`snapshot.rs`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Eviction {
    kind: PolicyKind,
    capacity: u64,
    rule: Rule,
    history: History,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Rule {
    Lru(Lru),
    Sieve(Sieve),
    S3Fifo(S3Fifo),
    WTinyLfu(WTinyLfu),
}

impl Rule {
    fn new(kind: PolicyKind, capacity: u64) -> Rule {
        match kind {
            PolicyKind::Lru => Rule::Lru(Lru::default()),
            PolicyKind::Sieve => Rule::Sieve(Sieve::default()),
            PolicyKind::S3Fifo | PolicyKind::Learned => Rule::S3Fifo(S3Fifo::new(capacity)),
            PolicyKind::WTinyLfu => Rule::WTinyLfu(WTinyLfu::new(capacity)),
        }
    }

    fn as_policy(&self) -> &dyn Policy {
        match self {
            Rule::Lru(rule) => rule,
            Rule::Sieve(rule) => rule,
            Rule::S3Fifo(rule) => rule,
            Rule::WTinyLfu(rule) => rule,
        }
    }

    fn policy(&mut self) -> &mut dyn Policy {
        match self {
            Rule::Lru(rule) => rule,
            Rule::Sieve(rule) => rule,
            Rule::S3Fifo(rule) => rule,
            Rule::WTinyLfu(rule) => rule,
        }
    }
}

impl Eviction {
    /// Nothing is held yet.
    #[must_use]
    pub fn new(kind: PolicyKind, capacity: u64) -> Eviction {
        Eviction {
            kind,
            capacity,
            rule: Rule::new(kind, capacity),
            history: History::default(),
        }
    }

    /// The policy in force.
    #[must_use]
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// A new entry, with the hash of its key and the bytes of key and value.
    pub fn insert(&mut self, entry: EntryId, key_hash: u64, size: u64) {
        self.remove(entry);
        self.rule.policy().insert(entry, key_hash, size);
        self.history.insert(entry, key_hash, size);
    }

    /// The entry was used.
    pub fn access(&mut self, entry: EntryId) {
        self.rule.policy().access(entry);
        self.history.access(entry);
    }

    /// The entry has another size now.
    pub fn resize(&mut self, entry: EntryId, size: u64) {
        self.rule.policy().resize(entry, size);
        self.history.resize(entry, size);
    }

    /// The entry left: it was evicted, deleted, or expired.
    pub fn remove(&mut self, entry: EntryId) {
        if self.kind == PolicyKind::Learned && self.history.last_used(entry).is_some() {
            // Where the model always answers, nobody else would move on what S3-FIFO passes over, and
            // each look at who is upcoming would have to begin with all of it.
            self.rule.policy().victim();
        }
        self.rule.policy().remove(entry);
        self.history.remove(entry);
    }

    /// Decides who has to go. The caller then removes it, and asks again if that was not enough.
    pub fn victim(&mut self) -> Option<EntryId> {
        self.rule.policy().victim()
    }

    /// Who would go next if nothing were used meanwhile, the first one first.
    #[must_use]
    pub fn upcoming(&self, count: usize) -> Vec<EntryId> {
        let mut rule = self.rule.clone();
        let policy = rule.policy();
        let next = std::iter::from_fn(|| {
            let victim = policy.victim()?;
            policy.remove(victim);
            Some(victim)
        });
        next.take(count).collect()
    }

    /// Whom to ask the model about: a quarter are who would go next anyway, then the least recently
    /// used of each class of entries, then others drawn evenly. Each is named once.
    #[must_use]
    pub fn candidates(&self, count: usize) -> Vec<EntryId> {
        let fallback = self.upcoming(count.div_ceil(4));
        let oldest = self.history.oldest_of_classes();
        let named = fallback
            .into_iter()
            .chain(oldest.into_iter().take(count / 2));
        let mut seen = BTreeSet::new();
        let all = named.chain(self.history.drawn());
        all.filter(|entry| seen.insert(*entry))
            .take(count)
            .collect()
    }

    /// Entries drawn evenly, others at each tick: whom to watch, so that the model learns.
    #[must_use]
    pub fn drawn(&self, count: usize) -> Vec<EntryId> {
        self.history.drawn().take(count).collect()
    }

    /// What is known of an entry, for the model. Its time to expiry in microseconds of log time is the
    /// caller's to know.
    #[must_use]
    pub fn features(&self, entry: EntryId, time_to_expiry: Option<u64>) -> Option<Features> {
        self.history.features(entry, time_to_expiry)
    }

    /// The tick of the entry's latest use. Who asks the model notes [`Eviction::tick`]: what was used
    /// after that is not what the model judged, and better stays.
    #[must_use]
    pub fn last_used(&self, entry: EntryId) -> Option<u64> {
        self.history.last_used(entry)
    }

    /// Uses so far: the clock of the usage history.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.history.tick()
    }

    /// The bytes that there is room for.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.rule.policy().set_capacity(capacity);
    }

    /// Another policy decides from now on. It is told of all entries in the order in which the former one
    /// would have evicted them; the usage history goes on.
    pub fn switch(&mut self, kind: PolicyKind) {
        let mut rule = Rule::new(kind, self.capacity);
        for entry in self.upcoming(self.history.len()) {
            let known = self.history.key_hash(entry).zip(self.history.size(entry));
            let (key_hash, size) = known.expect("policy and history hold the same entries");
            rule.policy().insert(entry, key_hash, size);
        }
        (self.kind, self.rule) = (kind, rule);
    }
}

#[cfg(test)]
mod tests;
