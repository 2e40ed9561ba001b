/** What is remembered of the run for lists and marks, beyond what one frame tells. */
import type { EventView, Frame, Marker } from '../core/core';

/** More events than this are not kept on the page; the core has them all. */
const KEPT = 3_000;

/** Events until the moment shown, and those already seen beyond it. */
export interface History {
  readonly past: readonly EventView[];
  readonly future: readonly EventView[];
}

export const EMPTY: History = { past: [], future: [] };

/** The history after a frame. Going back keeps what was seen, as the future. */
export function follow(before: History, frame: Frame): History {
  const known = remembered(before, frame);
  const first = frame.events[0];
  if (!frame.eventsReplaced) {
    const last = frame.events.at(-1);
    if (last === undefined) return known;
    const past = [...known.past, ...frame.events].slice(-KEPT);
    return { past, future: known.future.filter((event) => event.id > last.id) };
  }
  const all = [...known.past, ...known.future];
  const oldest = all[0];
  // Across a gap nothing is joined: a list with a hole would tell a wrong story.
  if (first === undefined || oldest === undefined || oldest.step > frame.step + 1) {
    const future = frame.step === 0 ? all : [];
    return { past: frame.events, future };
  }
  const newest = all.at(-1);
  const joined = newest !== undefined && newest.step >= first.step;
  const earlier = joined ? all.filter((event) => event.id < first.id) : [];
  const future = all.filter((event) => event.step > frame.step);
  return { past: [...earlier, ...frame.events].slice(-KEPT), future };
}

/** Without the future that was forgotten when something was done before it. */
function remembered(known: History, frame: Frame): History {
  const last = known.future.at(-1);
  if (last === undefined || last.step <= frame.headStep) return known;
  const future = known.future.filter((event) => event.step <= frame.headStep);
  return { past: known.past, future };
}

/** The marks after a frame. */
export function mark(known: readonly Marker[], frame: Frame): readonly Marker[] {
  if (frame.markersReplaced) return frame.markers;
  return frame.markers.length === 0 ? known : [...known, ...frame.markers];
}

const RANK = { story: 2, detail: 1, trace: 0 } as const;

/** The event that tells best what the moment shown is about. */
export function present(history: History, playing: boolean): EventView | undefined {
  if (playing) return history.past.findLast((event) => event.weight !== 'trace');
  const step = history.past.at(-1)?.step;
  let best: EventView | undefined;
  for (let at = history.past.length - 1; at >= 0; at -= 1) {
    const event = history.past[at];
    if (event === undefined || event.step !== step) break;
    if (best === undefined || RANK[event.weight] >= RANK[best.weight]) best = event;
  }
  return best;
}
