/**
 * What the page and the worker say to each other: each question has a number, and its answer bears
 * the same. Everything is plain data. The methods are those of the core's `Playground`, by name, so
 * that a new one needs nothing here.
 */
import type { Library, Playground, ScenarioView, Seen, SettingsTable } from '../core/core';

type Called<F> = F extends (...given: infer _) => unknown ? F : never;
type Named<T> = { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never };

/** A method of `Playground`. */
export type Method = Exclude<Named<Playground>[keyof Playground] & string, 'free'>;
export type Given<M extends Method> = Parameters<Called<Playground[M]>>;
export type Told<M extends Method> = ReturnType<Called<Playground[M]>>;

/** Something that the core answers without a run. */
export type Entry = keyof Library;
export type GivenTo<E extends Entry> = Parameters<Library[E]>;
export type ToldBy<E extends Entry> = ReturnType<Library[E]>;

/** A method that goes at most so many steps, its last argument, and then tells whether it is done. */
export type Way = {
  [M in Method]: Told<M> extends boolean
    ? Given<M> extends [...infer _, number]
      ? M
      : never
    : never;
}[Method];
export type GivenToWay<M extends Way> = Given<M> extends [...infer Rest, number] ? Rest : never;

/** What is wanted of the moment that a method has led to, beyond its frame. */
export interface Look {
  /** How many of the servers that have changed are told, opened; those that waited longest first. */
  servers: number;
  /** A message that is open. */
  message?: number | undefined;
}

export type Question =
  | { to: 'library'; entry: Entry; given: readonly unknown[] }
  /** Opens another run; the former stays when the text is no scenario. */
  | { to: 'open'; scenario: string; look: Look }
  | { to: 'ask'; method: Method; given: readonly unknown[] }
  /** Goes by a method, or stays, and tells what is then to be seen. */
  | { to: 'go'; method?: Method; given: readonly unknown[]; look: Look }
  /** Goes a part of a way, for so many milliseconds. */
  | { to: 'way'; method: Way; given: readonly unknown[]; look: Look; slice: number };
export type Numbered = Question & { id: number };

/** The moment that a method has led to, as the worker tells it. */
export interface Arrived<T = unknown> {
  /** What the method returned. */
  result: T;
  /** `Seen` as JSON. */
  seen: string;
  /** The session as text, with what it says of itself; absent while it stays what it was. */
  session?: { toml: string; scenario: ScenarioView; settings: SettingsTable[] };
}

/** The moment that a method has led to. */
export type Moved<T = unknown> = Omit<Arrived<T>, 'seen'> & Seen;

export type Answer =
  /** The core is loaded: from now on it answers soon. */
  | { ready: true }
  | { id: number; told: unknown }
  /** Refused, or the core is `broken` and answers nothing any more. */
  | { id: number; refused: string; broken: boolean };
