//! Bad input: what a person reads when a scenario is wrong. The texts are the interface.

use super::{Scenario, bounds};
use expect_test::{Expect, expect};

const GOOD: &str = "flotilla = 1\nname = \"x\"\nend = \"1s\"\nnodes = 3\n";

fn check(text: &str, expected: &Expect) {
    let error = Scenario::parse(text).expect_err("it is wrong").to_string();
    expected.assert_eq(error.trim_end());
}

/// A good scenario with something added.
fn with(more: &str) -> String {
    format!("{GOOD}{more}")
}

#[test]
fn the_version_comes_first() {
    check(
        "name = \"x\"",
        &expect!["the scenario does not say `flotilla = 1`, the version of its format"],
    );
    let later = "flotilla = 2\nunheard_of = true";
    check(
        later,
        &expect![
            "the scenario says flotilla = 2, and this build reads 1: a newer Flotilla wrote it"
        ],
    );
}

#[test]
fn syntax_errors_show_the_place() {
    check(
        "flotilla = 1\nname = \"x",
        &expect![[r#"
        the scenario cannot be read: TOML parse error at line 2, column 10
          |
        2 | name = "x
          |          ^
        invalid basic string, expected `"`"#]],
    );
    check(
        &with("colour = \"red\""),
        &expect![[r#"
        the scenario cannot be read: TOML parse error at line 5, column 1
          |
        5 | colour = "red"
          | ^^^^^^
        unknown field `colour`, expected one of `flotilla`, `name`, `about`, `seed`, `end`, `nodes`, `raft`, `storage`, `cache`, `snapshot`, `network`, `disk`, `clients`, `actions`, `expect`"#]],
    );
    check(
        &with("[raft]\nheartbeat_interval = \"-5ms\""),
        &expect![[r#"
            the scenario cannot be read: TOML parse error at line 6, column 22
              |
            6 | heartbeat_interval = "-5ms"
              |                      ^^^^^^
            "-5ms" is not a duration: write a number that is not negative and its unit, one of us, ms, s, min ("150ms", "1.5s")"#]],
    );
    check(
        &with("[network]\nlatency = { uniform = [\"2ms\"] }"),
        &expect![[r#"
            the scenario cannot be read: TOML parse error at line 6, column 23
              |
            6 | latency = { uniform = ["2ms"] }
              |                       ^^^^^^^
            expected tuple with length 2"#]],
    );
}

#[test]
fn impossible_settings_name_the_field_what_was_given_and_what_is_accepted() {
    check(
        &GOOD.replace("nodes = 3", "nodes = 0"),
        &expect!["nodes is 0, but must be between 1 and 9"],
    );
    check(
        &GOOD.replace("nodes = 3", "nodes = 10"),
        &expect!["nodes is 10, but must be between 1 and 9"],
    );
    check(
        &GOOD.replace("end = \"1s\"", "end = \"0s\""),
        &expect!["end is 0ms, but must be between 1ms and 604800s"],
    );
    check(
        &with("seed = 9007199254740992"),
        &expect!["seed is 9007199254740992, but must be below 2^53 (9007199254740992)"],
    );
    check(
        &with("[raft]\nelection_timeout_min = \"40ms\""),
        &expect![
            "raft.election_timeout_min is 40ms, but must be at least twice heartbeat_interval (50ms), or followers campaign against a living leader"
        ],
    );
    check(
        &with("[raft]\nelection_timeout_max = \"100ms\""),
        &expect![
            "raft.election_timeout_max is 100ms, but must be above election_timeout_min (150ms), or votes split for ever"
        ],
    );
    check(
        &with("[network]\nloss_ppm = 1000001"),
        &expect!["network.loss_ppm is 1000001, but must be between 0 and 1000000"],
    );
    check(
        &with("[network]\nlatency = { uniform = [\"9ms\", \"2ms\"] }"),
        &expect![
            "network.latency is 9ms to 2ms, but must be ordered from the shortest to the longest"
        ],
    );
    check(
        &with("[clients]\ncount = 65"),
        &expect!["clients.count is 65, but must be between 1 and 64"],
    );
    check(
        &with("[storage]\nsegment_bytes = 1"),
        &expect!["storage.segment_bytes is 1, but must be between 256 and 1073741824"],
    );
    check(
        &with("[expect]\nsnapshot_installed = [4]"),
        &expect!["expect.snapshot_installed is 4, but must be a server, 1 to 3"],
    );
}

#[test]
fn wrong_actions_are_numbered_and_say_what_they_need() {
    let action = |row: &str| {
        with(&format!(
            "actions = [{{ at = \"1s\", do = \"heal\" }}, {row}]"
        ))
    };
    check(
        &action("{ at = \"2s\", do = \"crash\", node = 7 }"),
        &expect!["action 2 (at 2s): `node` of `crash` is 7, but must be a server, 1 to 3"],
    );
    check(
        &action("{ at = \"2s\", do = \"crash\" }"),
        &expect!["action 2 (at 2s): `crash` needs `node`"],
    );
    check(
        &action("{ do = \"heal\" }"),
        &expect![[r#"action 2: `at` is missing: when, as "2s""#]],
    );
    check(
        &action("{ at = \"2s\", do = \"heal\", node = 1 }"),
        &expect![
            "action 2 (at 2s): `heal` takes no `node`; crash, restart, isolate, take_snapshot (node); partition (groups); cut (from, to); heal; drop (message); delay (message, by); put (client, key, value); get (client, key, node); delete (client, key); write (client, keys, prefix, first); read (client, keys, prefix, first, node)"
        ],
    );
    check(
        &action("{ at = \"2s\", do = \"explode\" }"),
        &expect![
            "action 2 (at 2s): `explode` is no action; there are crash, restart, isolate, take_snapshot (node); partition (groups); cut (from, to); heal; drop (message); delay (message, by); put (client, key, value); get (client, key, node); delete (client, key); write (client, keys, prefix, first); read (client, keys, prefix, first, node)"
        ],
    );
    check(
        &action("{ at = \"2s\", do = \"partition\", groups = [[1, 2], [2, 3]] }"),
        &expect!["action 2 (at 2s): `groups` of `partition` is 2, but must be in one group only"],
    );
    check(
        &action("{ at = \"2s\", do = \"cut\", from = 2, to = 2 }"),
        &expect!["action 2 (at 2s): `to` of `cut` is 2, but must be another server than `from`"],
    );
    check(
        &action("{ at = \"2s\", do = \"write\", client = 1, keys = 100001, prefix = \"k\" }"),
        &expect!["action 2 (at 2s): `keys` of `write` is 100001, but must be between 1 and 100000"],
    );
    check(
        &action("{ at = \"2s\", do = \"put\", client = 2, key = \"k\", value = \"v\" }"),
        &expect!["action 2 (at 2s): `client` of `put` is 2, but must be a client, 1 to 1"],
    );
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let long = format!("{GOOD}# {}", "x".repeat(bounds::TEXT));
    check(
        &long,
        &expect!["the scenario has 262191 bytes; at most 262144 are accepted"],
    );
    let many = "{at='1s',do='heal'},".repeat(10_000);
    check(
        &with(&format!("actions = [{many}{{}}]")),
        &expect!["the number of actions is 10001, but must be at most 10000"],
    );
}

#[test]
fn a_good_scenario_is_good() {
    Scenario::parse(GOOD).expect("everything that is needed");
}
