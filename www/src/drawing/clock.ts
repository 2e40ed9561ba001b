/** A server's own clock beside simulated time, in words. */
import type { ClockView } from '../core/core';

/** How far the clock is ahead of simulated time, in microseconds; behind when negative. */
export const ahead = (clock: ClockView, time: number): number =>
  clock.ahead + Math.trunc(((time - clock.changedAt) * clock.driftPpm) / 1_000_000);

/** Where the clock stands, and how it runs. */
export function clockText(clock: ClockView, time: number): string {
  const apart = ahead(clock, time);
  const ms = (us: number): string => `${Math.abs(us) / 1000} ms`;
  const stands = apart === 0 ? 'right' : `${ms(apart)} ${apart > 0 ? 'ahead' : 'behind'}`;
  if (clock.driftPpm === 0) return `It is ${stands}, and keeps time.`;
  const gains = clock.driftPpm > 0 ? 'gains' : 'loses';
  return `It is ${stands}, and ${gains} ${ms(clock.driftPpm)} in every second.`;
}
