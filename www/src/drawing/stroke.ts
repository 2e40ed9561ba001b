/** A stroke across the cluster: which links it crosses, and what that leaves apart. */
import type { CutView } from '../core/core';
import type { Point } from './geometry';

/** Two servers, by number, the lower first. */
export type Pair = readonly [number, number];

/** What a stroke does when it is let go. */
export interface Stroke {
  crossed: readonly Pair[];
  /** Everything crossed is cut already, both ways: the stroke mends it. */
  mends: boolean;
  /** Servers that can still reach one another afterwards; one group is a whole cluster. */
  groups: readonly (readonly number[])[];
}

/** The links between servers that a stroke crosses; the first server is number 1. */
export function crossed(path: readonly Point[], servers: readonly Point[]): Pair[] {
  const pairs: Pair[] = [];
  servers.forEach((from, a) => {
    servers.slice(a + 1).forEach((to, b) => {
      const meets = path.some((at, place) => {
        const before = path[place - 1];
        return before !== undefined && intersect(before, at, from, to);
      });
      if (meets) pairs.push([a + 1, a + b + 2]);
    });
  });
  return pairs;
}

export function judge(
  path: readonly Point[],
  servers: readonly Point[],
  cuts: readonly CutView[],
): Stroke {
  const isCut = (from: number, to: number): boolean =>
    cuts.some((cut) => cut.from === from && cut.to === to);
  const found = crossed(path, servers);
  const mends = found.length > 0 && found.every(([a, b]) => isCut(a, b) && isCut(b, a));
  const isCrossed = (a: number, b: number): boolean =>
    found.some((pair) => pair[0] === Math.min(a, b) && pair[1] === Math.max(a, b));
  const apart = (a: number, b: number): boolean =>
    isCrossed(a, b) ? !mends : isCut(a, b) && isCut(b, a);
  return { crossed: found, mends, groups: together(servers.length, apart) };
}

/** Who can still reach whom, be it over others. */
function together(count: number, apart: (a: number, b: number) => boolean): number[][] {
  const left = new Set(Array.from({ length: count }, (_, at) => at + 1));
  const groups: number[][] = [];
  for (const first of left) {
    left.delete(first);
    const group = [first];
    // The group grows while it is gone through.
    for (const known of group) {
      for (const other of left) {
        if (apart(known, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}

/** Whether two stretches cross. */
function intersect(a: Point, b: Point, c: Point, d: Point): boolean {
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

/** On which side of the line from `a` to `b` a point lies. */
const side = (a: Point, b: Point, at: Point): boolean =>
  (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x) > 0;
