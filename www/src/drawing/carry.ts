/**
 * A message that is dragged: back along its lane it comes later, on along it at once, off it it is lost, and
 * on the timeline it comes when it was dropped there.
 */
import type { MessageView } from '../core/core';
import type { Lane, Point } from './geometry';

export type Carried =
  /** It stays as it is. */
  | { does: 'nothing' }
  | { does: 'delay'; by: number; at: number }
  | { does: 'deliver' }
  | { does: 'drop' }
  | { does: 'duplicate' };

/** So far from its lane, a message is off it, in pixels. */
const OFF = 44;
/** Less than this along the lane is a hand that trembles, in pixels. */
const TREMBLE = 6;
/** So far on along its lane, a message is pushed to its end, in pixels. */
const PUSHED = 24;
/** The longest delay by hand, in microseconds. */
const LONGEST = 10_000_000;

/**
 * What letting go would do, after a drag from one point to another. Back by half a lane is one flight
 * more; every further half doubles it, so that a short way is exact and a long one goes far.
 */
export function carry(
  message: MessageView,
  lane: Lane,
  from: Point,
  to: Point,
  copies: boolean,
): Carried {
  const moved = { x: to.x - from.x, y: to.y - from.y };
  if (copies) return { does: 'duplicate' };
  const along = moved.x * lane.along.x + moved.y * lane.along.y;
  const beside = Math.abs(moved.x * -lane.along.y + moved.y * lane.along.x);
  if (beside > OFF) return { does: 'drop' };
  if (along > PUSHED) return { does: 'deliver' };
  if (-along < TREMBLE) return { does: 'nothing' };
  const half = Math.hypot(lane.to.x - lane.from.x, lane.to.y - lane.from.y) / 2 || 1;
  const flight = Math.max(1_000, message.arrivesAt - message.sentAt);
  const wanted = flight * (2 ** ((-along - TREMBLE) / half) - 1);
  // In tenths of a millisecond: as exact as it can be read.
  const by = Math.min(LONGEST, Math.max(100, Math.round(wanted / 100) * 100));
  return { does: 'delay', by, at: message.arrivesAt + by };
}

/** What letting go over this moment of the timeline would do: a message can come later, not much sooner. */
export function onto(message: MessageView, time: number, now: number): Carried {
  if (time <= now) return { does: 'nothing' };
  const by = time - message.arrivesAt;
  return by > 0 ? { does: 'delay', by, at: time } : { does: 'deliver' };
}

/** Which part of its way a message has gone. */
export const gone = (time: number, sentAt: number, arrivesAt: number): number =>
  Math.max(0, Math.min(1, (time - sentAt) / Math.max(1, arrivesAt - sentAt)));
