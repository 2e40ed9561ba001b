//! What clients are asked: every operation and every workload is read back, or refused by name.

use super::super::{Action, Distribution, Gaps, Operation, Workload, bounds};
use super::{MINIMAL, acting, check, names, node, path};
use crate::cache::PolicyKind;
use crate::replica::ClientId;
use crate::types::Duration;
use expect_test::expect;
use proptest::option::of;
use proptest::prelude::*;

fn client() -> impl Strategy<Value = ClientId> {
    (1u32..=4).prop_map(ClientId)
}

fn ttl() -> impl Strategy<Value = Option<Duration>> {
    of((1u64..1 << 40).prop_map(Duration))
}

fn list() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(names(), 1..4)
}

/// What can stand in a batch.
#[rustfmt::skip]
fn step() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (names(), names(), ttl()).prop_map(|(key, value, ttl)| Operation::Put { key, value, ttl }),
        names().prop_map(|key| Operation::Delete { key }),
        (names(), ttl()).prop_map(|(key, ttl)| Operation::Touch { key, ttl }),
        (names(), of(1u64..1 << 53), names(), ttl()).prop_map(|(key, expected, value, ttl)| {
            Operation::CompareAndSwap { key, expected, value, ttl }
        }),
        (names(), -9i64..9).prop_map(|(key, add)| Operation::Increment { key, add }),
        names().prop_map(|key| Operation::Get { key, node: None, path: Default::default() }),
    ]
}

/// Every action that asks clients for something new, or the cache to be another.
#[rustfmt::skip]
pub(super) fn request() -> impl Strategy<Value = Action> {
    let policies = proptest::sample::select(PolicyKind::ALL.to_vec());
    prop_oneof![
        (client(), names(), names(), ttl())
            .prop_map(|(client, key, value, ttl)| Action::Put { client, key, value, ttl }),
        (client(), names(), ttl()).prop_map(|(client, key, ttl)| Action::Touch { client, key, ttl }),
        (client(), names(), of(1u64..1 << 53), names(), ttl())
            .prop_map(|(client, key, expected, value, ttl)| {
                Action::CompareAndSwap { client, key, expected, value, ttl }
            }),
        (client(), names(), any::<i64>())
            .prop_map(|(client, key, add)| Action::Increment { client, key, add }),
        (client(), list(), of(node()), path())
            .prop_map(|(client, of, node, path)| Action::GetMany { client, of, node, path }),
        (client(), names(), of(names()), 1u32..1_000, of(node()), path())
            .prop_map(|(client, prefix, after, limit, node, path)| {
                Action::List { client, prefix, after, limit, node, path }
            }),
        (client(), proptest::collection::vec(step(), 1..4))
            .prop_map(|(client, operations)| Action::Batch { client, operations }),
        (policies, of(1u64..1 << 40)).prop_map(|(policy, capacity_bytes)| {
            let policy = Some(policy);
            Action::ConfigureCache { policy, capacity_bytes }
        }),
        workload().prop_map(Action::Workload),
        of(client()).prop_map(|client| Action::StopWorkload { client }),
    ]
}

fn workload() -> impl Strategy<Value = Workload> {
    use Distribution::{Scan, Shifting, Uniform, Zipf};
    let ways = (
        proptest::sample::select(vec![Gaps::Exponential, Gaps::Constant]),
        proptest::sample::select(vec![Uniform, Zipf, Scan, Shifting]),
        path(),
        any::<[bool; 2]>(),
    );
    let amounts = (0u64..=400, 1u64..100, 0u64..1_000, 0u64..1_000, 0u64..=100);
    let ends = (of(client()), of(1u64..1_000_000), names(), ttl());
    (ways, amounts, ends).prop_map(|(ways, amounts, ends)| {
        let (gaps, distribution, path, [long_tail, read_through]) = ways;
        let (skew, shift_every, value_least, more, reads_percent) = amounts;
        let (client, lasting, prefix, ttl) = ends;
        Workload {
            client,
            lasting: lasting.map(Duration),
            rate: 7 + skew,
            gaps,
            keys: 1 + more,
            prefix,
            distribution,
            skew,
            shift_every: Duration::millis(shift_every),
            value_least,
            value_most: value_least + more,
            long_tail,
            reads_percent,
            path,
            read_through,
            ttl,
        }
    })
}

#[test]
fn requests_that_cannot_be_are_named() {
    let most = bounds::AT_ONCE;
    assert_eq!(most, 1_000, "or the rows below say nothing");
    let rows = [
        "{ at = \"2s\", do = \"put\", client = 1, key = \"a\", value = \"1\", ttl = \"0ms\" }",
        "{ at = \"2s\", do = \"put\", client = 1, key = \"a\", value = \"1\", ttl = 5 }",
        "{ at = \"2s\", do = \"touch\", client = 1 }",
        "{ at = \"2s\", do = \"touch\", client = 1, key = \"a\", ttl = \"800000min\" }",
        "{ at = \"2s\", do = \"compare_and_swap\", client = 1, key = \"a\" }",
        "{ at = \"2s\", do = \"compare_and_swap\", client = 1, key = \"a\", value = \"1\", expected = 0 }",
        "{ at = \"2s\", do = \"increment\", client = 2, key = \"a\" }",
        "{ at = \"2s\", do = \"increment\", client = 1, key = \"a\", add = 0.5 }",
        "{ at = \"2s\", do = \"get_many\", client = 1 }",
        "{ at = \"2s\", do = \"get_many\", client = 1, of = [] }",
        "{ at = \"2s\", do = \"get_many\", client = 1, of = [\"a\"], node = 9 }",
        "{ at = \"2s\", do = \"list\", client = 1, limit = 0 }",
        "{ at = \"2s\", do = \"list\", client = 1, path = \"fast\" }",
        "{ at = \"2s\", do = \"batch\", client = 1 }",
        "{ at = \"2s\", do = \"batch\", client = 1, operations = [] }",
        "{ at = \"2s\", do = \"batch\", client = 1, operations = [{ do = \"put\", key = \"a\" }] }",
        "{ at = \"2s\", do = \"batch\", client = 1, operations = [{ do = \"fly\" }] }",
        "{ at = \"2s\", do = \"batch\", client = 1, operations = [{ do = \"batch\", operations = [{ do = \"delete\", key = \"a\" }] }] }",
        "{ at = \"2s\", do = \"batch\", client = 1, operations = [{ do = \"get\", key = \"a\", path = \"lease\" }] }",
        "{ at = \"2s\", do = \"configure_cache\" }",
        "{ at = \"2s\", do = \"configure_cache\", policy = \"random\" }",
        "{ at = \"2s\", do = \"configure_cache\", capacity_bytes = 0 }",
        "{ at = \"2s\", do = \"workload\", keys = 5 }",
        "{ at = \"2s\", do = \"workload\", rate = 5 }",
        "{ at = \"2s\", do = \"workload\", rate = 0, keys = 5 }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 100001 }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 5, distribution = \"normal\" }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 5, skew = 401 }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 5, value_least = 500 }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 5, reads_percent = 101 }",
        "{ at = \"2s\", do = \"workload\", rate = 5, keys = 5, client = 2 }",
        "{ at = \"2s\", do = \"workload\", rate = 10000, keys = 5, for = \"200s\" }",
        "{ at = \"2s\", do = \"stop_workload\", client = 0 }",
    ];
    check(
        &rows.map(|row| (row, acting(row))),
        &expect![[r#"
            { at = "2s", do = "put", client = 1, key = "a", value = "1", ttl = "0ms" }
                action 1 (at 2s): `ttl` of `put` is 0ms, but must be between 1us and 31622400s
            { at = "2s", do = "put", client = 1, key = "a", value = "1", ttl = 5 }
                the scenario cannot be read: line 6, column 80: invalid type: integer `5`, expected a duration with its unit, as "150ms" or "2s"
                  |  "put", client = 1, key = "a", value = "1", ttl = 5 } ]
                  |                                                   ^
            { at = "2s", do = "touch", client = 1 }
                action 1 (at 2s): `touch` needs `key`, a text
            { at = "2s", do = "touch", client = 1, key = "a", ttl = "800000min" }
                action 1 (at 2s): `ttl` of `touch` is 48000000s, but must be between 1us and 31622400s
            { at = "2s", do = "compare_and_swap", client = 1, key = "a" }
                action 1 (at 2s): `compare_and_swap` needs `value`, a text
            { at = "2s", do = "compare_and_swap", client = 1, key = "a", value = "1", expected = 0 }
                action 1 (at 2s): `expected` of `compare_and_swap` is 0, but must be between 1 and 9007199254740991
            { at = "2s", do = "increment", client = 2, key = "a" }
                action 1 (at 2s): `client` of `increment` is 2, but must be a client, 1 to 1
            { at = "2s", do = "increment", client = 1, key = "a", add = 0.5 }
                the scenario cannot be read: line 6, column 73: invalid type: floating point `0.5`, expected a whole number
                  | ", do = "increment", client = 1, key = "a", add = 0.5 } ]
                  |                                                   ^
            { at = "2s", do = "get_many", client = 1 }
                action 1 (at 2s): `get_many` needs `of`, keys, as ["a", "b"]
            { at = "2s", do = "get_many", client = 1, of = [] }
                action 1 (at 2s): `the number of keys` of `get_many` is 0, but must be between 1 and 1000
            { at = "2s", do = "get_many", client = 1, of = ["a"], node = 9 }
                action 1 (at 2s): `node` of `get_many` is 9, but must be a server, 1 to 3
            { at = "2s", do = "list", client = 1, limit = 0 }
                action 1 (at 2s): `limit` of `list` is 0, but must be between 1 and 65536
            { at = "2s", do = "list", client = 1, path = "fast" }
                action 1 (at 2s): `path` is "fast", but must be one of quorum, lease, stale, log
            { at = "2s", do = "batch", client = 1 }
                action 1 (at 2s): `batch` needs `operations`, a list, as [{ do = "put", key = "a", value = "1" }]
            { at = "2s", do = "batch", client = 1, operations = [] }
                action 1 (at 2s): `the number of operations` of `batch` is 0, but must be between 1 and 1000
            { at = "2s", do = "batch", client = 1, operations = [{ do = "put", key = "a" }] }
                the scenario cannot be read: line 6, column 65: missing field `value`
                  | at = "2s", do = "batch", client = 1, operations = [{ do = "put", key = "a" }] }
                  |                                                   ^
            { at = "2s", do = "batch", client = 1, operations = [{ do = "fly" }] }
                the scenario cannot be read: line 6, column 73: unknown variant `fly`, expected one of `put`, `delete`, `get`, `touch`, `compare_and_swap`, `increment`, `get_many`, `list`, `batch`
                  | ", do = "batch", client = 1, operations = [{ do = "fly" }] } ]
                  |                                                   ^
            { at = "2s", do = "batch", client = 1, operations = [{ do = "batch", operations = [{ do = "delete", key = "a" }] }] }
                action 1 (at 2s): `operations` of `batch` is at once: delete a, but must be operations other than a batch
            { at = "2s", do = "batch", client = 1, operations = [{ do = "get", key = "a", path = "lease" }] }
                action 1 (at 2s): `operations` of `batch` is get a by lease, but must be reads without node and path: the whole batch goes through the log
            { at = "2s", do = "configure_cache" }
                action 1 (at 2s): `capacity_bytes` of `configure_cache` is not given, but must be a number of bytes, unless `policy` is given
            { at = "2s", do = "configure_cache", policy = "random" }
                the scenario cannot be read: line 6, column 59: unknown variant `random`, expected one of `lru`, `sieve`, `s3-fifo`, `w-tiny-lfu`, `learned`
                  | = [ { at = "2s", do = "configure_cache", policy = "random" } ]
                  |                                                   ^
            { at = "2s", do = "configure_cache", capacity_bytes = 0 }
                action 1 (at 2s): `capacity_bytes` of `configure_cache` is 0, but must be between 1 and 1099511627776
            { at = "2s", do = "workload", keys = 5 }
                action 1 (at 2s): `workload` needs `rate`, operations in a second, 1 to 10000
            { at = "2s", do = "workload", rate = 5 }
                action 1 (at 2s): `workload` needs `keys`, a number, 1 to 100000
            { at = "2s", do = "workload", rate = 0, keys = 5 }
                action 1 (at 2s): `rate` of `workload` is 0, but must be between 1 and 10000
            { at = "2s", do = "workload", rate = 5, keys = 100001 }
                action 1 (at 2s): `keys` of `workload` is 100001, but must be between 1 and 100000
            { at = "2s", do = "workload", rate = 5, keys = 5, distribution = "normal" }
                the scenario cannot be read: line 6, column 78: unknown variant `normal`, expected one of `uniform`, `zipf`, `scan`, `shifting`
                  |  = "workload", rate = 5, keys = 5, distribution = "normal" } ]
                  |                                                   ^
            { at = "2s", do = "workload", rate = 5, keys = 5, skew = 401 }
                action 1 (at 2s): `skew` of `workload` is 401, but must be between 0 and 400
            { at = "2s", do = "workload", rate = 5, keys = 5, value_least = 500 }
                action 1 (at 2s): `value_least` of `workload` is 500, but must be between 0 and 100
            { at = "2s", do = "workload", rate = 5, keys = 5, reads_percent = 101 }
                action 1 (at 2s): `reads_percent` of `workload` is 101, but must be between 0 and 100
            { at = "2s", do = "workload", rate = 5, keys = 5, client = 2 }
                action 1 (at 2s): `client` of `workload` is 2, but must be a client, 1 to 1
            { at = "2s", do = "workload", rate = 10000, keys = 5, for = "200s" }
                the number of operations of all clients is 2000000, but must be between 0 and 1000000
            { at = "2s", do = "stop_workload", client = 0 }
                action 1 (at 2s): `client` of `stop_workload` is 0, but must be a client, 1 to 1
        "#]],
    );
}

#[test]
fn what_clients_cannot_be_or_reach_is_named() {
    let tables = [
        "[clients]\nwindow = 65\n",
        "[clients]\nwindow = 0\n",
        "[clients]\nwindow = 9\n[cache]\nanswers = 8\n",
        "[clients]\ndeadline = \"0ms\"\n",
        "[expect]\nhit_percent_at_least = 101\n",
    ];
    check(
        &tables.map(|table| (table, format!("{MINIMAL}{table}"))),
        &expect![[r#"
            [clients]
            window = 65

                clients.window is 65, but must be at most cache.answers (64)
            [clients]
            window = 0

                clients.window is 0, but must be between 1 and 1024
            [clients]
            window = 9
            [cache]
            answers = 8

                clients.window is 9, but must be at most cache.answers (8)
            [clients]
            deadline = "0ms"

                clients.deadline is 0ms, but must be between 1ms and 604800s
            [expect]
            hit_percent_at_least = 101

                expect.hit_percent_at_least is 101, but must be between 0 and 100
        "#]],
    );
}
