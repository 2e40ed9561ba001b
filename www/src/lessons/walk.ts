/**
 * One lesson being walked: which step is open, what of it came true, and what came true stays true
 * until the lesson is begun anew, wherever in time the learner goes. Nothing here knows a page.
 */
import type { Action, EventView } from '../core/core';
import { isQuestion, type Lesson, type Move, type Sight, type Step, type World } from './lesson';

/** What can be shown of a walk. Each change is a new object. */
export interface Progress {
  /** The step that is open. */
  readonly at: number;
  /** How many goals of each step are met; goals are met in order. */
  readonly met: readonly number[];
  /** Whether every step is done. */
  readonly over: boolean;
}

/** More events are not kept for one goal: it would wait for none that came so long ago. */
const KEPT = 2_000;

export class Walk {
  readonly lesson: Lesson;
  progress: Progress;
  /** The world in which the present goal was set. */
  #before: World | undefined;
  /** The world that was looked at last. */
  #latest: World | undefined;
  #since: EventView[] = [];
  /** What was new at the last look. */
  #fresh: EventView[] = [];
  /** The newest event that was looked at. */
  #seen = -1;

  constructor(lesson: Lesson) {
    this.lesson = lesson;
    this.progress = { at: 0, met: lesson.steps.map(() => 0), over: false };
  }

  get step(): Step {
    const step = this.lesson.steps[this.progress.at];
    if (step === undefined) throw new Error(`${this.lesson.id} has no step ${this.progress.at}`);
    return step;
  }

  /** The goal that is waited for; undefined when the step is done. */
  get goal(): Step['goals'][number] | undefined {
    return this.step.goals[this.progress.met[this.progress.at] ?? 0];
  }

  get done(): boolean {
    return this.goal === undefined;
  }

  /** Opens a step; only one whose predecessors are done. */
  go(at: number): void {
    const { lesson, progress } = this;
    const open = lesson.steps.findIndex((step, place) => this.#isOpen(step, place));
    const last = open < 0 ? lesson.steps.length - 1 : open;
    this.progress = { ...progress, at: Math.max(0, Math.min(at, last)) };
    this.#before = undefined;
  }

  #isOpen = (step: Step, place: number): boolean =>
    (this.progress.met[place] ?? 0) < step.goals.length;

  /** Looks at the world; true when a goal was met just now. */
  look(world: World): boolean {
    const previous = this.#latest ?? world;
    const sight = this.see(world);
    const { goal } = this;
    if (goal === undefined || isQuestion(goal) || !goal.when(sight)) return false;
    this.#meet(previous);
    return true;
  }

  /** The world with what has changed since the present goal was set. */
  see(world: World): Sight {
    const before = this.#before ?? this.#set(world);
    this.#forget(world.step);
    this.#follow(world);
    this.#latest = world;
    return { ...world, since: this.#since, before };
  }

  /** A goal is set in this world: what happened before does not count. */
  #set(world: World): World {
    this.#before = world;
    this.#since = [];
    this.#seen = world.past.at(-1)?.id ?? -1;
    return world;
  }

  /** After going back in time, what is ahead has not happened yet. */
  #forget(step: number): void {
    if ((this.#since.at(-1)?.step ?? 0) > step) {
      this.#since = this.#since.filter((event) => event.step <= step);
    }
  }

  #follow(world: World): void {
    const newest = world.past.at(-1)?.id ?? -1;
    if (newest < this.#seen) this.#seen = newest;
    const fresh: EventView[] = [];
    for (let at = world.past.length - 1; at >= 0; at -= 1) {
      const event = world.past[at];
      if (event === undefined || event.id <= this.#seen) break;
      fresh.push(event);
    }
    this.#seen = newest;
    this.#fresh = fresh.reverse();
    if (fresh.length > 0) this.#since = [...this.#since, ...fresh].slice(-KEPT);
  }

  /** Answers a question with its choice of that place; true when it is right. */
  answer(choice: number, world: World): boolean {
    const { goal } = this;
    if (goal === undefined || !isQuestion(goal)) return false;
    if (!isRight(goal.choices[choice]?.right, this.see(world))) return false;
    this.#meet(world);
    return true;
  }

  /** The next goal is set in the world before the one that met this: one look may see several come true. */
  #meet(previous: World): void {
    const { at, met } = this.progress;
    const now = met.map((many, place) => (place === at ? many + 1 : many));
    const over = this.lesson.steps.every((step, place) => (now[place] ?? 0) >= step.goals.length);
    this.progress = { at, met: now, over };
    this.#before = previous;
    this.#since = this.#fresh;
  }
}

export const isRight = (
  right: boolean | ((sight: Sight) => boolean) | undefined,
  sight: Sight,
): boolean => (typeof right === 'function' ? right(sight) : (right ?? false));

/** What somebody who shows how it is done can do. */
export interface Hands {
  act: (action: Action) => void;
  choose: (what: { node: number } | { model: true }) => void;
  back: () => void;
  step: () => void;
  run: () => void;
}

/** Shows how a goal is met: its moves in order, with time running in between. */
export class Guide {
  readonly #moves: readonly Move[];
  readonly #hands: Hands;
  #at = 0;
  #done = false;

  constructor(moves: readonly Move[], hands: Hands) {
    this.#moves = moves;
    this.#hands = hands;
  }

  /** Called for each moment shown until the goal is met. */
  look(sight: Sight): void {
    for (let move = this.#moves[this.#at]; move !== undefined; move = this.#moves[this.#at]) {
      if (!this.#done) {
        this.#done = true;
        if (this.#do(move, sight)) return;
      }
      if (move.until !== undefined && !move.until(sight)) {
        if (move.closely) this.#hands.step();
        else this.#hands.run();
        return;
      }
      this.#at += 1;
      this.#done = false;
    }
    this.#hands.run();
  }

  /** True when the world is another one now, and has to be looked at first. */
  #do(move: Move, sight: Sight): boolean {
    const chosen = move.choose?.(sight);
    if (chosen !== undefined) this.#hands.choose({ node: chosen.id });
    if (move.model) this.#hands.choose({ model: true });
    for (let back = 0; back < (move.back ?? 0); back += 1) this.#hands.back();
    const action = move.act?.(sight);
    if (action !== undefined) this.#hands.act(action);
    return (
      chosen !== undefined || move.model === true || action !== undefined || (move.back ?? 0) > 0
    );
  }
}
