//! Copies of messages, and directions that are cut and mended one by one.

use super::{at, run, world};
use crate::sim::{
    Action, ActionRefusal, Address, Cause, DuplicationReason, LossReason, MessageId, Place, Step,
    What, World,
};
use crate::types::{Duration, Instant, NodeId};

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);

fn whats(steps: &[Step]) -> impl Iterator<Item = &What> {
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    happenings.map(|happening| &happening.what)
}

/// Runs to 1.2 s, when some message is on its way, duplicates it by hand, and tells it, its copy,
/// and what happens until 2 s.
fn duplicated() -> (MessageId, MessageId, Vec<Step>) {
    let mut reference = world(|_| ());
    run(&mut reference, Duration::millis(1_200));
    let flying = reference.network().in_flight().last();
    let message = flying.expect("the client writes").id;
    let mut world = world(|scenario| {
        let duplicate = Action::Duplicate { message };
        scenario.actions.push(at(1_200, duplicate));
    });
    let after = run(&mut world, Duration::secs(2));
    let duplicate = Cause::Action(Action::Duplicate { message });
    let step = after.iter().find(|step| step.cause == duplicate);
    let happening = &step.expect("the action was due").happenings[0];
    assert_eq!(happening.place, Place::World);
    let What::MessageDuplicated { copy, why, .. } = happening.what else {
        panic!("{happening:?}");
    };
    assert_eq!(why, DuplicationReason::ByHand);
    (message, copy, after)
}

#[test]
fn a_copy_is_a_message_of_its_own_that_says_the_same() {
    let (message, copy, after) = duplicated();
    let arrival = |id| {
        let step = after.iter().find(|step| step.cause == Cause::Arrival(id));
        step.expect("both arrive")
    };
    let (first, second) = (arrival(message), arrival(copy));
    assert_ne!(first.time, second.time);
    let delivered = |step: &Step| match step.happenings[0].what {
        What::Delivered { from, .. } => (step.happenings[0].place, from),
        _ => panic!("{step:?}"),
    };
    assert_eq!(delivered(first), delivered(second));
}

#[test]
fn what_is_not_on_its_way_cannot_be_duplicated() {
    let message = MessageId(1);
    let mut world = world(|scenario| {
        scenario.actions = vec![at(2_000, Action::Duplicate { message })];
    });
    let steps = run(&mut world, Duration::millis(2_001));
    let why = ActionRefusal::NotInFlight { message };
    let refused = What::ActionRefused { why };
    assert!(whats(&steps).any(|what| *what == refused));
}

/// When each original arrives, by what it is of its link.
fn originals(duplication_ppm: u32) -> (Vec<(Address, Address, Instant)>, usize) {
    let mut world = world(|scenario| {
        scenario.network.duplication_ppm = duplication_ppm;
        scenario.actions.clear();
        // Nobody answers, so nothing but timers sets messages off.
        let cuts = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)];
        let cut = |(from, to)| Action::Cut {
            from: NodeId(from),
            to: NodeId(to),
        };
        scenario.actions.extend(cuts.map(|pair| at(0, cut(pair))));
    });
    let (mut originals, mut copies) = (Vec::new(), 0);
    while world
        .next_time()
        .is_some_and(|time| time < Instant(3_000_000))
    {
        let step = world.step().expect("it is due");
        for what in whats(&[step]) {
            match what {
                What::Sent { message, .. } => {
                    let sent = world.network().get(*message).expect("it is on its way");
                    assert_eq!(sent.copy_of, None);
                    originals.push((sent.from, sent.to, sent.arrives_at));
                }
                What::MessageDuplicated { message, copy, .. } => {
                    let copied = world.network().get(*copy).expect("it is on its way");
                    assert_eq!(copied.copy_of, Some(*message));
                    copies += 1;
                }
                _ => {}
            }
        }
    }
    (originals, copies)
}

/// Copies draw from a stream of their own.
#[test]
fn a_network_that_duplicates_shifts_nothing_for_the_originals() {
    let (without, none) = originals(0);
    let (some, few) = originals(300_000);
    let (all, every) = originals(1_000_000);
    assert!(without.len() > 20, "{}", without.len());
    assert_eq!((&without, &without), (&some, &all));
    assert_eq!((none, every), (0, without.len()));
    assert!(0 < few && few < every, "{few} of {every}");
}

/// Who lost messages to whom because of a cut, since the first cut.
fn lost(steps: &[Step]) -> Vec<(Address, Address)> {
    let mut pairs: Vec<_> = whats(steps)
        .filter_map(|what| match what {
            What::MessageLost { from, to, why, .. } => {
                assert_eq!(*why, LossReason::Cut);
                Some((*from, *to))
            }
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[test]
fn a_direction_is_cut_and_mended_alone() {
    let (forth, back) = ((N1, N2), (N2, N1));
    let cut = |(from, to)| Action::Cut { from, to };
    let mut world = world(|scenario| {
        scenario.actions.extend([
            at(1_500, cut(forth)),
            at(2_500, cut(back)),
            at(3_500, Action::Mend { from: N1, to: N2 }),
            at(4_500, Action::Heal),
        ]);
    });
    let cuts = |world: &World| world.network().cuts().collect::<Vec<_>>();
    let addresses = |(from, to)| (Address::Node(from), Address::Node(to));
    let before = run(&mut world, Duration::millis(1_499));
    assert_eq!(lost(&before), []);
    let one_way = run(&mut world, Duration::millis(2_499));
    assert_eq!(
        (cuts(&world), lost(&one_way)),
        (vec![forth], vec![addresses(forth)])
    );
    let both = run(&mut world, Duration::millis(3_499));
    assert_eq!(lost(&both), [addresses(forth), addresses(back)]);
    run(&mut world, Duration::millis(3_501));
    let mended = run(&mut world, Duration::millis(4_499));
    assert_eq!(
        (cuts(&world), lost(&mended)),
        (vec![back], vec![addresses(back)])
    );
    run(&mut world, Duration::millis(4_501));
    let whole = run(&mut world, Duration::millis(5_500));
    assert_eq!((cuts(&world), lost(&whole)), (vec![], vec![]));
}

#[test]
fn what_is_whole_cannot_be_mended() {
    let mut world = world(|scenario| {
        let (cut, mend) = (
            Action::Cut { from: N1, to: N2 },
            Action::Mend { from: N2, to: N1 },
        );
        scenario.actions = vec![at(100, cut), at(200, mend)];
    });
    let steps = run(&mut world, Duration::millis(201));
    let why = ActionRefusal::NotCut { from: N2, to: N1 };
    let refused = What::ActionRefused { why };
    assert!(whats(&steps).any(|what| *what == refused));
    assert_eq!(world.network().cuts().collect::<Vec<_>>(), [(N1, N2)]);
}
