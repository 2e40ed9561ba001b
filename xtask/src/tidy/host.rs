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

/// The one file that does input and output, what of a host it may use, and the feature without
/// which it is not compiled.
const DISK: &str = "core/src/storage/directory.rs";
const DISK_MAY: [&str; 5] = [
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "std::time",
];
const DISK_FEATURE: &str = "directory";

pub(super) fn check(file: &File) -> Vec<Finding> {
    match file.path.as_str() {
        "core/Cargo.toml" => no_default_features(file),
        "web/Cargo.toml" => no_disk_in_wasm(file),
        path if path.starts_with("core/src/") && file.is_rust() && !is_test(path) => {
            [host_in_code(file), disk_without_feature(file)].concat()
        }
        _ => Vec::new(),
    }
}

fn host_in_code(file: &File) -> Vec<Finding> {
    let code = Source::rust(&file.text).code;
    let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let may = |name: &str| file.path == DISK && DISK_MAY.contains(&name);
    let named = HOST.iter().filter(|(name, _)| !may(name));
    let each = named.flat_map(|(name, instead)| {
        let places = find_word(code, name).into_iter();
        places.map(move |at| {
            let what = format!("`{name}` in the core; {instead}");
            Finding::new(file, line_of(code, at), what)
        })
    });
    each.collect()
}

/// The disk's module is declared behind its feature, and so is all that is taken from it.
fn disk_without_feature(file: &File) -> Vec<Finding> {
    let gate = format!("#[cfg(feature = \"{DISK_FEATURE}\")]");
    let names_it = |line: &str| {
        let line = line.trim_start_matches("pub ");
        line.starts_with("mod directory;") || line.starts_with("use directory::")
    };
    let mut before = "";
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        if names_it(line.trim()) && before != gate {
            let what = format!("the real disk without `{gate}` on the line before");
            findings.push(Finding::new(file, index, what));
        }
        before = line.trim();
    }
    findings
}

fn no_default_features(file: &File) -> Vec<Finding> {
    let what = "a default feature of the core: what needs a host is asked for by hosts";
    lines_with(file, |line| line.starts_with("default = "), what)
}

fn no_disk_in_wasm(file: &File) -> Vec<Finding> {
    let feature = format!("\"{DISK_FEATURE}\"");
    let what = "the real disk in the page: wasm has no file system";
    lines_with(file, |line| line.contains(&feature), what)
}

fn lines_with(file: &File, wrong: impl Fn(&str) -> bool, what: &str) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let found = lines.filter(|(_, line)| wrong(line));
    found
        .map(|(index, _)| Finding::new(file, index, what))
        .collect()
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
    fn only_the_disk_may_use_files_and_only_what_a_disk_needs() {
        assert_eq!(found(super::DISK, "use std::fs::File;\nuse std::io;"), 0);
        assert_eq!(found(super::DISK, "use std::net::TcpStream;"), 1);
        assert_eq!(found(super::DISK, "std::env::var(name);"), 1);
        assert_eq!(found(super::DISK, "SystemTime::now();"), 1);
        assert_eq!(found("core/src/storage/disk.rs", "use std::fs::File;"), 1);
    }

    #[test]
    fn the_disk_stays_behind_its_feature() {
        let path = "core/src/storage/mod.rs";
        let gated = "#[cfg(feature = \"directory\")]\nmod directory;\n";
        assert_eq!(found(path, gated), 0);
        assert_eq!(found(path, &gated.replace("mod", "pub mod")), 0);
        assert_eq!(found(path, "mod directory;"), 1);
        assert_eq!(found(path, "pub use directory::Directory;"), 1);
        assert_eq!(found("core/Cargo.toml", "default = [\"directory\"]"), 1);
        assert_eq!(found("core/Cargo.toml", "directory = []"), 0);
        let dependency = "flotilla-core = { features = [\"typescript\", \"directory\"] }";
        assert_eq!(found("web/Cargo.toml", dependency), 1);
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
