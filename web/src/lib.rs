//! Browser bindings of `flotilla-core`: one class, [`Playground`], and the menu of scenarios.
//! There is no logic here; every method hands over to the core.

use flotilla_core::sim::Action;
use flotilla_core::types::Instant;
use flotilla_core::view::{ScenarioInfo, Session, SettingChange, SettingRefusal};
use js_sys::Error;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

mod scenarios;

/// What a person can do to the world, for TypeScript; the Rust type is `sim::Action`.
#[wasm_bindgen(typescript_custom_section)]
const ACTION: &str = r#"
/** Something done to the world at the moment shown. */
export type Action =
  | { do: "crash"; node: number; keep?: Keep }
  | { do: "restart" | "isolate" | "take_snapshot" | "shut_down" | "kill" | "wipe_disk"; node: number }
  | { do: "corrupt"; node: number; file: string; offset: number; bit?: number }
  | { do: "tear"; node: number; file: string; bytes: number }
  | { do: "remove_file"; node: number; file: string }
  | { do: "resize_disk"; node: number; bytes?: number }
  | { do: "slow_disk"; node: number; factor: number }
  | { do: "fail_syncs"; node: number; count: number }
  | { do: "keep_image" | "restore_image"; node: number; image: string }
  | { do: "recreate_cluster"; except: number[] }
  | { do: "partition"; groups: number[][] }
  | { do: "cut" | "mend"; from: number; to: number }
  | { do: "heal" }
  | { do: "drop" | "duplicate"; message: number }
  | { do: "delay"; message: number; by: string }
  | { do: "drift_clock"; node: number; ppm: number }
  | { do: "jump_clock"; node: number; forward: string }
  | { do: "jump_clock"; node: number; back: string }
  | ({ client: number } & Operation)
  | { do: "transfer_leadership"; to?: number }
  | { do: "change_membership"; voters: number[]; learners?: number[] }
  | {
      do: "workload";
      client?: number;
      for?: string;
      rate: number;
      keys: number;
      distribution?: "zipf" | "uniform" | "scan" | "shifting";
      value_least?: number;
      value_most?: number;
      reads_percent?: number;
      path?: ReadPath;
      read_through?: boolean;
      ttl?: string;
    }
  | { do: "stop_workload"; client?: number }
  | { do: "configure_cache"; policy?: string; capacity_bytes?: number }
  | { do: "model_service"; mode: string };

/** What a client asks for. */
export type Operation =
  | { do: "put"; key: string; value: string; ttl?: string }
  | { do: "delete"; key: string }
  | { do: "touch"; key: string; ttl?: string }
  | { do: "compare_and_swap"; key: string; expected?: number; value: string; ttl?: string }
  | { do: "increment"; key: string; add?: number }
  | ({ do: "get"; key: string } & Reading)
  | ({ do: "get_many"; of: string[] } & Reading)
  | ({ do: "list"; prefix?: string; after?: string; limit?: number } & Reading)
  | { do: "batch"; operations: Operation[] };

/** Which server is asked, any when absent, and which way the read takes. */
export type Reading = { node?: number; path?: ReadPath };
export type ReadPath = "quorum" | "lease" | "stale" | "log";

/** What of the data that was not synced survives when the power goes; numbers count from 1. */
export type Keep =
  | "drawn"
  | "nothing"
  | "everything"
  | { first: { bytes?: number; names?: number } }
  | { only: { appends?: number[]; names?: number[] } };
"#;

/// A run of a scenario that can be played, stepped in both directions, and changed.
#[wasm_bindgen]
pub struct Playground(Session);

/// Makes a panic of the core readable in the console.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&JsValue::from_str(&format!("flotilla: {info}")));
    }));
}

/// The built-in scenarios.
///
/// # Errors
/// None in practice: the scenarios are part of the build, and a test reads each.
#[wasm_bindgen(unchecked_return_type = "ScenarioInfo[]")]
pub fn scenarios() -> Result<JsValue, JsError> {
    let all: Vec<ScenarioInfo> = scenarios::infos()?;
    to_js(&all)
}

/// The text of a built-in scenario.
///
/// # Errors
/// There is none of that name.
#[wasm_bindgen(js_name = scenarioText)]
pub fn scenario_text(id: &str) -> Result<String, JsError> {
    let known = scenarios::ALL.iter().find(|file| file.id == id);
    known.map(|file| file.text.to_string()).ok_or_else(|| {
        let names: Vec<&str> = scenarios::ALL.iter().map(|file| file.id).collect();
        let names = names.join(", ");
        JsError::new(&format!("there is no scenario {id:?}; there are {names}"))
    })
}

/// A seed that nobody chose, below 2^53.
///
/// # Errors
/// The browser has no source of randomness.
#[wasm_bindgen(js_name = freshSeed)]
pub fn fresh_seed() -> Result<f64, JsValue> {
    let global = js_sys::global();
    let crypto = js_sys::Reflect::get(&global, &JsValue::from_str("crypto"))?;
    let crypto: web_sys::Crypto = crypto
        .dyn_into()
        .map_err(|_| Error::new("this browser offers no crypto.getRandomValues"))?;
    let bytes = js_sys::Uint8Array::new_with_length(8);
    crypto.get_random_values_with_array_buffer_view(&bytes)?;
    let mut seed = [0; 8];
    bytes.copy_to(&mut seed);
    Ok((u64::from_le_bytes(seed) >> 11) as f64)
}

#[wasm_bindgen]
impl Playground {
    /// Begins the run of a scenario.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    #[wasm_bindgen(constructor)]
    pub fn new(scenario: &str) -> Result<Playground, JsError> {
        Ok(Playground(Session::parse(scenario)?))
    }

    /// What scenario it is.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "ScenarioView")]
    pub fn scenario(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.scenario())
    }

    /// What is new on the screen since the last frame; everything in the first.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "Frame")]
    pub fn frame(&mut self) -> Result<JsValue, JsError> {
        to_js(&self.0.frame())
    }

    /// Forward until `time` (microseconds), but at most `most` steps; true when it is reached.
    #[wasm_bindgen(js_name = runUntil)]
    pub fn run_until(&mut self, time: f64, most: u32) -> bool {
        self.0.run_until(instant(time), u64::from(most))
    }

    /// One step forward; false when nothing is left to happen.
    #[wasm_bindgen(js_name = stepForward)]
    pub fn step_forward(&mut self) -> bool {
        self.0.step_forward()
    }

    /// To just after the step before; false at the beginning.
    #[wasm_bindgen(js_name = stepBack)]
    pub fn step_back(&mut self) -> bool {
        self.0.step_back()
    }

    /// To any moment (microseconds); beyond what is explored, at most `most` steps.
    pub fn seek(&mut self, time: f64, most: u32) {
        self.0.seek(instant(time), u64::from(most));
    }

    /// Does something at the moment shown; what was explored beyond it is forgotten.
    ///
    /// # Errors
    /// The action is none, or names something that there cannot be.
    pub fn act(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Action")] action: JsValue,
    ) -> Result<(), JsError> {
        let action: Action = serde_wasm_bindgen::from_value(action)?;
        Ok(self.0.act(action)?)
    }

    /// One server, opened; undefined when there is none of that number.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "NodeDetail | undefined")]
    pub fn node(&self, id: u32) -> Result<JsValue, JsError> {
        to_js(&self.0.node(id))
    }

    /// A message, opened; undefined when it is not on its way.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "MessageDetail | undefined")]
    pub fn message(&self, id: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.message(id as u64))
    }

    /// The whole session as a scenario file.
    #[must_use]
    pub fn toml(&self) -> String {
        self.0.toml()
    }

    /// The same scenario from the start, with another seed.
    ///
    /// # Errors
    /// The seed is not a whole number from 0 to 2^53 - 1.
    pub fn reseed(&mut self, seed: f64) -> Result<(), JsError> {
        if seed.fract() != 0.0 || seed < 0.0 {
            let wrong = format!("seed is {seed}, but must be a whole number that is not negative");
            return Err(JsError::new(&wrong));
        }
        Ok(self.0.reseed(seed as u64)?)
    }

    /// What can be set, and what it is set to.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "SettingsTable[]")]
    pub fn settings(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.settings())
    }

    /// The same scenario from the start, with other settings. A refusal is an answer, not an error;
    /// the run then stays what it is.
    ///
    /// # Errors
    /// The changes are none.
    #[wasm_bindgen(unchecked_return_type = "SettingRefusal | undefined")]
    pub fn configure(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "SettingChange[]")] changes: JsValue,
    ) -> Result<JsValue, JsError> {
        let changes: Vec<SettingChange> = serde_wasm_bindgen::from_value(changes)?;
        let refused = self.0.configure(&changes).err();
        to_js(&refused.map(SettingRefusal::from))
    }

    /// The digest of everything that has happened, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", self.0.fingerprint())
    }
}

fn instant(us: f64) -> Instant {
    Instant(us as u64)
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}
