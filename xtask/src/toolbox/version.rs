//! Versions, as programs print them.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Version {
    /// The first version in what a program prints about itself: `wasm-pack 0.13.1`, `v20.19.0`,
    /// `Chromium 140.0.7339.80 built on Debian`.
    pub(crate) fn find(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix('v').unwrap_or(word);
        let word = word.split(['-', '+']).next()?;
        let mut numbers = word.split('.').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self(next()?, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_version_is_found_in_what_programs_print() {
        let table = [
            ("wasm-bindgen 0.2.130\n", Some(Version(0, 2, 130))),
            ("v20.19.0\n", Some(Version(20, 19, 0))),
            ("wasm-pack 0.13.1-rc.1", Some(Version(0, 13, 1))),
            ("Chromium 140.0.7339.80 built", Some(Version(140, 0, 7339))),
            ("command not found", None),
            ("tool 1.2", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Version::find(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version(20, 9, 0) < Version(20, 19, 0));
        assert_eq!(Version(0, 2, 130).to_string(), "0.2.130");
    }
}
