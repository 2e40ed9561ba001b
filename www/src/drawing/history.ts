/**
 * Where the operations of clients are drawn. Only the order of beginnings and ends matters for what can
 * explain them, so the distance between two moments is what their texts need, not the time between them.
 */
import type { OperationView } from '../core/core';

/** A bar has two lines of text and is at most so wide unless more happens meanwhile, in pixels. */
export const BAR_HEIGHT = 34;
const GAP = 6;
const LETTER = 6.6;
const PADDING = 14;
const MOST_LETTERS = 26;
/** Between two moments, and what a bar without an end reaches beyond the last moment of its own. */
const STEP = 9;
const TAIL = 26;
/** Room left of the first moment, for the names of the clients. */
const LEFT = 36;
const LANE_GAP = 12;
const TOP = 20;

/** One operation, placed. */
export interface Bar {
  operation: OperationView;
  left: number;
  width: number;
  top: number;
  /** From here on nothing is known of it: it may take effect at any time, or never. */
  openFrom: number | undefined;
  /** Where it takes effect in the order that was found. */
  point: number | undefined;
}

export interface Lane {
  client: number;
  top: number;
  height: number;
}

/** A moment that is told above the lanes. */
export interface Tick {
  left: number;
  time: number;
}

export interface Drawing {
  bars: Bar[];
  lanes: Lane[];
  ticks: Tick[];
  /** The order that was found, as the corners of a line. */
  order: { x: number; y: number }[];
  width: number;
  height: number;
}

type Edge = 'begins' | 'takes effect' | 'ends';
interface Moment {
  operation: OperationView;
  edge: Edge;
  /** Its place among all moments; what takes effect does so right before an end. */
  rank: number;
  place: number;
  time: number;
}

/** How many letters of a text are drawn. */
const letters = (text: string | undefined): number => Math.min(MOST_LETTERS, text?.length ?? 0);

const isOpen = (operation: OperationView): boolean =>
  operation.fate === 'unknown' || operation.fate === 'underWay';

function moments(operations: readonly OperationView[]): Moment[] {
  const all: Moment[] = [];
  for (const operation of operations) {
    const { id, began, ended, endedId, point, pointId, place } = operation;
    all.push({ operation, edge: 'begins', rank: id, place: 0, time: began });
    if (ended !== undefined && endedId !== undefined)
      all.push({ operation, edge: 'ends', rank: endedId, place: 0, time: ended });
    if (point !== undefined && pointId !== undefined)
      all.push({
        operation,
        edge: 'takes effect',
        rank: pointId - 0.5,
        place: place ?? 0,
        time: point,
      });
  }
  return all.sort((a, b) => a.rank - b.rank || a.place - b.place);
}

/** Places each moment, from left to right, so that every bar holds its text. */
function columns(all: readonly Moment[]): Map<OperationView, Map<Edge, number>> {
  const placed = new Map<OperationView, Map<Edge, number>>();
  let x = LEFT;
  for (const { operation, edge } of all) {
    x += STEP;
    const known = placed.get(operation) ?? new Map<Edge, number>();
    placed.set(operation, known);
    const began = known.get('begins');
    if (edge === 'ends' && began !== undefined) {
      const text = Math.max(letters(operation.text), letters(operation.answer));
      x = Math.max(x, began + text * LETTER + PADDING);
    }
    known.set(edge, x);
  }
  return placed;
}

export function draw(operations: readonly OperationView[]): Drawing {
  const all = moments(operations);
  const placed = columns(all);
  const bars = operations.map((operation): Bar => {
    const at = placed.get(operation);
    const left = at?.get('begins') ?? LEFT;
    const end = at?.get('ends');
    const point = at?.get('takes effect');
    const text = Math.max(letters(operation.text), letters(operation.answer));
    const room = left + text * LETTER + PADDING;
    const known = Math.max(end ?? room, left + STEP);
    const right = isOpen(operation) ? Math.max(known, point ?? 0, room) + TAIL : known;
    const openFrom = isOpen(operation) ? known : undefined;
    return { operation, left, width: right - left, top: 0, openFrom, point };
  });
  const lanes = stack(bars);
  const last = lanes.at(-1);
  const order = bars
    .filter((bar) => bar.point !== undefined)
    .sort((a, b) => (a.operation.place ?? 0) - (b.operation.place ?? 0))
    .map((bar) => ({ x: bar.point ?? 0, y: bar.top + BAR_HEIGHT / 2 }));
  return {
    bars,
    lanes,
    ticks: ticks(bars),
    order,
    width: Math.max(0, ...bars.map((bar) => bar.left + bar.width)) + STEP,
    height: last === undefined ? 0 : last.top + last.height + LANE_GAP,
  };
}

/** One lane a client; operations of one client that overlap lie below one another. */
function stack(bars: Bar[]): Lane[] {
  const clients = [...new Set(bars.map((bar) => bar.operation.client))].sort((a, b) => a - b);
  let top = TOP;
  return clients.map((client) => {
    const rows: number[] = [];
    for (const bar of bars) {
      if (bar.operation.client !== client) continue;
      const free = rows.findIndex((until) => until <= bar.left);
      const row = free === -1 ? rows.length : free;
      rows[row] = bar.left + bar.width + 2;
      bar.top = top + row * (BAR_HEIGHT + GAP);
    }
    const height = rows.length * (BAR_HEIGHT + GAP) - GAP;
    const lane = { client, top, height };
    top += height + LANE_GAP;
    return lane;
  });
}

/** Not every moment is told: texts must not run into one another. */
function ticks(bars: readonly Bar[]): Tick[] {
  const told: Tick[] = [];
  for (const bar of [...bars].sort((a, b) => a.left - b.left)) {
    const before = told.at(-1);
    if (before === undefined || bar.left - before.left > 96)
      told.push({ left: bar.left, time: bar.operation.began });
  }
  return told;
}

const FATES: Record<OperationView['fate'], string> = {
  underWay: 'under way',
  explained: 'explained',
  unknown: 'unknown outcome: it may take effect at any time, or never',
  void: 'took no effect',
  unjudged: 'may be stale: nothing is claimed',
  undecided: 'the search for an order was given up',
  contradicted: 'no order explains it',
};

export const fateText = (operation: OperationView): string => FATES[operation.fate];
