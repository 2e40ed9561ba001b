//! Hunts for failures, for workers of their own. Every method hands over to the core.

use crate::{memory, to_js};
use flotilla_core::view::{self, FoundView, Hunter as CoreHunter, Share, Trial as CoreTrial};
use js_sys::Function;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

/// Runs seed after seed and checks every rule, until somebody stops asking.
#[wasm_bindgen]
pub struct Hunter(CoreHunter);

#[wasm_bindgen]
impl Hunter {
    /// One of `of` hunters, the one at place `index`, that begin at this seed.
    ///
    /// # Errors
    /// A mode, a mistake, a seed or a place that there is not.
    #[wasm_bindgen(constructor)]
    pub fn new(
        modes: Vec<String>,
        mutants: Vec<String>,
        first: f64,
        index: u32,
        of: u32,
    ) -> Result<Hunter, JsError> {
        let share = Share { index, of };
        Ok(Hunter(CoreHunter::new(
            &modes,
            &mutants,
            first as u64,
            share,
        )?))
    }

    /// Makes about so many steps, but stops at a failure; tells what is new.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "HuntReport")]
    pub fn work(&mut self, steps: u32) -> Result<JsValue, JsError> {
        memory::make_room();
        to_js(&self.0.work(u64::from(steps)))
    }
}

/// A scenario that runs to its end, or to the first rule that is broken.
#[wasm_bindgen]
pub struct Trial(CoreTrial);

#[wasm_bindgen]
impl Trial {
    /// Of this scenario.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what would be right.
    #[wasm_bindgen(constructor)]
    pub fn new(scenario: &str) -> Result<Trial, JsError> {
        Ok(Trial(CoreTrial::new(scenario)?))
    }

    /// Makes so many steps at most; tells how far it is.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(unchecked_return_type = "TrialReport")]
    pub fn work(&mut self, steps: u32) -> Result<JsValue, JsError> {
        memory::make_room();
        to_js(&self.0.work(u64::from(steps)))
    }
}

/// Makes a run smaller that was found, within so many runs; `watch` is told a `ShrinkView` after each.
///
/// # Errors
/// What was found is no scenario.
#[wasm_bindgen(unchecked_return_type = "ShrunkView")]
pub fn shrink(
    #[wasm_bindgen(unchecked_param_type = "FoundView")] found: JsValue,
    most_runs: u32,
    #[wasm_bindgen(unchecked_param_type = "(progress: ShrinkView) => void")] watch: &Function,
) -> Result<JsValue, JsError> {
    let found: FoundView = serde_wasm_bindgen::from_value(found)?;
    let told = |progress| {
        if let Ok(progress) = to_js(&progress) {
            // Whoever watches cannot stop it: a worker is ended as a whole.
            drop(watch.call1(&JsValue::NULL, &progress));
        }
    };
    to_js(&view::shrink(&found, u64::from(most_runs), told)?)
}

/// The rules that are checked, in the order in which frames tell of them.
///
/// # Errors
/// None in practice.
#[wasm_bindgen(unchecked_return_type = "RuleInfo[]")]
pub fn rules() -> Result<JsValue, JsError> {
    to_js(&view::rules())
}

/// The mistakes that there are.
///
/// # Errors
/// None in practice.
#[wasm_bindgen(unchecked_return_type = "MutantInfo[]")]
pub fn mutants() -> Result<JsValue, JsError> {
    to_js(&view::mutants())
}

/// The modes in which one can hunt.
///
/// # Errors
/// None in practice.
#[wasm_bindgen(unchecked_return_type = "ModeInfo[]")]
pub fn modes() -> Result<JsValue, JsError> {
    to_js(&view::modes())
}

/// What a hunt may come across, in the order of its reports.
///
/// # Errors
/// None in practice.
#[wasm_bindgen(unchecked_return_type = "string[]")]
pub fn sights() -> Result<JsValue, JsError> {
    to_js(&view::sights())
}
