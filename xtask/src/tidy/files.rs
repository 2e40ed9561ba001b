//! The project's own text files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders whose content is made or fetched, never written.
const NOT_OURS: [&str; 8] = [
    ".git",
    "dist",
    "node_modules",
    "playwright-report",
    "proptest-regressions",
    "target",
    "test-results",
    "wasm",
];

/// What the rules read; everything else is a picture or the like.
const TEXT: [&str; 14] = [
    "css", "html", "js", "json", "lock", "md", "mjs", "rs", "run", "svelte", "toml", "ts", "txt",
    "yml",
];

#[derive(Debug, Clone)]
pub(super) struct File {
    /// From the root, with `/` between folders.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.')
            .map_or(name, |(_, extension)| extension)
    }

    pub(super) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }
}

pub(super) fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {folder:?}"))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            let mut file = File {
                path,
                text: String::new(),
            };
            if TEXT.contains(&file.extension()) {
                let text = fs::read_to_string(entry.path());
                file.text = text.with_context(|| format!("reading {}", file.path))?;
                files.push(file);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}
