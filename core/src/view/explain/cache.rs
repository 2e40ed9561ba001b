//! Commands, reads and answers of the cache, as a person would write them.

use super::count;
use super::server::text;
use crate::cache::{Answer, Command, Configure, Found, Operation, Query, TimeToLive};
use crate::types::Duration;
use bytes::Bytes;

/// A command as a person would write it.
pub(in crate::view) fn command_text(command: &Command) -> String {
    match command {
        Command::OpenSession => "open a session".into(),
        Command::KeepAlive(session) => format!("keep session {session} open"),
        Command::CloseSession(session) => format!("close session {session}"),
        Command::Apply(apply) => {
            let operation = operation_text(&apply.operation);
            format!("{operation} ({} #{})", apply.session, apply.sequence.0)
        }
        Command::Advance => "let time pass".into(),
        Command::Evict(chosen) => {
            let entries = count(chosen.len() as u64, "entry", "entries");
            format!("evict {entries} that the model chose")
        }
        Command::Configure(Configure { policy, capacity }) => {
            let policy = policy.map(|policy| format!("evict by {policy}"));
            let capacity = capacity.map(|bytes| format!("hold {bytes} bytes"));
            let changes: Vec<String> = policy.into_iter().chain(capacity).collect();
            match changes.is_empty() {
                true => "configure nothing".into(),
                false => changes.join(", "),
            }
        }
    }
}

fn operation_text(operation: &Operation) -> String {
    match operation {
        Operation::Put { key, value, ttl } => {
            format!("put {} = {}{}", text(key), text(value), living(*ttl))
        }
        Operation::Delete { key } => format!("delete {}", text(key)),
        Operation::Read(query) => query_text(query),
        Operation::Touch { key, ttl: None } => format!("touch {}, to live for ever", text(key)),
        Operation::Touch { key, ttl } => format!("touch {}{}", text(key), living(*ttl)),
        Operation::CompareAndSwap {
            key,
            expected,
            value,
            ttl,
        } => {
            let expected = match expected {
                Some(version) => format!("at version {version}"),
                None => "if absent".into(),
            };
            let (key, value) = (text(key), text(value));
            format!("put {key} = {value} {expected}{}", living(*ttl))
        }
        Operation::Increment { key, by } => format!("add {by} to {}", text(key)),
        Operation::Batch(operations) => {
            let told: Vec<String> = operations.iter().take(3).map(operation_text).collect();
            let more = match operations.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("at once: {}{more}", told.join("; "))
        }
    }
}

fn living(ttl: Option<TimeToLive>) -> String {
    ttl.map_or(String::new(), |ttl| {
        format!(" for {}", Duration::micros(ttl.0))
    })
}

/// What a read asks for.
pub(in crate::view) fn query_text(query: &Query) -> String {
    match query {
        Query::Get { key } => format!("get {}", text(key)),
        Query::GetMany { keys } => {
            let told: Vec<String> = keys.iter().take(4).map(text).collect();
            let more = if keys.len() > told.len() { ", …" } else { "" };
            format!("get {}{more}", told.join(", "))
        }
        Query::List {
            prefix,
            after,
            limit,
        } => {
            let prefix = match prefix.is_empty() {
                true => "all keys".into(),
                false => format!("keys that begin with {}", text(prefix)),
            };
            let after = after.as_ref();
            let after = after.map_or(String::new(), |after| format!(" after {}", text(after)));
            format!("list {prefix}{after}, {limit} at most")
        }
    }
}

/// What a read found.
pub(in crate::view) fn found_text(found: &Found) -> String {
    match found {
        Found::Value(None) => "no such key".into(),
        Found::Value(Some(held)) => text(&held.value),
        Found::Values(values) => {
            let found = values.iter().flatten().count() as u64;
            let asked = count(values.len() as u64, "key", "keys");
            format!("{found} of {asked}")
        }
        Found::Page { keys, more } => {
            let found = count(keys.len() as u64, "key", "keys");
            let more = if *more { ", and there are more" } else { "" };
            format!("{found}{more}")
        }
    }
}

/// What the state machine said.
pub(in crate::view) fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::SessionOpened(session) => format!("session {session} is open"),
        Answer::SessionKept => "the session stays open".into(),
        Answer::SessionClosed => "the session is closed".into(),
        Answer::Written { version } => format!("written, version {version}"),
        Answer::Deleted { existed: true } => "deleted".into(),
        Answer::Deleted { existed: false } | Answer::Touched { existed: false } => {
            "there was no such key".into()
        }
        Answer::Touched { existed: true } => "touched".into(),
        Answer::Found(found) => found_text(found),
        Answer::NotSwapped { current: None } => "not written: there is no such key".into(),
        Answer::NotSwapped {
            current: Some(version),
        } => format!("not written: the key has version {version}"),
        Answer::Counted { value, version } => format!("it is {value} now, version {version}"),
        Answer::Batch(answers) => format!(
            "all {} done",
            count(answers.len() as u64, "operation", "operations")
        ),
        Answer::BatchNotDone { at, answer } => {
            let answer = answer_text(answer);
            format!(
                "nothing of the batch is done, because of operation {}: {answer}",
                at + 1
            )
        }
        Answer::Advanced => "time has passed".into(),
        Answer::Evicted { entries } => {
            format!("{} evicted", count(*entries, "entry", "entries"))
        }
        Answer::Configured => "it is so from now on".into(),
        Answer::Refused(refusal) => format!("refused: {refusal}"),
    }
}

/// The key that a label shows.
pub(in crate::view) fn label(key: Option<&Bytes>) -> String {
    key.map_or("…".into(), text)
}
