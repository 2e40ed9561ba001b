//! The one shape of "this setting cannot work".

use core::fmt::Display;

/// A setting outside what is accepted: which field, what was given, what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {given}, but must be {accepted}")]
pub struct ConfigError {
    /// The path of the field, as written in a scenario file.
    pub field: String,
    /// What it was set to.
    pub given: String,
    /// What would be accepted.
    pub accepted: String,
}

impl ConfigError {
    /// An error about `field`.
    pub fn new(field: &str, given: impl Display, accepted: impl Into<String>) -> ConfigError {
        ConfigError {
            field: field.into(),
            given: given.to_string(),
            accepted: accepted.into(),
        }
    }

    /// An error about a text that is no value of its field's type; `accepted` says what one looks
    /// like. Only the beginning of a long text is told.
    pub fn unread(field: &str, text: &str, accepted: impl Into<String>) -> ConfigError {
        let told: String = text.chars().take(40).collect();
        ConfigError::new(field, format_args!("{told:?}"), accepted)
    }

    /// An error about a name that no field bears.
    pub fn unknown(field: &str, known: &[&str]) -> ConfigError {
        let told: String = field.chars().take(40).collect();
        let accepted = format!("one of {}", known.join(", "));
        ConfigError::new(&told, "no setting", accepted)
    }

    /// The same error seen from the table that holds the field: `raft` makes
    /// `heartbeat_interval` into `raft.heartbeat_interval`.
    #[must_use]
    pub fn within(mut self, table: &str) -> ConfigError {
        self.field = format!("{table}.{}", self.field);
        self
    }
}

/// Refuses a value outside `low..=high`.
///
/// # Errors
/// Names the field, the value and the range.
pub fn check_range<T: PartialOrd + Display>(
    field: &str,
    given: T,
    low: T,
    high: T,
) -> Result<(), ConfigError> {
    if given < low || given > high {
        let accepted = format!("between {low} and {high}");
        return Err(ConfigError::new(field, given, accepted));
    }
    Ok(())
}
