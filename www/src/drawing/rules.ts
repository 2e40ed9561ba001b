/** How a rule that is checked stands, in words and signs. */
import type { RuleInfo, RuleState, ViolationView } from '../core/core';
import { count } from './words';

export type Standing = RuleState['standing'];

/** A rule as it is drawn at the moment shown. */
export interface Rule {
  info: RuleInfo;
  standing: Standing;
  looked: number;
  /** Where it was broken, the first time and the last time until the moment shown. */
  first: ViolationView | undefined;
  last: ViolationView | undefined;
  times: number;
}

/** Joins what is always so of a rule with how it stands now. */
export function rules(
  infos: readonly RuleInfo[],
  states: readonly RuleState[],
  violations: readonly ViolationView[],
): Rule[] {
  return infos.flatMap((info, place) => {
    const state = states[place];
    if (state === undefined) return [];
    const broken = violations.filter((one) => one.rule === info.name);
    const [first, last, times] = [broken[0], broken.at(-1), broken.length];
    return [{ info, standing: state.standing, looked: state.looked, first, last, times }];
  });
}

export const SIGNS: Record<Standing, string> = {
  nothing: '○',
  holds: '✓',
  brokenHere: '✕',
  brokenEarlier: '✕',
};

const WORDS: Record<Standing, string> = {
  nothing: 'nothing to check yet',
  holds: 'holds',
  brokenHere: 'broken by this step',
  brokenEarlier: 'broken earlier',
};

export const isBroken = (standing: Standing): boolean =>
  standing === 'brokenHere' || standing === 'brokenEarlier';

export const standingText = (rule: Rule): string => WORDS[rule.standing];

/** How often there was something to check: what holds because nothing happened says so. */
export const lookedText = (rule: Rule): string =>
  rule.looked === 0
    ? `Nothing to check yet: no ${rule.info.counted}.`
    : `Checked ${count(rule.looked, 'time')}: ${rule.info.counted}.`;
