/**
 * What is on the screen. The core owns truth and time; this renders its frames, one after the
 * other, and passes on what a person does.
 */
import type {
  Action,
  ClientView,
  CutView,
  ExpectationView,
  Frame,
  HitsView,
  Marker,
  MessageDetail,
  MessageView,
  NodeDetail,
  NodeView,
  RuleState,
  ScenarioView,
  ServiceView,
  SettingChange,
  SettingRefusal,
  SettingsTable,
  ViolationView,
} from '../core/core';
import { count, moment } from '../drawing/words';
import { Broken, Engine } from '../engine/engine';
import type {
  Entry,
  Given,
  GivenTo,
  GivenToWay,
  Look,
  Method,
  Moved,
  Told,
  ToldBy,
  Way,
} from '../engine/protocol';
import { Branches } from './branches.svelte';
import { Catalogue } from './catalogue.svelte';
import { fly } from './flying';
import { EMPTY, follow, type History, mark, present } from './history';

/** What a person looks at closely. */
export type Selected = { node: number } | { message: number } | { model: true } | undefined;
/** A moment to be led to. */
interface Goal {
  time: number;
  step: number | undefined;
  done?: Promise<void>;
}
/** Something went wrong, told where the person looks; `text` is kept as it came. */
export interface Problem {
  title: string;
  text: string;
}

/** What a drawn frame and a part of a long way may take, in milliseconds. */
const FRAME_SLICE = 10;
const WAY_SLICE = 80;
/** As fast as possible, most of the time is spent on going and less on drawing, in milliseconds. */
const FLAT_OUT_SLICE = 40;
/** A tab that slept does not wake up to a leap: the longest time outside that counts, likewise. */
const LEAP = 100;
/** More steps than there are between what is explored and the moment of a seek into it. */
const EXPLORED = 1_000_000;
/** While nothing is on its way, time may pass faster by this much. */
const HURRY = 8;
/** More servers than a run can have. */
const ALL = 1_000;
/** An opened server is read this often while time runs, in milliseconds. */
const DETAIL_EVERY = 40;
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
  /** How each rule stands, in the order of the catalogue. */
  rules: readonly RuleState[] = $state.raw([]);
  expectations: readonly ExpectationView[] = $state.raw([]);
  /** All servers, opened: for their logs side by side and for the inspector. */
  details: readonly NodeDetail[] = $state.raw([]);
  message: MessageDetail | undefined = $state.raw();
  selected: Selected = $state.raw();
  playing = $state(false);
  /** Simulated time beside the time outside; without bound as fast as possible. */
  speed = $state(DEFAULT_SPEED);
  hurry = $state(true);
  /** The moment a long way leads to, while it is being gone. */
  target: number | undefined = $state();
  notice = $state('');
  /** The name of the history that was left just now, by doing something in the past. */
  left: string | undefined = $state();
  problem: Problem | undefined = $state.raw();
  panic: Problem | undefined = $state.raw();

  /** Commands under way or waiting for their turn. */
  busy = $state(0);
  /** A way of unknown or known end is being gone, in parts. */
  underway = $state(false);

  readonly moving = $derived(this.playing || this.underway);
  readonly present = $derived(present(this.history, this.moving));
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

  #engine = new Engine((broken) => this.#lose(broken));
  /** Counts the runs: an answer about a former one is dropped. */
  run = $state(0);
  #saved = '';
  /** What the core knows by name. */
  readonly catalogue = new Catalogue(this);
  /** Histories that were left for others. */
  readonly branches = new Branches(this);
  /** The session with what broke the core. */
  #broken: string | undefined;
  /** What is being done. */
  #doing: Action | undefined;
  #line: Promise<unknown> = Promise.resolve();
  /** How many in line have not begun. */
  #waiting = 0;
  /** The last in line, if it leads to a moment and has not begun. */
  #goal: Goal | undefined;
  #detailsAt = 0;
  #ticked = 0;
  #drawing = false;
  #rest = 0;

  // The core, in its worker.

  /** What the core answers without a run. */
  library<E extends Entry>(entry: E, ...given: GivenTo<E>): Promise<ToldBy<E>> {
    return this.#engine.library(entry, ...plain(given));
  }

  /**
   * Reads something, after all commands given before. An answer about a run that was replaced
   * meanwhile is dropped: the promise then stays open.
   */
  async ask<M extends Method>(method: M, ...given: Given<M>): Promise<Told<M>> {
    const settled = plain(given);
    while (this.#waiting > 0) await this.#line;
    const run = this.run;
    try {
      const told = await this.#engine.ask(method, ...settled);
      if (run === this.run) return told;
    } catch (error) {
      if (run === this.run && !(error instanceof Broken)) throw error;
    }
    return new Promise(() => undefined);
  }

  /**
   * Changes the moment shown; what the method returns comes when the new frame was drawn. What is
   * refused is told to the person, and undefined comes.
   */
  go<M extends Method>(method: M, ...given: Given<M>): Promise<Told<M> | undefined> {
    const settled = plain(given);
    return this.#command('That cannot be done', async () => {
      const moved = await this.#engine.go(this.#look(), method, ...settled);
      this.#draw(moved);
      return moved.result;
    });
  }

  /**
   * Goes a long way in parts, by a method that goes so many steps (its last argument) and tells
   * whether it is done. Any other command interrupts it. True when it came to its end.
   */
  async way<M extends Way>(method: M, ...given: GivenToWay<M>): Promise<boolean> {
    const settled = plain(given);
    this.#still();
    const title = 'This moment cannot be shown';
    return (await this.#command(title, () => this.#onward(method, ...settled))) ?? false;
  }

  async #onward<M extends Way>(method: M, ...given: GivenToWay<M>): Promise<boolean> {
    this.underway = true;
    try {
      for (;;) {
        const moved = await this.#engine.way(this.#look(), WAY_SLICE, method, ...given);
        this.#draw(moved);
        if (moved.result) break;
        if (this.#waiting > 0 || !this.underway) return false;
      }
    } finally {
      this.underway = false;
      this.target = undefined;
    }
    this.#draw(await this.#engine.look(this.#look()));
    return true;
  }

  /** Commands are done one after the other, in the order in which they are given. */
  #enter<T>(go: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    this.#goal = undefined;
    const done = this.#line.then(() => {
      this.#waiting -= 1;
      return go();
    });
    this.#line = done.catch(() => undefined);
    return done;
  }

  /** A refusal is told and forgotten; that the core broke is told already. */
  async #command<T>(title: string, go: () => Promise<T>): Promise<T | undefined> {
    this.busy += 1;
    try {
      return await this.#enter(go);
    } catch (error) {
      if (error instanceof Broken) return undefined;
      this.playing = false;
      this.target = undefined;
      this.problem = { title, text: error instanceof Error ? error.message : String(error) };
      return undefined;
    } finally {
      this.busy -= 1;
    }
  }

  /** Another core is there at once, also to write down what broke the former. */
  #lose(broken: Broken): void {
    if (this.scenario === undefined || this.panic !== undefined) return;
    this.#still();
    this.panic = { title: broken.title, text: broken.message };
    this.#broken = this.#saved;
    this.#engine = new Engine((next) => this.#lose(next));
    const doing = this.#doing;
    if (doing === undefined) return;
    this.#engine.library('withAction', this.#saved, this.time, doing).then(
      (toml) => {
        this.#broken = toml;
      },
      // What was known before is kept.
      () => undefined,
    );
  }

  /** Goes on from the last good moment, before what broke the core. */
  async startAgain(): Promise<void> {
    const { time, step, origin } = this;
    this.panic = undefined;
    if (this.#engine.broken) this.#engine = new Engine((next) => this.#lose(next));
    if (await this.open(this.#saved, { time, step }, origin)) {
      this.notice = `This is ${moment(time)}, the last moment that was shown.`;
    }
  }

  // Runs.

  /**
   * Opens a scenario; what was open stays when the text cannot be read.
   * @returns whether it is open.
   */
  async open(
    text: string | Promise<string>,
    at?: { time: number | undefined; step: number | undefined },
    origin?: string,
    title = 'This scenario cannot be opened',
  ): Promise<boolean> {
    const awaited = Promise.resolve(text);
    // It may fail before its turn has come, and is told then.
    awaited.catch(() => undefined);
    const opened = await this.#command(title, async () => {
      const fresh = await this.#engine.open(await awaited, { servers: 0 });
      this.origin = origin;
      this.opened += 1;
      this.#broken = undefined;
      await this.#begin(fresh);
      this.playing = false;
      this.problem = undefined;
      return true;
    });
    if (opened === undefined) return false;
    if (at?.time !== undefined) await this.goTo(at.time, at.step);
    return true;
  }

  async reseed(seed?: number): Promise<void> {
    await this.#command('This seed cannot be used', async () => {
      const chosen = seed ?? (await this.#engine.library('freshSeed'));
      await this.#begin(await this.#engine.go({ servers: 0 }, 'reseed', chosen));
    });
  }

  /**
   * Runs the same scenario with other settings up to the moment shown.
   * @returns why a setting is refused; the run then stays what it is.
   */
  async configure(changes: SettingChange[]): Promise<SettingRefusal | undefined> {
    const settled = plain(changes);
    const wanted = this.target ?? this.time;
    const done = await this.#command('These settings cannot be used', async () => {
      const fresh = await this.#engine.go({ servers: 0 }, 'configure', settled);
      if (fresh.result !== undefined) return { refusal: fresh.result };
      const { playing, selected } = this;
      await this.#begin(fresh);
      if (selected !== undefined && 'node' in selected) this.selected = selected;
      void this.goTo(wanted);
      this.playing = playing;
      this.notice = 'The scenario runs again, with other settings.';
      return { refusal: undefined };
    });
    if (done) return done.refusal;
    return { path: changes[0]?.path ?? '', sentence: (this.panic ?? this.problem)?.text ?? '' };
  }

  /** Runs the same scenario with servers that make these mistakes, up to the moment shown. */
  async makeMistakes(names: readonly string[]): Promise<void> {
    const wanted = this.target ?? this.time;
    const settled = [...names];
    await this.#command('These mistakes cannot be made', async () => {
      await this.#begin(await this.#engine.go({ servers: 0 }, 'makeMistakes', settled));
      void this.goTo(wanted);
      this.notice =
        settled.length === 0
          ? 'Raft is put right: the scenario runs again as it should.'
          : 'The scenario runs again, with servers that make mistakes.';
    });
  }

  /** Shows a run that has just begun, once its servers are switched on. */
  async #begin(fresh: Moved): Promise<void> {
    this.run += 1;
    const awake = await this.#engine.way({ servers: ALL }, WAY_SLICE, 'runUntil', AWAKE);
    this.target = undefined;
    this.nodes = [];
    this.clients = [];
    this.messages = [];
    this.details = [];
    this.history = EMPTY;
    this.selected = undefined;
    this.message = undefined;
    this.notice = '';
    this.left = undefined;
    this.branches.forget();
    this.#draw(fresh);
    this.#draw(awake);
  }

  /** The whole session as a scenario file; after the core broke, with what broke it. */
  toml(): string {
    return this.#broken ?? this.#saved;
  }

  // Time.

  togglePlay(): void {
    this.underway = false;
    this.playing = !this.playing;
    if (!this.playing) {
      const title = 'This moment cannot be shown';
      void this.#command(title, async () => this.#draw(await this.#engine.look(this.#look())));
    }
  }

  stepForward(): Promise<void> {
    return this.#step('stepForward', 'Nothing is left to happen.');
  }

  stepBack(): Promise<void> {
    return this.#step('stepBack', 'This is the beginning.');
  }

  async #step(method: 'stepForward' | 'stepBack', otherwise: string): Promise<void> {
    this.#still();
    if ((await this.go(method)) === false) this.notice = otherwise;
  }

  /** So far from the moment shown, or from where a command given before leads to. */
  jump(by: number): Promise<void> {
    return this.goTo((this.#goal?.time ?? this.target ?? this.time) + by);
  }

  /**
   * To any moment. What is explored already is there at once; beyond, the way is gone. Of several
   * moments wanted in a row, only the last is shown.
   */
  goTo(time: number, step?: number): Promise<void> {
    const wanted = Math.max(0, Math.floor(time));
    this.#still();
    if (wanted > this.headTime) this.target = wanted;
    if (this.#goal?.done !== undefined) {
      this.#goal.time = wanted;
      this.#goal.step = step;
      return this.#goal.done;
    }
    const goal: Goal = { time: wanted, step };
    goal.done = this.#command('This moment cannot be shown', () => this.#reach(goal));
    this.#goal = goal;
    return goal.done;
  }

  async #reach(goal: Goal): Promise<void> {
    if (this.#goal === goal) this.#goal = undefined;
    const { time, step } = goal;
    const beyond = time > this.headTime;
    const known = beyond ? this.headTime : time;
    if (!beyond || this.time < known)
      this.#draw(await this.#engine.go(this.#look(), 'seek', known, EXPLORED));
    if (beyond) {
      this.target = time;
      if (!(await this.#onward('runUntil', time))) return;
    }
    // Several events can share one instant; this goes back among them to the one meant.
    if (step !== undefined && this.step > step)
      this.#draw(await this.#engine.go(this.#look(), 'goToStep', step));
  }

  #still(): void {
    this.playing = false;
    this.underway = false;
    this.target = undefined;
    this.notice = '';
    this.left = undefined;
  }

  /** One drawn frame; `now` is the time outside, in milliseconds. */
  tick(now: number): void {
    if (!this.playing) this.#ticked = now;
    if (!this.playing || this.busy > 0 || this.#drawing) return;
    this.#drawing = true;
    this.#enter(() => this.#play(now))
      .catch((error: unknown) => {
        this.playing = false;
        if (error instanceof Broken) return;
        const text = error instanceof Error ? error.message : String(error);
        this.problem = { title: 'The simulation stopped', text };
      })
      .finally(() => {
        this.#drawing = false;
      });
  }

  /** Plays on until the time outside is made up for; the next frame is never asked for before. */
  async #play(now: number): Promise<void> {
    let at = now;
    const flatOut = !Number.isFinite(this.speed);
    do {
      // Whoever hurries stops where something is said: what follows is to be seen, however slow the machine.
      const hurries = this.hurry && !flatOut && this.messages.length === 0;
      const [by, quiet] = hurries
        ? (['runUntilMessage', HURRY] as const)
        : (['runUntil', 1] as const);
      const elapsed = Math.min(LEAP, Math.max(0, at - this.#ticked));
      this.#ticked = at;
      let until = flatOut
        ? this.speed
        : this.time + elapsed * 1000 * this.speed * quiet + this.#rest;
      const ends = this.time < this.endTime && until >= this.endTime;
      if (ends) until = this.endTime;
      // Below one microsecond a frame, what is left over is kept for the next.
      const whole = Math.floor(until);
      this.#rest = Number.isFinite(until) ? until - whole : 0;
      const slice = flatOut ? FLAT_OUT_SLICE : FRAME_SLICE;
      const moved = await this.#engine.way(this.#look(), slice, by, whole);
      this.#draw(moved);
      if (moved.result && (flatOut || (ends && this.time >= this.endTime))) this.playing = false;
      if (moved.result) break;
      at = performance.now();
    } while (this.playing && this.#waiting === 0);
    if (!this.playing && this.#waiting === 0) this.#draw(await this.#engine.look(this.#look()));
  }

  // Doing.

  async act(action: Action): Promise<boolean> {
    const settled = plain(action);
    const done = await this.#command('That cannot be done', async () => {
      this.#doing = settled;
      const moved = await this.#engine.go(this.#look(), 'act', settled).finally(() => {
        this.#doing = undefined;
      });
      this.problem = undefined;
      this.left = moved.result;
      this.notice =
        moved.result === undefined ? '' : `The former history is kept as branch “${moved.result}”.`;
      this.#draw(moved);
      if (moved.result !== undefined) void this.branches.refresh();
      return true;
    });
    return done ?? false;
  }

  crashOrRestart(node: NodeView): void {
    void this.act({ do: node.status === 'up' ? 'crash' : 'restart', node: node.id });
  }

  select(selected: Selected): void {
    this.selected = selected;
    this.message = undefined;
    if (selected === undefined || !('message' in selected)) return;
    this.ask('message', selected.message).then(
      (message) => {
        if (this.selected === selected) this.message = message;
      },
      (error: unknown) => {
        this.problem = { title: 'This cannot be opened', text: String(error) };
      },
    );
  }

  // Drawing.

  /** What is looked at closely, to be told with the next frame. */
  #look(): Look {
    const selected = this.selected;
    const message = selected && 'message' in selected ? selected.message : undefined;
    if (!this.moving) return { servers: ALL, message };
    // One after the other, so that no frame has to draw them all.
    const due = performance.now() - this.#detailsAt > DETAIL_EVERY;
    if (due) this.#detailsAt = performance.now();
    return { servers: due ? 1 : 0, message };
  }

  #draw({ frame, details, message, session }: Moved): void {
    if (session !== undefined) {
      this.#saved = session.toml;
      this.scenario = session.scenario;
      this.settings = session.settings;
    }
    this.rules = frame.rules;
    this.time = frame.time;
    this.step = frame.step;
    this.headTime = frame.headTime;
    this.endTime = frame.endTime;
    this.nodes = merge(this.nodes, frame.nodes);
    this.clients = merge(this.clients, frame.clients);
    this.service = frame.service;
    this.found = frame.found;
    this.messages = fly(this.messages, frame);
    if (frame.cuts.length > 0 || this.cuts.length > 0) this.cuts = frame.cuts;
    this.history = follow(this.history, frame);
    this.markers = mark(this.markers, frame);
    if (frame.violations.length !== this.violations.length) this.#onViolations(frame);
    if (frame.expectations.length > 0 || this.expectations.length > 0)
      this.expectations = frame.expectations;
    this.details = merge(this.details, details);
    const selected = this.selected;
    const open = selected && 'message' in selected && message?.view.id === selected.message;
    this.message = open ? message : undefined;
  }

  #onViolations(frame: Frame): void {
    const news = frame.violations.length > this.violations.length;
    this.violations = frame.violations;
    if (!news || this.underway) return;
    this.playing = false;
    this.notice = `Stopped: ${count(frame.violations.length, 'rule')} broken.`;
  }
}

/** What may cross to the worker: without the proxies by which the page follows changes. */
const plain = <T>(given: T): T => $state.snapshot(given) as T;

/** The list with what is new in it; what did not change keeps its identity. */
function merge<T extends { id: number }>(known: readonly T[], news: readonly T[]): readonly T[] {
  if (news.length === 0) return known;
  if (known.length === 0) return news;
  const fresh = new Map(news.map((view) => [view.id, view]));
  return known.map((view) => fresh.get(view.id) ?? view);
}
