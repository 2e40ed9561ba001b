/** How a cache is drawn: a box that is its capacity, and in it a block for each key, as large as it is. */
import type { CacheEntryView } from '../core/core';

export interface Block {
  entry: CacheEntryView;
  /** From 0, cold, to 4, hot. */
  heat: number;
  /** Its place among those who go next, from 1. */
  victim: number | undefined;
  /** What part of the box it fills. */
  share: number;
}

/** Blocks smaller than this could not be seen or touched, in parts of the box. */
const LEAST = 1 / 400;

/** The hottest fifth of the keys has heat 4, and so on: heat compares keys of one cache. */
export function blocks(
  entries: readonly CacheEntryView[],
  victims: readonly string[],
  capacity: number,
): Block[] {
  const ranked = [...entries].sort((a, b) => warmth(a) - warmth(b));
  const heats = new Map(
    ranked.map((entry, place) => [entry.key, Math.floor((place * 5) / ranked.length)]),
  );
  return entries.map((entry) => {
    const place = victims.indexOf(entry.key);
    return {
      entry,
      heat: heats.get(entry.key) ?? 0,
      victim: place < 0 ? undefined : place + 1,
      share: Math.max(LEAST, entry.size / Math.max(1, capacity)),
    };
  });
}

/** Often used and lately used is warm. */
const warmth = (entry: CacheEntryView): number => entry.uses / (1 + entry.idle);
