//! The settings of a scenario by their paths, as in its file: `raft.heartbeat_interval` is
//! `heartbeat_interval` in the table `[raft]`.

use super::model::Scenario;
use crate::types::{ConfigError, Instant, Settings};

/// How many tables of settings a scenario has.
const TABLES: usize = 12;

impl Scenario {
    /// All tables of settings under their names, in the order of the file.
    #[must_use]
    pub fn tables(&self) -> [(&'static str, &dyn Settings); TABLES] {
        [
            ("raft", &self.server.raft),
            ("storage", &self.server.storage),
            ("cache", &self.server.cache),
            ("snapshot", &self.server.snapshot),
            ("log_time", &self.server.log_time),
            ("digest", &self.server.digest),
            ("model", &self.server.model),
            ("alerts", &self.server.alerts),
            ("network", &self.network),
            ("disk", &self.disk),
            ("clients", &self.clients),
            ("model_service", &self.service),
        ]
    }

    fn table_mut(&mut self, name: &str) -> Option<&mut dyn Settings> {
        Some(match name {
            "raft" => &mut self.server.raft,
            "storage" => &mut self.server.storage,
            "cache" => &mut self.server.cache,
            "snapshot" => &mut self.server.snapshot,
            "log_time" => &mut self.server.log_time,
            "digest" => &mut self.server.digest,
            "model" => &mut self.server.model,
            "alerts" => &mut self.server.alerts,
            "network" => &mut self.network,
            "disk" => &mut self.disk,
            "clients" => &mut self.clients,
            "model_service" => &mut self.service,
            _ => return None,
        })
    }

    /// The same scenario with other settings, each given by its path and its value as text. They
    /// are looked at together, so that settings which depend on one another can be changed at
    /// once.
    ///
    /// # Errors
    /// The first setting that there is not, that cannot be read, or that cannot be.
    pub fn with_settings<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Scenario, ConfigError> {
        let mut scenario = self.clone();
        for (path, value) in changes {
            let (table, name) = path.split_once('.').unwrap_or((path, ""));
            let names = self.tables().map(|(name, _)| name);
            let known = scenario.table_mut(table);
            let settings = known.ok_or_else(|| ConfigError::unknown(path, &names))?;
            settings.set(name, value).map_err(|e| e.within(table))?;
        }
        scenario.validate()?;
        scenario.check_clients_asked()?;
        Ok(scenario)
    }

    /// Every action was possible with the clients that there were; it must be so still.
    fn check_clients_asked(&self) -> Result<(), ConfigError> {
        let (nodes, count) = (self.nodes, self.clients.count);
        for (timed, number) in self.actions.iter().zip(1..) {
            timed.validate(nodes, count).map_err(|error| {
                let at = timed.at.since(Instant::ZERO);
                let needed = error.given;
                let accepted =
                    format!("at least {needed}: action {number} (at {at}) asks that client");
                ConfigError::new("clients.count", count, accepted)
            })?;
        }
        Ok(())
    }
}
