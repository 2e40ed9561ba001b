//! What is checked about a session: the rules at the moment shown, the clients' history, and mistakes on
//! purpose.

use super::Session;
use crate::check::{Call, Checker, Contradiction, Fate, Recorded, Rule};
use crate::sim::Scenario;
use crate::types::{ConfigError, Mutants};
use crate::view::explain::world::result_text;
use crate::view::model::{
    ContradictionView, FateView, HistoryQuery, HistoryView, KeyView, OperationView, RuleInfo,
    RuleStanding, RuleState, ViolationView,
};
use std::collections::{BTreeMap, BTreeSet};

/// More operations than this are not shown at once.
const MOST_OPERATIONS: usize = 500;
/// The busiest keys that are offered.
const KEYS: usize = 100;

/// The rules that are checked.
#[must_use]
pub fn rules() -> Vec<RuleInfo> {
    let info = |rule: Rule| RuleInfo {
        name: rule.name().into(),
        short: rule.short().into(),
        says: rule.says().into(),
        source: rule.source().into(),
        counted: rule.counted().into(),
    };
    Rule::ALL.into_iter().map(info).collect()
}

/// How the rules stand after this step.
pub(super) fn standings(checker: &Checker, step: u64) -> Vec<RuleState> {
    let mut broken: BTreeMap<Rule, bool> = BTreeMap::new();
    for violation in checker.violations() {
        *broken.entry(violation.rule).or_default() |= violation.step == step;
    }
    let state = |rule: Rule| {
        let looked = checker.looked(rule);
        let standing = match broken.get(&rule) {
            Some(true) => RuleStanding::BrokenHere,
            Some(false) => RuleStanding::BrokenEarlier,
            None if looked == 0 => RuleStanding::Nothing,
            None => RuleStanding::Holds,
        };
        RuleState { standing, looked }
    };
    Rule::ALL.into_iter().map(state).collect()
}

pub(in crate::view) fn violation(violation: &crate::check::Violation) -> ViolationView {
    ViolationView {
        step: violation.step,
        time: violation.time.0,
        rule: violation.rule.name().into(),
        nodes: violation.nodes.iter().map(|node| node.0).collect(),
        sentence: violation.seen.clone(),
    }
}

impl Session {
    /// The same scenario from the start, with servers that make these mistakes and no others; its seed and
    /// its actions stay.
    ///
    /// # Errors
    /// There is no such mistake; the run then stays what it is.
    pub fn make_mistakes(&mut self, names: &[String]) -> Result<(), ConfigError> {
        let mut scenario = Scenario::clone(self.timeline.world().scenario());
        scenario.mutants = Mutants::named(names)?;
        *self = Session::new(scenario);
        Ok(())
    }

    /// What clients did until the moment shown.
    #[must_use]
    pub fn history(&self, query: &HistoryQuery) -> HistoryView {
        let checker = &self.timeline.observer().checker;
        let contradictions = contradictions(checker);
        let chosen = query.contradiction.and_then(|place| {
            let all = checker.contradictions();
            all.get(place as usize)
        });
        let wanted = |one: &&Recorded| {
            let is_member = chosen.is_none_or(|chosen| is_of(chosen, &one.call));
            let key = query.key.as_deref();
            is_member && key.is_none_or(|key| one.call.concerns(key))
        };
        let fitting: Vec<&Recorded> = checker.record().iter().filter(wanted).collect();
        let until = fitting.partition_point(|one| {
            let id = one.call.began.number;
            query.before.is_none_or(|before| id < before)
        });
        let most = (query.most as usize).min(MOST_OPERATIONS);
        let from = until.saturating_sub(most);
        let mut operations: Vec<OperationView> = fitting[from..until]
            .iter()
            .map(|one| operation(one))
            .collect();
        number(&mut operations, &fitting[from..until]);
        HistoryView {
            operations,
            earlier: from as u64,
            later: (fitting.len() - until) as u64,
            dropped: checker.record().dropped(),
            keys: keys(checker),
            contradictions,
            undecided: checker.undecided(),
        }
    }
}

fn is_of(contradiction: &Contradiction, call: &Call) -> bool {
    let mut calls = contradiction.calls.iter();
    calls.any(|one| one.began == call.began)
}

/// Each was noticed together with a violation, and both are kept in their order.
fn contradictions(checker: &Checker) -> Vec<ContradictionView> {
    let violations = checker.violations().iter();
    let noticed = violations.filter(|one| one.rule == Rule::Linearizable);
    let all = checker.contradictions().iter().zip(noticed);
    all.map(|(contradiction, noticed)| ContradictionView {
        step: noticed.step,
        time: noticed.time.0,
        why: contradiction.why.clone(),
        operations: contradiction
            .calls
            .iter()
            .map(|call| call.began.number)
            .collect(),
    })
    .collect()
}

fn operation(one: &Recorded) -> OperationView {
    let told = one.told.as_ref();
    OperationView {
        id: one.call.began.number,
        client: one.call.client.0,
        text: one.call.operation.to_string(),
        writes: one.call.writes(),
        began: one.call.began.time.0,
        ended: told.map(|(ended, _)| ended.time.0),
        ended_id: told.map(|(ended, _)| ended.number),
        answer: told.map(|(_, result)| result_text(result)),
        fate: match one.fate {
            Fate::UnderWay => FateView::UnderWay,
            Fate::Explained => FateView::Explained,
            Fate::Unknown => FateView::Unknown,
            Fate::Void => FateView::Void,
            Fate::Unjudged => FateView::Unjudged,
            Fate::Undecided => FateView::Undecided,
            Fate::Contradicted => FateView::Contradicted,
        },
        point: one.point.map(|point| point.before.time.0),
        point_id: one.point.map(|point| point.before.number),
        place: None,
    }
}

/// Numbers those that have a place in the order.
fn number(views: &mut [OperationView], operations: &[&Recorded]) {
    let mut order: Vec<usize> = (0..operations.len()).collect();
    order.retain(|at| operations[*at].point.is_some());
    order.sort_by_key(|at| (operations[*at].point, operations[*at].call.began));
    for (at, place) in order.into_iter().zip(1..) {
        views[at].place = Some(place);
    }
}

fn keys(checker: &Checker) -> Vec<KeyView> {
    let mut many: BTreeMap<&str, u64> = BTreeMap::new();
    for one in checker.record().iter() {
        for key in one.call.keys() {
            *many.entry(key).or_default() += 1;
        }
    }
    let mut busiest: Vec<(&str, u64)> = many.into_iter().collect();
    busiest.sort_by_key(|(key, operations)| (core::cmp::Reverse(*operations), *key));
    // A key without which a contradiction cannot be seen is always offered.
    let needed: BTreeSet<&str> = checker
        .contradictions()
        .iter()
        .flat_map(|one| one.calls.iter().flat_map(|call| call.keys()))
        .take(KEYS)
        .collect();
    let kept = busiest
        .into_iter()
        .enumerate()
        .filter(|(place, (key, _))| *place < KEYS || needed.contains(key));
    kept.map(|(_, (key, operations))| KeyView {
        key: key.into(),
        operations,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{HistoryQuery, RuleStanding, Session, rules};
    use crate::types::Instant;
    use crate::view::{FateView, HistoryView};

    const MISTAKEN: &str = include_str!("../../../../tests/scenarios/log-lost-believed.toml");
    const SOUND: &str = include_str!("../../../../tests/scenarios/log-lost.toml");

    fn at_the_end(text: &str) -> Session {
        let mut session = Session::parse(text).expect("a scenario");
        let end = session.timeline.world().scenario().end;
        session.run_until(end, u64::MAX);
        session
    }

    fn ask(session: &Session, query: HistoryQuery) -> HistoryView {
        session.history(&HistoryQuery { most: 50, ..query })
    }

    #[test]
    fn a_rule_stands_as_it_does_at_the_moment_shown() {
        let mut session = at_the_end(MISTAKEN);
        let frame = session.frame();
        let broken = frame.violations.first().expect("a rule is broken").clone();
        let place = rules().iter().position(|rule| rule.name == broken.rule);
        let place = place.expect("one of the rules");
        let mut standing = |time: u64| {
            session.seek(Instant(time), u64::MAX);
            session.frame().rules[place].standing
        };
        assert_eq!(standing(broken.time), RuleStanding::BrokenHere);
        assert_eq!(standing(frame.end_time), RuleStanding::BrokenEarlier);
        let before = standing(broken.time - 1);
        assert!(
            matches!(before, RuleStanding::Holds | RuleStanding::Nothing),
            "{before:?}"
        );
        assert_eq!(standing(0), RuleStanding::Nothing);
    }

    #[test]
    fn mistakes_are_switched_on_and_off_in_the_same_scenario() {
        let mut session = at_the_end(SOUND);
        assert!(session.frame().violations.is_empty());
        let names = session.scenario().mutants;
        assert!(names.is_empty());
        session
            .make_mistakes(&["recovery-ignores-identity".into()])
            .expect("built in for tests");
        assert_eq!(session.scenario().mutants, ["recovery-ignores-identity"]);
        let end = session.timeline.world().scenario().end;
        session.run_until(end, u64::MAX);
        assert!(!session.frame().violations.is_empty());
        let error = session.make_mistakes(&["none-such".into()]);
        assert_eq!(error.expect_err("unknown").field, "mutants");
        assert_eq!(session.scenario().mutants, ["recovery-ignores-identity"]);
        session.make_mistakes(&[]).expect("none");
        session.run_until(end, u64::MAX);
        assert!(session.frame().violations.is_empty());
    }

    #[test]
    fn a_history_is_told_in_windows() {
        let text = "flotilla = 1\nname = \"x\"\nend = \"5s\"\nnodes = 3\nactions = [
            { at = \"1s\", do = \"write\", client = 1, keys = 120, prefix = \"k\" },
            { at = \"4s\", do = \"get\", client = 1, key = \"k7\" } ]";
        let session = at_the_end(text);
        let newest = ask(&session, HistoryQuery::default());
        assert_eq!(
            (newest.operations.len(), newest.earlier, newest.later),
            (50, 71, 0)
        );
        assert!(newest.contradictions.is_empty());
        let read = newest.operations.last().expect("the read");
        assert_eq!((read.text.as_str(), read.writes), ("get k7", false));
        assert_eq!(read.fate, FateView::Explained);
        assert!(read.point <= read.ended && read.point > Some(read.began));
        assert_eq!(read.place, Some(50), "it is the last of all");
        let before = newest.operations.first().map(|one| one.id);
        let earlier = ask(
            &session,
            HistoryQuery {
                before,
                ..HistoryQuery::default()
            },
        );
        assert_eq!(
            (earlier.operations.len(), earlier.earlier, earlier.later),
            (50, 21, 50)
        );
        let key = Some("k7".to_string());
        let of_key = ask(
            &session,
            HistoryQuery {
                key,
                ..HistoryQuery::default()
            },
        );
        assert_eq!(of_key.operations.len(), 2);
        assert_eq!(of_key.keys[0].key, "k7", "two operations name it");
    }

    #[test]
    fn what_contradicts_itself_can_be_seen_alone() {
        let session = at_the_end(MISTAKEN);
        let all = ask(&session, HistoryQuery::default());
        let told = all.contradictions.first().expect("its clients see it, too");
        let contradiction = Some(0);
        let alone = ask(
            &session,
            HistoryQuery {
                contradiction,
                ..HistoryQuery::default()
            },
        );
        let ids: Vec<u64> = alone.operations.iter().map(|one| one.id).collect();
        assert_eq!(ids, told.operations);
        assert!(ids.len() <= 3, "{alone:?}");
        let wrong = alone
            .operations
            .iter()
            .filter(|one| one.fate == FateView::Contradicted);
        assert_eq!(wrong.count(), 1);
        assert!(told.why.contains("In every order"), "{}", told.why);
    }
}
