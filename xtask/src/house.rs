//! Where things are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The root of the project, and the places below it that tasks speak of.
#[derive(Debug, Clone)]
pub(crate) struct House {
    root: PathBuf,
}

impl House {
    /// The project that this program was compiled from.
    pub(crate) fn here() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().expect("xtask is a folder of the project");
        Self::at(root)
    }

    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The page's sources.
    pub(crate) fn www(&self) -> PathBuf {
        self.root.join("www")
    }

    /// The generated bindings, as the page imports them.
    pub(crate) fn bindings(&self) -> PathBuf {
        self.www().join("src").join("wasm")
    }

    /// The finished static site.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The version of a package in `Cargo.lock`.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path:?}"))?;
        find_locked_version(&text, package)
            .with_context(|| format!("Cargo.lock holds no package `{package}`"))
    }
}

fn find_locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| line.trim() != name);
    let version = lines.nth(1)?.trim().strip_prefix("version = \"")?;
    Some(version.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{House, find_locked_version};

    const LOCK: &str = r#"
[[package]]
name = "wasm-bindgen-macro"
version = "0.2.1"

[[package]]
name = "wasm-bindgen"
version = "0.2.2"
"#;

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        let found = find_locked_version(LOCK, "wasm-bindgen");
        assert_eq!(found.as_deref(), Some("0.2.2"));
        assert_eq!(find_locked_version(LOCK, "wasm"), None);
    }

    /// A generator of another version refuses the compiled code, or worse, accepts it.
    #[test]
    fn the_bindings_generator_has_the_version_of_the_bindings() {
        let house = House::here();
        let version = |name| house.locked_version(name).expect("locked");
        assert_eq!(
            version("wasm-bindgen"),
            version("wasm-bindgen-cli-support"),
            "change the pin in xtask/Cargo.toml together with wasm-bindgen"
        );
    }
}
