//! Leases and clocks in words.

use super::{Told, detail, ms, story};
use crate::raft::{ClockJump, Event, LeaseRefusal};
use crate::types::NodeId;

pub(super) fn tell(node: NodeId, event: &Event) -> Told {
    let told = match event {
        Event::LeaseRead { index, left } => {
            let left = ms(left.as_micros());
            detail(
                "lease-read",
                format!(
                    "{node} may answer at index {index} without asking anyone: its lease lasts another {left}"
                ),
            )
        }
        Event::LeaseReadRefused { why } => {
            let why = match why {
                LeaseRefusal::SwitchedOff => "check-quorum, on which leases rest, is off".into(),
                LeaseRefusal::NotHeld => "no quorum has answered it yet".into(),
                LeaseRefusal::Over { since } => {
                    format!("its lease ended when its own clock said {since}")
                }
                LeaseRefusal::GivenUp => {
                    "it gave its lease up when it asked a successor to stand".into()
                }
                LeaseRefusal::NothingCommittedInTerm { term } => {
                    format!("no entry of its term {term} is committed yet")
                }
            };
            story(
                "lease-refused",
                format!("{node} does not answer by its lease, and asks a quorum: {why}"),
            )
        }
        Event::ClockJumped { jump } => {
            let jump = match jump {
                ClockJump::Back { by } => format!("goes back by {}", ms(by.as_micros())),
                ClockJump::Forward { late } => format!(
                    "is {} beyond the time at which it was to be woken",
                    ms(late.as_micros())
                ),
            };
            let sentence = format!(
                "{node} finds that its clock {jump}: timers begin anew, a lease is void, and it votes for \
                 nobody for an election timeout"
            );
            story("clock-jumped", sentence)
        }
        _ => unreachable!("sorted by the caller"),
    };
    told.by("Leases rest on clocks", "Raft dissertation, section 6.4.1")
}
