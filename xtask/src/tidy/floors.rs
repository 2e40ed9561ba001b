//! Imports between the floors of the core run downward only.

use super::source::{Source, find_word, is_word, line_of};
use super::{File, Finding};

const CORE: &str = "core/src/";

/// The floors from the ground up, each with those that it may import besides itself.
const FLOORS: [(&str, &[&str]); 10] = [
    ("types", &[]),
    ("raft", &["types"]),
    ("storage", &["types"]),
    ("cache", &["types"]),
    ("replica", &["types", "raft", "storage", "cache"]),
    ("client", &["types", "cache", "replica"]),
    (
        "sim",
        &["types", "raft", "storage", "cache", "replica", "client"],
    ),
    (
        "check",
        &[
            "types", "raft", "storage", "cache", "replica", "client", "sim",
        ],
    ),
    (
        "hunt",
        &[
            "types", "raft", "storage", "cache", "replica", "client", "sim", "check",
        ],
    ),
    (
        "view",
        &[
            "types", "raft", "storage", "cache", "replica", "client", "sim", "check", "hunt",
        ],
    ),
];

pub(super) fn check(file: &File) -> Vec<Finding> {
    let Some(place) = file.path.strip_prefix(CORE) else {
        return Vec::new();
    };
    if !file.is_rust() || place == "lib.rs" {
        return Vec::new();
    }
    let own = place.split(['/', '.']).next().unwrap_or_default();
    let Some((_, below)) = FLOORS.iter().find(|(floor, _)| *floor == own) else {
        let what = format!("`{own}` is on no floor: give it one in xtask/src/tidy/floors.rs");
        return vec![Finding::new(file, 0, what)];
    };
    let code = Source::rust(&file.text).code;
    let mut imports = crate_imports(&code);
    imports.extend(super_imports(&code, depth(place)));
    let wrong = imports
        .into_iter()
        .filter(|(_, floor)| floor != own && is_floor(floor) && !below.contains(&floor.as_str()));
    wrong
        .map(|(at, floor)| {
            let below = if below.is_empty() {
                "nothing".to_owned()
            } else {
                below.join(", ")
            };
            let what = format!("`{own}` imports `{floor}`; below it are only: {below}");
            Finding::new(file, line_of(&code, at), what)
        })
        .collect()
}

fn is_floor(name: &str) -> bool {
    FLOORS.iter().any(|(floor, _)| *floor == name)
}

/// How many times `super` leads from a file's module to the crate's root.
fn depth(place: &str) -> usize {
    let folders = place.matches('/').count();
    folders + usize::from(!place.ends_with("/mod.rs"))
}

/// What follows each `crate::`: a name, or the first names of a group in braces.
fn crate_imports(code: &str) -> Vec<(usize, String)> {
    let starts = find_word(code, "crate::");
    let after = starts.into_iter().map(|at| at + "crate::".len());
    after.flat_map(|at| first_names(code, at)).collect()
}

/// What follows `super::super::`, as far as it leads to the crate's root.
fn super_imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let up = "super::";
    let chain = up.repeat(depth);
    let starts = find_word(code, &chain);
    let after = starts.into_iter().map(|at| at + chain.len());
    let past = after.map(|at| {
        let rest = &code[at..];
        at + (rest.len() - rest.trim_start_matches(up).len())
    });
    past.flat_map(|at| first_names(code, at)).collect()
}

fn first_names(code: &str, at: usize) -> Vec<(usize, String)> {
    let rest = code[at..].trim_start();
    let at = code.len() - rest.len();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![(at, word(rest))];
    };
    let mut names = Vec::new();
    let (mut depth, mut fresh) = (1, true);
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            _ if fresh && is_word(c) => {
                names.push((at + 1 + offset, word(&group[offset..])));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| is_word(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::check;

    fn found(path: &str, text: &str) -> Vec<String> {
        let findings = check(&file(path, text));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_import_of_a_floor_above_is_found() {
        let text = "//! crate::sim is fine here.\n\nuse crate::replica::Replica;\n";
        assert_eq!(
            found("core/src/raft/log.rs", text),
            ["core/src/raft/log.rs:3: `raft` imports `replica`; below it are only: types"]
        );
    }

    #[test]
    fn the_three_at_the_bottom_do_not_know_each_other() {
        for (own, other) in [("raft", "storage"), ("storage", "cache"), ("cache", "raft")] {
            let path = format!("core/src/{own}/mod.rs");
            assert_eq!(found(&path, &format!("use crate::{other}::X;")).len(), 1);
        }
    }

    #[test]
    fn a_group_is_read_to_its_end() {
        let text = "use crate::{\n    types::{Index, check::X},\n    view::Frame,\n};\n";
        let found = found("core/src/sim/mod.rs", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("core/src/sim/mod.rs:3: `sim` imports `view`"));
    }

    #[test]
    fn a_way_around_through_super_is_found() {
        assert_eq!(
            found("core/src/raft/mod.rs", "use super::sim::World;").len(),
            1
        );
        let text = "fn f(x: super::super::view::Frame) {}";
        assert_eq!(found("core/src/sim/world.rs", text).len(), 1);
        assert_eq!(
            found("core/src/sim/world.rs", "use super::view::X;"),
            [""; 0]
        );
    }

    #[test]
    fn the_world_does_not_know_its_checks_but_they_know_it() {
        assert_eq!(
            found("core/src/sim/mod.rs", "use crate::check::X;").len(),
            1
        );
        assert_eq!(
            found("core/src/check/mod.rs", "use crate::sim::X;"),
            [""; 0]
        );
    }

    #[test]
    fn a_module_without_a_floor_is_found() {
        assert_eq!(found("core/src/attic/mod.rs", "").len(), 1);
        assert_eq!(found("core/src/attic.rs", "").len(), 1);
        assert_eq!(found("core/src/lib.rs", "pub mod attic;"), [""; 0]);
    }
}
