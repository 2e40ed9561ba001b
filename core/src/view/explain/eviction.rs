//! What leaves the cache by itself, and what the model service has to do with it, in words.

use super::server::text;
use super::{Told, count, detail, list, ms, story};
use crate::cache::{RemovalReason, Removed};
use crate::replica::{Event, Flaw};
use crate::types::{Index, NodeId};

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    match event {
        Event::KeysRemoved { index, removed } => removals(node, *index, removed),
        Event::SessionsExpired { sessions } => {
            let sessions = list(sessions.iter().map(ToString::to_string));
            let sentence = format!(
                "{node} closes {sessions}: nothing was heard of it for longer than sessions last, in log time"
            );
            detail("session-expired", sentence)
                .by("Client sessions", "Raft dissertation, section 6.3")
        }
        _ => model(node, event).by("A model advises, the log decides", "ARCHITECTURE, eviction"),
    }
}

fn removals(node: NodeId, index: Index, removed: &[Removed]) -> Told {
    let mut parts = Vec::new();
    for (why, doing) in [
        (
            is_expired as fn(&Removed) -> bool,
            "removes what has expired",
        ),
        (is_chosen, "evicts what the model chose, ahead of need"),
        (is_evicted, "makes room"),
    ] {
        let of_these: Vec<&Removed> = removed.iter().filter(|removed| why(removed)).collect();
        if let Some(first) = of_these.first() {
            let by = match first.why {
                RemovalReason::Evicted(policy) => format!(" by {policy}"),
                RemovalReason::Expired | RemovalReason::Chosen => String::new(),
            };
            parts.push(format!("{doing}{by}: {}", keys(&of_these)));
        }
    }
    let sentence = format!("{node} applies index {index} and {}", parts.join(", and "));
    let rule = match removed.first().map(|removed| removed.why) {
        Some(RemovalReason::Expired) => "Keys expire in log time",
        _ => "Eviction depends on the log alone",
    };
    detail("removed", sentence).by(rule, "ARCHITECTURE, the cache")
}

fn is_expired(removed: &Removed) -> bool {
    removed.why == RemovalReason::Expired
}

fn is_chosen(removed: &Removed) -> bool {
    removed.why == RemovalReason::Chosen
}

fn is_evicted(removed: &Removed) -> bool {
    matches!(removed.why, RemovalReason::Evicted(_))
}

/// `a, b and c`, or `a, b, c and 9 more`, with their bytes.
fn keys(removed: &[&Removed]) -> String {
    const MOST: usize = 3;
    let names = removed.iter().take(MOST).map(|removed| text(&removed.key));
    let more = removed.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("{more} more"));
    let bytes: u64 = removed.iter().map(|removed| removed.size).sum();
    format!("{} ({bytes} bytes)", list(names.chain(more)))
}

fn model(node: NodeId, event: &Event) -> Told {
    match event {
        Event::ModelAsked {
            request,
            candidates,
            bytes,
        } => detail(
            "model-asked",
            format!(
                "{node} leads a cache that is nearly full: it asks the model service about {} (question \
                 {request}), to free {bytes} bytes",
                count(*candidates, "key", "keys")
            ),
        ),
        Event::ModelAnswered {
            request,
            after,
            chosen,
            bytes,
        } => detail(
            "model-answered",
            format!(
                "{node} has the model's answer to question {request} after {}, and proposes to evict the {} \
                 that are worth least ({bytes} bytes)",
                ms(after.as_micros()),
                count(*chosen, "key", "keys")
            ),
        ),
        Event::ModelOfNoUse { request, flaw } => story(
            "model-of-no-use",
            format!(
                "{node} cannot use what the model service says to question {request}: {}. The policy's own rule \
                 decides",
                flaw_text(*flaw)
            ),
        ),
        Event::ModelPaused { failures, pause } => story(
            "model-paused",
            format!(
                "{node} asks the model service no more for {}: {} in a row were of no use",
                ms(pause.as_micros()),
                count(u64::from(*failures), "answer", "answers")
            ),
        ),
        Event::ModelBack => story(
            "model-back",
            format!(
                "{node} tried the model service again, and its answer is of use: it goes on asking"
            ),
        ),
        _ => unreachable!("sorted by the caller"),
    }
}

fn flaw_text(flaw: Flaw) -> String {
    match flaw {
        Flaw::Late { waited } => {
            format!("there is no answer after {}", ms(waited.as_micros()))
        }
        Flaw::Unreachable => "nobody is there".into(),
        Flaw::Missing { scored, asked } => {
            format!("it scores {scored} of {}", count(asked, "key", "keys"))
        }
        Flaw::NotANumber { entry } => format!("the score of {entry} is not a number"),
        Flaw::OutOfRange { entry } => format!("the score of {entry} is not between 0 and 1"),
        Flaw::Repeated { entry } => format!("it scores {entry} twice"),
        Flaw::Unknown { entry } => {
            format!("it scores {entry}, about which it was not asked, or which does not exist")
        }
    }
}
