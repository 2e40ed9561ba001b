/** Many messages in flight, and which of them somebody means. */
import type { MessageView } from '../core/core';
import { gone } from './carry';
import { between, type Lane, type Point } from './geometry';

/** A message, where it flies, and where it is. */
export interface Flight {
  message: MessageView;
  lane: Lane;
  at: Point;
}

/** Where messages are; those without a lane lead nowhere that is drawn. */
export function flights(
  messages: readonly MessageView[],
  lanes: (message: MessageView) => Lane | undefined,
  time: number,
): Flight[] {
  return messages.flatMap((message) => {
    const lane = lanes(message);
    if (lane === undefined) return [];
    return { message, lane, at: between(lane, gone(time, message.sentAt, message.arrivesAt)) };
  });
}

/** The nearest one within so many pixels; of several at one place, the one that lies on top. */
export function nearest(
  flying: readonly Flight[],
  to: Point,
  within: number,
): MessageView | undefined {
  let [found, least]: [MessageView | undefined, number] = [undefined, within];
  for (const { message, at } of flying) {
    const away = Math.hypot(at.x - to.x, at.y - to.y);
    if (away <= least) [found, least] = [message, away];
  }
  return found;
}
