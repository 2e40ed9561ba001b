/** Where things stand in the space-time diagram: time runs one way, lanes lie across it. */
import type { WindowView } from '../core/core';

/** A stretch of simulated time, in microseconds. */
export interface Span {
  from: number;
  to: number;
}

export interface Plan {
  width: number;
  height: number;
  /** Time runs down instead of to the right. */
  upright: boolean;
  /** Where time begins and ends to be drawn, along its direction. */
  begin: number;
  end: number;
  span: Span;
  /** Where each lane lies across; undefined while it is hidden. */
  lanes: readonly (number | undefined)[];
  /** How far apart lanes are. */
  gap: number;
  /** How large text is, beside the usual 16 pixels. */
  scale: number;
}

/** The shortest stretch that can be looked at, in microseconds. */
export const SHORTEST = 200;

export interface Room {
  width: number;
  height: number;
  scale: number;
  upright: boolean;
}

/** Lays out the lanes that are shown. */
export function plan(room: Room, span: Span, lanes: number, hidden: ReadonlySet<number>): Plan {
  const { width, height, scale, upright } = room;
  const head = (upright ? 46 : 64) * scale;
  const axis = (upright ? 54 : 26) * scale;
  const shown = Array.from({ length: lanes }, (_, lane) => lane).filter((at) => !hidden.has(at));
  // Lanes stand beside the names on their left, or below those above them.
  const room_ = upright ? width - axis : height - axis;
  const gap = room_ / Math.max(1, shown.length);
  const places: (number | undefined)[] = Array.from({ length: lanes }, () => undefined);
  shown.forEach((lane, at) => {
    places[lane] = axis + gap * (at + 0.5);
  });
  const begin = head;
  const end = (upright ? height : width) - 12 * scale;
  return { width, height, upright, begin, end, span, lanes: places, gap, scale };
}

/** How many pixels a microsecond takes. */
export const density = ({ begin, end, span }: Plan): number =>
  Math.max(1, end - begin) / Math.max(1, span.to - span.from);

export const along = (plan: Plan, time: number): number =>
  plan.begin + (time - plan.span.from) * density(plan);

export const timeAt = (plan: Plan, at: number): number =>
  plan.span.from + (at - plan.begin) / density(plan);

export interface Point {
  x: number;
  y: number;
}

export function point(plan: Plan, time: number, across: number): Point {
  const at = along(plan, time);
  return plan.upright ? { x: across, y: at } : { x: at, y: across };
}

/** Moments for the axis: round numbers, with room for their labels. */
export function ticks(plan: Plan): { every: number; at: number[] } {
  const room = (plan.upright ? 48 : 92) * plan.scale;
  const least = room / density(plan);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const every = [1, 2, 5, 10].map((by) => by * power).find((one) => one >= least) ?? least;
  const first = Math.ceil(plan.span.from / every) * every;
  const at = [];
  for (let time = first; time <= plan.span.to; time += every) at.push(time);
  return { every, at };
}

/** A moment on the axis: with as many digits as tell it from its neighbours. */
export function tickText(us: number, every: number): string {
  if (every >= 1_000_000) return `${us / 1_000_000} s`;
  const digits = every >= 1_000 ? 0 : every >= 100 ? 1 : every >= 10 ? 2 : 3;
  return `${(us / 1000).toFixed(digits)} ms`;
}

/** The span with the same middle point, but longer or shorter. */
export function zoomed(span: Span, about: number, factor: number, most: Span): Span {
  const whole = most.to - most.from;
  const length = Math.min(whole, Math.max(SHORTEST, (span.to - span.from) * factor));
  const part = (about - span.from) / Math.max(1, span.to - span.from);
  return within({ from: about - length * part, to: about + length * (1 - part) }, most);
}

/** The span moved so that it lies in another, without changing its length if it fits. */
export function within(span: Span, most: Span): Span {
  const length = Math.min(span.to - span.from, most.to - most.from);
  const from = Math.min(Math.max(span.from, most.from), most.to - length);
  return { from, to: from + length };
}

/** What is under the pointer: a place in the columns of arrows or of marks. */
export type Hit = { arrow: number } | { mark: number };

const REACH = 9;
/** Marks stand on their lanes, those of the world on the axis. */
export const markAcross = (plan: Plan, lane: number): number | undefined =>
  lane < 0 ? 36 * plan.scale * (plan.upright ? 1.2 : 0.5) : plan.lanes[lane];

/** The thing nearest to the pointer, within reach: marks before arrows. */
export function hit(plan: Plan, view: WindowView, pointer: Point): Hit | undefined {
  let best: Hit | undefined;
  let nearest = REACH * plan.scale;
  const { marks, arrows } = view;
  for (let at = 0; at < marks.id.length; at += 1) {
    const across = markAcross(plan, marks.lane[at] ?? -1);
    if (across === undefined) continue;
    const where = point(plan, marks.time[at] ?? 0, across);
    const far = Math.hypot(where.x - pointer.x, where.y - pointer.y);
    // Turns of the story lie above the rest.
    const counted = far - (marks.weight[at] ?? 0);
    if (counted < nearest) {
      nearest = counted;
      best = { mark: at };
    }
  }
  if (best !== undefined) return best;
  for (let at = 0; at < arrows.id.length; at += 1) {
    const ends = arrowEnds(plan, view, at);
    if (ends === undefined) continue;
    const far = distance(pointer, ends.from, ends.to);
    if (far < nearest) {
      nearest = far;
      best = { arrow: at };
    }
  }
  return best;
}

/** Where an arrow begins and ends; undefined when one of its lanes is hidden. */
export function arrowEnds(
  plan: Plan,
  { arrows }: WindowView,
  at: number,
): { from: Point; to: Point } | undefined {
  const from = plan.lanes[arrows.from[at] ?? -1];
  const to = plan.lanes[arrows.to[at] ?? -1];
  if (from === undefined || to === undefined) return undefined;
  return {
    from: point(plan, arrows.sentAt[at] ?? 0, from),
    to: point(plan, arrows.landedAt[at] ?? 0, to),
  };
}

function distance(at: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy || 1;
  const part = Math.max(0, Math.min(1, ((at.x - from.x) * dx + (at.y - from.y) * dy) / length));
  return Math.hypot(from.x + dx * part - at.x, from.y + dy * part - at.y);
}
