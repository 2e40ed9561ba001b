//! From a scenario to its text: what differs from the defaults, one line an action.

use super::action::{Action, TimedAction};
use super::model::Scenario;
use super::parse::VERSION;
use crate::types::Duration;
use core::fmt::Write;
use serde::Serialize;

impl Scenario {
    /// The scenario as a file. Reading it back gives the same scenario.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let end = Duration::micros(self.end.0);
        let name = quoted(&self.name);
        let _ = writeln!(text, "flotilla = {VERSION}\nname = {name}");
        if !self.about.is_empty() {
            let _ = writeln!(text, "about = {}", quoted(&self.about));
        }
        let (seed, nodes) = (self.seed, self.nodes);
        let _ = writeln!(text, "seed = {seed}\nend = \"{end}\"\nnodes = {nodes}");
        if let Some(voters) = self.voters {
            let _ = writeln!(text, "voters = {voters}");
        }
        let mutants: Vec<String> = self.mutants.iter().map(|m| quoted(m.name())).collect();
        if !mutants.is_empty() {
            let _ = writeln!(text, "mutants = [{}]", mutants.join(", "));
        }
        if !self.actions.is_empty() {
            text.push_str("actions = [\n");
            for timed in &self.actions {
                let _ = writeln!(text, "  {},", action_row(timed));
            }
            text.push_str("]\n");
        }
        table(&mut text, "raft", &self.server.raft);
        table(&mut text, "storage", &self.server.storage);
        table(&mut text, "cache", &self.server.cache);
        table(&mut text, "snapshot", &self.server.snapshot);
        table(&mut text, "log_time", &self.server.log_time);
        table(&mut text, "digest", &self.server.digest);
        table(&mut text, "model", &self.server.model);
        table(&mut text, "alerts", &self.server.alerts);
        table(&mut text, "network", &self.network);
        table(&mut text, "disk", &self.disk);
        table(&mut text, "clients", &self.clients);
        table(&mut text, "model_service", &self.service);
        table(&mut text, "expect", &self.expect);
        text
    }
}

/// A table with the settings that differ from their defaults, each on one line; nothing when none
/// does.
fn table<T: Serialize + Default + PartialEq>(text: &mut String, name: &str, settings: &T) {
    if *settings == T::default() {
        return;
    }
    let _ = write!(text, "\n[{name}]\n");
    let default = fields(&T::default());
    for (name, value) in fields(settings) {
        if default.get(&name) != Some(&value) {
            let _ = writeln!(text, "{name} = {value}");
        }
    }
}

fn fields(settings: &impl Serialize) -> toml::Table {
    toml::Table::try_from(settings).expect("settings are texts, lists and integers below 2^53")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

fn action_row(timed: &TimedAction) -> String {
    let at = Duration::micros(timed.at.0);
    let mut row = format!("{{ at = \"{at}\", do = \"{}\"", verb(&timed.action));
    for (name, value) in fields(&timed.action) {
        if name != "do" {
            let _ = write!(row, ", {name} = {value}");
        }
    }
    row.push_str(" }");
    row
}

/// The word for an action, as it is written in a file.
#[must_use]
pub fn verb(action: &Action) -> &'static str {
    match action {
        Action::Crash { .. } => "crash",
        Action::Restart { .. } => "restart",
        Action::Partition { .. } => "partition",
        Action::Isolate { .. } => "isolate",
        Action::Cut { .. } => "cut",
        Action::Heal => "heal",
        Action::Drop { .. } => "drop",
        Action::Delay { .. } => "delay",
        Action::Put { .. } => "put",
        Action::Get { .. } => "get",
        Action::Delete { .. } => "delete",
        Action::Write { .. } => "write",
        Action::Read { .. } => "read",
        Action::TakeSnapshot { .. } => "take_snapshot",
        Action::TransferLeadership { .. } => "transfer_leadership",
        Action::ChangeMembership { .. } => "change_membership",
        Action::ShutDown { .. } => "shut_down",
        Action::DriftClock { .. } => "drift_clock",
        Action::JumpClock { .. } => "jump_clock",
        Action::Duplicate { .. } => "duplicate",
        Action::Mend { .. } => "mend",
        Action::Kill { .. } => "kill",
        Action::Corrupt { .. } => "corrupt",
        Action::Tear { .. } => "tear",
        Action::RemoveFile { .. } => "remove_file",
        Action::WipeDisk { .. } => "wipe_disk",
        Action::ResizeDisk { .. } => "resize_disk",
        Action::SlowDisk { .. } => "slow_disk",
        Action::FailSyncs { .. } => "fail_syncs",
        Action::KeepImage { .. } => "keep_image",
        Action::RestoreImage { .. } => "restore_image",
        Action::RecreateCluster { .. } => "recreate_cluster",
        Action::Touch { .. } => "touch",
        Action::CompareAndSwap { .. } => "compare_and_swap",
        Action::Increment { .. } => "increment",
        Action::GetMany { .. } => "get_many",
        Action::List { .. } => "list",
        Action::Batch { .. } => "batch",
        Action::ConfigureCache { .. } => "configure_cache",
        Action::Workload(_) => "workload",
        Action::StopWorkload { .. } => "stop_workload",
        Action::ModelService { .. } => "model_service",
        Action::Pause { .. } => "pause",
        Action::Resume { .. } => "resume",
        Action::SlowServer { .. } => "slow_server",
        Action::AlignTimers => "align_timers",
        Action::SpreadTimers => "spread_timers",
        Action::Deliver { .. } => "deliver",
    }
}
