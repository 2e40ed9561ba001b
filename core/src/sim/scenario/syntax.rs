//! What is wrong with a text that cannot be read, and where.

use core::fmt;

/// What is wrong with a text, and where. It is written with the line and a caret below the
/// column, both cut to a width that a person can read: a file comes from anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, in characters.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// The line's text around the column.
    excerpt: String,
    /// Where the column stands in the excerpt.
    caret: usize,
}

/// The most characters of a line that are shown before the column.
const BEFORE: usize = 50;
/// The most characters of a line that are shown from the column on.
const AFTER: usize = 30;
/// The most characters of a message, which may quote what was given.
const MESSAGE: usize = 400;

impl SyntaxError {
    pub(super) fn new(text: &str, error: &toml::de::Error) -> SyntaxError {
        let start = error.span().map_or(0, |span| span.start);
        let boundaries = (0..=start.min(text.len())).rev();
        let start = boundaries.into_iter().find(|at| text.is_char_boundary(*at));
        let start = start.expect("0 is a boundary");
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let before: Vec<char> = text[line_start..start].chars().collect();
        let after = text[start..].chars().take_while(|c| *c != '\n');
        let shown = &before[before.len().saturating_sub(BEFORE)..];
        SyntaxError {
            line: 1 + text[..start].matches('\n').count() as u64,
            column: 1 + before.len() as u64,
            message: plain(error.message()).chars().take(MESSAGE).collect(),
            excerpt: shown
                .iter()
                .copied()
                .chain(after.take(AFTER))
                .map(printable)
                .collect(),
            caret: shown.len(),
        }
    }
}

/// The message without the names of Rust's types.
fn plain(message: &str) -> String {
    let number = "expected a whole number that is not negative";
    message
        .trim_end()
        .replace("expected u64", number)
        .replace("expected u32", number)
        .replace("expected i64", "expected a whole number")
}

/// Control characters would move the caret, or the terminal.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column, message) = (self.line, self.column, &self.message);
        writeln!(f, "line {line}, column {column}: {message}")?;
        writeln!(f, "  | {}", self.excerpt.trim_end())?;
        write!(f, "  | {:width$}^", "", width = self.caret)
    }
}
