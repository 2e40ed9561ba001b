/**
 * The only door to the core. Nothing else imports the WebAssembly module, so that moving the core
 * into a worker changes this file alone.
 */
import init, {
  type Action,
  type Frame,
  freshSeed,
  type MessageDetail,
  type NodeDetail,
  Playground,
  type ScenarioInfo,
  type ScenarioView,
  type SettingChange,
  type SettingRefusal,
  type SettingsTable,
  scenarios,
  scenarioText,
} from '../wasm/flotilla_web.js';

export type {
  Action,
  AlertView,
  CacheEntryView,
  CacheView,
  ClientView,
  ClockView,
  CutView,
  EntryView,
  EventView,
  ExpectationView,
  FileKind,
  FileView,
  Frame,
  HitsView,
  Marker,
  MarkerKind,
  MembershipView,
  MessageDetail,
  MessageKind,
  MessageView,
  NodeDetail,
  NodeView,
  Operation,
  ProgressView,
  ReadPath,
  ScenarioInfo,
  ScenarioView,
  ServiceView,
  SettingChange,
  SettingKind,
  SettingRefusal,
  SettingsTable,
  SettingView,
  ViolationView,
  Weight,
} from '../wasm/flotilla_web.js';

/** The core broke a rule of its own: it can't be used any more, unlike after a refused action. */
export class CorePanic extends Error {}

/** The steps that a seek may explore at once; longer ways are gone in bounded pieces. */
const SEEK_STEPS = 1_000_000;

let lastPanic = '';

/** Loads the core and returns the menu of built-in scenarios. */
export async function load(): Promise<ScenarioInfo[]> {
  keepPanicMessages();
  await init();
  return guard(scenarios);
}

export const builtIn = (id: string): string => guard(() => scenarioText(id));
export const newSeed = (): number => guard(freshSeed);

/** A run of a scenario that can be played, stepped both ways, and changed. */
export class Run {
  readonly #inner: Playground;

  /** @throws Error that says what is wrong with the scenario, and where. */
  constructor(scenarioToml: string) {
    this.#inner = guard(() => new Playground(scenarioToml));
  }

  scenario = (): ScenarioView => guard(() => this.#inner.scenario());
  /** What is new on the screen since the last frame. */
  frame = (): Frame => guard(() => this.#inner.frame());
  /** Forward until `time` (µs), at most `steps`; true when the time is reached. */
  runUntil = (time: number, steps: number): boolean =>
    guard(() => this.#inner.runUntil(Math.floor(time), steps));
  stepForward = (): boolean => guard(() => this.#inner.stepForward());
  stepBack = (): boolean => guard(() => this.#inner.stepBack());
  seek = (time: number): void => guard(() => this.#inner.seek(Math.floor(time), SEEK_STEPS));
  /** @throws Error that says why the action cannot be. */
  act = (action: Action): void => guard(() => this.#inner.act(action));
  node = (id: number): NodeDetail | undefined => guard(() => this.#inner.node(id)) ?? undefined;
  message = (id: number): MessageDetail | undefined =>
    guard(() => this.#inner.message(id)) ?? undefined;
  /** The whole session as a scenario file. */
  toml = (): string => guard(() => this.#inner.toml());
  reseed = (seed: number): void => guard(() => this.#inner.reseed(seed));
  settings = (): SettingsTable[] => guard(() => this.#inner.settings());
  /** The same scenario from the start with other settings, unless one is refused. */
  configure = (changes: SettingChange[]): SettingRefusal | undefined =>
    guard(() => this.#inner.configure(changes)) ?? undefined;
  close = (): void => guard(() => this.#inner.free());
}

/** Tells a broken core from a refusal: only the former is a WebAssembly trap. */
function guard<T>(call: () => T): T {
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
