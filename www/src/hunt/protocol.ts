/** What the page and a worker that hunts say to each other. A worker is asked once, and ended when done. */
import type { FoundView, HuntReport, ShrinkView, ShrunkView, TrialReport } from '../core/core';

/** Runs of these modes, by servers that make these mistakes, from this seed on. */
export interface Prey {
  modes: string[];
  mutants: string[];
  first: number;
}

export type Asked =
  /** The share of one worker of several: every so-manieth run. */
  | ({ do: 'hunt'; index: number; of: number } & Prey)
  | { do: 'shrink'; found: FoundView; most: number }
  | { do: 'try'; toml: string };

export type Said =
  | { report: HuntReport }
  | { shrinking: ShrinkView }
  | { shrunk: ShrunkView }
  | { trial: TrialReport }
  /** It cannot go on: the core broke, or what was asked for cannot be. */
  | { failed: string };
