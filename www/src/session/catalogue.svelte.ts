/** What the core knows by name, told once: rules, known mistakes, modes of hunting, sights. */
import type { ModeInfo, MutantInfo, RuleInfo } from '../core/core';
import type { Session } from './session.svelte';

export class Catalogue {
  rules: readonly RuleInfo[] = $state.raw([]);
  mutants: readonly MutantInfo[] = $state.raw([]);
  modes: readonly ModeInfo[] = $state.raw([]);
  sights: readonly string[] = $state.raw([]);

  /** Mistakes by what they are about, in the order of the core. */
  readonly subjects = $derived(
    [...new Set(this.mutants.map((one) => one.subject))].map((name) => ({
      name,
      mutants: this.mutants.filter((one) => one.subject === name),
    })),
  );

  constructor(session: Session) {
    const untold = (error: unknown): void => {
      session.problem ??= { title: 'The page is not complete', text: String(error) };
    };
    session.library('rules').then((told) => {
      this.rules = told;
    }, untold);
    session.library('mutants').then((told) => {
      this.mutants = told;
    }, untold);
    session.library('modes').then((told) => {
      this.modes = told;
    }, untold);
    session.library('sights').then((told) => {
      this.sights = told;
    }, untold);
  }
}
