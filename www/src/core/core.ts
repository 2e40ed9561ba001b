/**
 * The only door to the core. Nothing else imports the WebAssembly module, and this runs in the
 * worker of `engine/`: everything else takes only types from here.
 */
import init, {
  freshSeed,
  Hunter,
  modes,
  mutants,
  Playground,
  rules,
  scenarios,
  scenarioText,
  shrink,
  sights,
  Trial,
  withAction,
} from '../wasm/flotilla_web.js';

export type * from '../wasm/flotilla_web.js';
export { Hunter, Playground, shrink, Trial };

/** What the core answers without a run. */
export const LIBRARY = {
  scenarios,
  scenarioText,
  freshSeed,
  withAction,
  rules,
  mutants,
  modes,
  sights,
};
export type Library = typeof LIBRARY;

/** The core broke a rule of its own: it can't be used any more, unlike after a refused action. */
export class CorePanic extends Error {}

let lastPanic = '';

/** Loads the core. */
export async function load(): Promise<void> {
  keepPanicMessages();
  await init();
}

/** Tells a broken core from a refusal: only the former is a WebAssembly trap. */
export function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      throw new CorePanic(lastPanic || error.message, { cause: error });
    }
    throw error;
  }
}

/** The core's panic hook tells its message to the console only; we need it on the page too. */
function keepPanicMessages(): void {
  const report = console.error.bind(console);
  console.error = (...told: unknown[]) => {
    const [first] = told;
    if (typeof first === 'string' && first.startsWith('flotilla: ')) lastPanic = first.slice(10);
    report(...told);
  };
}
