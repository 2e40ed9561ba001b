//! What clients ask for reaches the cache and comes back, and a workload is the same each time.

use super::{at, run, world};
use crate::cache::{PolicyKind, Refusal};
use crate::replica::{self, ClientId, OperatorRefusal};
use crate::sim::{
    Action, ActionRefusal, Operation, OperationResult, ReadPath, Scenario, Step, What, Workload,
    World,
};
use crate::types::Duration;

const C1: ClientId = ClientId(1);

/// What the only client was told, after these actions, one every tenth of a second.
fn results(actions: &[Action]) -> Vec<OperationResult> {
    let mut world = acting(actions, |_| {});
    run(&mut world, Duration::secs(5));
    let history = world.clients()[0].history();
    history
        .iter()
        .map(|answered| answered.result.clone())
        .collect()
}

fn acting(actions: &[Action], change: impl FnOnce(&mut Scenario)) -> World {
    world(|scenario| {
        let actions = actions.iter().zip(10..);
        scenario.actions = actions
            .map(|(action, n)| at(n * 100, action.clone()))
            .collect();
        change(scenario);
    })
}

fn put(key: &str, value: &str, ttl: Option<Duration>) -> Action {
    Action::Put {
        client: C1,
        key: key.into(),
        value: value.into(),
        ttl,
    }
}

fn increment(key: &str, add: i64) -> Action {
    let (client, key) = (C1, key.into());
    Action::Increment { client, key, add }
}

fn swap(expected: Option<u64>, value: &str) -> Action {
    Action::CompareAndSwap {
        client: C1,
        key: "a".into(),
        expected,
        value: value.into(),
        ttl: None,
    }
}

fn refusals(steps: &[Step]) -> Vec<&What> {
    let happenings = steps.iter().flat_map(|step| &step.happenings);
    let refusals = happenings.map(|happening| &happening.what).filter(|what| {
        matches!(
            what,
            What::ActionRefused { .. } | What::Replica(replica::Event::OperatorRefused { .. })
        )
    });
    refusals.collect()
}

#[test]
fn a_swap_needs_the_version_that_was_told() {
    let told = results(&[swap(None, "1"), swap(None, "2"), swap(Some(3), "3")]);
    let [
        OperationResult::Written { version },
        OperationResult::NotSwapped { current },
        OperationResult::Written { version: next },
    ] = told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!((version, current), (3, Some(3)));
    assert!(next > version);
}

#[test]
fn numbers_are_added_to_and_texts_are_not() {
    let told = results(&[
        increment("n", 5),
        increment("n", -7),
        put("n", "x", None),
        increment("n", 1),
    ]);
    let counts: Vec<Option<i64>> = told
        .iter()
        .map(|result| match result {
            OperationResult::Counted { value, .. } => Some(*value),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [Some(5), Some(-2), None, None]);
    assert_eq!(told[3], OperationResult::Refused(Refusal::NotANumber));
}

#[test]
fn a_key_lives_as_long_as_it_was_told_to() {
    let ttl = |ms| Some(Duration::millis(ms));
    let touch = |key: &str, ttl| Action::Touch {
        client: C1,
        key: key.into(),
        ttl,
    };
    let get_all = Action::GetMany {
        client: C1,
        of: ["a", "b", "c"].map(String::from).into(),
        node: None,
        path: ReadPath::Log,
    };
    let told = results(&[
        put("a", "1", ttl(350)),
        put("b", "2", ttl(350)),
        put("c", "3", None),
        touch("b", ttl(5_000)),
        touch("d", None),
        get_all,
    ]);
    assert_eq!(told[3], OperationResult::Touched { existed: true });
    assert_eq!(told[4], OperationResult::Touched { existed: false });
    let OperationResult::FoundMany { values, .. } = &told[5] else {
        panic!("{told:?}");
    };
    assert_eq!(*values, [None, Some("2".into()), Some("3".into())]);
}

#[test]
fn keys_are_listed_a_page_at_a_time() {
    let list = |after: Option<&str>| Action::List {
        client: C1,
        prefix: "k".into(),
        after: after.map(String::from),
        limit: 2,
        node: None,
        path: ReadPath::Quorum,
    };
    let write = Action::Write {
        client: C1,
        keys: 3,
        prefix: "k".into(),
        first: 1,
    };
    let told = results(&[write, put("l", "1", None), list(None), list(Some("k2"))]);
    let pages: Vec<_> = told[4..]
        .iter()
        .map(|result| match result {
            OperationResult::Listed { keys, more, .. } => (keys.clone(), *more),
            other => panic!("{other:?}"),
        })
        .collect();
    let (first, second) = (vec!["k1".into(), "k2".into()], vec!["k3".into()]);
    assert_eq!(pages, [(first, true), (second, false)]);
}

#[test]
fn a_batch_is_done_as_a_whole_or_not_at_all() {
    let batch = |expected| Action::Batch {
        client: C1,
        operations: vec![
            Operation::Increment {
                key: "n".into(),
                add: 1,
            },
            Operation::CompareAndSwap {
                key: "a".into(),
                expected,
                value: "1".into(),
                ttl: None,
            },
        ],
    };
    let told = results(&[batch(Some(9)), batch(None), increment("n", 0)]);
    assert!(
        matches!(told[0], OperationResult::BatchNotDone { at: 1, .. }),
        "{told:?}"
    );
    assert!(matches!(&told[1], OperationResult::BatchDone { answers, .. } if answers.len() == 2));
    assert!(
        matches!(told[2], OperationResult::Counted { value: 1, .. }),
        "{told:?}"
    );
}

#[test]
fn the_leader_lets_the_cache_be_another_on_all_servers() {
    let configure = |policy, capacity_bytes| Action::ConfigureCache {
        policy,
        capacity_bytes,
    };
    let mut world = acting(&[configure(Some(PolicyKind::Lru), Some(5_000))], |_| {});
    assert_eq!(
        refusals(&run(&mut world, Duration::secs(2))),
        [] as [&What; 0]
    );
    for node in world.nodes() {
        let cache = node.replica().expect("all run").cache();
        assert_eq!((cache.policy(), cache.capacity()), (PolicyKind::Lru, 5_000));
    }
    let mut world = acting(&[configure(None, Some(1))], |_| {});
    let steps = run(&mut world, Duration::secs(2));
    let [What::Replica(replica::Event::OperatorRefused { why })] = refusals(&steps)[..] else {
        panic!("one refusal");
    };
    let (least, most) = (1 << 10, 1 << 40);
    let given = 1;
    let refusal = Refusal::CapacityOutOfRange { given, least, most };
    assert_eq!(*why, OperatorRefusal::Configure(refusal));
}

#[test]
fn nobody_leads_at_the_start_so_nobody_can_be_asked_for_another_cache() {
    let configure = Action::ConfigureCache {
        policy: None,
        capacity_bytes: Some(5_000),
    };
    let mut world = world(|scenario| scenario.actions = vec![at(1, configure)]);
    let steps = run(&mut world, Duration::millis(10));
    let why = ActionRefusal::NoLeader;
    assert_eq!(refusals(&steps), [&What::ActionRefused { why }]);
}

fn workload(client: Option<ClientId>) -> Workload {
    Workload {
        client,
        read_through: true,
        reads_percent: 80,
        ..Workload::new(200, 30)
    }
}

/// Three busy clients with windows, over a network that loses and repeats.
fn busy(seed: u64) -> World {
    let stop = Action::StopWorkload { client: None };
    acting(&[Action::Workload(workload(None))], |scenario| {
        scenario.seed = seed;
        scenario.actions.push(at(3_000, stop));
        scenario.clients.count = 3;
        scenario.clients.window = 8;
        scenario.clients.timeout = Duration::millis(100);
        scenario.network.loss_ppm = 20_000;
        scenario.network.duplication_ppm = 20_000;
    })
}

#[test]
fn busy_clients_are_stopped_and_one_seed_makes_one_history() {
    let (mut one, mut same, mut other) = (busy(7), busy(7), busy(8));
    for world in [&mut one, &mut same, &mut other] {
        run(world, Duration::secs(5));
        for client in world.clients() {
            assert_eq!((client.queued(), client.under_way()), (0, 0));
            assert!(!client.has_workload() && client.shed() == 0);
            let asked = client.history().len();
            assert!(
                (250..700).contains(&asked),
                "{asked} in 2 s at 200 in a second"
            );
            assert!(client.hits() > client.misses() && client.misses() > 0);
        }
    }
    let operations = |client: usize| {
        let history = one.clients()[client].history().iter();
        history
            .map(|answered| answered.operation.clone())
            .collect::<Vec<_>>()
    };
    assert_ne!(
        operations(0),
        operations(1),
        "each draws from its own stream"
    );
    assert_eq!(one.fingerprint(), same.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
}

#[test]
fn a_client_without_a_workload_has_none_to_stop() {
    let client = Some(C1);
    let mut world = acting(&[Action::StopWorkload { client }], |_| {});
    let steps = run(&mut world, Duration::secs(2));
    let why = ActionRefusal::NoWorkload { client };
    assert_eq!(refusals(&steps), [&What::ActionRefused { why }]);
}

#[test]
fn what_takes_too_long_is_given_up_and_said_so() {
    let mut world = acting(&[put("a", "1", None), put("b", "1", None)], |scenario| {
        scenario.nodes = 3;
        scenario.clients.deadline = Duration::millis(700);
        scenario.network.client_latency = crate::sim::Latency::Constant(Duration::secs(1));
    });
    run(&mut world, Duration::secs(5));
    let history = world.clients()[0].history();
    let given_up = OperationResult::GivenUp {
        may_have_been_applied: false,
    };
    let results: Vec<_> = history.iter().map(|answered| &answered.result).collect();
    assert_eq!(
        results,
        [&given_up, &given_up],
        "no session was opened in time"
    );
}
