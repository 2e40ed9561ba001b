//! A file that grows past its measure asks for a better idea.

use super::{File, Finding};

/// Lines of a Rust file, its tests apart.
const MOST_LINES: usize = 800;

pub(super) fn check(file: &File) -> Vec<Finding> {
    if !file.is_rust() || file.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let lines = file.text.lines();
    let count = lines.take_while(|line| *line != "#[cfg(test)]").count();
    if count <= MOST_LINES {
        return Vec::new();
    }
    let what =
        format!("{count} lines without the tests; {MOST_LINES} at most: split it by purpose");
    vec![Finding::new(file, MOST_LINES, what)]
}

#[cfg(test)]
mod tests {
    use super::super::files::file;
    use super::{MOST_LINES, check};

    #[test]
    fn a_file_that_is_too_long_is_found() {
        let text = "x\n".repeat(MOST_LINES);
        assert!(check(&file("core/src/a.rs", &text)).is_empty());
        assert_eq!(
            check(&file("core/src/a.rs", &format!("{text}x\n"))).len(),
            1
        );
    }

    #[test]
    fn tests_do_not_count() {
        let text = format!("x\n#[cfg(test)]\n{}", "x\n".repeat(MOST_LINES));
        assert!(check(&file("core/src/a.rs", &text)).is_empty());
    }
}
