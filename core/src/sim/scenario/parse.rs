//! From text to a scenario, or to an error that says what is wrong, where, and what would be
//! right. Sizes are bounded before anything is built from them.

use super::model::{DiskConfig, Expect, Scenario, bounds};
use super::possible::check_amount;
use super::row::Row;
use super::syntax::SyntaxError;
use crate::cache;
use crate::replica::{
    self, AlertsConfig, DigestConfig, LogTimeConfig, ModelConfig, SnapshotConfig,
};
use crate::sim::client::ClientConfig;
use crate::sim::network::NetworkConfig;
use crate::sim::service::ServiceConfig;
use crate::types::{ConfigError, Duration, Instant, Mutants};
use crate::{raft, storage};
use serde::Deserialize;

/// The version of the format that this build reads and writes.
pub const VERSION: u64 = 1;

/// Why a text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// It is longer than any scenario.
    #[error("the scenario has {given} bytes; at most {most} are accepted", most = bounds::TEXT)]
    TooLarge {
        /// Its bytes.
        given: usize,
    },
    /// It is not TOML, or a field has another type or name than it should: the text shows the
    /// place.
    #[error("the scenario cannot be read: {0}")]
    Syntax(SyntaxError),
    /// It does not say its version.
    #[error("the scenario does not say `flotilla = {VERSION}`, the version of its format")]
    NoVersion,
    /// It is of a later version.
    #[error(
        "the scenario says flotilla = {given}, and this build reads {VERSION}: a newer Flotilla wrote it"
    )]
    Version {
        /// What it says.
        given: i64,
    },
    /// It asks for something impossible.
    #[error("{0}")]
    Impossible(ConfigError),
    /// One of its actions is wrong.
    #[error("action {number}{when}: {what}", when = at.map(|at| format!(" (at {at})")).unwrap_or_default())]
    Action {
        /// Which, from 1.
        number: usize,
        /// Its time, if it says so.
        at: Option<Duration>,
        /// What is wrong.
        what: String,
    },
}

/// Only the version, whatever else a later version may say.
#[derive(Deserialize)]
struct Version {
    flotilla: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "flotilla")]
    _version: i64,
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    seed: u64,
    end: Duration,
    nodes: u32,
    voters: Option<u32>,
    #[serde(default)]
    mutants: Vec<String>,
    #[serde(default)]
    raft: raft::Config,
    #[serde(default)]
    storage: storage::Config,
    #[serde(default)]
    cache: cache::Config,
    #[serde(default)]
    snapshot: SnapshotConfig,
    #[serde(default)]
    log_time: LogTimeConfig,
    #[serde(default)]
    digest: DigestConfig,
    #[serde(default)]
    model: ModelConfig,
    #[serde(default)]
    alerts: AlertsConfig,
    #[serde(default)]
    network: NetworkConfig,
    #[serde(default)]
    disk: DiskConfig,
    #[serde(default)]
    clients: ClientConfig,
    #[serde(default)]
    model_service: ServiceConfig,
    #[serde(default)]
    actions: Vec<Row>,
    #[serde(default)]
    expect: Expect,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        if text.len() > bounds::TEXT {
            return Err(ScenarioError::TooLarge { given: text.len() });
        }
        let syntax = |error: toml::de::Error| ScenarioError::Syntax(SyntaxError::new(text, &error));
        let version: Version = toml::from_str(text).map_err(syntax)?;
        match version.flotilla {
            None => return Err(ScenarioError::NoVersion),
            Some(given) if given != VERSION as i64 => {
                return Err(ScenarioError::Version { given });
            }
            Some(_) => {}
        }
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        if raw.actions.len() > bounds::ACTIONS {
            let accepted = format!("at most {}", bounds::ACTIONS);
            let error = ConfigError::new("the number of actions", raw.actions.len(), accepted);
            return Err(ScenarioError::Impossible(error));
        }
        let rows = raw.actions.clone();
        let mutants = Mutants::named(&raw.mutants).map_err(ScenarioError::Impossible)?;
        let mut scenario = raw.into_scenario(mutants);
        scenario.validate().map_err(ScenarioError::Impossible)?;
        for (row, number) in rows.into_iter().zip(1..) {
            scenario.actions.push(row.read(number, &scenario)?);
        }
        check_amount(&scenario.actions).map_err(ScenarioError::Impossible)?;
        // Stable: actions of one moment happen in the order of the file.
        scenario.actions.sort_by_key(|timed| timed.at);
        Ok(scenario)
    }
}

impl Raw {
    fn into_scenario(self, mutants: Mutants) -> Scenario {
        Scenario {
            name: self.name,
            about: self.about.trim().into(),
            seed: self.seed,
            end: Instant::ZERO + self.end,
            nodes: self.nodes,
            voters: self.voters,
            mutants,
            server: replica::Config {
                raft: self.raft,
                storage: self.storage,
                cache: self.cache,
                snapshot: self.snapshot,
                alerts: self.alerts,
                log_time: self.log_time,
                digest: self.digest,
                model: self.model,
            },
            network: self.network,
            disk: self.disk,
            clients: self.clients,
            service: self.model_service,
            actions: Vec::new(),
            expect: self.expect,
        }
    }
}
