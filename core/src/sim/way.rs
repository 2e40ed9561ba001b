//! A way that a run takes: its scenario with everything that was done on it, by the file and by hand.

use super::scenario::Scenario;
use crate::types::Instant;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What makes a run again, on the same way.
#[derive(Clone, Debug)]
pub struct Way {
    pub(super) scenario: Arc<Scenario>,
    /// Which of the scenario's actions were done by hand.
    pub(super) by_hand: BTreeSet<usize>,
}

impl Way {
    /// The scenario, with every action.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Which of this way's actions are not done on the other: places in the scenario.
    #[must_use]
    pub fn own_actions(&self, other: &Way) -> BTreeSet<usize> {
        let mut theirs: Vec<_> = other.scenario.actions.iter().collect();
        let mut own = BTreeSet::new();
        for (place, action) in self.scenario.actions.iter().enumerate() {
            match theirs.iter().position(|their| *their == action) {
                Some(same) => {
                    theirs.remove(same);
                }
                None => {
                    own.insert(place);
                }
            }
        }
        own
    }
}

/// When two runs part at the earliest; none when they have nothing in common.
#[must_use]
pub fn parting(one: &Scenario, other: &Scenario) -> Option<Instant> {
    let bare = |scenario: &Scenario| {
        let mut scenario = scenario.clone();
        scenario.actions.clear();
        scenario
    };
    if bare(one) != bare(other) {
        return None;
    }
    let pairs = one.actions.iter().zip(&other.actions);
    let common = pairs.take_while(|(one, other)| one == other).count();
    let next = [&one.actions, &other.actions].map(|actions| actions.get(common));
    let next = next.into_iter().flatten().map(|action| action.at).min();
    Some(next.unwrap_or(Instant(u64::MAX)))
}
