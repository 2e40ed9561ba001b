//! Nothing unfinished is left behind, and no test is left out.

use super::source::{Source, find_word, line_of};
use super::{File, Finding};

const MARKERS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
const UNFINISHED: [&str; 3] = ["dbg!", "todo!", "unimplemented!"];
const PAGE: [&str; 6] = ["css", "html", "js", "mjs", "svelte", "ts"];
const LEFT_OUT: [&str; 3] = [".skip(", ".only(", ".fixme("];

pub(super) fn check(file: &File) -> Vec<Finding> {
    if file.is_rust() {
        let source = Source::rust(&file.text);
        let left_out = ["#[ignore"];
        [
            look(file, &source.comments, &MARKERS, FINISH),
            look(file, &source.code, &UNFINISHED, FINISH),
            look(file, &source.code, &left_out, RUN),
        ]
        .concat()
    } else if PAGE.contains(&file.extension()) {
        let mut findings = look(file, &file.text, &MARKERS, FINISH);
        if is_page_test(&file.path) {
            findings.extend(look(file, &file.text, &LEFT_OUT, RUN));
        }
        findings
    } else {
        Vec::new()
    }
}

const FINISH: &str = "finish it, or say what is, without a promise";
const RUN: &str = "a test runs, or it goes";

fn look(file: &File, text: &str, words: &[&str], instead: &str) -> Vec<Finding> {
    let each = words.iter().flat_map(|word| {
        // A call belongs to the word before it, so it is looked for as it stands.
        let places = if word.starts_with('.') {
            text.match_indices(word).map(|(at, _)| at).collect()
        } else {
            find_word(text, word)
        };
        let finding = move |at| {
            let what = format!("`{word}` was left behind; {instead}");
            Finding::new(file, line_of(text, at), what)
        };
        places.into_iter().map(finding)
    });
    each.collect()
}

fn is_page_test(path: &str) -> bool {
    path.contains(".test.") || path.contains(".spec.") || path.contains("/e2e/")
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::check;

    fn found(path: &str, text: &str) -> usize {
        check(&file(path, text)).len()
    }

    #[test]
    fn markers_are_found_in_comments() {
        assert_eq!(
            found("core/src/a.rs", "fn f() {} // TODO: g\n/* FIXME */"),
            2
        );
        assert_eq!(found("www/src/a.svelte", "<!-- XXX -->"), 1);
        assert_eq!(
            found("core/src/a.rs", "let x = \"TODO\"; // A TODOs' list"),
            0
        );
    }

    #[test]
    fn unfinished_code_is_found() {
        assert_eq!(found("web/src/a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(found("web/src/a.rs", "dbg!(x);\nunimplemented!();"), 2);
    }

    #[test]
    fn tests_left_out_are_found() {
        assert_eq!(
            found(
                "tests/tests/a.rs",
                "#[test]\n#[ignore = \"slow\"]\nfn f() {}"
            ),
            1
        );
        assert_eq!(
            found("www/e2e/a.spec.ts", "test.only('x', f);\nit.skip('y', g);"),
            2
        );
        assert_eq!(found("www/src/list.ts", "rows.skip(2)"), 0);
        assert_eq!(found("core/src/a.rs", "rows.iter().skip(2)"), 0);
    }
}
