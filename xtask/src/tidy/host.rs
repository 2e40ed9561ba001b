//! The core does nothing by itself: what clippy's list of types can't see of a host.

use super::source::{Source, find_word, line_of};
use super::{File, Finding};

/// What belongs to a host, and what the core has instead.
const HOST: [(&str, &str); 16] = [
    ("std::time", "the host passes the time: types::Instant"),
    ("std::fs", "the host owns the disk: storage::Disk"),
    ("std::io", "the host does all input and output"),
    ("std::net", "the host delivers messages"),
    ("std::thread", "the core runs where it is called"),
    ("std::process", "the host owns the process"),
    ("std::env", "settings are passed as configuration"),
    ("SystemTime", "the host passes the time: types::Instant"),
    ("HashMap", "its order is random: BTreeMap or imbl::OrdMap"),
    ("HashSet", "its order is random: BTreeSet or imbl::OrdSet"),
    ("thread_local!", "the core has no global state"),
    ("static mut", "the core has no global state"),
    ("println!", "what happened is an event"),
    ("eprintln!", "what happened is an event"),
    ("print!", "what happened is an event"),
    ("eprint!", "what happened is an event"),
];

pub(super) fn check(file: &File) -> Vec<Finding> {
    if !file.path.starts_with("core/src/") || !file.is_rust() || is_test(&file.path) {
        return Vec::new();
    }
    let code = Source::rust(&file.text).code;
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let each = HOST.iter().flat_map(|(name, instead)| {
        let places = find_word(code, name).into_iter();
        places.map(move |at| {
            let what = format!("`{name}` in the core; {instead}");
            Finding::new(file, line_of(code, at), what)
        })
    });
    each.collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::check;

    fn found(path: &str, text: &str) -> usize {
        check(&file(path, text)).len()
    }

    #[test]
    fn a_host_in_the_core_is_found() {
        assert_eq!(found("core/src/raft/log.rs", "use std::fs::File;"), 1);
        assert_eq!(
            found("core/src/raft/log.rs", "use std::collections::{HashMap};"),
            1
        );
        assert_eq!(found("core/src/sim/world.rs", "println!(\"{x}\");"), 1);
    }

    #[test]
    fn words_in_comments_and_tests_are_none() {
        let path = "core/src/raft/log.rs";
        assert_eq!(found(path, "// No std::fs here.\nlet x = \"HashMap\";"), 0);
        assert_eq!(found(path, "#[cfg(test)]\nmod tests { use std::fs; }"), 0);
        assert_eq!(found("core/src/raft/tests.rs", "use std::fs;"), 0);
        assert_eq!(found("xtask/src/main.rs", "use std::fs;"), 0);
    }
}
