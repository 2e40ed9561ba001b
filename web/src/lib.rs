//! Browser bindings of `flotilla-core`: [`Playground`], a run on the screen, the menu of scenarios, and
//! [`Hunter`](hunter::Hunter), which looks through many runs.
//! There is no logic here; every method hands over to the core.

use flotilla_core::sim::{Action, Scenario};
use flotilla_core::types::Instant;
use flotilla_core::view::{
    HistoryQuery, Interest, ScenarioInfo, Session, SettingChange, SettingRefusal, WindowAsked,
};
use js_sys::{Error, JSON};
use serde::Serialize;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};
use wasm_bindgen::{JsCast, UnwrapThrowExt};

mod hunter;
mod memory;
mod scenarios;

/// What a person can do to the world, for TypeScript; the Rust type is `sim::Action`.
#[wasm_bindgen(typescript_custom_section)]
const ACTION: &str = r#"
/** Something done to the world at the moment shown. */
export type Action =
  | { do: "crash"; node: number; keep?: Keep }
  | { do: "restart" | "isolate" | "take_snapshot" | "shut_down" | "kill" | "wipe_disk"; node: number }
  | { do: "pause" | "resume"; node: number }
  | { do: "slow_server"; node: number; factor: number }
  | { do: "align_timers" | "spread_timers" }
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
  | { do: "drop" | "duplicate" | "deliver"; message: number }
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

/// A scenario in which something more is done at a moment (microseconds), without running it: what
/// broke a run can be written down so.
///
/// # Errors
/// The text is no scenario, or there cannot be such an action.
#[wasm_bindgen(js_name = withAction)]
pub fn with_action(
    scenario: &str,
    time: f64,
    #[wasm_bindgen(unchecked_param_type = "Action")] action: JsValue,
) -> Result<String, JsError> {
    let action: Action = serde_wasm_bindgen::from_value(action)?;
    let scenario = Scenario::parse(scenario)?;
    Ok(scenario.with_action(instant(time), action)?.to_toml())
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

    /// What is new since the last look, everything in the first; of servers that stand otherwise at most
    /// `servers` opened, those that have waited longest first; and the message that is open. It is `Seen`
    /// as JSON: a text crosses from a worker to its page sooner than thousands of objects.
    ///
    /// # Errors
    /// None in practice.
    pub fn look(&mut self, servers: u32, message: Option<f64>) -> Result<String, JsError> {
        let message = message.map(|id| id as u64);
        let seen = self.0.look(servers as usize, message);
        Ok(serde_json::to_string(&seen)?)
    }

    /// Forward until `time` (microseconds), but at most `most` steps; true when it is reached.
    #[wasm_bindgen(js_name = runUntil)]
    pub fn run_until(&mut self, time: f64, most: u32) -> bool {
        memory::make_room();
        self.0.run_until(instant(time), u64::from(most))
    }

    /// Forward until `time` (microseconds), but no further than to a message on its way, and at most `most`
    /// steps; true when either is reached.
    #[wasm_bindgen(js_name = runUntilMessage)]
    pub fn run_until_message(&mut self, time: f64, most: u32) -> bool {
        memory::make_room();
        self.0.run_until_message(instant(time), u64::from(most))
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
        memory::make_room();
        self.0.seek(instant(time), u64::from(most));
    }

    /// To just after a step that is explored: several can share one moment.
    #[wasm_bindgen(js_name = goToStep)]
    pub fn go_to_step(&mut self, number: f64) {
        self.0.go_to_step(number as u64);
    }

    /// To the next step that somebody waits for, at most `most` steps; true at the end of the search.
    /// `sought` tells what came of it.
    ///
    /// # Errors
    /// There is no such interest.
    #[wasm_bindgen(js_name = seekNext)]
    pub fn seek_next(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Interest")] interest: JsValue,
        most: u32,
    ) -> Result<bool, JsError> {
        let interest: Interest = serde_wasm_bindgen::from_value(interest)?;
        memory::make_room();
        Ok(self.0.seek_next(interest, u64::from(most)))
    }

    /// Back to the last step that somebody waits for, reading at most `most` steps; true at the end of
    /// the search.
    ///
    /// # Errors
    /// There is no such interest.
    #[wasm_bindgen(js_name = seekPrevious)]
    pub fn seek_previous(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Interest")] interest: JsValue,
        most: u32,
    ) -> Result<bool, JsError> {
        let interest: Interest = serde_wasm_bindgen::from_value(interest)?;
        memory::make_room();
        Ok(self.0.seek_previous(interest, u64::from(most)))
    }

    /// Runs until all is quiet, at most `most` steps; true at the end of the search.
    pub fn settle(&mut self, most: u32) -> bool {
        memory::make_room();
        self.0.settle(u64::from(most))
    }

    /// What the last search came to; undefined while it is under way.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "SoughtView | undefined")]
    pub fn sought(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.sought())
    }

    /// All ways of the run, the first one first; one of them is shown.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "BranchView[]")]
    pub fn branches(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.branches())
    }

    /// Shows another way of the run, up to where both part; the one shown is kept.
    ///
    /// # Errors
    /// There is no such branch, or it is shown already.
    #[wasm_bindgen(js_name = switchBranch, unchecked_return_type = "BranchView")]
    pub fn switch_branch(&mut self, id: u32) -> Result<JsValue, JsError> {
        to_js(&self.0.switch_branch(id)?)
    }

    /// Calls a way of the run something else.
    ///
    /// # Errors
    /// There is no such branch, or the name is empty, too long, or in use.
    #[wasm_bindgen(js_name = renameBranch)]
    pub fn rename_branch(&mut self, id: u32, name: &str) -> Result<(), JsError> {
        Ok(self.0.rename_branch(id, name)?)
    }

    /// Forgets a way of the run that is not shown.
    ///
    /// # Errors
    /// There is no such branch, or it is the one shown.
    #[wasm_bindgen(js_name = deleteBranch)]
    pub fn delete_branch(&mut self, id: u32) -> Result<(), JsError> {
        Ok(self.0.delete_branch(id)?)
    }

    /// Compares the way shown with another, at most `most` steps of each; true when it is done.
    ///
    /// # Errors
    /// There is no such branch, or it is the one shown.
    pub fn compare(&mut self, id: u32, most: u32) -> Result<bool, JsError> {
        Ok(self.0.compare(id, u64::from(most))?)
    }

    /// What the last comparison came to; undefined while it is under way.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = branchComparison, unchecked_return_type = "BranchComparison | undefined")]
    pub fn branch_comparison(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.branch_comparison())
    }

    /// Does something at the moment shown. What was explored beyond it is kept as a branch: its name is
    /// returned where there is one.
    ///
    /// # Errors
    /// The action is none, or names something that there cannot be.
    pub fn act(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Action")] action: JsValue,
    ) -> Result<Option<String>, JsError> {
        let action: Action = serde_wasm_bindgen::from_value(action)?;
        Ok(self.0.act(action)?)
    }

    /// How each server stood over time, until the moment shown.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "SeriesView")]
    pub fn series(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.series())
    }

    /// All servers side by side.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "ComparisonView")]
    pub fn comparison(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.comparison())
    }

    /// A message, opened; undefined when it is not on its way.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "MessageDetail | undefined")]
    pub fn message(&self, id: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.message(id as u64))
    }

    /// Why an event happened, with the chain of `most` steps that led to it; undefined when there
    /// is no such event.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "WhyView | undefined")]
    pub fn why(&self, event: f64, most: u32) -> Result<JsValue, JsError> {
        to_js(&self.0.why(event as u64, most as usize))
    }

    /// What happened between two moments, for the space-time diagram.
    ///
    /// # Errors
    /// The question is none.
    #[wasm_bindgen(unchecked_return_type = "WindowView")]
    pub fn window(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "WindowAsked")] asked: JsValue,
    ) -> Result<JsValue, JsError> {
        let asked: WindowAsked = serde_wasm_bindgen::from_value(asked)?;
        to_js(&self.0.window(&asked))
    }

    /// The trace of the steps behind `after`, up to `upto`, a line of JSON for each event; in parts.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = traceJsonLines, unchecked_return_type = "ExportView")]
    pub fn trace_json_lines(&self, after: f64, upto: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.trace_json_lines(after as u64, upto as u64))
    }

    /// The same as a log for ShiViz, with vector clocks from the beginning of each part.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = traceShiviz, unchecked_return_type = "ExportView")]
    pub fn trace_shiviz(&self, after: f64, upto: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.trace_shiviz(after as u64, upto as u64))
    }

    /// What happened in a step that is explored; nothing in others.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = stepEvents, unchecked_return_type = "EventView[]")]
    pub fn step_events(&self, step: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.step_events(step as u64))
    }

    /// The whole session as a scenario file.
    #[must_use]
    pub fn toml(&self) -> String {
        self.0.toml()
    }

    /// The session as a test: a scenario that expects what is true at its end.
    ///
    /// # Errors
    /// The end is too far to be reached.
    #[wasm_bindgen(js_name = asTest, unchecked_return_type = "SavedTest")]
    pub fn as_test(&self) -> Result<JsValue, JsError> {
        to_js(&self.0.as_test()?)
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

    /// The same scenario from the start, with servers that make these mistakes and no others.
    ///
    /// # Errors
    /// There is no such mistake; the run then stays what it is.
    #[wasm_bindgen(js_name = makeMistakes)]
    pub fn make_mistakes(&mut self, names: Vec<String>) -> Result<(), JsError> {
        Ok(self.0.make_mistakes(&names)?)
    }

    /// What clients did until the moment shown.
    ///
    /// # Errors
    /// The question is none.
    #[wasm_bindgen(unchecked_return_type = "HistoryView")]
    pub fn history(
        &self,
        #[wasm_bindgen(unchecked_param_type = "HistoryQuery")] query: JsValue,
    ) -> Result<JsValue, JsError> {
        let query: HistoryQuery = serde_wasm_bindgen::from_value(query)?;
        to_js(&self.0.history(&query))
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
    let text = serde_json::to_string(value)?;
    Ok(JSON::parse(&text).expect_throw("what was written just now can be read"))
}
