/** The lesson on the page: opens it, walks it as the run goes on, and shows how a goal is met. */
import { untrack } from 'svelte';
import type { Session } from '../session/session.svelte';
import { entryOf, GROUPS } from './catalogue';
import type { Entry, Lesson, Opening, World } from './lesson';
import { isQuestion } from './lesson';
import { keep, type Memory, recall } from './memory';
import { Guide, type Progress, Walk } from './walk';

/** The scenarios in which lessons take place, as files; each is loaded when it is needed. */
const STAGES = import.meta.glob<string>(
  ['./stages/*.toml', '../../../tests/scenarios/another-life*.toml'],
  { query: '?raw', import: 'default' },
);

/** How long a step that is done stays on the page before the next one comes, in milliseconds. */
const LINGER = 1_600;
/** How fast time runs where a step does not say. */
const SPEED = 1 / 50;

export class Lessons {
  /** Whether the list is open. */
  listed = $state(false);
  lesson: Lesson | undefined = $state.raw();
  progress: Progress | undefined = $state.raw();
  /** Whether somebody is showing how the present goal is met. */
  showing = $state(false);
  /** Places on the page to put a ring around, as selectors. */
  rings: readonly string[] = $state.raw([]);
  /** The wrong choice that was made last, until the next. */
  wrong: number | undefined = $state();
  memory: Memory = $state.raw(recall());
  /** Whether the first lesson is offered. */
  offered = $state(false);

  readonly entry: Entry | undefined = $derived(this.lesson && entryOf(this.lesson.id));
  readonly step = $derived(this.lesson?.steps[this.progress?.at ?? 0]);
  /** How many goals of the present step are met. */
  readonly met = $derived(this.progress?.met[this.progress.at] ?? 0);
  readonly goal = $derived(this.step?.goals[this.met]);
  readonly stepDone = $derived(this.step !== undefined && this.goal === undefined);
  readonly next: Entry | undefined = $derived.by(() => {
    const all = GROUPS.flatMap((group) => group.lessons);
    return all[all.findIndex((entry) => entry.id === this.lesson?.id) + 1];
  });

  readonly #session: Session;
  #walk: Walk | undefined;
  #guide: Guide | undefined;
  /** The run that the lesson is about; another one ends it. */
  #opened: number | undefined;
  /** The moment that the run is first led to. */
  #awaits: number | undefined;
  /** Steps for which another scenario was opened. */
  #openedFor = -1;
  #turn: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
    $effect(() => {
      const world = this.#world();
      untrack(() => this.#look(world));
    });
  }

  /**
   * Once the page shows something: the lesson that the address asks for, or an offer to those who are
   * not `known` from an earlier visit.
   */
  async arrive(known: boolean): Promise<void> {
    const address = new URLSearchParams(location.search);
    const id = address.get('lesson');
    if (id === null) {
      if (!known && location.hash === '' && !address.has('embed')) this.#greet();
    } else if (entryOf(id) === undefined) {
      const known = GROUPS.flatMap((group) => group.lessons.map((entry) => entry.id)).join(', ');
      this.#session.problem = {
        title: 'This lesson does not exist',
        text: `The address asks for the lesson "${id}"; there are ${known}.`,
      };
    } else await this.begin(id);
  }

  /** A first visit: something is alive at once, and one thing is offered. */
  #greet(): void {
    if (this.memory.greeted || this.memory.done.length > 0) return;
    this.offered = true;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!still && !this.#session.playing) this.#session.togglePlay();
  }

  decline(): void {
    this.offered = false;
    this.#remember({ ...this.memory, greeted: true });
  }

  async begin(id: string): Promise<void> {
    const entry = entryOf(id);
    if (entry === undefined) return;
    this.listed = false;
    this.decline();
    let lesson: Lesson;
    try {
      lesson = await entry.load();
    } catch (error) {
      this.#session.problem = { title: 'This lesson could not be loaded', text: words(error) };
      return;
    }
    this.#walk = new Walk(lesson);
    this.lesson = lesson;
    this.#openedFor = -1;
    this.#enter();
    await this.#open(lesson.opening);
    if (this.lesson === lesson) this.#address(id);
  }

  restart(): void {
    if (this.lesson) void this.begin(this.lesson.id);
  }

  leave(): void {
    this.#still();
    this.#walk = undefined;
    this.lesson = undefined;
    this.progress = undefined;
    this.rings = [];
    this.#address(undefined);
  }

  go(by: number): void {
    const { progress } = this;
    if (progress === undefined) return;
    this.#walk?.go(progress.at + by);
    this.#enter();
    // What the step waits for is measured against this moment, not against the next that is drawn.
    this.#look(untrack(() => this.#world()));
  }

  answer(choice: number): void {
    const right =
      this.#walk?.answer(
        choice,
        untrack(() => this.#world()),
      ) ?? false;
    this.wrong = right ? undefined : choice;
    if (right) this.#onMet();
  }

  /** Does what is waited for, so that it can be watched. */
  show(): void {
    const { goal } = this;
    if (goal === undefined) return;
    if (isQuestion(goal)) {
      const world = untrack(() => this.#world());
      const right = goal.choices.findIndex((_, place) => this.#walk?.answer(place, world));
      this.wrong = undefined;
      if (right >= 0) this.#onMet();
      return;
    }
    const session = this.#session;
    this.#guide = new Guide(goal.show ?? [], {
      act: (action) => {
        if (session.playing) session.togglePlay();
        void session.act(action);
      },
      choose: (what) => session.select(what),
      back: () => void session.stepBack(),
      step: () => void session.stepForward(),
      run: () => {
        if (!session.playing && session.target === undefined) session.togglePlay();
      },
    });
    this.showing = true;
    this.#look(untrack(() => this.#world()));
  }

  /** Until it is open, nothing is looked at. */
  async #open(opening: Opening): Promise<void> {
    const [session, walk] = [this.#session, this.#walk];
    this.#opened = undefined;
    try {
      const file = `${opening.scenario}.toml`;
      const text = STAGES[`./stages/${file}`] ?? STAGES[`../../../tests/scenarios/${file}`];
      if (text === undefined) throw new Error(`there is no scenario ${opening.scenario}`);
      // It takes its turn now: what is opened while its text comes is opened after it.
      if (!(await session.open(text()))) throw new Error('its scenario cannot be opened');
    } catch (error) {
      session.problem ??= { title: 'This lesson cannot go on', text: words(error) };
      return this.leave();
    }
    if (this.#walk !== walk) return;
    this.#opened = session.opened;
    this.#awaits = opening.at;
    if (opening.at !== undefined) await session.goTo(opening.at);
  }

  /** A step is entered, for the first time or again. */
  #enter(): void {
    this.#still();
    const walk = this.#walk;
    if (walk === undefined) return;
    this.progress = walk.progress;
    const { step } = walk;
    if (walk.done) return;
    this.#session.speed = step.speed ?? SPEED;
    if (step.open !== undefined && this.#openedFor < walk.progress.at) {
      this.#openedFor = walk.progress.at;
      void this.#open(step.open);
    }
  }

  /** Nobody shows anything and no step waits to be left. */
  #still(): void {
    this.#guide = undefined;
    this.showing = false;
    this.wrong = undefined;
    clearTimeout(this.#turn);
  }

  /** What the core says; read in an effect, so that each drawn moment is looked at. */
  #world(): World {
    const { time, step, nodes, clients, messages, cuts, violations } = this.#session;
    const { service, details, history, selected, playing } = this.#session;
    const { past } = history;
    return {
      time,
      step,
      nodes,
      clients,
      messages,
      cuts,
      violations,
      service,
      details,
      past,
      chosen: selected,
      playing,
    };
  }

  #look(world: World): void {
    const walk = this.#walk;
    if (walk === undefined || this.#opened === undefined) return;
    if (this.#session.opened !== this.#opened) {
      this.leave();
      return;
    }
    if (this.#awaits !== undefined) {
      if (world.time < this.#awaits) return;
      this.#awaits = undefined;
    }
    let met = false;
    while (!walk.done && walk.look(world)) met = true;
    if (met) this.#onMet();
    else if (!walk.done) this.#guide?.look(walk.see(world));
    this.#point(world);
  }

  #point(world: World): void {
    const goal = this.#walk?.goal;
    const wanted = goal === undefined || isQuestion(goal) ? [] : (goal.ring ?? []);
    const rings = wanted.flatMap((ring) => ring(world) ?? []);
    if (rings.join() !== this.rings.join()) this.rings = rings;
  }

  #onMet(): void {
    const walk = this.#walk;
    if (walk === undefined) return;
    this.#still();
    this.progress = walk.progress;
    if (!walk.done) return;
    // What was waited for can be looked at as long as one likes.
    if (this.#session.playing) this.#session.togglePlay();
    if (walk.progress.over) this.#finish(walk.lesson.id);
    else if (walk.progress.at + 1 < walk.lesson.steps.length) {
      this.#turn = setTimeout(() => this.go(1), LINGER);
    }
  }

  #finish(id: string): void {
    const done = [...new Set([...this.memory.done, id])];
    this.#remember({ done, greeted: true });
  }

  #remember(memory: Memory): void {
    this.memory = memory;
    keep(memory);
  }

  /** The address names the lesson, so that it can be passed on. */
  #address(id: string | undefined): void {
    const url = new URL(location.href);
    if (id === undefined) url.searchParams.delete('lesson');
    else url.searchParams.set('lesson', id);
    url.hash = '';
    history.replaceState(history.state, '', url);
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
