//! Reading back what is written, and refusing everything else by name.

use super::{Action, Expect, Keep, ReadPath, Scenario, ScenarioError, TimedAction, bounds};
use crate::replica::ClientId;
use crate::sim::{Capacity, Latency, MessageId, verb};
use crate::types::{ConfigError, Duration, Instant, NodeId, Setting, SettingKind};
use expect_test::{Expect as Golden, expect};
use proptest::prelude::*;

mod requests;

const MINIMAL: &str = "flotilla = 1
name = \"Minimal\"
seed = 7
end = \"20s\"
nodes = 3
";

/// Every case, and under it why it is refused.
fn check(cases: &[(&str, String)], golden: &Golden) {
    let mut refusals = String::new();
    for (case, text) in cases {
        let error = Scenario::parse(text).expect_err(case).to_string();
        refusals += &format!("{case}\n    {}\n", error.replace('\n', "\n    "));
    }
    golden.assert_eq(&refusals);
}

/// The minimal scenario with one line replaced.
fn with(line: &str, replacement: &str) -> String {
    assert!(MINIMAL.contains(line), "{line}");
    MINIMAL.replace(line, replacement)
}

/// The minimal scenario with some actions.
fn acting(rows: &str) -> String {
    format!("{MINIMAL}actions = [ {rows} ]\n")
}

fn minimal() -> Scenario {
    Scenario::parse(MINIMAL).expect("is a scenario")
}

#[test]
fn a_scenario_is_written_for_people() {
    let at = |secs: u64, action| TimedAction {
        at: Instant(secs * 1_000_000),
        action,
    };
    let (client, prefix) = (ClientId(1), "a-".to_owned());
    let groups = vec![vec![NodeId(1)], vec![NodeId(2), NodeId(3)]];
    let mut scenario = Scenario {
        name: "Follower \"recovery\"".into(),
        about: "A follower crashes.\nIt restarts.".into(),
        expect: Expect {
            leader: true,
            keys: Some(30),
            ..Expect::default()
        },
        ..minimal()
    };
    #[rustfmt::skip]
    scenario.actions.extend([
        at(1, Action::Write { client, keys: 30, prefix, first: 1 }),
        at(2, Action::crash(NodeId(2))),
        at(3, Action::Partition { groups }),
        at(4, Action::Delay { message: MessageId(9), by: Duration::millis(50) }),
        at(4, Action::DriftClock { node: NodeId(2), ppm: -20_000 }),
        at(4, Action::JumpClock { node: NodeId(3), forward: None, back: Some(Duration::millis(400)) }),
        at(4, Action::Mend { from: NodeId(1), to: NodeId(2) }),
        at(4, Action::Duplicate { message: MessageId(17) }),
        at(5, Action::Get { client, key: "a-1".into(), node: Some(NodeId(2)), path: ReadPath::Lease }),
        at(6, Action::TransferLeadership { to: None }),
        at(7, Action::ChangeMembership { voters: vec![NodeId(1), NodeId(2)], learners: vec![] }),
        at(8, Action::ShutDown { node: NodeId(1) }),
        at(9, Action::Crash { node: NodeId(1), keep: Keep::Everything }),
        at(9, Action::Crash { node: NodeId(1), keep: Keep::First { bytes: 7, names: 0 } }),
        at(9, Action::Crash { node: NodeId(1), keep: Keep::Only { appends: vec![2], names: vec![1] } }),
        at(9, Action::Corrupt { node: NodeId(1), file: "wal-00000001.log".into(), offset: 40, bit: 0 }),
        at(9, Action::ResizeDisk { node: NodeId(1), bytes: None }),
        at(9, Action::RecreateCluster { except: vec![NodeId(3)] }),
    ]);
    scenario.network.latency = Latency::Uniform(Duration::millis(1), Duration::millis(5));
    scenario.network.loss_ppm = 1_000;
    scenario.server.raft.append_entries = 8;
    expect![[r#"
        flotilla = 1
        name = 'Follower "recovery"'
        about = """
        A follower crashes.
        It restarts."""
        seed = 7
        end = "20s"
        nodes = 3
        actions = [
          { at = "1s", do = "write", client = 1, keys = 30, prefix = "a-" },
          { at = "2s", do = "crash", node = 2 },
          { at = "3s", do = "partition", groups = [[1], [2, 3]] },
          { at = "4s", do = "delay", by = "50ms", message = 9 },
          { at = "4s", do = "drift_clock", node = 2, ppm = -20000 },
          { at = "4s", do = "jump_clock", back = "400ms", node = 3 },
          { at = "4s", do = "mend", from = 1, to = 2 },
          { at = "4s", do = "duplicate", message = 17 },
          { at = "5s", do = "get", client = 1, key = "a-1", node = 2, path = "lease" },
          { at = "6s", do = "transfer_leadership" },
          { at = "7s", do = "change_membership", voters = [1, 2] },
          { at = "8s", do = "shut_down", node = 1 },
          { at = "9s", do = "crash", keep = "everything", node = 1 },
          { at = "9s", do = "crash", keep = { first = { bytes = 7, names = 0 } }, node = 1 },
          { at = "9s", do = "crash", keep = { only = { appends = [2], names = [1] } }, node = 1 },
          { at = "9s", do = "corrupt", file = "wal-00000001.log", node = 1, offset = 40 },
          { at = "9s", do = "resize_disk", node = 1 },
          { at = "9s", do = "recreate_cluster", except = [3] },
        ]

        [raft]
        append_entries = 8

        [network]
        latency = { uniform = ["1ms", "5ms"] }
        loss_ppm = 1000

        [expect]
        keys = 30
        leader = true
    "#]]
    .assert_eq(&scenario.to_toml());
}

#[test]
fn what_is_no_toml_is_shown_where_it_breaks() {
    check(
        &[
            ("nothing", String::new()),
            ("a cut file", "flotilla = 1\nname = \"cut off".into()),
            ("deep nesting", format!("x = {}", "[".repeat(100_000))),
            ("a seed given twice", with("seed = 7", "seed = 7\nseed = 8")),
            ("a long line", format!("{MINIMAL}{}=1", "x".repeat(100_000))),
        ],
        &expect![[r#"
            nothing
                the scenario does not say `flotilla = 1`, the version of its format
            a cut file
                the scenario cannot be read: line 2, column 16: invalid basic string, expected `"`
                  | name = "cut off
                  |                ^
            deep nesting
                the scenario cannot be read: line 1, column 85: cannot recurse further; max recursion depth met
                  | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
                  |                                                   ^
            a seed given twice
                the scenario cannot be read: line 4, column 1: duplicate key
                  | seed = 8
                  | ^
            a long line
                the scenario cannot be read: line 6, column 1: unknown field `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                  | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                  | ^
        "#]],
    );
}

#[test]
fn what_has_another_version_is_named() {
    check(
        &[
            ("no version", "name = \"no version\"".into()),
            ("a later one", "flotilla = 3\nunknown = true".into()),
            ("a text", "flotilla = \"one\"".into()),
        ],
        &expect![[r#"
            no version
                the scenario does not say `flotilla = 1`, the version of its format
            a later one
                the scenario says flotilla = 3, and this build reads 1: a newer Flotilla wrote it
            a text
                the scenario cannot be read: line 1, column 12: invalid type: string "one", expected a whole number
                  | flotilla = "one"
                  |            ^
        "#]],
    );
}

#[test]
fn what_is_too_long_is_not_read() {
    let heal = "{at=\"1s\",do=\"heal\"},".repeat(10_001);
    let write = "{at=\"1s\",do=\"write\",client=1,keys=100000,prefix=\"a\"},".repeat(11);
    check(
        &[
            ("bytes", " ".repeat(bounds::TEXT + 1)),
            ("actions", acting(&heal)),
            ("operations", acting(&write)),
        ],
        &expect![[r#"
            bytes
                the scenario has 262145 bytes; at most 262144 are accepted
            actions
                the number of actions is 10001, but must be at most 10000
            operations
                the number of operations of all clients is 1100000, but must be between 0 and 1000000
        "#]],
    );
}

#[test]
fn what_is_missing_is_named() {
    check(
        &[
            ("name", with("name = \"Minimal\"", "")),
            ("end", with("end = \"20s\"", "")),
            ("nodes", with("nodes = 3", "")),
        ],
        &expect![[r#"
            name
                the scenario cannot be read: line 1, column 1: missing field `name`
                  | flotilla = 1
                  | ^
            end
                the scenario cannot be read: line 1, column 1: missing field `end`
                  | flotilla = 1
                  | ^
            nodes
                the scenario cannot be read: line 1, column 1: missing field `nodes`
                  | flotilla = 1
                  | ^
        "#]],
    );
}

#[test]
fn what_cannot_work_is_named() {
    let changed = [
        ("nodes = 3", "nodes = 0"),
        ("nodes = 3", "nodes = 10"),
        ("nodes = 3", "nodes = 3\nvoters = 4"),
        ("nodes = 3", "nodes = 3\nvoters = 0"),
        ("nodes = 3", "nodes = -1"),
        ("nodes = 3", "nodez = 3"),
        ("seed = 7", "seed = 9007199254740992"),
        ("seed = 7", "seed = 0.5"),
        ("end = \"20s\"", "end = \"0s\""),
        ("end = \"20s\"", "end = 20"),
        ("name = \"Minimal\"", "name = \"\""),
    ]
    .map(|(line, replacement)| (replacement, with(line, replacement)));
    let added = [
        "[raft]\nelection_timeout_min = \"60ms\"",
        "[raft]\nelection_timeout_max = \"100ms\"",
        "[raft]\nheartbeat_interval = \"-5ms\"",
        "[snapshot]\nentries = 0",
        "[storage]\nsegment_bytes = 1",
        "[network]\nlatency = { uniform = [\"2ms\"] }",
        "[network]\nlatency = { uniform = [\"-2ms\", \"8ms\"] }",
        "[network]\nlatency = { uniform = [\"9ms\", \"8ms\"] }",
        "[network]\nlatency = { constant = \"61min\" }",
        "[network]\nlatency = { normal = \"5ms\" }",
        "[network]\nloss_ppm = 0.1",
        "[network]\nloss_ppm = 1000001",
        "[network]\nduplication_ppm = 1000001",
        "[disk]\ncapacity_bytes = 65535",
        "[disk]\ncapacity_bytes = -1",
        "[disk]\ncapacity_bytes = \"lots\"",
        "[clients]\ncount = 65",
        "[clients]\nbackoff_max = \"1ms\"",
        "[expect]\nsnapshot_installed = [4]",
    ]
    .map(|table| (table, format!("{MINIMAL}{table}")));
    check(
        &[&changed[..], &added[..]].concat(),
        &expect![[r#"
            nodes = 0
                nodes is 0, but must be between 1 and 9
            nodes = 10
                nodes is 10, but must be between 1 and 9
            nodes = 3
            voters = 4
                voters is 4, but must be between 1 and 3
            nodes = 3
            voters = 0
                voters is 0, but must be between 1 and 3
            nodes = -1
                the scenario cannot be read: line 5, column 9: invalid value: integer `-1`, expected a whole number that is not negative
                  | nodes = -1
                  |         ^
            nodez = 3
                the scenario cannot be read: line 5, column 1: unknown field `nodez`, expected one of `flotilla`, `name`, `about`, `seed`, `end`, `nodes`, `voters`, `mutants`, `raft`, `storage`, `cache`, `snapshot`, `log_time`, `digest`, `model`, `alerts`, `network`, `disk`, `clients`, `model_service`, `actions`, `expect`
                  | nodez = 3
                  | ^
            seed = 9007199254740992
                seed is 9007199254740992, but must be below 2^53 (9007199254740992)
            seed = 0.5
                the scenario cannot be read: line 3, column 8: invalid type: floating point `0.5`, expected a whole number that is not negative
                  | seed = 0.5
                  |        ^
            end = "0s"
                end is 0ms, but must be between 1ms and 604800s
            end = 20
                the scenario cannot be read: line 4, column 7: invalid type: integer `20`, expected a duration with its unit, as "150ms" or "2s"
                  | end = 20
                  |       ^
            name = ""
                name is 0 bytes long, but must be 1 to 1024 bytes long
            [raft]
            election_timeout_min = "60ms"
                raft.election_timeout_min is 60ms, but must be at least twice heartbeat_interval (50ms), or followers campaign against a living leader
            [raft]
            election_timeout_max = "100ms"
                raft.election_timeout_max is 100ms, but must be above election_timeout_min (150ms), or votes split for ever
            [raft]
            heartbeat_interval = "-5ms"
                the scenario cannot be read: line 7, column 22: "-5ms" is not a duration: write a number that is not negative and its unit, one of us, ms, s, min ("150ms", "1.5s")
                  | heartbeat_interval = "-5ms"
                  |                      ^
            [snapshot]
            entries = 0
                snapshot.entries is 0, but must be between 1 and 100000000
            [storage]
            segment_bytes = 1
                storage.segment_bytes is 1, but must be between 256 and 1073741824
            [network]
            latency = { uniform = ["2ms"] }
                the scenario cannot be read: line 7, column 23: expected tuple with length 2
                  | latency = { uniform = ["2ms"] }
                  |                       ^
            [network]
            latency = { uniform = ["-2ms", "8ms"] }
                the scenario cannot be read: line 7, column 24: "-2ms" is not a duration: write a number that is not negative and its unit, one of us, ms, s, min ("150ms", "1.5s")
                  | latency = { uniform = ["-2ms", "8ms"] }
                  |                        ^
            [network]
            latency = { uniform = ["9ms", "8ms"] }
                network.latency is 9ms to 8ms, but must be ordered from the shortest to the longest
            [network]
            latency = { constant = "61min" }
                network.latency is 3660s, but must be at most 3600s
            [network]
            latency = { normal = "5ms" }
                the scenario cannot be read: line 7, column 13: unknown variant `normal`, expected one of `constant`, `uniform`, `long_tail`
                  | latency = { normal = "5ms" }
                  |             ^
            [network]
            loss_ppm = 0.1
                the scenario cannot be read: line 7, column 12: invalid type: floating point `0.1`, expected a whole number that is not negative
                  | loss_ppm = 0.1
                  |            ^
            [network]
            loss_ppm = 1000001
                network.loss_ppm is 1000001, but must be between 0 and 1000000
            [network]
            duplication_ppm = 1000001
                network.duplication_ppm is 1000001, but must be between 0 and 1000000
            [disk]
            capacity_bytes = 65535
                disk.capacity_bytes is 65535, but must be between 65536 and 1099511627776
            [disk]
            capacity_bytes = -1
                the scenario cannot be read: line 7, column 18: invalid value: integer `-1`, expected a number of bytes, or "unlimited"
                  | capacity_bytes = -1
                  |                  ^
            [disk]
            capacity_bytes = "lots"
                the scenario cannot be read: line 7, column 18: invalid value: string "lots", expected a number of bytes, or "unlimited"
                  | capacity_bytes = "lots"
                  |                  ^
            [clients]
            count = 65
                clients.count is 65, but must be between 1 and 64
            [clients]
            backoff_max = "1ms"
                clients.backoff_max is 1ms, but must be at least backoff_min (20ms)
            [expect]
            snapshot_installed = [4]
                expect.snapshot_installed is 4, but must be a server, 1 to 3
        "#]],
    );
}

#[test]
fn what_is_no_action_is_named_with_its_row() {
    let rows = [
        "{ at = \"2s\", do = \"crash\", node = 7 }",
        "{ at = \"2s\", do = \"heal\" }, { at = \"3s\", do = \"crash\" }",
        "{ at = \"2s\", do = \"crash\", node = 1, key = \"a\" }",
        "{ at = \"2s\", do = \"heal\", node = 1 }",
        "{ at = \"2s\", do = \"explode\" }",
        "{ at = \"2s\" }",
        "{ do = \"heal\" }",
        "{ at = \"800h\", do = \"heal\" }",
        "{ at = \"18446744073709551615us\", do = \"heal\" }",
        "{ at = \"2s\", do = \"crash\", node = \"two\" }",
        "{ at = \"2s\", do = \"cut\", from = 1, to = 1 }",
        "{ at = \"2s\", do = \"partition\", groups = [[1], [1, 2]] }",
        "{ at = \"2s\", do = \"drop\", message = 0 }",
        "{ at = \"2s\", do = \"drop\", message = 9223372036854775807 }",
        "{ at = \"2s\", do = \"delay\", message = 1, by = \"0ms\" }",
        "{ at = \"2s\", do = \"mend\", from = 2 }",
        "{ at = \"2s\", do = \"mend\", from = 2, to = 2 }",
        "{ at = \"2s\", do = \"mend\", from = 2, to = 9 }",
        "{ at = \"2s\", do = \"duplicate\" }",
        "{ at = \"2s\", do = \"duplicate\", message = 0 }",
        "{ at = \"2s\", do = \"drift_clock\", node = 4, ppm = 1 }",
        "{ at = \"2s\", do = \"drift_clock\", node = 1 }",
        "{ at = \"2s\", do = \"drift_clock\", node = 1, ppm = -500001 }",
        "{ at = \"2s\", do = \"drift_clock\", node = 1, ppm = 0.5 }",
        "{ at = \"2s\", do = \"jump_clock\", node = 1 }",
        "{ at = \"2s\", do = \"jump_clock\", node = 1, by = \"1s\" }",
        "{ at = \"2s\", do = \"jump_clock\", node = 1, forward = \"1s\", back = \"2s\" }",
        "{ at = \"2s\", do = \"jump_clock\", node = 1, forward = \"61min\" }",
        "{ at = \"2s\", do = \"jump_clock\", node = 1, back = \"0ms\" }",
        "{ at = \"2s\", do = \"put\", client = 2, key = \"a\", value = \"1\" }",
        "{ at = \"2s\", do = \"put\", client = 1, key = \"\", value = \"1\" }",
        "{ at = \"2s\", do = \"put\", client = 1, key = \"a\" }",
        "{ at = \"2s\", do = \"write\", client = 1, keys = 100001, prefix = \"a\" }",
    ];
    check(
        &rows.map(|row| (row, acting(row))),
        &expect![[r#"
            { at = "2s", do = "crash", node = 7 }
                action 1 (at 2s): `node` of `crash` is 7, but must be a server, 1 to 3
            { at = "2s", do = "heal" }, { at = "3s", do = "crash" }
                action 2 (at 3s): `crash` needs `node`, a server, 1 to 3
            { at = "2s", do = "crash", node = 1, key = "a" }
                action 1 (at 2s): `crash` takes no `key`; crash (node, keep); restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); slow_server (node, factor); align_timers; spread_timers; corrupt (node, file, offset, bit); tear (node, file, bytes); remove_file (node, file); resize_disk (node, bytes); slow_disk (node, factor); fail_syncs (node, count); keep_image, restore_image (node, image); recreate_cluster (except); transfer_leadership (to); change_membership (voters, learners); drift_clock (node, ppm); jump_clock (node, forward or back); partition (groups); cut, mend (from, to); heal; drop, duplicate, deliver (message); delay (message, by); put (client, key, value, ttl); get (client, key, node, path); delete (client, key); touch (client, key, ttl); compare_and_swap (client, key, expected, value, ttl); increment (client, key, add); get_many (client, of, node, path); list (client, prefix, after, limit, node, path); batch (client, operations); write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); configure_cache (policy, capacity_bytes); workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, value_least, value_most, long_tail, reads_percent, path, read_through, ttl); stop_workload (client); model_service (mode)
            { at = "2s", do = "heal", node = 1 }
                action 1 (at 2s): `heal` takes no `node`; crash (node, keep); restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); slow_server (node, factor); align_timers; spread_timers; corrupt (node, file, offset, bit); tear (node, file, bytes); remove_file (node, file); resize_disk (node, bytes); slow_disk (node, factor); fail_syncs (node, count); keep_image, restore_image (node, image); recreate_cluster (except); transfer_leadership (to); change_membership (voters, learners); drift_clock (node, ppm); jump_clock (node, forward or back); partition (groups); cut, mend (from, to); heal; drop, duplicate, deliver (message); delay (message, by); put (client, key, value, ttl); get (client, key, node, path); delete (client, key); touch (client, key, ttl); compare_and_swap (client, key, expected, value, ttl); increment (client, key, add); get_many (client, of, node, path); list (client, prefix, after, limit, node, path); batch (client, operations); write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); configure_cache (policy, capacity_bytes); workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, value_least, value_most, long_tail, reads_percent, path, read_through, ttl); stop_workload (client); model_service (mode)
            { at = "2s", do = "explode" }
                action 1 (at 2s): `explode` is no action; there are crash (node, keep); restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); slow_server (node, factor); align_timers; spread_timers; corrupt (node, file, offset, bit); tear (node, file, bytes); remove_file (node, file); resize_disk (node, bytes); slow_disk (node, factor); fail_syncs (node, count); keep_image, restore_image (node, image); recreate_cluster (except); transfer_leadership (to); change_membership (voters, learners); drift_clock (node, ppm); jump_clock (node, forward or back); partition (groups); cut, mend (from, to); heal; drop, duplicate, deliver (message); delay (message, by); put (client, key, value, ttl); get (client, key, node, path); delete (client, key); touch (client, key, ttl); compare_and_swap (client, key, expected, value, ttl); increment (client, key, add); get_many (client, of, node, path); list (client, prefix, after, limit, node, path); batch (client, operations); write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); configure_cache (policy, capacity_bytes); workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, value_least, value_most, long_tail, reads_percent, path, read_through, ttl); stop_workload (client); model_service (mode)
            { at = "2s" }
                action 1 (at 2s): `do` is missing: crash (node, keep); restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); slow_server (node, factor); align_timers; spread_timers; corrupt (node, file, offset, bit); tear (node, file, bytes); remove_file (node, file); resize_disk (node, bytes); slow_disk (node, factor); fail_syncs (node, count); keep_image, restore_image (node, image); recreate_cluster (except); transfer_leadership (to); change_membership (voters, learners); drift_clock (node, ppm); jump_clock (node, forward or back); partition (groups); cut, mend (from, to); heal; drop, duplicate, deliver (message); delay (message, by); put (client, key, value, ttl); get (client, key, node, path); delete (client, key); touch (client, key, ttl); compare_and_swap (client, key, expected, value, ttl); increment (client, key, add); get_many (client, of, node, path); list (client, prefix, after, limit, node, path); batch (client, operations); write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); configure_cache (policy, capacity_bytes); workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, value_least, value_most, long_tail, reads_percent, path, read_through, ttl); stop_workload (client); model_service (mode)
            { do = "heal" }
                action 1: `at` is missing: when, as "2s"
            { at = "800h", do = "heal" }
                the scenario cannot be read: line 6, column 20: "800h" is not a duration: write a number that is not negative and its unit, one of us, ms, s, min ("150ms", "1.5s")
                  | actions = [ { at = "800h", do = "heal" } ]
                  |                    ^
            { at = "18446744073709551615us", do = "heal" }
                action 1 (at 18446744073709551615us): `at` of `heal` is 18446744073709551615us, but must be between 0ms and 604800s
            { at = "2s", do = "crash", node = "two" }
                the scenario cannot be read: line 6, column 47: invalid type: string "two", expected a whole number that is not negative
                  | actions = [ { at = "2s", do = "crash", node = "two" } ]
                  |                                               ^
            { at = "2s", do = "cut", from = 1, to = 1 }
                action 1 (at 2s): `to` of `cut` is 1, but must be another server than `from`
            { at = "2s", do = "partition", groups = [[1], [1, 2]] }
                action 1 (at 2s): `groups` of `partition` is 1, but must be in one group only
            { at = "2s", do = "drop", message = 0 }
                action 1 (at 2s): `message` of `drop` is 0, but must be between 1 and 9007199254740991
            { at = "2s", do = "drop", message = 9223372036854775807 }
                action 1 (at 2s): `message` of `drop` is 9223372036854775807, but must be between 1 and 9007199254740991
            { at = "2s", do = "delay", message = 1, by = "0ms" }
                action 1 (at 2s): `by` of `delay` is 0ms, but must be between 1us and 3600s
            { at = "2s", do = "mend", from = 2 }
                action 1 (at 2s): `mend` needs `to`, a server, 1 to 3
            { at = "2s", do = "mend", from = 2, to = 2 }
                action 1 (at 2s): `to` of `mend` is 2, but must be another server than `from`
            { at = "2s", do = "mend", from = 2, to = 9 }
                action 1 (at 2s): `to` of `mend` is 9, but must be a server, 1 to 3
            { at = "2s", do = "duplicate" }
                action 1 (at 2s): `duplicate` needs `message`, the number of a message in flight
            { at = "2s", do = "duplicate", message = 0 }
                action 1 (at 2s): `message` of `duplicate` is 0, but must be between 1 and 9007199254740991
            { at = "2s", do = "drift_clock", node = 4, ppm = 1 }
                action 1 (at 2s): `node` of `drift_clock` is 4, but must be a server, 1 to 3
            { at = "2s", do = "drift_clock", node = 1 }
                action 1 (at 2s): `drift_clock` needs `ppm`, parts per million, negative for slower
            { at = "2s", do = "drift_clock", node = 1, ppm = -500001 }
                action 1 (at 2s): `ppm` of `drift_clock` is -500001, but must be between -500000 and 500000
            { at = "2s", do = "drift_clock", node = 1, ppm = 0.5 }
                the scenario cannot be read: line 6, column 62: invalid type: floating point `0.5`, expected a whole number
                  |  { at = "2s", do = "drift_clock", node = 1, ppm = 0.5 } ]
                  |                                                   ^
            { at = "2s", do = "jump_clock", node = 1 }
                action 1 (at 2s): `forward` of `jump_clock` is not given, but must be a duration, unless `back` is given
            { at = "2s", do = "jump_clock", node = 1, by = "1s" }
                action 1 (at 2s): `jump_clock` takes no `by`; crash (node, keep); restart, isolate, take_snapshot, shut_down, kill, pause, resume, wipe_disk (node); slow_server (node, factor); align_timers; spread_timers; corrupt (node, file, offset, bit); tear (node, file, bytes); remove_file (node, file); resize_disk (node, bytes); slow_disk (node, factor); fail_syncs (node, count); keep_image, restore_image (node, image); recreate_cluster (except); transfer_leadership (to); change_membership (voters, learners); drift_clock (node, ppm); jump_clock (node, forward or back); partition (groups); cut, mend (from, to); heal; drop, duplicate, deliver (message); delay (message, by); put (client, key, value, ttl); get (client, key, node, path); delete (client, key); touch (client, key, ttl); compare_and_swap (client, key, expected, value, ttl); increment (client, key, add); get_many (client, of, node, path); list (client, prefix, after, limit, node, path); batch (client, operations); write (client, keys, prefix, first); read (client, keys, prefix, first, node, path); configure_cache (policy, capacity_bytes); workload (client, for, rate, gaps, keys, prefix, distribution, skew, shift_every, value_least, value_most, long_tail, reads_percent, path, read_through, ttl); stop_workload (client); model_service (mode)
            { at = "2s", do = "jump_clock", node = 1, forward = "1s", back = "2s" }
                action 1 (at 2s): `back` of `jump_clock` is 2s, but must be absent beside `forward`
            { at = "2s", do = "jump_clock", node = 1, forward = "61min" }
                action 1 (at 2s): `forward` of `jump_clock` is 3660s, but must be between 1us and 3600s
            { at = "2s", do = "jump_clock", node = 1, back = "0ms" }
                action 1 (at 2s): `back` of `jump_clock` is 0ms, but must be between 1us and 3600s
            { at = "2s", do = "put", client = 2, key = "a", value = "1" }
                action 1 (at 2s): `client` of `put` is 2, but must be a client, 1 to 1
            { at = "2s", do = "put", client = 1, key = "", value = "1" }
                action 1 (at 2s): `key` of `put` is 0 bytes long, but must be 1 to 1024 bytes long
            { at = "2s", do = "put", client = 1, key = "a" }
                action 1 (at 2s): `put` needs `value`, a text
            { at = "2s", do = "write", client = 1, keys = 100001, prefix = "a" }
                action 1 (at 2s): `keys` of `write` is 100001, but must be between 1 and 100000
        "#]],
    );
}

fn names() -> impl Strategy<Value = String> {
    let quoted = Just("\"quoted\\ \n'lines'\"".to_owned());
    prop_oneof!["[a-z\\-]{1,12}", "\\PC{1,20}", quoted]
}

fn node() -> impl Strategy<Value = NodeId> {
    (1u32..=5).prop_map(NodeId)
}

#[rustfmt::skip]
fn action() -> impl Strategy<Value = Action> {
    let client = || (1u32..=4).prop_map(ClientId);
    let maybe = || proptest::option::of(node());
    let message = || (1u64..1 << 53).prop_map(MessageId);
    let first = || 0u64..1 << 53;
    let keys = || 1..=200u64;
    prop_oneof![
        node().prop_map(Action::crash),
        node().prop_map(|node| Action::Restart { node }),
        node().prop_map(|node| Action::Isolate { node }),
        node().prop_map(|node| Action::TakeSnapshot { node }),
        Just(Action::Heal),
        (node(), -500_000i64..=500_000)
            .prop_map(|(node, ppm)| Action::DriftClock { node, ppm }),
        (node(), 1u64..=3_600_000_000, any::<bool>()).prop_map(|(node, by, ahead)| {
            let by = Duration(by);
            let (forward, back) = (ahead.then_some(by), (!ahead).then_some(by));
            Action::JumpClock { node, forward, back }
        }),
        (1u32..=4).prop_map(|from| Action::Cut { from: NodeId(from), to: NodeId(from + 1) }),
        (1u32..=4).prop_map(|split| Action::Partition {
            groups: vec![(1..=split).map(NodeId).collect(), (split + 1..=5).map(NodeId).collect()],
        }),
        (1u32..=4).prop_map(|from| Action::Mend { from: NodeId(from), to: NodeId(from + 1) }),
        message().prop_map(|message| Action::Duplicate { message }),
        fault(),
        message().prop_map(|message| Action::Drop { message }),
        (message(), 1u64..600_000_000)
            .prop_map(|(message, by)| Action::Delay { message, by: Duration(by) }),
        requests::request(),
        (client(), names(), maybe(), path())
            .prop_map(|(client, key, node, path)| Action::Get { client, key, node, path }),
        maybe().prop_map(|to| Action::TransferLeadership { to }),
        node().prop_map(|node| Action::ShutDown { node }),
        (1u32..=5, 1u32..=5).prop_map(|(voters, learner)| Action::ChangeMembership {
            voters: (1..=voters).map(NodeId).collect(),
            learners: vec![NodeId(learner)],
        }),
        (client(), names()).prop_map(|(client, key)| Action::Delete { client, key }),
        (client(), keys(), names(), first())
            .prop_map(|(client, keys, prefix, first)| Action::Write { client, keys, prefix, first }),
        (client(), keys(), names(), first(), maybe(), path()).prop_map(
            |(client, keys, prefix, first, node, path)| {
                Action::Read { client, keys, prefix, first, node, path }
            }
        ),
    ]
}

fn keep() -> impl Strategy<Value = Keep> {
    let list = || proptest::collection::vec(1u64..1 << 53, 0..4);
    prop_oneof![
        Just(Keep::Drawn),
        Just(Keep::Nothing),
        Just(Keep::Everything),
        (0u64..1 << 40, 0u64..9).prop_map(|(bytes, names)| Keep::First { bytes, names }),
        (list(), list()).prop_map(|(appends, names)| Keep::Only { appends, names }),
    ]
}

#[rustfmt::skip]
fn fault() -> impl Strategy<Value = Action> {
    let bytes = || 1u64..1 << 40;
    prop_oneof![
        (node(), keep()).prop_map(|(node, keep)| Action::Crash { node, keep }),
        node().prop_map(|node| Action::Kill { node }),
        node().prop_map(|node| Action::WipeDisk { node }),
        (node(), names(), bytes(), 0u8..8)
            .prop_map(|(node, file, offset, bit)| Action::Corrupt { node, file, offset, bit }),
        (node(), names(), bytes()).prop_map(|(node, file, bytes)| Action::Tear { node, file, bytes }),
        (node(), names()).prop_map(|(node, file)| Action::RemoveFile { node, file }),
        (node(), proptest::option::of(bytes()))
            .prop_map(|(node, bytes)| Action::ResizeDisk { node, bytes }),
        (node(), 1u32..=10_000).prop_map(|(node, factor)| Action::SlowDisk { node, factor }),
        (node(), 1u32..=10_000).prop_map(|(node, factor)| Action::SlowServer { node, factor }),
        node().prop_map(|node| Action::Pause { node }),
        node().prop_map(|node| Action::Resume { node }),
        Just(Action::AlignTimers),
        Just(Action::SpreadTimers),
        (1u64..1 << 53).prop_map(|id| Action::Deliver { message: MessageId(id) }),
        (node(), 0u64..=1_000_000).prop_map(|(node, count)| Action::FailSyncs { node, count }),
        (node(), names()).prop_map(|(node, image)| Action::KeepImage { node, image }),
        (node(), names()).prop_map(|(node, image)| Action::RestoreImage { node, image }),
        proptest::collection::vec(node(), 0..5).prop_map(|except| Action::RecreateCluster { except }),
    ]
}

fn path() -> impl Strategy<Value = ReadPath> {
    proptest::sample::select(ReadPath::ALL.to_vec())
}

#[rustfmt::skip]
fn latency() -> impl Strategy<Value = Latency> {
    let us = || 0u64..15_000_000;
    prop_oneof![
        us().prop_map(|a| Latency::Constant(Duration(a))),
        (us(), us()).prop_map(|(a, b)| Latency::Uniform(Duration(a), Duration(a + b))),
        (us(), us(), us()).prop_map(|(a, b, c)| Latency::LongTail {
            min: Duration(a), median: Duration(a + b), p99: Duration(a + b + c),
        }),
    ]
}

fn expectations() -> impl Strategy<Value = Expect> {
    let list = proptest::collection::vec(node(), 0..4);
    let count = || proptest::option::of(0u64..1000);
    let voters = proptest::collection::vec(node(), 0..4);
    let most = (count(), count());
    let values = proptest::collection::btree_map(names(), names(), 0..3);
    (
        any::<[bool; 3]>(),
        count(),
        count(),
        count(),
        (list, voters),
        (most, values),
    )
        .prop_map(
            |(
                flags,
                keys,
                elections,
                reads_found,
                (snapshot_installed, voters),
                (most, values),
            )| Expect {
                leader: flags[0],
                answered: flags[1],
                equal: flags[2],
                keys,
                elections,
                reads_found,
                snapshot_installed,
                elections_at_most: most.0,
                lease_reads: most.1,
                voters,
                hit_percent_at_least: most.1.map(|percent| percent % 101),
                values,
                repeated_at_least: most.0,
                ..Expect::default()
            },
        )
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let actions = proptest::collection::vec((0u64..100_000_000, action()), 0..20);
    let links = (latency(), latency(), latency(), 0u32..=1_000_000);
    let texts = (names(), names());
    (texts, 0u64..1 << 53, actions, links, expectations()).prop_map(
        |((name, about), seed, mut actions, links, expect)| {
            actions.sort_by_key(|(at, _)| *at);
            let about = about.trim().to_owned();
            let mut scenario = Scenario {
                name,
                about,
                seed,
                nodes: 5,
                voters: (seed % 2 == 0).then_some(3),
                expect,
                ..minimal()
            };
            let (latency, client_latency, sync_latency, loss_ppm) = links;
            scenario.network.latency = latency;
            scenario.network.client_latency = client_latency;
            scenario.network.loss_ppm = loss_ppm;
            scenario.network.duplication_ppm = 1_000_000 - loss_ppm;
            scenario.disk.sync_latency = sync_latency;
            scenario.disk.capacity_bytes = match seed % 3 {
                0 => Capacity::Unlimited,
                _ => Capacity::Bytes((64 << 10) + seed % (1 << 30)),
            };
            scenario.clients.count = 4;
            let timed = |(at, action)| TimedAction {
                at: Instant(at),
                action,
            };
            scenario.actions = actions.into_iter().map(timed).collect();
            scenario
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_reads_back_what_it_writes(scenario in scenario()) {
        let text = scenario.to_toml();
        let back = Scenario::parse(&text);
        prop_assert_eq!(back.as_ref(), Ok(&scenario), "{}", text);
        prop_assert_eq!(back.expect("just compared").to_toml(), text);
    }

    /// Whatever comes in, the answer is a scenario or a message of bounded length.
    #[test]
    fn damaged_files_are_refused_with_a_short_message(
        scenario in scenario(),
        cut in any::<prop::sample::Index>(),
        put in any::<char>(),
    ) {
        let mut text: Vec<char> = scenario.to_toml().chars().collect();
        let at = cut.index(text.len());
        text[at] = put;
        let damaged: String = text.iter().collect();
        let truncated: String = text[..at].iter().collect();
        for text in [damaged, truncated] {
            if let Err(error) = Scenario::parse(&text) {
                prop_assert!(error.to_string().len() < 4_000, "{}", error);
            }
        }
    }
}

/// The minimal scenario with other settings.
fn changed(changes: &[(&str, &str)]) -> Result<Scenario, ConfigError> {
    minimal().with_settings(changes.iter().copied())
}

/// Another value than the default, in the range, and in step with those of the same table.
fn another(setting: &Setting) -> String {
    let halfway = |text: &str| Duration(text.parse::<Duration>().expect("a duration").0 * 9 / 10);
    match setting.kind {
        SettingKind::Switch => (setting.given == "false").to_string(),
        SettingKind::Latency => "3ms to 9ms".into(),
        SettingKind::Choice => {
            let other = setting
                .choices
                .iter()
                .find(|choice| **choice != setting.given);
            (*other.expect("a choice offers two")).into()
        }
        SettingKind::Duration => halfway(&setting.default).to_string(),
        SettingKind::Bytes | SettingKind::Ppm | SettingKind::Count => {
            let given = setting.default.parse::<u64>();
            given.map_or(setting.low.clone(), |given| (given + 1).to_string())
        }
    }
}

#[test]
fn every_setting_can_be_changed_and_is_written_alone() {
    let before = minimal().to_toml();
    let mut met = 0;
    for (table, settings) in minimal().tables() {
        for setting in settings.settings() {
            let path = format!("{table}.{}", setting.name);
            let wanted = another(&setting);
            let scenario = changed(&[(&path, &wanted)]).expect(&path);
            let text = scenario.to_toml();
            let added = text.strip_prefix(&before).expect("nothing else is changed");
            let lines: Vec<&str> = added.trim().lines().collect();
            assert_eq!(lines.len(), 2, "{added}");
            assert_eq!(lines[0], format!("[{table}]"));
            assert!(
                lines[1].starts_with(&format!("{} = ", setting.name)),
                "{added}"
            );
            assert_eq!(Scenario::parse(&text).as_ref(), Ok(&scenario));
            let back = scenario.with_settings([(path.as_str(), setting.default.as_str())]);
            assert_eq!(back, Ok(minimal()));
            met += 1;
        }
    }
    assert!(met >= 20, "only {met} settings");
}

#[test]
fn every_setting_says_what_it_is_and_what_it_accepts() {
    for (table, settings) in minimal().tables() {
        assert!(settings.about().ends_with('.'), "{table}");
        for setting in settings.settings() {
            let path = format!("{table}.{}", setting.name);
            assert!(
                setting.about.ends_with('.') && !setting.about.contains("[`"),
                "{path}"
            );
            let number = matches!(
                setting.kind,
                SettingKind::Bytes | SettingKind::Ppm | SettingKind::Count
            );
            assert_eq!(number, !setting.unit.is_empty(), "the unit of {path}");
        }
    }
}

#[test]
fn settings_are_changed_together_or_not_at_all() {
    let slow = [
        ("raft.heartbeat_interval", "200ms"),
        ("raft.election_timeout_min", "600ms"),
        ("raft.election_timeout_max", "1.2s"),
    ];
    let scenario = changed(&slow).expect("they suit one another");
    assert_eq!(
        scenario.server.raft.heartbeat_interval,
        Duration::millis(200)
    );
    for part in 1..3 {
        let error = changed(&slow[..part]).expect_err("half of it cannot work");
        assert_eq!(error.field, slow[part].0);
    }
}

#[test]
fn settings_that_cannot_be_are_named_by_their_path() {
    let mut text = String::new();
    for (path, value) in [
        ("raft.heartbeat_interval", "100ms"),
        ("raft.heartbeat_interval", "soon"),
        ("raft.heartbeat_interval", "1h"),
        ("storage.segment_bytes", "1"),
        ("network.latency", "8ms to 2ms"),
        ("network.loss_ppm", "half"),
        ("snapshot.every", "3"),
        ("rafts.heartbeat_interval", "1ms"),
        ("nodes", "3"),
    ] {
        text += &format!("{}\n", changed(&[(path, value)]).expect_err(path));
    }
    expect![[r#"
        raft.election_timeout_min is 150ms, but must be at least twice heartbeat_interval (100ms), or followers campaign against a living leader
        raft.heartbeat_interval is "soon", but must be a number and its unit, one of us, ms, s, min: 150ms, 1.5s
        raft.heartbeat_interval is "1h", but must be a number and its unit, one of us, ms, s, min: 150ms, 1.5s
        storage.segment_bytes is 1, but must be between 256 and 1073741824
        network.latency is 8ms to 2ms, but must be ordered from the shortest to the longest
        network.loss_ppm is "half", but must be a whole number, at most 4294967295
        snapshot.every is no setting, but must be one of entries, piece_bytes
        rafts.heartbeat_interval is no setting, but must be one of raft, storage, cache, snapshot, log_time, digest, model, alerts, network, disk, clients, model_service
        nodes is no setting, but must be one of raft, storage, cache, snapshot, log_time, digest, model, alerts, network, disk, clients, model_service
    "#]].assert_eq(&text);
}

#[test]
fn a_client_that_is_asked_for_something_cannot_be_set_away() {
    let text = acting("{ at = \"1s\", do = \"delete\", client = 3, key = \"a\" }");
    let scenario = Scenario::parse(&format!("{text}[clients]\ncount = 4\n")).expect("four");
    let fewer = |count| scenario.with_settings([("clients.count", count)]);
    assert_eq!(fewer("3").map(|fewer| fewer.clients.count), Ok(3));
    assert_eq!(
        fewer("2")
            .expect_err("an action asks the third")
            .to_string(),
        "clients.count is 2, but must be at least 3: action 1 (at 1s) asks that client"
    );
}

#[test]
fn an_error_keeps_its_place_for_the_page() {
    let Err(ScenarioError::Syntax(error)) = Scenario::parse("flotilla = 1\nname = 5\n") else {
        panic!("a name is a text")
    };
    assert_eq!((error.line, error.column), (2, 8));
}

#[test]
fn one_action_more_is_written_at_its_moment() {
    let text = acting("{ at = \"1s\", do = \"heal\" }, { at = \"2s\", do = \"crash\", node = 1 }");
    let scenario = Scenario::parse(&text).expect("is a scenario");
    let at = Instant(1_000_000);
    let more = scenario.with_action(at, Action::crash(NodeId(2)));
    let more = more.expect("there is such a server");
    let told: Vec<_> = more
        .actions
        .iter()
        .map(|timed| (timed.at.0, verb(&timed.action)))
        .collect();
    assert_eq!(
        told,
        [
            (1_000_000, "heal"),
            (1_000_000, "crash"),
            (2_000_000, "crash")
        ]
    );
    assert_eq!(Scenario::parse(&more.to_toml()).as_ref(), Ok(&more));
    let refused = scenario.with_action(at, Action::crash(NodeId(99)));
    assert_eq!(refused.expect_err("there is none").field, "node");
}
