/**
 * What is on the screen. The core owns truth and time; this renders its frames, one after the
 * other, and passes on what a person does.
 */
import {
  type Action,
  type ClientView,
  CorePanic,
  type CutView,
  type ExpectationView,
  type Frame,
  type HitsView,
  type Marker,
  type MessageDetail,
  type MessageView,
  type NodeDetail,
  type NodeView,
  newSeed,
  Run,
  type ScenarioView,
  type ServiceView,
  type SettingChange,
  type SettingRefusal,
  type SettingsTable,
  type ViolationView,
} from '../core/core';
import { count, moment } from '../drawing/words';
import { EMPTY, follow, type History, mark, present } from './history';

/** What a person looks at closely. */
export type Selected = { node: number } | { message: number } | { model: true } | undefined;
/** Something went wrong, told where the person looks; `text` is kept as it came. */
export interface Problem {
  title: string;
  text: string;
}

/** Steps that one drawn frame may take, so that the page keeps answering. */
const FRAME_STEPS = 3_000;
/** While nothing is on its way, time may pass faster by this much. */
const HURRY = 8;
/** Opened servers are read this often while time runs, in milliseconds. */
const DETAIL_EVERY = 100;
/** Steps back that settle on one of several events of one instant. */
const SETTLE = 2_000;
/** A run is first shown when its servers are switched on, in microseconds. */
const AWAKE = 1_000;

export const DEFAULT_SPEED = 1 / 50;

export class Session {
  scenario: ScenarioView | undefined = $state.raw();
  /** What can be set, and what it is set to. */
  settings: readonly SettingsTable[] = $state.raw([]);
  /** Counts the scenarios opened: what was begun for one is not carried on for the next. */
  opened = $state(0);
  /** The built-in scenario that was opened, for the menu. */
  origin: string | undefined = $state();
  time = $state(0);
  step = $state(0);
  headTime = $state(0);
  endTime = $state(0);
  nodes: readonly NodeView[] = $state.raw([]);
  clients: readonly ClientView[] = $state.raw([]);
  service: ServiceView | undefined = $state.raw();
  /** What reads found, over time. */
  found: HitsView | undefined = $state.raw();
  messages: readonly MessageView[] = $state.raw([]);
  cuts: readonly CutView[] = $state.raw([]);
  history: History = $state.raw(EMPTY);
  markers: readonly Marker[] = $state.raw([]);
  violations: readonly ViolationView[] = $state.raw([]);
  expectations: readonly ExpectationView[] = $state.raw([]);
  /** All servers, opened: for their logs side by side and for the inspector. */
  details: readonly NodeDetail[] = $state.raw([]);
  message: MessageDetail | undefined = $state.raw();
  selected: Selected = $state.raw();
  playing = $state(false);
  speed = $state(DEFAULT_SPEED);
  hurry = $state(true);
  /** The moment a long way leads to, while it is being gone. */
  target: number | undefined = $state();
  notice = $state('');
  problem: Problem | undefined = $state.raw();
  panic: Problem | undefined = $state.raw();

  readonly present = $derived(present(this.history, this.playing || this.target !== undefined));
  readonly selectedNode = $derived.by(() => {
    const selected = this.selected;
    if (selected === undefined || !('node' in selected)) return undefined;
    return this.nodes.find((node) => node.id === selected.node);
  });
  readonly leader = $derived(
    this.nodes
      .filter((node) => node.status === 'up' && node.role === 'leader')
      .reduce<NodeView | undefined>(
        (best, node) => (best && best.term >= node.term ? best : node),
        undefined,
      ),
  );

  #run: Run | undefined;
  #saved = '';
  #stale = new Set<number>();
  #detailsAt = 0;

  /** Opens a scenario; what was open stays when the text cannot be read. */
  open(
    toml: string,
    at?: { time: number | undefined; step: number | undefined },
    origin?: string,
  ): boolean {
    return this.#safely('This scenario cannot be opened', () => {
      const run = new Run(toml);
      this.#run?.close();
      this.#run = run;
      this.origin = origin;
      this.opened += 1;
      this.#begin();
      this.playing = false;
      this.problem = undefined;
      if (at?.time !== undefined) this.goTo(at.time, at.step);
    });
  }

  reseed(seed: number = newSeed()): void {
    this.#safely('This seed cannot be used', () => {
      this.#run?.reseed(seed);
      this.#begin();
    });
  }

  /**
   * Runs the same scenario with other settings up to the moment shown.
   * @returns why a setting is refused; the run then stays what it is.
   */
  configure(changes: SettingChange[]): SettingRefusal | undefined {
    let refusal: SettingRefusal | undefined;
    const done = this.#safely('These settings cannot be used', () => {
      refusal = this.#run?.configure(changes);
      if (refusal !== undefined) return;
      const { playing, selected } = this;
      const wanted = this.target ?? this.time;
      this.#begin();
      if (selected !== undefined && 'node' in selected) this.selected = selected;
      this.goTo(wanted);
      this.playing = playing;
      this.notice = 'The scenario runs again, with other settings.';
    });
    if (done) return refusal;
    return { path: changes[0]?.path ?? '', sentence: (this.panic ?? this.problem)?.text ?? '' };
  }

  #begin(): void {
    this.target = undefined;
    this.nodes = [];
    this.clients = [];
    this.history = EMPTY;
    this.selected = undefined;
    this.message = undefined;
    this.notice = '';
    this.scenario = this.#run?.scenario();
    this.settings = this.#run?.settings() ?? [];
    this.#saved = this.#run?.toml() ?? '';
    this.#run?.runUntil(AWAKE, FRAME_STEPS);
    this.#draw();
  }

  /** The whole session as a scenario file; also after the core broke. */
  toml(): string {
    return this.panic === undefined ? (this.#run?.toml() ?? this.#saved) : this.#saved;
  }

  // Time.

  togglePlay(): void {
    this.target = undefined;
    this.playing = !this.playing;
    if (!this.playing) this.#readDetails();
  }

  stepForward(): void {
    this.#still(() => {
      if (!this.#run?.stepForward()) this.notice = 'Nothing is left to happen.';
    });
  }

  stepBack(): void {
    this.#still(() => {
      if (!this.#run?.stepBack()) this.notice = 'This is the beginning.';
    });
  }

  /** To any moment. What is explored already is there at once; beyond, the way is gone. */
  goTo(time: number, step?: number): void {
    const wanted = Math.max(0, Math.floor(time));
    this.#still(() => {
      if (wanted <= this.headTime) {
        this.#run?.seek(wanted);
        this.#settle(step);
      } else {
        this.target = wanted;
        this.#targetStep = step;
      }
    });
  }

  #targetStep: number | undefined;

  /** Several events can share one instant; this goes back among them to the one meant. */
  #settle(step: number | undefined): void {
    if (step === undefined) return;
    this.#draw();
    for (let tries = 0; this.step > step && tries < SETTLE; tries += 1) {
      this.#run?.stepBack();
      this.#draw();
    }
  }

  #still(go: () => void): void {
    this.playing = false;
    this.target = undefined;
    this.notice = '';
    this.#safely('This moment cannot be shown', () => {
      go();
      this.#draw();
    });
  }

  /** One drawn frame: `elapsed` milliseconds have passed outside. */
  tick(elapsed: number): void {
    if (this.panic !== undefined || this.#run === undefined) return;
    if (this.target === undefined && !this.playing) return;
    this.#safely('The simulation stopped', () => {
      if (this.target !== undefined) this.#onward(this.target);
      else this.#play(elapsed);
    });
  }

  #onward(target: number): void {
    if (this.#run?.runUntil(target, FRAME_STEPS)) {
      this.target = undefined;
      this.#settle(this.#targetStep);
    }
    this.#draw();
  }

  #play(elapsed: number): void {
    const quiet = this.hurry && this.messages.length === 0 ? HURRY : 1;
    let until = this.time + elapsed * 1000 * this.speed * quiet + this.#rest;
    const ends = this.time < this.endTime && until >= this.endTime;
    if (ends) until = this.endTime;
    // Below one microsecond a frame, what is left over is kept for the next.
    this.#rest = until - Math.floor(until);
    const reached = this.#run?.runUntil(until, FRAME_STEPS);
    if (ends && reached) this.playing = false;
    this.#draw();
  }

  #rest = 0;

  // Doing.

  act(action: Action): boolean {
    const forgotten = this.headTime > this.time;
    return this.#safely('That cannot be done', () => {
      this.target = undefined;
      this.#run?.act(action);
      this.history = { past: this.history.past, future: [] };
      this.#saved = this.#run?.toml() ?? this.#saved;
      this.problem = undefined;
      this.notice = forgotten
        ? `The future seen before is forgotten: history goes another way from ${moment(this.time)}.`
        : '';
      this.scenario = this.#run?.scenario();
      this.#draw();
    });
  }

  crashOrRestart(node: NodeView): void {
    this.act({ do: node.status === 'up' ? 'crash' : 'restart', node: node.id });
  }

  select(selected: Selected): void {
    this.selected = selected;
    this.#safely('This cannot be opened', () => this.#readMessage());
  }

  // Drawing.

  #draw(): void {
    const frame = this.#run?.frame();
    if (frame === undefined) return;
    this.time = frame.time;
    this.step = frame.step;
    this.headTime = frame.headTime;
    this.endTime = frame.endTime;
    this.nodes = merge(this.nodes, frame.nodes);
    this.clients = merge(this.clients, frame.clients);
    this.service = frame.service;
    this.found = frame.found;
    if (frame.messages.length > 0 || this.messages.length > 0) this.messages = frame.messages;
    if (frame.cuts.length > 0 || this.cuts.length > 0) this.cuts = frame.cuts;
    this.history = follow(this.history, frame);
    this.markers = mark(this.markers, frame);
    if (frame.violations.length !== this.violations.length) this.#onViolations(frame);
    if (frame.expectations.length > 0 || this.expectations.length > 0)
      this.expectations = frame.expectations;
    const moving = this.playing || this.target !== undefined;
    // A disk can change without its server: what is looked at closely, while time stands, is read
    // again whatever the frame says.
    const changed = moving ? frame.nodes : this.nodes;
    for (const node of changed) this.#stale.add(node.id);
    if (!moving || performance.now() - this.#detailsAt > DETAIL_EVERY) this.#readDetails();
    this.#readMessage();
  }

  #onViolations(frame: Frame): void {
    const news = frame.violations.length > this.violations.length;
    this.violations = frame.violations;
    if (!news || this.target !== undefined) return;
    this.playing = false;
    this.notice = `Stopped: ${count(frame.violations.length, 'rule')} broken.`;
  }

  /** Reads again the servers that have changed since they were read. */
  #readDetails(): void {
    this.#detailsAt = performance.now();
    if (this.#stale.size === 0 || this.#run === undefined) return;
    const run = this.#run;
    const known = this.details.length === this.nodes.length ? this.details : [];
    this.details = this.nodes.flatMap((node, place) => {
      const old = known[place];
      if (old !== undefined && old.id === node.id && !this.#stale.has(node.id)) return [old];
      return run.node(node.id) ?? [];
    });
    this.#stale.clear();
  }

  #readMessage(): void {
    const selected = this.selected;
    if (selected === undefined || !('message' in selected)) this.message = undefined;
    else {
      const known = this.messages.some((message) => message.id === selected.message);
      if (!known) this.message = undefined;
      else if (this.message?.view.id !== selected.message || !this.playing)
        this.message = this.#run?.message(selected.message);
    }
  }

  /** Runs what may fail. A refusal is told and forgotten; a broken core ends the run. */
  #safely(title: string, go: () => void): boolean {
    try {
      go();
      return true;
    } catch (error) {
      this.playing = false;
      this.target = undefined;
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof CorePanic) this.panic = { title: 'The core stopped', text };
      else this.problem = { title, text };
      return false;
    }
  }
}

/** The list with what is new in it; what did not change keeps its identity. */
function merge<T extends { id: number }>(known: readonly T[], news: readonly T[]): readonly T[] {
  if (news.length === 0) return known;
  if (known.length === 0) return news;
  const fresh = new Map(news.map((view) => [view.id, view]));
  return known.map((view) => fresh.get(view.id) ?? view);
}
