//! The bindings in a real browser: what a page relies on.
#![cfg(target_arch = "wasm32")]

use flotilla_web::{Playground, fresh_seed, scenario_text, scenarios};
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn playground(id: &str) -> Playground {
    Playground::new(&scenario_text(id).unwrap_or_else(|_| panic!("{id} is built in")))
        .unwrap_or_else(|_| panic!("{id} is a scenario"))
}

fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).expect("an object")
}

fn number(value: &JsValue, name: &str) -> f64 {
    get(value, name)
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is a number"))
}

fn list(value: &JsValue, name: &str) -> Array {
    Array::from(&get(value, name))
}

/// The message of the error that JavaScript would catch.
fn message(error: impl Into<JsValue>) -> String {
    get(&error.into(), "message")
        .as_string()
        .expect("an Error has a message")
}

fn action(json: &str) -> JsValue {
    js_sys::JSON::parse(json).expect("well-formed")
}

/// What is new, with at most so many servers opened.
fn look(playground: &mut Playground, servers: u32) -> JsValue {
    let seen = playground.look(servers, None).expect("a text");
    js_sys::JSON::parse(&seen).expect("well-formed")
}

fn frame(playground: &mut Playground) -> JsValue {
    get(&look(playground, 0), "frame")
}

const SECOND: f64 = 1_000_000.0;

#[wasm_bindgen_test]
fn every_scenario_of_the_menu_opens_and_elects_a_leader() {
    let menu = Array::from(&scenarios().expect("all are read"));
    assert!(menu.length() >= 4);
    for info in menu.iter() {
        let id = get(&info, "id").as_string().expect("a name");
        let mut playground = playground(&id);
        // Long enough to elect one, and before any scenario crashes it.
        assert!(playground.run_until(0.85 * SECOND, u32::MAX), "{id}");
        let frame = frame(&mut playground);
        let leads = |node: &JsValue| get(node, "role").as_string().as_deref() == Some("leader");
        assert!(
            list(&frame, "nodes").iter().any(|node| leads(&node)),
            "{id}"
        );
    }
}

#[wasm_bindgen_test]
fn a_frame_holds_only_what_changed() {
    let mut playground = playground("leader-crash");
    let first = frame(&mut playground);
    assert_eq!(list(&first, "nodes").length(), 3);
    let second = frame(&mut playground);
    assert_eq!(list(&second, "nodes").length(), 0);
    assert_eq!(list(&second, "events").length(), 0);
    assert!(playground.step_forward());
    let third = frame(&mut playground);
    assert_eq!(
        list(&third, "nodes").length(),
        1,
        "one server was switched on"
    );
    assert!(list(&third, "events").length() > 0);
}

#[wasm_bindgen_test]
fn stepping_back_returns_to_the_same_history() {
    let mut playground = playground("leader-crash");
    playground.run_until(SECOND, u32::MAX);
    for _ in 0..20 {
        playground.step_forward();
    }
    let before = playground.fingerprint();
    for _ in 0..20 {
        assert!(playground.step_back());
    }
    assert_ne!(playground.fingerprint(), before);
    for _ in 0..20 {
        playground.step_forward();
    }
    assert_eq!(playground.fingerprint(), before);
}

#[wasm_bindgen_test]
fn a_session_survives_the_way_through_its_text() {
    let mut playground = playground("leader-crash");
    playground.run_until(0.7 * SECOND, u32::MAX);
    let crash = action(r#"{ "do": "crash", "node": 2 }"#);
    playground.act(crash).expect("it is possible");
    playground.run_until(2.0 * SECOND, u32::MAX);
    let mut again = Playground::new(&playground.toml()).expect("written just now");
    again.run_until(2.0 * SECOND, u32::MAX);
    assert_eq!(again.fingerprint(), playground.fingerprint());
}

#[wasm_bindgen_test]
fn every_kind_of_action_is_understood() {
    let mut playground = playground("concurrent-writes");
    playground.run_until(SECOND, u32::MAX);
    for json in [
        r#"{ "do": "isolate", "node": 1 }"#,
        r#"{ "do": "partition", "groups": [[1], [2, 3]] }"#,
        r#"{ "do": "cut", "from": 1, "to": 2 }"#,
        r#"{ "do": "mend", "from": 1, "to": 2 }"#,
        r#"{ "do": "heal" }"#,
        r#"{ "do": "drop", "message": 1 }"#,
        r#"{ "do": "duplicate", "message": 1 }"#,
        r#"{ "do": "drift_clock", "node": 2, "ppm": -20000 }"#,
        r#"{ "do": "jump_clock", "node": 2, "forward": "400ms" }"#,
        r#"{ "do": "jump_clock", "node": 2, "back": "400ms" }"#,
        r#"{ "do": "delay", "message": 1, "by": "50ms" }"#,
        r#"{ "do": "put", "client": 1, "key": "k", "value": "v" }"#,
        r#"{ "do": "get", "client": 1, "key": "k", "node": 2 }"#,
        r#"{ "do": "get", "client": 1, "key": "k" }"#,
        r#"{ "do": "delete", "client": 1, "key": "k" }"#,
        r#"{ "do": "take_snapshot", "node": 3 }"#,
        r#"{ "do": "crash", "node": 3 }"#,
        r#"{ "do": "restart", "node": 3 }"#,
        r#"{ "do": "slow_disk", "node": 3, "factor": 3 }"#,
        r#"{ "do": "slow_server", "node": 3, "factor": 3 }"#,
        r#"{ "do": "pause", "node": 3 }"#,
        r#"{ "do": "resume", "node": 3 }"#,
        r#"{ "do": "align_timers" }"#,
        r#"{ "do": "spread_timers" }"#,
        r#"{ "do": "deliver", "message": 7 }"#,
        r#"{ "do": "fail_syncs", "node": 3, "count": 0 }"#,
        r#"{ "do": "resize_disk", "node": 3, "bytes": 1000000 }"#,
        r#"{ "do": "resize_disk", "node": 3 }"#,
        r#"{ "do": "keep_image", "node": 3, "image": "old" }"#,
        r#"{ "do": "corrupt", "node": 3, "file": "wal-00000001.log", "offset": 9, "bit": 2 }"#,
        r#"{ "do": "kill", "node": 3 }"#,
        r#"{ "do": "crash", "node": 3, "keep": "everything" }"#,
        r#"{ "do": "crash", "node": 1, "keep": { "first": { "bytes": 9 } } }"#,
        r#"{ "do": "crash", "node": 2, "keep": { "only": { "appends": [2], "names": [1] } } }"#,
        r#"{ "do": "tear", "node": 3, "file": "wal-00000001.log", "bytes": 3 }"#,
        r#"{ "do": "remove_file", "node": 3, "file": "wal-00000001.log" }"#,
        r#"{ "do": "restore_image", "node": 3, "image": "old" }"#,
        r#"{ "do": "wipe_disk", "node": 3 }"#,
        r#"{ "do": "recreate_cluster", "except": [3] }"#,
    ] {
        if let Err(error) = playground.act(action(json)) {
            panic!("{json}: {}", message(error));
        }
    }
    assert!(playground.run_until(5.0 * SECOND, u32::MAX));
}

#[wasm_bindgen_test]
fn what_is_wrong_is_an_error_that_a_person_can_read() {
    let wrong = Playground::new("flotilla = 1\nname = \"x\"\nend = \"1s\"\nnodes = 0").err();
    let wrong = message(wrong.expect("no servers"));
    assert_eq!(wrong, "nodes is 0, but must be between 1 and 9");
    let mut playground = playground("leader-crash");
    let wrong = playground
        .act(action(r#"{ "do": "crash", "node": 9 }"#))
        .err();
    let wrong = message(wrong.expect("there are three"));
    assert_eq!(wrong, "node is 9, but must be a server, 1 to 3");
    let wrong = playground.act(action(r#"{ "do": "explode" }"#)).err();
    assert!(message(wrong.expect("no such action")).contains("unknown variant `explode`"));
    let wrong = playground.reseed(-1.0).err();
    assert!(message(wrong.expect("no seed")).contains("must be a whole number"));
    // It stays usable on what it had.
    assert!(playground.run_until(SECOND, u32::MAX));
}

#[wasm_bindgen_test]
fn settings_are_described_changed_and_refused_at_their_place() {
    let mut playground = playground("leader-crash");
    let setting = |playground: &Playground, path: &str| {
        let tables = Array::from(&playground.settings().expect("tables"));
        let all = tables
            .iter()
            .flat_map(|table| list(&table, "settings").to_vec());
        let named = |one: &JsValue| get(one, "path").as_string().as_deref() == Some(path);
        all.into_iter()
            .find(named)
            .unwrap_or_else(|| panic!("no {path}"))
    };
    let said = |setting: &JsValue, name| get(setting, name).as_string().expect("a text");
    let heartbeat = setting(&playground, "raft.heartbeat_interval");
    assert_eq!(said(&heartbeat, "kind"), "duration");
    assert_eq!(said(&heartbeat, "given"), "50ms");
    assert_eq!(
        (said(&heartbeat, "low"), said(&heartbeat, "high")),
        ("1ms".into(), "30s".into())
    );

    let before = playground.toml();
    let faster = action(r#"[{ "path": "raft.heartbeat_interval", "value": "10ms" }]"#);
    let refusal = playground.configure(faster).expect("well-formed");
    assert!(refusal.is_null_or_undefined());
    assert_eq!(
        said(&setting(&playground, "raft.heartbeat_interval"), "given"),
        "10ms"
    );
    assert_ne!(playground.toml(), before);

    let changed = playground.toml();
    let slower = action(r#"[{ "path": "raft.heartbeat_interval", "value": "100ms" }]"#);
    let refusal = playground.configure(slower).expect("well-formed");
    assert_eq!(said(&refusal, "path"), "raft.election_timeout_min");
    assert!(said(&refusal, "sentence").contains("at least twice heartbeat_interval (100ms)"));
    assert_eq!(playground.toml(), changed);
    assert!(playground.configure(action(r#"[{ "path": 1 }]"#)).is_err());
}

#[wasm_bindgen_test]
fn details_of_servers_and_messages_are_there() {
    let mut playground = playground("follower-recovery");
    playground.run_until(SECOND, u32::MAX);
    let opened = list(&look(&mut playground, 8), "details");
    let node = opened.get(0);
    assert_eq!((opened.length(), number(&node, "id")), (3, 1.0));
    let files = list(&get(&node, "disk"), "files");
    assert!(list(&node, "log").length() > 1 && files.length() > 0);
    // Nothing has changed since then.
    let opened = list(&look(&mut playground, 8), "details");
    assert_eq!(opened.length(), 0);
    let flying = (0..500).find_map(|_| {
        playground.step_forward();
        list(&frame(&mut playground), "messages").iter().next()
    });
    let id = number(&flying.expect("something is on its way"), "id");
    let detail = playground.message(id).expect("details");
    assert!(
        get(&detail, "sentence")
            .as_string()
            .is_some_and(|text| !text.is_empty())
    );
}

/// Each time memory grows, the engine makes its view of it anew.
#[wasm_bindgen_test]
fn memory_grows_seldom_and_by_much() {
    let mut playground = playground("rough-weather");
    let size = core::arch::wasm32::memory_size::<0>;
    let (begun, mut before, mut leaps) = (size(), size(), 0);
    while !playground.run_until(20.0 * SECOND, 100) {
        leaps += usize::from(size() > before);
        before = size();
    }
    let pages = before - begun;
    assert!(
        pages > 0 && leaps * 16 <= pages,
        "{leaps} for {pages} pages"
    );
}

#[wasm_bindgen_test]
fn fresh_seeds_are_whole_numbers_that_javascript_can_hold() {
    let seed = fresh_seed().expect("browsers have crypto");
    assert!(seed >= 0.0 && seed.fract() == 0.0 && seed < 2f64.powi(53));
    let mut playground = playground("leader-crash");
    assert!(playground.reseed(seed).is_ok());
}

/// Goes on until a part says that it is the last.
fn to_the_end(mut part: impl FnMut() -> bool) {
    while !part() {}
}

fn sought(playground: &Playground) -> JsValue {
    let sought = playground.sought().expect("plain data");
    assert!(sought.is_object(), "it has ended");
    sought
}

#[wasm_bindgen_test]
fn a_run_is_searched_in_both_directions() {
    let mut playground = playground("leader-crash");
    let fault = JsValue::from_str("fault");
    to_the_end(|| {
        playground
            .seek_next(fault.clone(), 50)
            .expect("an interest")
    });
    assert_eq!(get(&sought(&playground), "found"), JsValue::TRUE);
    let crash = playground.fingerprint();
    to_the_end(|| playground.settle(50));
    assert_ne!(playground.fingerprint(), crash);
    to_the_end(|| {
        playground
            .seek_previous(fault.clone(), 50)
            .expect("an interest")
    });
    assert_eq!(playground.fingerprint(), crash);
    let node = action(r#"{ "node": 2 }"#);
    to_the_end(|| playground.seek_next(node.clone(), 50).expect("an interest"));
    assert!(playground.seek_next(JsValue::from_str("luck"), 50).is_err());
}

#[wasm_bindgen_test]
fn a_future_that_was_left_is_a_branch() {
    let mut playground = playground("leader-crash");
    playground.run_until(2.0 * SECOND, u32::MAX);
    let before = playground.fingerprint();
    playground.seek(0.5 * SECOND, 0);
    let crash = action(r#"{ "do": "crash", "node": 2 }"#);
    let kept = playground.act(crash).expect("it is possible");
    assert_eq!(kept.as_deref(), Some("Original"));
    playground.run_until(2.0 * SECOND, u32::MAX);
    to_the_end(|| playground.compare(1, 50).expect("it is kept"));
    let comparison = playground.branch_comparison().expect("plain data");
    assert_eq!(number(&comparison, "parted"), 0.5 * SECOND);
    assert_eq!(list(&comparison, "servers").length(), 3);
    let branch = playground.switch_branch(1).expect("it is kept");
    playground.run_until(number(&branch, "head"), u32::MAX);
    assert_eq!(playground.fingerprint(), before);
    playground.rename_branch(2, "with a crash").expect("a name");
    let refused = message(playground.rename_branch(2, " ").expect_err("no name"));
    assert!(refused.contains("1 to 40 characters"), "{refused}");
    playground.delete_branch(2).expect("it is not shown");
    let left = Array::from(&playground.branches().expect("plain data"));
    assert_eq!(left.length(), 1);
}
