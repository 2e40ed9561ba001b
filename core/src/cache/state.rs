//! The replicated state machine: the same commands in the same order give the same state.

use super::candidate::Candidate;
use super::command::SessionId;
use super::command::{
    Answer, Apply, Chosen, Command, Configure, EntryId, Operation, Stamped, TimeToLive,
};
use super::config::{Config, PolicyKind};
use super::eviction::{Eviction, Features};
use super::query::{Found, Query};
use super::refusal::Refusal;
use super::session::{Seen, Session, Sessions};
use super::store::{Held, Store, size};
use crate::types::{Duration, Fingerprint, Index, LogTime};
use bytes::Bytes;
use core::ops::Bound;
use serde::Serialize;

/// Keys with their values, and the client sessions. Cloning is cheap: maps share structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    config: Config,
    pub(super) state: State,
}

/// What the log has made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The latest stamp.
    pub(super) time: LogTime,
    pub(super) capacity: u64,
    /// Entries named so far.
    pub(super) named: u64,
    pub(super) store: Store,
    pub(super) eviction: Eviction,
    pub(super) sessions: Sessions,
}

/// What applying a command came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applied {
    /// What to tell the client.
    pub answer: Answer,
    /// How the command was taken.
    pub taken: Taken,
    /// Keys that are gone, though nobody asked for that.
    pub removed: Vec<Removed>,
    /// Sessions that expired.
    pub sessions_expired: Vec<SessionId>,
}

/// How the state machine took a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Taken {
    /// It was carried out, and its answer says what it came to.
    Done,
    /// The request was carried out before: this is the first answer again.
    Before,
    /// The session does not take it: nothing was done, and nothing is remembered of it.
    Refused,
}

/// A key that the cache removed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Removed {
    /// The key.
    pub key: Bytes,
    /// The bytes of key and value.
    pub size: u64,
    /// Why.
    pub why: RemovalReason,
}

/// Why the cache removed a key by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum RemovalReason {
    /// Its time was over.
    Expired,
    /// A write needed room, and this policy chose it.
    Evicted(PolicyKind),
    /// A model chose it, ahead of need.
    Chosen,
}

/// Of more reads of one key than this, told at once, a policy would learn nothing more.
const TOUCHES: u32 = 4;

/// What an operation came to: its answer, or why nothing of it is done.
type Done = Result<Answer, Answer>;

impl Applied {
    /// Only time has passed.
    fn none() -> Applied {
        Applied {
            answer: Answer::Advanced,
            taken: Taken::Done,
            removed: Vec::new(),
            sessions_expired: Vec::new(),
        }
    }
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new(config: Config) -> Cache {
        let state = State {
            time: LogTime::ZERO,
            capacity: config.capacity_bytes,
            named: 0,
            store: Store::default(),
            eviction: Eviction::new(config.policy, config.capacity_bytes),
            sessions: Sessions::default(),
        };
        Cache { config, state }
    }

    /// Applies the command at `index` of the log. It depends on nothing but the log, and never
    /// fails: what cannot be done is refused, on every server alike.
    pub fn apply(&mut self, index: Index, stamped: &Stamped) -> Applied {
        self.state.time = self.state.time.max(stamped.time);
        let mut out = Applied::none();
        self.expire(&mut out);
        for touched in &stamped.touched {
            for _ in 0..touched.times.min(TOUCHES) {
                self.state.eviction.access(touched.entry);
            }
        }
        let moment = (self.state.time, index.0);
        out.answer = match &stamped.command {
            Command::OpenSession => {
                while let Some(silent) = self.state.sessions.make_room(&self.config) {
                    out.sessions_expired.push(silent);
                }
                Answer::SessionOpened(self.state.sessions.open(moment))
            }
            Command::KeepAlive(session) => self.keep_alive(*session, moment),
            Command::CloseSession(session) => {
                self.state.sessions.close(*session);
                Answer::SessionClosed
            }
            Command::Apply(apply) => self.apply_once(index, apply, &mut out),
            Command::Advance => Answer::Advanced,
            Command::Evict(chosen) => self.evict_chosen(chosen, &mut out),
            Command::Configure(change) => self.configure(*change, &mut out),
        };
        out
    }

    /// Removes some of what has expired: bounded, so that no step has too much to do.
    fn expire(&mut self, out: &mut Applied) {
        let time = self.state.time;
        for _ in 0..self.config.expired_per_entry {
            if let Some(entry) = self.state.store.first_expired(time) {
                self.state.discard(entry, RemovalReason::Expired, out);
            } else if let Some(session) = self.state.sessions.expire_one(time, &self.config) {
                out.sessions_expired.push(session);
            } else {
                break;
            }
        }
    }

    fn keep_alive(&mut self, session: SessionId, moment: (LogTime, u64)) -> Answer {
        let expired = self
            .state
            .sessions
            .is_expired(session, moment.0, &self.config);
        if expired || !self.state.sessions.hear(session, moment) {
            return Answer::Refused(Refusal::SessionExpired { session });
        }
        Answer::SessionKept
    }

    fn apply_once(&mut self, index: Index, apply: &Apply, out: &mut Applied) -> Answer {
        let Apply {
            session,
            sequence,
            acknowledged,
            ref operation,
        } = *apply;
        let moment = (self.state.time, index.0);
        if self
            .state
            .sessions
            .is_expired(session, moment.0, &self.config)
        {
            out.taken = Taken::Refused;
            return Answer::Refused(Refusal::SessionExpired { session });
        }
        self.state.sessions.hear(session, moment);
        let seen = self
            .state
            .sessions
            .seen(session, (sequence, acknowledged), &self.config);
        match seen {
            Seen::Before(answer) => {
                out.taken = Taken::Before;
                answer
            }
            Seen::Refused(refusal) => {
                out.taken = Taken::Refused;
                Answer::Refused(refusal)
            }
            Seen::Never => {
                let limit = self.config.found_bytes;
                let answer = match self.config.rejection(operation) {
                    Some(answer) => answer,
                    None => self
                        .state
                        .execute((index, limit), operation, out)
                        .unwrap_or_else(|not_done| not_done),
                };
                self.state
                    .sessions
                    .remember(session, sequence, answer.clone());
                answer
            }
        }
    }

    fn evict_chosen(&mut self, chosen: &[Chosen], out: &mut Applied) -> Answer {
        let before = out.removed.len();
        for Chosen { entry, version } in chosen {
            if self
                .state
                .live_entry(*entry)
                .is_some_and(|held| held.version == *version)
            {
                self.state.discard(*entry, RemovalReason::Chosen, out);
            }
        }
        let entries = (out.removed.len() - before) as u64;
        Answer::Evicted { entries }
    }

    fn configure(&mut self, change: Configure, out: &mut Applied) -> Answer {
        if let Some(refusal) = Config::configure_refusal(&change) {
            return Answer::Refused(refusal);
        }
        if let Some(policy) = change.policy {
            self.state.eviction.switch(policy);
        }
        if let Some(capacity) = change.capacity {
            self.state.capacity = capacity;
            self.state.eviction.set_capacity(capacity);
            self.state.make_room(0, out);
        }
        Answer::Configured
    }
}

impl State {
    /// Does an operation; what it finds has at most `limit` bytes.
    fn execute(
        &mut self,
        (index, limit): (Index, u64),
        operation: &Operation,
        out: &mut Applied,
    ) -> Done {
        match operation {
            Operation::Put { key, value, ttl } => {
                let expires = self.expiry(*ttl);
                self.write(key, (value.clone(), index.0, expires), out)
            }
            Operation::Delete { key } => {
                self.drop_expired(key, out);
                let existed = self.remove(key).is_some();
                Ok(Answer::Deleted { existed })
            }
            Operation::Read(query) => {
                let found = self.find(query, limit).map_err(Answer::Refused)?;
                self.used(query);
                Ok(Answer::Found(found))
            }
            Operation::Touch { key, ttl } => Ok(self.touch(key, *ttl)),
            Operation::CompareAndSwap {
                key,
                expected,
                value,
                ttl,
            } => {
                let current = self.live(key).map(|held| held.version);
                if current != *expected {
                    return Err(Answer::NotSwapped { current });
                }
                let expires = self.expiry(*ttl);
                self.write(key, (value.clone(), index.0, expires), out)
            }
            Operation::Increment { key, by } => self.increment(index, (key, *by), out),
            Operation::Batch(operations) => self.batch((index, limit), operations, out),
        }
    }

    fn expiry(&self, ttl: Option<TimeToLive>) -> Option<LogTime> {
        ttl.map(|ttl| self.time + Duration::micros(ttl.0))
    }

    /// The key's value, unless it has expired.
    fn live(&self, key: &[u8]) -> Option<&Held> {
        self.store
            .get(key)
            .filter(|held| !held.is_expired(self.time))
    }

    /// An entry's value, unless it has expired.
    fn live_entry(&self, entry: EntryId) -> Option<&Held> {
        self.store.key_of(entry).and_then(|key| self.live(key))
    }

    fn write(
        &mut self,
        key: &Bytes,
        (value, version, expires): (Bytes, u64, Option<LogTime>),
        out: &mut Applied,
    ) -> Done {
        let given = (key.len() + value.len()) as u64;
        if given > self.capacity {
            let capacity = self.capacity;
            return Err(Answer::Refused(Refusal::LargerThanCache {
                given,
                capacity,
            }));
        }
        self.drop_expired(key, out);
        let held = self.store.get(key).map_or(0, |held| size(key, held));
        if given > held {
            self.make_room(given - held, out);
        }
        // Its own entry may have had to make room, too.
        let known = self.store.get(key).map(|held| held.entry);
        let entry = if let Some(entry) = known {
            self.eviction.resize(entry, given);
            self.eviction.access(entry);
            entry
        } else {
            self.make_room(given, out);
            self.named += 1;
            let entry = EntryId(self.named);
            self.eviction.insert(entry, key_hash(key), given);
            entry
        };
        self.store.insert(
            key.clone(),
            Held {
                entry,
                value,
                version,
                expires,
            },
        );
        Ok(Answer::Written { version })
    }

    /// Evicts until so many bytes more fit.
    fn make_room(&mut self, more: u64, out: &mut Applied) {
        while self.store.bytes() + more > self.capacity {
            let expired = self.store.first_expired(self.time);
            let (entry, why) = match expired {
                Some(entry) => (entry, RemovalReason::Expired),
                None => {
                    let victim = self.eviction.victim();
                    let entry = victim.expect("whoever holds bytes holds an entry");
                    (entry, RemovalReason::Evicted(self.eviction.kind()))
                }
            };
            self.discard(entry, why, out);
        }
    }

    /// Removes a key that has expired before it is written anew: what is written is another entry.
    fn drop_expired(&mut self, key: &[u8], out: &mut Applied) {
        let held = self.store.get(key);
        if let Some(held) = held.filter(|held| held.is_expired(self.time)) {
            self.discard(held.entry, RemovalReason::Expired, out);
        }
    }

    /// Removes an entry though nobody asked for it.
    fn discard(&mut self, entry: EntryId, why: RemovalReason, out: &mut Applied) {
        let key = self
            .store
            .key_of(entry)
            .expect("only entries that are there are named")
            .clone();
        if let Some(held) = self.remove(&key) {
            let size = size(&key, &held);
            out.removed.push(Removed { key, size, why });
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<Held> {
        let held = self.store.remove(key)?;
        self.eviction.remove(held.entry);
        Some(held)
    }

    fn touch(&mut self, key: &Bytes, ttl: Option<TimeToLive>) -> Answer {
        let expires = self.expiry(ttl);
        let Some(held) = self.live(key).cloned() else {
            return Answer::Touched { existed: false };
        };
        let entry = held.entry;
        self.store.insert(key.clone(), Held { expires, ..held });
        self.eviction.access(entry);
        Answer::Touched { existed: true }
    }

    fn increment(&mut self, index: Index, (key, by): (&Bytes, i64), out: &mut Applied) -> Done {
        let held = self.live(key);
        let expires = held.and_then(|held| held.expires);
        let Some(before) = held.map_or(Some(0), |held| number(&held.value)) else {
            return Err(Answer::Refused(Refusal::NotANumber));
        };
        let Some(value) = before.checked_add(by) else {
            return Err(Answer::Refused(Refusal::Overflow { value: before, by }));
        };
        let version = index.0;
        self.write(key, (value.to_string().into(), version, expires), out)?;
        Ok(Answer::Counted { value, version })
    }

    /// Tries on a copy, which is cheap, so that nothing of a batch is done that is not done whole.
    /// The `limit` is for all that its operations find together.
    fn batch(
        &mut self,
        (index, limit): (Index, u64),
        operations: &[Operation],
        out: &mut Applied,
    ) -> Done {
        let mut trial = self.clone();
        let removed = out.removed.len();
        let mut answers = Vec::with_capacity(operations.len());
        let mut found = 0;
        for (operation, at) in operations.iter().zip(0..) {
            let done = trial.execute((index, limit), operation, out);
            match done.and_then(|answer| within(answer, &mut found, limit)) {
                Ok(answer) => answers.push(answer),
                Err(answer) => {
                    out.removed.truncate(removed);
                    let answer = Box::new(answer);
                    return Err(Answer::BatchNotDone { at, answer });
                }
            }
        }
        *self = trial;
        Ok(Answer::Batch(answers))
    }

    /// What a read finds, of at most so many bytes.
    fn find(&self, query: &Query, most: u64) -> Result<Found, Refusal> {
        let value = |key: &Bytes| self.live(key).map(Held::versioned);
        match query {
            // One value is bounded by what a value may have.
            Query::Get { key } => Ok(Found::Value(value(key))),
            Query::GetMany { keys } => {
                let held = keys.iter().filter_map(|key| self.live(key));
                let found = held.map(|held| held.value.len() as u64).sum();
                match found > most {
                    true => Err(Refusal::FoundTooLarge { found, limit: most }),
                    false => Ok(Found::Values(keys.iter().map(value).collect())),
                }
            }
            Query::List {
                prefix,
                after,
                limit,
            } => Ok(self.page(prefix, after.as_deref(), (*limit, most))),
        }
    }

    /// At most `limit` keys of together at most `most` bytes, but at least one if there is any: a page
    /// that holds nothing would lead nowhere.
    fn page(&self, prefix: &[u8], after: Option<&[u8]>, (limit, most): (u32, u64)) -> Found {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let mut found = self
            .store
            .from(from)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, held)| !held.is_expired(self.time));
        let mut keys: Vec<(Bytes, u64)> = Vec::new();
        let mut bytes = 0;
        let more = found.any(|(key, held)| {
            bytes += key.len() as u64;
            let full = keys.len() as u64 >= u64::from(limit);
            if full || (bytes > most && !keys.is_empty()) {
                return true;
            }
            keys.push((key.clone(), held.version));
            false
        });
        Found::Page { keys, more }
    }

    fn used(&mut self, query: &Query) {
        for key in query.keys() {
            if let Some(entry) = self.live(key).map(|held| held.entry) {
                self.eviction.access(entry);
            }
        }
    }
}

/// What stands for a key where the key itself would be too long.
pub(crate) fn key_hash(key: &Bytes) -> u64 {
    Fingerprint::of(&key[..])
}

/// The number that a value says, if it says it as an increment writes it: then a value that was never
/// incremented and one that was incremented by 0 are the same bytes.
fn number(value: &[u8]) -> Option<i64> {
    let number: i64 = core::str::from_utf8(value).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == value).then_some(number)
}

/// The answer, unless what a batch has found up to and with it is too much for one answer.
fn within(answer: Answer, sum: &mut u64, limit: u64) -> Done {
    if let Answer::Found(found) = &answer {
        *sum += found.size();
        if *sum > limit {
            let found = *sum;
            return Err(Answer::Refused(Refusal::FoundTooLarge { found, limit }));
        }
    }
    Ok(answer)
}

/// What may be known from outside.
impl Cache {
    /// What it accepts.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The time of everything that was applied.
    #[must_use]
    pub fn time(&self) -> LogTime {
        self.state.time
    }

    /// What a read finds, at log time.
    ///
    /// # Errors
    /// It is more than one answer may hold.
    pub fn find(&self, query: &Query) -> Result<Found, Refusal> {
        self.state.find(query, self.config.found_bytes)
    }

    /// Whether a read asks for something that has not expired at log time, and will have at `until`.
    #[must_use]
    pub fn expires_by(&self, query: &Query, until: LogTime) -> bool {
        let soon = |held: &Held| !held.is_expired(self.state.time) && held.is_expired(until);
        match query {
            Query::Get { .. } | Query::GetMany { .. } => {
                let mut keys = query
                    .keys()
                    .iter()
                    .filter_map(|key| self.state.store.get(key));
                keys.any(soon)
            }
            // A listing may pass over many keys: the next expiry of all tells enough.
            Query::List { .. } => self.state.store.expires_between(self.state.time, until),
        }
    }

    /// When the next key expires; in the past while expired keys wait to be removed.
    #[must_use]
    pub fn next_expiry(&self) -> Option<LogTime> {
        self.state.store.next_expiry()
    }

    /// When the next session expires unless it is heard of.
    #[must_use]
    pub fn next_session_expiry(&self) -> Option<LogTime> {
        self.state.sessions.next_expiry(&self.config)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Held> {
        self.state.live(key)
    }

    /// All keys in order, with their values; expired ones among them until they are removed.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Held)> {
        self.state.store.iter()
    }

    /// How many keys are held, expired ones among them until they are removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.store.len()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.store.len() == 0
    }

    /// The bytes of all keys and values held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state.store.bytes()
    }

    /// How many bytes it holds at most.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.state.capacity
    }

    /// Who decides what is evicted.
    #[must_use]
    pub fn policy(&self) -> PolicyKind {
        self.state.eviction.kind()
    }

    /// The key of an entry.
    #[must_use]
    pub fn key_of(&self, entry: EntryId) -> Option<&Bytes> {
        self.state.store.key_of(entry)
    }

    /// How an entry was used.
    #[must_use]
    pub fn features(&self, entry: EntryId) -> Option<Features> {
        let held = self.state.live_entry(entry)?;
        let left = held.expires.map(|expires| expires.since(self.state.time));
        let left = left.map(Duration::as_micros);
        self.state.eviction.features(entry, left)
    }

    /// Who would be evicted next if nothing were used meanwhile, the first one first.
    #[must_use]
    pub fn upcoming(&self, count: usize) -> Vec<EntryId> {
        self.state.eviction.upcoming(count)
    }

    /// Whom to ask a model about.
    #[must_use]
    pub fn candidates(&self, count: usize) -> Vec<Candidate> {
        let named = self.state.eviction.candidates(count).into_iter();
        let candidates = named.filter_map(|entry| {
            let key = self.state.store.key_of(entry)?;
            let held = self.state.store.get(key)?;
            Some(Candidate {
                entry,
                version: held.version,
                size: size(key, held),
                features: self.features(entry)?,
            })
        });
        candidates.collect()
    }

    /// Uses so far: the clock of the usage history.
    #[must_use]
    pub fn uses(&self) -> u64 {
        self.state.eviction.tick()
    }

    /// Whether an entry is held and was not used since so many uses.
    #[must_use]
    pub fn is_unused_since(&self, entry: EntryId, uses: u64) -> bool {
        let last = self.state.eviction.last_used(entry);
        last.is_some_and(|last| last <= uses)
    }

    /// Another entry at each use, so that a model learns from all.
    #[must_use]
    pub fn drawn(&self) -> Option<EntryId> {
        self.state.eviction.drawn(1).first().copied()
    }

    /// The open sessions, oldest first.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.state.sessions.iter()
    }

    /// Panics unless what must hold after every command does. It looks at everything, so it is for
    /// tests and fuzzers.
    pub fn check_invariants(&self) {
        self.state.store.check_invariants(self.state.named);
        self.state.sessions.check_invariants(&self.config);
        let (bytes, capacity) = (self.bytes(), self.state.capacity);
        assert!(
            bytes <= capacity,
            "{bytes} bytes in a capacity of {capacity}"
        );
    }

    /// A digest of the whole state, equal on servers with equal states.
    #[must_use]
    pub fn digest(&self) -> u64 {
        Fingerprint::of(&self.state)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
