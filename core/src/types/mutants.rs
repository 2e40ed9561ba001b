//! Known ways to get a replicated server wrong, as switches.
//!
//! Tests and the page build them in (feature `mutants`) to show what a rule is good for, and that
//! the checks notice when it is broken. Other builds do not hold them: there, [`Mutants::has`] is
//! always false.

use super::error::ConfigError;
use serde::Serialize;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutant {
    /// A server that starts takes the newest snapshot that it finds for its state, whoever wrote
    /// it, and lets consensus begin with what the log holds. Entries up to the snapshot's index
    /// are skipped as applied (the mistake with which this project began).
    RecoveryIgnoresIdentity,
}

impl Mutant {
    /// All of them.
    pub const ALL: &[Mutant] = &[Mutant::RecoveryIgnoresIdentity];

    /// Its name in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mutant::RecoveryIgnoresIdentity => "recovery-ignores-identity",
        }
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Mutant::RecoveryIgnoresIdentity => {
                "A server takes the newest snapshot on its disk for its state, whoever wrote it, and \
                 skips all entries up to that snapshot's index as applied"
            }
        }
    }

    /// Where it was met.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Mutant::RecoveryIgnoresIdentity => {
                "openraft issue 1892; hashicorp/raft issue 395; ARCHITECTURE, the case at the start"
            }
        }
    }
}

/// The mistakes that are switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mutants {
    #[cfg(feature = "mutants")]
    switched_on: u64,
}

impl Mutants {
    /// Those of these names.
    ///
    /// # Errors
    /// A name that is not known, or any name in a build without mutants.
    pub fn named(names: &[String]) -> Result<Mutants, ConfigError> {
        let mut mutants = Mutants::default();
        for name in names {
            let known = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
            let Some(mutant) = known else {
                let all: Vec<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
                let accepted = format!("any of {}", all.join(", "));
                return Err(ConfigError::new("mutants", format!("\"{name}\""), accepted));
            };
            mutants.switch_on(*mutant)?;
        }
        Ok(mutants)
    }

    #[cfg(feature = "mutants")]
    fn switch_on(&mut self, mutant: Mutant) -> Result<(), ConfigError> {
        self.switched_on |= 1 << mutant as u64;
        Ok(())
    }

    #[cfg(not(feature = "mutants"))]
    fn switch_on(&mut self, mutant: Mutant) -> Result<(), ConfigError> {
        let accepted = "none in this build: it was made without the feature `mutants`";
        Err(ConfigError::new("mutants", mutant.name(), accepted))
    }

    /// Whether the mistake is made.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn has(self, mutant: Mutant) -> bool {
        self.switched_on & (1 << mutant as u64) != 0
    }

    /// Whether the mistake is made.
    #[cfg(not(feature = "mutants"))]
    #[must_use]
    pub fn has(self, _mutant: Mutant) -> bool {
        false
    }

    /// All that are made.
    pub fn iter(self) -> impl Iterator<Item = Mutant> {
        Mutant::ALL
            .iter()
            .copied()
            .filter(move |mutant| self.has(*mutant))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mutant, Mutants};

    #[test]
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        let names = ["no-such-thing".to_string()];
        let error = Mutants::named(&names).expect_err("unknown").to_string();
        assert!(error.contains("recovery-ignores-identity"), "{error}");
    }

    #[test]
    fn what_is_named_is_switched_on_where_it_is_built_in() {
        let names: Vec<String> = Mutant::ALL.iter().map(|m| m.name().into()).collect();
        match Mutants::named(&names) {
            Ok(mutants) => assert!(mutants.iter().eq(Mutant::ALL.iter().copied())),
            Err(error) => assert!(error.to_string().contains("feature"), "{error}"),
        }
        assert_eq!(Mutants::default().iter().count(), 0);
    }
}
