/** What is hunted for, how far it is, and what was found. There is one hunt at a time. */
import type { FoundView, HuntReport, ShrinkView, ShrunkView, TrialReport } from '../core/core';
import { Pack, size } from './pack';
import type { Prey, Said } from './protocol';

/** A failure is made smaller within so many runs. */
const SHRINK_RUNS = 1_500;
/** How often what the workers say is drawn, in milliseconds. */
const DRAWN = 200;

/** What the hunters have done so far, together. */
export interface Tally {
  runs: number;
  steps: number;
  /** In microseconds. */
  simulated: number;
  undecided: number;
  sights: readonly number[];
  /** The latest run that was begun. */
  mode: string;
  seed: number;
}

const NOTHING: Tally = {
  runs: 0,
  steps: 0,
  simulated: 0,
  undecided: 0,
  sights: [],
  mode: '',
  seed: 0,
};

export type Phase = 'idle' | 'hunting' | 'shrinking' | 'found' | 'stopped' | 'failed';

export class Hunts {
  phase: Phase = $state('idle');
  prey: Prey | undefined = $state.raw();
  /** A mistake that is to be shown; none when any failure is looked for. */
  shown: string | undefined = $state();
  tally: Tally = $state.raw(NOTHING);
  /** For how long it was hunted, in seconds. */
  seconds = $state(0);
  hunters = $state(0);
  found: FoundView | undefined = $state.raw();
  shrinking: ShrinkView | undefined = $state.raw();
  shrunk: ShrunkView | undefined = $state.raw();
  /** Why it could not go on. */
  failure = $state('');
  readonly busy = $derived(this.phase === 'hunting' || this.phase === 'shrinking');

  readonly #pack = new Pack((said) => this.#hear(said));
  #sum: Tally = NOTHING;
  #began = 0;
  #drawn = 0;
  #open: (found: FoundView) => void = () => undefined;

  /** Hunts until something fails; what was found is made small and opened. */
  start(prey: Prey, open: (found: FoundView) => void, shown?: string): void {
    this.#pack.end();
    this.prey = prey;
    this.shown = shown;
    this.#open = open;
    this.#sum = NOTHING;
    this.tally = NOTHING;
    this.found = undefined;
    this.shrinking = undefined;
    this.shrunk = undefined;
    this.failure = '';
    this.seconds = 0;
    this.#began = performance.now();
    this.hunters = size();
    this.phase = 'hunting';
    this.#pack.hunt(prey);
  }

  /** Ends it. A failure that was being made small is opened as it was found. */
  stop(): void {
    if (!this.busy) return;
    this.#pack.end();
    this.#draw();
    const { found } = this;
    if (found === undefined) {
      this.phase = 'stopped';
      return;
    }
    this.phase = 'found';
    this.#open(found);
  }

  #hear(said: Said): void {
    if ('report' in said) this.#count(said.report);
    else if ('shrinking' in said) this.shrinking = said.shrinking;
    else if ('shrunk' in said) this.#finish(said.shrunk);
    else if ('failed' in said) this.#fail(said.failed);
  }

  #count(report: HuntReport): void {
    const before = this.#sum;
    this.#sum = {
      runs: before.runs + report.runs,
      steps: before.steps + report.steps,
      simulated: before.simulated + report.simulated,
      undecided: before.undecided + report.undecided,
      sights: report.sights.map((many, place) => many + (before.sights[place] ?? 0)),
      mode: report.mode,
      seed: report.seed,
    };
    if (report.found !== undefined) {
      this.#draw();
      this.#pack.end();
      this.found = report.found;
      this.phase = 'shrinking';
      this.#pack.ask({ do: 'shrink', found: report.found, most: SHRINK_RUNS });
    } else if (performance.now() - this.#drawn > DRAWN) this.#draw();
  }

  #draw(): void {
    this.#drawn = performance.now();
    this.tally = this.#sum;
    if (this.phase === 'hunting') this.seconds = (this.#drawn - this.#began) / 1000;
  }

  #finish(shrunk: ShrunkView): void {
    this.#pack.end();
    this.shrunk = shrunk;
    this.found = shrunk.found;
    this.phase = 'found';
    this.#open(shrunk.found);
  }

  #fail(text: string): void {
    this.#pack.end();
    this.#draw();
    this.failure = text;
    this.phase = 'failed';
  }
}

/** A scenario that runs to its end in a worker, to see whether a rule is broken. */
export class Trials {
  report: TrialReport | undefined = $state.raw();
  failure = $state('');
  /** What is tried, or was. */
  toml = $state('');
  readonly #pack = new Pack((said) => this.#hear(said));

  start(toml: string): void {
    this.stop();
    this.toml = toml;
    this.#pack.ask({ do: 'try', toml });
  }

  stop(): void {
    this.#pack.end();
    this.report = undefined;
    this.failure = '';
    this.toml = '';
  }

  #hear(said: Said): void {
    if ('failed' in said) this.failure = said.failed;
    if ('trial' in said) this.report = said.trial;
    if ('failed' in said || ('trial' in said && said.trial.over)) this.#pack.end();
  }
}

export const hunts = new Hunts();
