//! How much a disk holds.

use crate::types::{ConfigError, SettingKind, SettingValue};
use core::fmt;
use core::ops::RangeInclusive;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The room on a disk. In files it is a number of bytes, or absent when there is no end to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// Nothing is ever too much.
    #[default]
    Unlimited,
    /// So many bytes.
    Bytes(u64),
}

impl Capacity {
    /// The bytes; none when there is no end to them.
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        match self {
            Capacity::Unlimited => None,
            Capacity::Bytes(bytes) => Some(bytes),
        }
    }
}

const UNLIMITED: &str = "unlimited";

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capacity::Unlimited => f.write_str(UNLIMITED),
            Capacity::Bytes(bytes) => bytes.fmt(f),
        }
    }
}

impl SettingValue for Capacity {
    type Bound = u64;

    fn kind(unit: &str) -> SettingKind {
        SettingKind::of_number(unit)
    }

    fn read(text: &str) -> Result<Capacity, String> {
        if text.trim() == UNLIMITED {
            return Ok(Capacity::Unlimited);
        }
        let bytes = u64::read(text).map_err(|looks| format!("{looks}, or {UNLIMITED}"))?;
        Ok(Capacity::Bytes(bytes))
    }

    fn check(&self, field: &str, accepted: RangeInclusive<u64>) -> Result<(), ConfigError> {
        self.bytes()
            .map_or(Ok(()), |bytes| bytes.check(field, accepted))
    }
}

impl Serialize for Capacity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Capacity::Unlimited => serializer.serialize_str(UNLIMITED),
            Capacity::Bytes(bytes) => serializer.serialize_u64(*bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Capacity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Capacity, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Capacity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of bytes, or \"{UNLIMITED}\"")
            }
            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Capacity, E> {
                Ok(Capacity::Bytes(bytes))
            }
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Capacity, E> {
                let negative = || E::invalid_value(de::Unexpected::Signed(bytes), &self);
                u64::try_from(bytes)
                    .map(Capacity::Bytes)
                    .map_err(|_| negative())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Capacity, E> {
                let other = || E::invalid_value(de::Unexpected::Str(text), &self);
                (text == UNLIMITED)
                    .then_some(Capacity::Unlimited)
                    .ok_or_else(other)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
