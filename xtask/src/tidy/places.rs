//! The project speaks of itself alone: no path of somebody's machine, no private registry.

use super::{File, Finding};

/// Folders at the root of a machine in which people keep their work.
const PEOPLES: [&str; 5] = ["home", "Users", "root", "work", "workspace"];
/// Where npm's packages come from, if a lock file names a place at all.
const NPM: &str = "https://registry.npmjs.org/";
/// Where crates come from.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let each = lines.filter_map(|(index, line)| {
        let what = match file.path.rsplit('/').next() {
            Some("package-lock.json") => foreign_source(line, "\"resolved\": \"", NPM),
            Some("Cargo.lock") => foreign_source(line, "source = \"", CRATES),
            _ => machine_path(line),
        };
        what.map(|what| Finding::new(file, index, what))
    });
    each.collect()
}

fn foreign_source(line: &str, key: &str, public: &str) -> Option<String> {
    let source = line.trim().strip_prefix(key)?;
    let foreign = !source.starts_with(public);
    foreign.then(|| format!("a package from another place than {public}"))
}

fn machine_path(line: &str) -> Option<String> {
    PEOPLES.iter().find_map(|name| {
        let path = format!("/{name}/");
        let starts = line.match_indices(&path).map(|(at, _)| at);
        // Inside a URL or a longer path it is not the root of a machine.
        let inside = |c: char| c.is_alphanumeric() || "._-/})*~".contains(c);
        let mut roots = starts.filter(|at| !line[..*at].ends_with(inside));
        let found = roots.next().is_some();
        found.then(|| format!("`{path}` is a path on one machine; name it from the project's root"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::{PEOPLES, check};

    #[test]
    fn a_path_on_one_machine_is_found() {
        for name in PEOPLES {
            let text = format!("first\nlet x = \"/{name}/me/flotilla\";");
            let findings = check(&file("core/src/a.rs", &text));
            assert_eq!(findings.len(), 1, "{name}");
            assert_eq!(findings[0].line, 2);
        }
    }

    #[test]
    fn a_part_of_a_longer_path_is_none() {
        let text = format!(
            "https://example.org/{}/x and ./{}/y",
            PEOPLES[0], PEOPLES[3]
        );
        assert_eq!(check(&file("README.md", &text)), []);
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        let lock = "\"resolved\": \"https://npm.example.org/x.tgz\",\n\"version\": \"1.0.0\"";
        assert_eq!(check(&file("www/package-lock.json", lock)).len(), 1);
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert_eq!(check(&file("Cargo.lock", lock)), []);
    }
}
