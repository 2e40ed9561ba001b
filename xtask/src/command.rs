//! Running other programs: said before it happens, explained when it fails.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, io};

use anyhow::{Context, Result, bail};
use console::style;

use crate::progress::{Busy, say};

/// A program to run, with no standard input.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    /// Where it runs, if not at the project's root; part of the line that is shown.
    below: Option<PathBuf>,
    settings: Vec<String>,
}

impl Program {
    pub(crate) fn new(program: impl AsRef<OsStr>, root: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root).stdin(Stdio::null());
        Self {
            command,
            below: None,
            settings: Vec::new(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    /// Runs in this folder, which a person would change to.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self.below = Some(folder.to_path_buf());
        self
    }

    /// An environment variable that a person would have to set too: shown with the command.
    pub(crate) fn setting(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let shown = value.as_ref().to_string_lossy().into_owned();
        self.settings.push(format!("{name}={}", quoted(&shown)));
        self.command.env(name, value);
        self
    }

    /// An environment variable that changes nothing about what is done.
    pub(crate) fn quiet_setting(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The line that a person would type.
    pub(crate) fn line(&self) -> String {
        let name = Path::new(self.command.get_program());
        let name = name.file_name().unwrap_or(name.as_os_str());
        let words = std::iter::once(name).chain(self.command.get_args());
        let words = words.map(|word| quoted(&word.to_string_lossy()));
        let all: Vec<String> = self.settings.iter().cloned().chain(words).collect();
        all.join(" ")
    }

    /// Runs it with its output shown as it comes.
    pub(crate) fn run(mut self) -> Result<()> {
        let place = self.below.as_ref().and_then(|path| path.file_name());
        let place = place.map(|name| format!("{}/ ", name.to_string_lossy()));
        let line = format!("{}$ {}", place.unwrap_or_default(), self.line());
        say(&style(line).dim().to_string());
        let status = self.command.status();
        let status = status.map_err(|error| self.cannot_start(&error))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.line());
        }
        Ok(())
    }

    /// Runs it with its output shown as it comes, and tells the code with which it ended.
    pub(crate) fn code(mut self) -> Result<ExitCode> {
        say(&style(format!("$ {}", self.line())).dim().to_string());
        let status = self.command.status();
        let status = status.map_err(|error| self.cannot_start(&error))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Runs it under a spinner; its output is shown only when it fails.
    pub(crate) fn run_behind(mut self, what: &str) -> Result<()> {
        let busy = Busy::start(what);
        let output = self.command.output();
        let output = output.map_err(|error| self.cannot_start(&error))?;
        if !output.status.success() {
            drop(busy);
            say(String::from_utf8_lossy(&output.stdout).trim_end());
            say(String::from_utf8_lossy(&output.stderr).trim_end());
            bail!("`{}` failed ({})", self.line(), output.status);
        }
        busy.done();
        Ok(())
    }

    /// Runs it unseen and returns what it printed; what it says on standard error is shown.
    pub(crate) fn capture(mut self) -> Result<String> {
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| self.cannot_start(&error))?;
        if !output.status.success() {
            bail!("`{}` failed ({})", self.line(), output.status);
        }
        String::from_utf8(output.stdout)
            .with_context(|| format!("`{}` printed something that is not text", self.line()))
    }

    /// Runs it unseen; nothing when it is not there or fails.
    pub(crate) fn probe(mut self) -> Option<String> {
        let output = self.command.output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(text)
    }

    fn cannot_start(&self, error: &io::Error) -> anyhow::Error {
        let program = self.command.get_program().to_string_lossy();
        if error.kind() == io::ErrorKind::NotFound {
            anyhow::anyhow!("`{program}` is not installed, or not on the PATH")
        } else {
            anyhow::anyhow!("`{program}` could not be started: {error}")
        }
    }
}

/// The file that a program's name stands for on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
}

/// The PATH with these folders before all others.
pub(crate) fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&path));
    env::join_paths(all).context("a folder's name can't be part of the PATH")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Program;

    #[test]
    fn the_shown_line_can_be_typed() {
        let program = Program::new("/usr/bin/cargo", Path::new("."))
            .args(["doc", "--cfg", "feature=\"x y\""])
            .setting("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            program.line(),
            "RUSTDOCFLAGS='-D warnings' cargo doc --cfg 'feature=\"x y\"'"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Program::new("no-such-program-here", Path::new(".")).run();
        let text = error.expect_err("it does not exist").to_string();
        assert!(
            text.contains("`no-such-program-here` is not installed"),
            "{text}"
        );
    }
}
