/** The hit ratio as a curve: one point for each span in which something was read. */
import type { HitsView } from '../core/core';

export interface Curve {
  path: string;
  /** Percent in the latest spans; undefined before anything was read. */
  latest: number | undefined;
  /** Percent of all reads. */
  overall: number;
  reads: number;
}

/** Spans that count as lately. */
const LATELY = 5;
/** The width is that of so many spans at least. */
const SPANS = 20;

export function curve(found: HitsView, width: number, height: number): Curve {
  const spans = Math.max(SPANS, found.hits.length);
  const points: string[] = [];
  found.hits.forEach((hits, at) => {
    const all = hits + (found.misses[at] ?? 0);
    if (all === 0) return;
    const x = ((at + 0.5) / spans) * width;
    const y = height - (hits / all) * height;
    points.push(`${points.length === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`);
  });
  const lately = share(found.hits.slice(-LATELY), found.misses.slice(-LATELY));
  const overall = share(found.hits, found.misses);
  return {
    // A single point is drawn by the round ends of a line of no length.
    path: points.length === 1 ? `${points[0]}h0` : points.join(''),
    latest: lately.reads === 0 ? undefined : lately.percent,
    overall: overall.percent,
    reads: overall.reads,
  };
}

function share(hits: readonly number[], misses: readonly number[]) {
  const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
  const [found, missed] = [sum(hits), sum(misses)];
  const reads = found + missed;
  return { reads, percent: reads === 0 ? 0 : Math.round((found / reads) * 100) };
}
