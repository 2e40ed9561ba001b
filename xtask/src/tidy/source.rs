//! Rust source with its comments and strings told apart from its code.

/// The same text twice, line by line and column by column: once only the code, once only the
/// comments, blanks elsewhere. What stands in strings is in neither.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) code: String,
    pub(super) comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Text,
}

impl Source {
    pub(super) fn rust(text: &str) -> Self {
        let mut source = Self::default();
        let mut rest = text;
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            let (kind, length) = piece(rest, before).unwrap_or((Kind::Code, first.len_utf8()));
            let (taken, after) = rest.split_at(length);
            before = taken.chars().next_back().unwrap_or(' ');
            for c in taken.chars() {
                let shown = |wanted| if kind == wanted || c == '\n' { c } else { ' ' };
                source.code.push(shown(Kind::Code));
                source.comments.push(shown(Kind::Comment));
            }
            rest = after;
        }
        source
    }
}

/// The comment or the text that starts here, and its length in bytes.
fn piece(rest: &str, before: char) -> Option<(Kind, usize)> {
    if rest.starts_with("//") {
        return Some((Kind::Comment, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some((Kind::Comment, nested_comment(rest)));
    }
    if rest.starts_with('"') {
        return Some((Kind::Text, quoted(rest, '"')));
    }
    if rest.starts_with('r') && (!is_word(before) || before == 'b' || before == 'c') {
        return raw_text(rest).map(|length| (Kind::Text, length));
    }
    if rest.starts_with('\'') {
        return character(rest).map(|length| (Kind::Text, length));
    }
    None
}

fn nested_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a text that starts with its quote and ends with the next one not escaped.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

fn raw_text(rest: &str) -> Option<usize> {
    let inner = rest[1..].trim_start_matches('#');
    let hashes = rest.len() - 1 - inner.len();
    inner.strip_prefix('"')?;
    let start = 1 + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let found = rest[start..].find(&end);
    Some(found.map_or(rest.len(), |at| start + at + end.len()))
}

/// The length of a character, and nothing for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.chars().skip(1);
    let first = chars.next()?;
    if first == '\\' {
        return Some(quoted(rest, '\''));
    }
    (chars.next()? == '\'').then(|| 2 + first.len_utf8())
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a word (or a path, a macro) stands by itself, not as part of a longer one.
pub(super) fn find_word(text: &str, word: &str) -> Vec<usize> {
    let ends_in_word = word.chars().next_back().is_some_and(is_word);
    let alone = |at: &usize| {
        let goes_on = ends_in_word && text[at + word.len()..].starts_with(is_word);
        !text[..*at].ends_with(is_word) && !goes_on
    };
    let found = text.match_indices(word).map(|(at, _)| at);
    found.filter(alone).collect()
}

/// The line, counted from zero, that a byte is on.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::{Source, find_word, line_of};

    #[test]
    fn comments_and_texts_are_told_from_code() {
        let table = [
            ("a // b", "a     ", "  // b"),
            (
                "a /* b /* c */ d */ e",
                "a                   e",
                "  /* b /* c */ d */  ",
            ),
            (r#"f("a // b", c)"#, "f(        , c)", "              "),
            (r#"f("\"", c)"#, "f(    , c)", "          "),
            (r##"f(r#"a"b"#, c)"##, "f(        , c)", "              "),
            (
                "g('\"', 'x', '\\'', y)",
                "g(   ,    ,     , y)",
                "                    ",
            ),
            (
                "fn f<'a>(x: &'a str)",
                "fn f<'a>(x: &'a str)",
                "                    ",
            ),
            ("var\"x\"", "var   ", "      "),
        ];
        for (text, code, comments) in table {
            let source = Source::rust(text);
            assert_eq!(source.code, code, "{text}");
            assert_eq!(source.comments.trim_end(), comments.trim_end(), "{text}");
        }
    }

    #[test]
    fn lines_stay_where_they_are() {
        let source = Source::rust("\"a\nb\"\n/* c\nd */ e\n");
        assert_eq!(source.code.matches('\n').count(), 4);
        let at = source.code.find('e').expect("it is code");
        assert_eq!(line_of(&source.code, at), 3);
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert_eq!(find_word("HashMapper, HashMap", "HashMap"), [12]);
        assert_eq!(find_word("my_todo!() todo!()", "todo!"), [11]);
    }
}
