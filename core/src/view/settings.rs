//! What can be set about a run, for a page to offer.

use super::model::{SettingKind, SettingRefusal, SettingView, SettingsTable};
use crate::sim::Scenario;
use crate::types::{self, ConfigError, Setting};

/// All settings of a scenario, by their tables.
pub(super) fn tables(scenario: &Scenario) -> Vec<SettingsTable> {
    let table = |(name, table): (&str, &dyn types::Settings)| SettingsTable {
        name: name.into(),
        about: table.about(),
        settings: table
            .settings()
            .into_iter()
            .map(|setting| view(name, setting))
            .collect(),
    };
    scenario.tables().map(table).into()
}

fn view(table: &str, setting: Setting) -> SettingView {
    SettingView {
        path: format!("{table}.{}", setting.name),
        name: setting.name.into(),
        about: setting.about,
        kind: match setting.kind {
            types::SettingKind::Duration => SettingKind::Duration,
            types::SettingKind::Latency => SettingKind::Latency,
            types::SettingKind::Bytes => SettingKind::Bytes,
            types::SettingKind::Ppm => SettingKind::Ppm,
            types::SettingKind::Count => SettingKind::Count,
            types::SettingKind::Switch => SettingKind::Switch,
            types::SettingKind::Choice => SettingKind::Choice,
        },
        unit: setting.unit.into(),
        given: setting.given,
        default: setting.default,
        low: setting.low,
        high: setting.high,
        choices: setting.choices.into_iter().map(String::from).collect(),
    }
}

impl From<ConfigError> for SettingRefusal {
    fn from(error: ConfigError) -> SettingRefusal {
        SettingRefusal {
            sentence: error.to_string(),
            path: error.field,
        }
    }
}
