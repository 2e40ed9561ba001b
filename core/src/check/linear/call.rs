//! An operation of a client, from when it begins until it is answered.

use crate::cache::{Answer, Found, Refusal, Versioned};
use crate::replica::ClientId;
use crate::sim::{Operation, OperationResult, ReadPath};
use crate::types::Instant;
use bytes::Bytes;
use std::collections::BTreeSet;

/// A moment of a history: nothing else happened to clients at the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// How many things had happened to clients before.
    pub number: u64,
    /// Simulated time.
    pub time: Instant,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who asked.
    pub client: ClientId,
    /// For what.
    pub operation: Operation,
    /// When.
    pub began: Moment,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    UnderWay,
    /// It was answered.
    Answered {
        /// When.
        ended: Moment,
        /// What the client was told.
        result: OperationResult,
    },
    /// Nobody will ever know: it may take effect at any time, or never.
    Lost,
}

/// What an answer says of where in the log the operation took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is the write at this index.
    Wrote(u64),
    /// It read the state right after this index.
    Read(u64),
}

impl Mark {
    pub(super) fn index(self) -> u64 {
        match self {
            Mark::Wrote(index) | Mark::Read(index) => index,
        }
    }

    /// Whether it should have taken effect before what is at this index.
    pub(super) fn is_late(self, newest: u64) -> bool {
        match self {
            Mark::Wrote(index) => index <= newest,
            Mark::Read(index) => index < newest,
        }
    }
}

/// What a client was told, without what does not matter here.
#[derive(Clone, Debug)]
pub(super) enum Told<'a> {
    Written(u64),
    Deleted(bool),
    Touched(bool),
    NotSwapped(Option<u64>),
    Counted(i64, u64),
    NotANumber,
    Overflow(i64),
    Values(Vec<Option<Value<'a>>>),
    Page(Vec<&'a [u8]>, bool),
    Batch(&'a [Answer]),
    BatchNotDone(usize, &'a Answer),
    /// Something that says nothing of any key.
    Nothing,
}

/// A value that was found, and its version where it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) value: &'a Bytes,
    pub(super) version: Option<u64>,
}

/// What is to be made of the end of an operation.
pub(super) enum End {
    /// Its answer must be explained.
    Answered,
    /// It may have taken effect, or may still.
    Lost,
    /// It took no effect, and says nothing.
    Void,
}

impl Call {
    /// Whether it has to do with this key.
    #[must_use]
    pub fn concerns(&self, key: &str) -> bool {
        Footprint::of(&self.operation).names(key)
    }

    /// The keys that it names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        Footprint::of(&self.operation).keys.into_iter()
    }

    /// Whether it may change anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        writes(&self.operation)
    }

    /// Names it within its history.
    pub(super) fn number(&self) -> u64 {
        self.began.number
    }

    /// When it was answered, if it was.
    #[must_use]
    pub fn ended(&self) -> Option<Moment> {
        match self.outcome {
            Outcome::Answered { ended, .. } => Some(ended),
            Outcome::UnderWay | Outcome::Lost => None,
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.outcome == Outcome::Lost
    }

    pub(super) fn told(&self) -> Option<Told<'_>> {
        match &self.outcome {
            Outcome::Answered { result, .. } => Some(Told::of(result)),
            Outcome::UnderWay | Outcome::Lost => None,
        }
    }

    /// The same operation, as if nobody had been told what became of it.
    pub(super) fn lose(&self) -> Call {
        Call {
            outcome: Outcome::Lost,
            ..self.clone()
        }
    }

    /// Where in the log it took effect, if the answer says it.
    pub(super) fn mark(&self) -> Option<Mark> {
        let Outcome::Answered { result, .. } = &self.outcome else {
            return None;
        };
        match result {
            OperationResult::Written { version } | OperationResult::Counted { version, .. } => {
                Some(Mark::Wrote(*version))
            }
            OperationResult::BatchDone { answers, .. } => {
                answers.iter().find_map(|one| match one {
                    Answer::Written { version } | Answer::Counted { version, .. } => {
                        Some(Mark::Wrote(*version))
                    }
                    _ => None,
                })
            }
            // An answer through the log that was asked for twice names the later index.
            OperationResult::Found { index, .. }
            | OperationResult::FoundMany { index, .. }
            | OperationResult::Listed { index, .. }
                if path(&self.operation) != Some(ReadPath::Log) =>
            {
                Some(Mark::Read(*index))
            }
            _ => None,
        }
    }
}

impl<'a> Told<'a> {
    fn of(result: &'a OperationResult) -> Told<'a> {
        let plain = |value: &'a Bytes| Value {
            value,
            version: None,
        };
        match result {
            OperationResult::Written { version } => Told::Written(*version),
            OperationResult::Deleted { existed } => Told::Deleted(*existed),
            OperationResult::Touched { existed } => Told::Touched(*existed),
            OperationResult::NotSwapped { current } => Told::NotSwapped(*current),
            OperationResult::Counted { value, version } => Told::Counted(*value, *version),
            OperationResult::Found { value, .. } => Told::Values(vec![value.as_ref().map(plain)]),
            OperationResult::FoundMany { values, .. } => {
                Told::Values(values.iter().map(|one| one.as_ref().map(plain)).collect())
            }
            OperationResult::Listed { keys, more, .. } => {
                Told::Page(keys.iter().map(|key| &key[..]).collect(), *more)
            }
            OperationResult::BatchDone { answers, .. } => Told::Batch(answers),
            OperationResult::BatchNotDone { at, answer } => {
                Told::BatchNotDone(*at as usize, answer)
            }
            OperationResult::Refused(refusal) => Told::of_refusal(refusal),
            OperationResult::GivenUp { .. } => Told::Nothing,
        }
    }

    pub(super) fn of_answer(answer: &'a Answer) -> Told<'a> {
        let versioned = |held: &'a Versioned| Value {
            value: &held.value,
            version: Some(held.version),
        };
        match answer {
            Answer::Written { version } => Told::Written(*version),
            Answer::Deleted { existed } => Told::Deleted(*existed),
            Answer::Touched { existed } => Told::Touched(*existed),
            Answer::NotSwapped { current } => Told::NotSwapped(*current),
            Answer::Counted { value, version } => Told::Counted(*value, *version),
            Answer::Found(Found::Value(held)) => Told::Values(vec![held.as_ref().map(versioned)]),
            Answer::Found(Found::Values(all)) => Told::Values(
                all.iter()
                    .map(|held| held.as_ref().map(versioned))
                    .collect(),
            ),
            Answer::Found(Found::Page { keys, more }) => {
                Told::Page(keys.iter().map(|(key, _)| &key[..]).collect(), *more)
            }
            Answer::Batch(answers) => Told::Batch(answers),
            Answer::BatchNotDone { at, answer } => Told::BatchNotDone(*at as usize, answer),
            Answer::Refused(refusal) => Told::of_refusal(refusal),
            Answer::SessionOpened(_)
            | Answer::SessionKept
            | Answer::SessionClosed
            | Answer::Advanced
            | Answer::Evicted { .. }
            | Answer::Configured => Told::Nothing,
        }
    }

    fn of_refusal(refusal: &Refusal) -> Told<'a> {
        match refusal {
            Refusal::NotANumber => Told::NotANumber,
            Refusal::Overflow { value, .. } => Told::Overflow(*value),
            _ => Told::Nothing,
        }
    }
}

/// What becomes of the history of an operation that ends so.
pub(super) fn end(operation: &Operation, result: &OperationResult) -> End {
    let unknown = match result {
        OperationResult::GivenUp {
            may_have_been_applied,
        } => Some(*may_have_been_applied),
        // An earlier copy may have been applied.
        OperationResult::Refused(
            Refusal::SessionExpired { .. } | Refusal::AnswerForgotten { .. },
        ) => Some(true),
        OperationResult::Refused(Refusal::NotANumber | Refusal::Overflow { .. }) => None,
        OperationResult::Refused(_) => Some(false),
        _ => None,
    };
    match unknown {
        Some(true) if writes(operation) => End::Lost,
        Some(_) => End::Void,
        None => End::Answered,
    }
}

/// Which way a read takes; none for what is not a read.
pub(super) fn path(operation: &Operation) -> Option<ReadPath> {
    match operation {
        Operation::Get { path, .. }
        | Operation::GetMany { path, .. }
        | Operation::List { path, .. } => Some(*path),
        _ => None,
    }
}

/// Whether it may change anything.
pub(super) fn writes(operation: &Operation) -> bool {
    match operation {
        Operation::Batch { operations } => operations.iter().any(writes),
        one => path(one).is_none(),
    }
}

/// The keys with which an operation has to do, one by one or all that begin so.
#[derive(Clone, Debug, Default)]
pub(super) struct Footprint<'a> {
    pub(super) keys: BTreeSet<&'a str>,
    pub(super) prefixes: BTreeSet<&'a str>,
}

impl<'a> Footprint<'a> {
    /// All keys that it is about.
    pub(super) fn of(operation: &'a Operation) -> Footprint<'a> {
        let mut footprint = Footprint::default();
        footprint.add(operation, &|_| true);
        footprint
    }

    /// Those of which it may change something.
    pub(super) fn changed(operation: &'a Operation) -> Footprint<'a> {
        let mut footprint = Footprint::default();
        footprint.add(operation, &writes);
        footprint
    }

    /// Those whose present state its answer or its effect depends on.
    pub(super) fn observed(operation: &'a Operation) -> Footprint<'a> {
        let mut footprint = Footprint::default();
        footprint.add(operation, &|one| !matches!(one, Operation::Put { .. }));
        footprint
    }

    fn add(&mut self, operation: &'a Operation, counts: &dyn Fn(&Operation) -> bool) {
        match operation {
            Operation::Batch { operations } => {
                for one in operations {
                    self.add(one, counts);
                }
            }
            one if !counts(one) => {}
            Operation::Put { key, .. }
            | Operation::Delete { key }
            | Operation::Get { key, .. }
            | Operation::Touch { key, .. }
            | Operation::CompareAndSwap { key, .. }
            | Operation::Increment { key, .. } => {
                self.keys.insert(key);
            }
            Operation::GetMany { of, .. } => self.keys.extend(of.iter().map(String::as_str)),
            Operation::List { prefix, .. } => {
                self.prefixes.insert(prefix);
            }
        }
    }

    pub(super) fn join(&mut self, other: &Footprint<'a>) {
        self.keys.extend(&other.keys);
        self.prefixes.extend(&other.prefixes);
    }

    /// Whether it has to do with a key.
    pub(super) fn names(&self, key: &str) -> bool {
        self.keys.contains(key) || self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }

    /// Whether there may be a key with which both have to do.
    pub(super) fn meets(&self, other: &Footprint<'_>) -> bool {
        let nested = |one: &str| {
            let mut others = other.prefixes.iter();
            others.any(|other| one.starts_with(other) || other.starts_with(one))
        };
        self.keys.iter().any(|key| other.names(key))
            || other.keys.iter().any(|key| self.names(key))
            || self.prefixes.iter().any(|prefix| nested(prefix))
    }
}
