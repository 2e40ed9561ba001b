/** How servers stood over time, or stand beside each other, asked of the core while somebody looks. */
import { untrack } from 'svelte';
import type { ComparisonView, SeriesView } from '../core/core';
import type { Session } from './session.svelte';

interface Told {
  series: SeriesView;
  comparison: ComparisonView;
}

/** While time runs, the core is asked this often, in milliseconds. */
const EVERY = 250;

/** Made where it is shown: it asks anew whenever another moment is, as long as that lives. */
export class Measures<K extends keyof Told> {
  told: Told[K] | undefined = $state.raw();
  #asking = false;
  #again = false;
  #later = 0;

  constructor(
    private readonly session: Session,
    private readonly method: K,
  ) {
    $effect(() => {
      void [session.time, session.step, session.run, session.scenario?.actions];
      untrack(() => this.#fetch());
    });
    $effect(() => () => clearTimeout(this.#later));
  }

  #fetch(): void {
    if (this.#asking || this.#later !== 0) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    this.#again = false;
    const method: keyof Told = this.method;
    this.session
      .ask(method)
      .then((told) => {
        this.told = told as Told[K];
      })
      .finally(() => {
        this.#asking = false;
        this.#wait();
      });
  }

  /** The next question comes after a while, or at once when time stands still. */
  #wait(): void {
    this.#later = window.setTimeout(
      () => {
        this.#later = 0;
        if (this.#again) this.#fetch();
      },
      this.session.moving ? EVERY : 0,
    );
  }
}
