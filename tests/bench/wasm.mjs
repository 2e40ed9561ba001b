// Runs a scenario in the page's wasm and prints steps per second.
// Usage: node wasm.mjs SECONDS SCENARIO

import { readFileSync } from "node:fs";
import { initSync, Playground } from "../../www/src/wasm/flotilla_web.js";

const [seconds, scenario] = process.argv.slice(2);
const wasm = new URL("../../www/src/wasm/flotilla_web_bg.wasm", import.meta.url);
initSync({ module: readFileSync(wasm) });
const start = performance.now();
const playground = new Playground(scenario);
// In strides, as the page's worker does it.
while (!playground.runUntil(Number(seconds) * 1e6, 100));
const elapsed = (performance.now() - start) / 1e3;
console.log(JSON.parse(playground.look(0)).frame.step / elapsed);
