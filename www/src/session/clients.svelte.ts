/** The clients' history as it is on the screen: a window of it, read anew as time goes on. */
import type { HistoryView } from '../core/core';
import type { Session } from './session.svelte';

/** How many operations a window holds. */
export const WINDOWS = [30, 80, 200, 500] as const;
/** While time runs, the window is read this often, in milliseconds. */
const EVERY = 250;

export class Clients {
  view: HistoryView | undefined = $state.raw();
  /** Only operations that have to do with this key; all when empty. */
  key = $state('');
  /** Only the operations of this contradiction, by its place. */
  alone: number | undefined = $state();
  /** Only operations that began before the one of this id; the newest when absent. */
  before: number | undefined = $state();
  most: number = $state(WINDOWS[0]);
  readonly #session: Session;
  #asked = 0;
  #read = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Reads the window anew, unless that was done a moment ago while time runs: then soon. */
  follow(): void {
    const { playing, target } = this.#session;
    const moving = playing || target !== undefined;
    const wait = moving ? this.#read + EVERY - performance.now() : 0;
    clearTimeout(this.#again);
    if (wait > 0) this.#again = setTimeout(() => void this.#ask(), wait);
    else void this.#ask();
  }

  stop(): void {
    clearTimeout(this.#again);
  }

  async #ask(): Promise<void> {
    this.#read = performance.now();
    this.#asked += 1;
    const asked = this.#asked;
    const { key, before, most } = this;
    const view = await this.#session.ask('history', {
      key: key === '' ? undefined : key,
      contradiction: this.alone,
      before,
      most,
    });
    // What was asked for later is shown, whichever answer comes first.
    if (view !== undefined && asked === this.#asked) this.view = view;
  }

  earlier(): void {
    this.before = this.view?.operations[0]?.id;
  }

  /** The window after this one, or the newest. */
  newest(): void {
    this.before = undefined;
  }
}
