//! Settings that explain themselves: one declaration gives a setting its type, default, accepted
//! range, unit and documentation, so that none of these can say another thing than the others.
//!
//! [`settings`] declares a table of them. Rules that tie several fields together
//! stay beside the table, in its `validate`, by hand.

use super::{ConfigError, Duration, check_range};
use core::fmt::Display;
use core::ops::RangeInclusive;

/// One setting, with everything that there is to say of it. Values are texts, as a person writes
/// them: `50ms`, `65536`, `true`, `2ms to 8ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in its table.
    pub name: &'static str,
    /// What it decides, in sentences.
    pub about: String,
    /// How it is written.
    pub kind: SettingKind,
    /// What a number counts; empty when the value says its unit itself.
    pub unit: &'static str,
    /// What it is set to.
    pub given: String,
    /// What it is when nobody sets it.
    pub default: String,
    /// The lowest value accepted.
    pub low: String,
    /// The highest value accepted.
    pub high: String,
    /// What there is to choose from, if only a few words are accepted.
    pub choices: Vec<&'static str>,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A span of time with its unit.
    Duration,
    /// A distribution of spans of time.
    Latency,
    /// A number of bytes.
    Bytes,
    /// A share, in millionths.
    Ppm,
    /// A number of anything else.
    Count,
    /// On or off.
    Switch,
    /// One of a few words.
    Choice,
}

impl SettingKind {
    /// The kind of a number, which its unit tells.
    #[must_use]
    pub fn of_number(unit: &str) -> SettingKind {
        match unit {
            "bytes" => SettingKind::Bytes,
            "ppm" => SettingKind::Ppm,
            _ => SettingKind::Count,
        }
    }
}

/// A type that a setting can have. What `Display` writes, [`SettingValue::read`] reads.
pub trait SettingValue: Display + Sized {
    /// What its range is made of.
    type Bound: Display;

    /// How it is written, given the unit that its declaration names.
    fn kind(unit: &str) -> SettingKind;

    /// Reads what a person wrote.
    ///
    /// # Errors
    /// What a value of this type looks like.
    fn read(text: &str) -> Result<Self, String>;

    /// Refuses a value outside what is accepted.
    ///
    /// # Errors
    /// Names the field, the value and the range.
    fn check(&self, field: &str, accepted: RangeInclusive<Self::Bound>) -> Result<(), ConfigError>;

    /// What there is to choose from, if only a few words are accepted.
    #[must_use]
    fn choices() -> Vec<&'static str> {
        Vec::new()
    }
}

/// A table of settings, declared with [`settings`].
pub trait Settings {
    /// What the table is about.
    fn about(&self) -> String;

    /// Every setting, in the order of the declaration.
    fn settings(&self) -> Vec<Setting>;

    /// Sets one, without a look at its range or at the others.
    ///
    /// # Errors
    /// There is none of that name, or the text is no value of its type.
    fn set(&mut self, name: &str, text: &str) -> Result<(), ConfigError>;

    /// Refuses the first setting outside its own range.
    ///
    /// # Errors
    /// Names the field, the value and the range.
    fn check_ranges(&self) -> Result<(), ConfigError>;
}

/// Declares a table of settings: the struct, its `Default`, and [`Settings`].
///
/// ```text
/// settings! {
///     /// Sizes of what is written.
///     pub struct Config {
///         /// A segment that has grown beyond this is closed.
///         segment_bytes: u64 = 64 << 10, in 256..=1 << 30, "bytes";
///         /// How long to wait.
///         pause: Duration = Duration::millis(20), in Duration::ZERO..=Duration::secs(1);
///         /// Whether to wait at all.
///         patient: bool = true;
///     }
/// }
/// ```
///
/// A number names its unit; a duration needs none, and a switch neither unit nor range. The
/// documentation of a field is shown to people, so it is plain prose, and says neither default nor
/// range: both are added where it is read.
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        pub struct $table:ident {$(
            $(#[doc = $doc:literal])*
            $field:ident: $type:ty = $default:expr $(, in $range:expr)? $(, $unit:literal)?;
        )*}
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $table {$(
            $(#[doc = $doc])*
            #[doc = concat!(
                "\n\nDefault: `", stringify!($default), "`",
                $("; accepted: `", stringify!($range), "`",)? "."
            )]
            pub $field: $type,
        )*}

        impl Default for $table {
            fn default() -> $table {
                $table { $($field: $default,)* }
            }
        }

        impl $crate::types::Settings for $table {
            fn about(&self) -> String {
                $crate::types::prose(concat!($($about, "\n",)*))
            }

            fn settings(&self) -> Vec<$crate::types::Setting> {
                let default = $table::default();
                vec![$({
                    let unit = concat!($($unit)?);
                    let accepted: ::core::ops::RangeInclusive<
                        <$type as $crate::types::SettingValue>::Bound,
                    > = $crate::types::settings!(@range $($range)?);
                    $crate::types::Setting {
                        name: stringify!($field),
                        about: $crate::types::prose(concat!($($doc, "\n",)*)),
                        kind: <$type as $crate::types::SettingValue>::kind(unit),
                        unit,
                        given: self.$field.to_string(),
                        default: default.$field.to_string(),
                        low: accepted.start().to_string(),
                        high: accepted.end().to_string(),
                        choices: <$type as $crate::types::SettingValue>::choices(),
                    }
                },)*]
            }

            fn set(&mut self, name: &str, text: &str) -> Result<(), $crate::types::ConfigError> {
                match name {
                    $(stringify!($field) => {
                        self.$field = <$type as $crate::types::SettingValue>::read(text)
                            .map_err(|looks| $crate::types::ConfigError::unread(name, text, looks))?;
                        Ok(())
                    })*
                    _ => Err($crate::types::ConfigError::unknown(name, &[$(stringify!($field)),*])),
                }
            }

            fn check_ranges(&self) -> Result<(), $crate::types::ConfigError> {
                $($crate::types::SettingValue::check(
                    &self.$field,
                    stringify!($field),
                    $crate::types::settings!(@range $($range)?),
                )?;)*
                Ok(())
            }
        }
    };
    (@range $range:expr) => { $range };
    (@range) => { false..=true };
}
pub(crate) use settings;

/// The text of a documentation comment as one paragraph.
pub(crate) fn prose(comment: &str) -> String {
    let words: Vec<&str> = comment.split_whitespace().collect();
    words.join(" ")
}

impl SettingValue for Duration {
    type Bound = Duration;

    fn kind(_: &str) -> SettingKind {
        SettingKind::Duration
    }

    fn read(text: &str) -> Result<Duration, String> {
        text.parse().map_err(|_| Duration::LOOKS.into())
    }

    fn check(&self, field: &str, accepted: RangeInclusive<Duration>) -> Result<(), ConfigError> {
        let (low, high) = accepted.into_inner();
        check_range(field, *self, low, high)
    }
}

/// Numbers differ only in how far they reach.
macro_rules! number {
    ($($type:ty),*) => {$(
        impl SettingValue for $type {
            type Bound = $type;

            fn kind(unit: &str) -> SettingKind {
                SettingKind::of_number(unit)
            }

            fn read(text: &str) -> Result<$type, String> {
                let digits = text.trim().replace('_', "");
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = digits.parse().ok().filter(|_| plain);
                number.ok_or_else(|| format!("a whole number, at most {}", <$type>::MAX))
            }

            fn check(&self, field: &str, accepted: RangeInclusive<$type>) -> Result<(), ConfigError> {
                let (low, high) = accepted.into_inner();
                check_range(field, *self, low, high)
            }
        }
    )*};
}

number!(u32, u64);

impl SettingValue for bool {
    type Bound = bool;

    fn kind(_: &str) -> SettingKind {
        SettingKind::Switch
    }

    fn read(text: &str) -> Result<bool, String> {
        text.trim().parse().map_err(|_| "true or false".into())
    }

    fn check(&self, _: &str, _: RangeInclusive<bool>) -> Result<(), ConfigError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, SettingKind, Settings};
    use crate::types::Duration;

    settings! {
        /// A table
        /// of two lines.
        pub struct Table {
            /// How long
            /// to wait.
            pause: Duration = Duration::millis(20), in Duration::ZERO..=Duration::secs(1);
            /// How much.
            amount: u64 = 64 << 10, in 256..=1 << 40, "bytes";
            /// How often.
            often: u32 = 3, in 1..=9, "times";
            /// Whether.
            patient: bool = true;
        }
    }

    #[test]
    fn a_declaration_says_everything_of_a_setting() {
        let table = Table {
            pause: Duration::millis(1_500),
            ..Table::default()
        };
        let described = table.settings();
        let names: Vec<_> = described.iter().map(|one| (one.name, one.kind)).collect();
        let kinds = [
            ("pause", SettingKind::Duration),
            ("amount", SettingKind::Bytes),
            ("often", SettingKind::Count),
            ("patient", SettingKind::Switch),
        ];
        assert_eq!(names, kinds);
        let pause = Setting {
            name: "pause",
            about: "How long to wait.".into(),
            kind: SettingKind::Duration,
            unit: "",
            given: "1500ms".into(),
            default: "20ms".into(),
            low: "0ms".into(),
            high: "1s".into(),
            choices: Vec::new(),
        };
        assert_eq!(described[0], pause);
        let bounds = (described[1].low.as_str(), described[1].high.as_str());
        assert_eq!(
            (described[1].unit, bounds),
            ("bytes", ("256", "1099511627776"))
        );
        assert_eq!(table.about(), "A table of two lines.");
    }

    #[test]
    fn ranges_are_checked_to_the_edge() {
        for (amount, accepted) in [(255, false), (256, true), (1 << 40, true), (2 << 40, false)] {
            let table = Table {
                amount,
                ..Table::default()
            };
            assert_eq!(table.check_ranges().is_ok(), accepted, "{amount}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut table = Table::default();
        for (name, text) in [
            ("pause", "7ms"),
            ("amount", "1_000"),
            ("often", "9"),
            ("patient", "false"),
        ] {
            table.set(name, text).expect(text);
        }
        let changed = Table {
            pause: Duration::millis(7),
            amount: 1_000,
            often: 9,
            patient: false,
        };
        assert_eq!(table, changed);
        for one in changed.settings() {
            table.set(one.name, &one.given).expect("as written");
        }
        assert_eq!(table, changed);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_changes_nothing() {
        let mut table = Table::default();
        let mut refused = |name, text| table.set(name, text).expect_err(text).to_string();
        assert_eq!(
            refused("pause", "20"),
            "pause is \"20\", but must be a number and its unit, one of us, ms, s, min: 150ms, 1.5s"
        );
        assert_eq!(
            refused("often", "+4"),
            "often is \"+4\", but must be a whole number, at most 4294967295"
        );
        assert_eq!(
            refused("patient", "maybe"),
            "patient is \"maybe\", but must be true or false"
        );
        assert_eq!(
            refused("paws", "1"),
            "paws is no setting, but must be one of pause, amount, often, patient"
        );
        assert_eq!(table, Table::default());
    }
}
