/**
 * What a lesson is: text, what each step waits for, and how to bring that about. A lesson holds no
 * code that runs by itself; `walk.ts` walks it and `lessons.svelte.ts` shows it.
 */
import type {
  Action,
  ClientView,
  CutView,
  EventView,
  MessageView,
  NodeDetail,
  NodeView,
  ServiceView,
  ViolationView,
} from '../core/core';

/** What the core says of the moment shown. */
export interface World {
  readonly time: number;
  readonly step: number;
  readonly nodes: readonly NodeView[];
  readonly clients: readonly ClientView[];
  readonly messages: readonly MessageView[];
  readonly cuts: readonly CutView[];
  readonly violations: readonly ViolationView[];
  readonly service: ServiceView | undefined;
  readonly details: readonly NodeDetail[];
  /** Events until the moment shown, the newest last; bounded. */
  readonly past: readonly EventView[];
  /** What the learner looks at, and whether time runs. */
  readonly chosen: { node: number } | { message: number } | { model: true } | undefined;
  readonly playing: boolean;
}

/** What a goal is judged by: the world, and what has changed since the goal was set. */
export interface Sight extends World {
  /** What happened since the goal was set, oldest first; bounded. */
  readonly since: readonly EventView[];
  /** The world in which the goal was set. */
  readonly before: World;
}

export type Condition = (sight: Sight) => boolean;
/** Finds a server, if there is one of that kind now. */
export type Who = (world: World) => NodeView | undefined;
/** A place on the page to put a ring around: a CSS selector, if there is such a place now. */
export type Ring = (world: World) => string | undefined;

/** One move of somebody who shows how it is done. */
export interface Move {
  /** Done once, when its turn comes; nothing is done when it is undefined just then. */
  readonly act?: (world: World) => Action | undefined;
  readonly choose?: Who;
  /** Chooses the model service. */
  readonly model?: boolean;
  /** A step back in time, so often. */
  readonly back?: number;
  /** Then time runs until this holds, or until the goal is met. */
  readonly until?: Condition;
  /** Event by event, because the moment is short. */
  readonly closely?: boolean;
}

/** What a step waits for. */
export interface Goal {
  /** What the learner shall do or see, as a line of a checklist. */
  readonly says: string;
  readonly when: Condition;
  /** How to get there; without moves, time has only to run. */
  readonly show?: readonly Move[];
  readonly ring?: readonly Ring[];
}

/** A question in place of something to do. The answer is judged by the core where it can be. */
export interface Question {
  readonly asks: string;
  readonly choices: readonly Choice[];
}

export interface Choice {
  readonly text: string;
  readonly right: boolean | Condition;
  /** Why it is right, or what speaks against it. */
  readonly because: string;
}

export interface Step {
  readonly title: string;
  /** Paragraphs; `**strong**` and `` `code` `` are marked. */
  readonly text: readonly string[];
  readonly goals: readonly (Goal | Question)[];
  readonly hint?: string;
  /** Where it is written: `Raft paper, section 5.2`. */
  readonly source?: string;
  /** How fast time runs from here on. */
  readonly speed?: number;
  /** Another scenario is opened for this step, and led to a moment in microseconds. */
  readonly open?: Opening;
}

/** A built-in scenario and where it begins. */
export interface Opening {
  readonly scenario: string;
  /** Microseconds of simulated time; the beginning when absent. */
  readonly at?: number;
}

export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly opening: Opening;
  readonly steps: readonly Step[];
  /** What to take home, when it is over. */
  readonly close: string;
}

/** How a lesson stands in the list, before its text is loaded. */
export interface Entry {
  readonly id: string;
  readonly title: string;
  /** What one learns, in a line. */
  readonly about: string;
  readonly minutes: number;
  readonly load: () => Promise<Lesson>;
}

export interface Group {
  readonly name: string;
  readonly lessons: readonly Entry[];
}

export const isQuestion = (goal: Goal | Question): goal is Question => 'choices' in goal;
