/**
 * The page's side of the worker that owns the core: questions go out, answers come back as promises.
 * A core that panics, a worker that fails and one that falls silent are all the same to the page:
 * the engine is broken, and only another one goes on.
 */

import type { Seen } from '../core/core';
import type {
  Answer,
  Arrived,
  Entry,
  Given,
  GivenTo,
  GivenToWay,
  Look,
  Method,
  Moved,
  Question,
  Told,
  ToldBy,
  Way,
} from './protocol';
import { freshWorker } from './start';

/** Why an engine answers nothing any more. */
export class Broken extends Error {
  constructor(
    /** In a few words, as a title. */
    readonly title: string,
    message: string,
  ) {
    super(message);
  }
}

/** A worker that owes an answer and says nothing for so many seconds is lost. */
const SILENCE = 10;

interface Waiting {
  tell: (told: unknown) => void;
  fail: (error: Error) => void;
}

export class Engine {
  readonly #worker = freshWorker();
  readonly #waiting = new Map<number, Waiting>();
  readonly #onbroken: (broken: Broken) => void;
  #asked = 0;
  #broken: Broken | undefined;
  /** Counted only while the page is awake, so that a sleeping machine loses no worker. */
  #silent = 0;
  #watch: number | undefined;

  /** `onbroken` is told once, before those who wait for an answer are. */
  constructor(onbroken: (broken: Broken) => void) {
    this.#onbroken = onbroken;
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const { message } = event;
      this.#break('The core was lost', message || 'Its worker could not be loaded.');
    };
    this.#worker.onmessageerror = () =>
      this.#break('The core was lost', 'What its worker said cannot be read.');
  }

  /** Answers nothing any more. */
  get broken(): boolean {
    return this.#broken !== undefined;
  }

  library<E extends Entry>(entry: E, ...given: GivenTo<E>): Promise<ToldBy<E>> {
    return this.#send({ to: 'library', entry, given });
  }

  open(scenario: string, look: Look): Promise<Moved> {
    return this.#arrive({ to: 'open', scenario, look });
  }

  ask<M extends Method>(method: M, ...given: Given<M>): Promise<Told<M>> {
    return this.#send({ to: 'ask', method, given });
  }

  /** What is to be seen at the moment shown. */
  look(look: Look): Promise<Moved> {
    return this.#arrive({ to: 'go', given: [], look });
  }

  go<M extends Method>(look: Look, method: M, ...given: Given<M>): Promise<Moved<Told<M>>> {
    return this.#arrive({ to: 'go', method, given, look });
  }

  /** A part of a way, for so many milliseconds; the result tells whether it is at its end. */
  way<M extends Way>(
    look: Look,
    slice: number,
    method: M,
    ...given: GivenToWay<M>
  ): Promise<Moved<boolean>> {
    return this.#arrive({ to: 'way', method, given, look, slice });
  }

  async #arrive<T>(question: Question): Promise<Moved<T>> {
    const { seen, ...arrived } = await this.#send<Arrived<T>>(question);
    return { ...arrived, ...(JSON.parse(seen) as Seen) };
  }

  #send<T>(question: Question): Promise<T> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#asked += 1;
    const id = this.#asked;
    return new Promise<T>((resolve, fail) => {
      this.#waiting.set(id, { tell: (told) => resolve(told as T), fail });
      this.#worker.postMessage({ ...question, id });
    });
  }

  #hear(answer: Answer): void {
    this.#silent = 0;
    this.#watch ??= window.setInterval(() => this.#listen(), 1_000);
    if ('ready' in answer) return;
    if ('refused' in answer && answer.broken) {
      this.#break('The core stopped', answer.refused);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('told' in answer) waiting?.tell(answer.told);
    else waiting?.fail(new Error(answer.refused));
  }

  #listen(): void {
    this.#silent = this.#waiting.size === 0 ? 0 : this.#silent + 1;
    if (this.#silent < SILENCE) return;
    this.#break('The core does not answer', `Nothing was heard from it for ${SILENCE} seconds.`);
  }

  #break(title: string, text: string): void {
    if (this.#broken !== undefined) return;
    const broken = new Broken(title, text);
    this.#broken = broken;
    this.#worker.terminate();
    clearInterval(this.#watch);
    this.#onbroken(broken);
    for (const waiting of this.#waiting.values()) waiting.fail(broken);
    this.#waiting.clear();
  }
}
