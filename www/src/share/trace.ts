/** The trace for other programs: lines of JSON, or a log for ShiViz. */
import type { ExportView } from '../core/core';
import type { Session } from '../session/session.svelte';

/** A longer trace is not put together: a file of this size is too large for most editors. */
const MOST = 64 << 20;

export interface Trace {
  /** Its parts, in order. */
  parts: string[];
  /** The last step in it, when it is too long to be whole. */
  until: number | undefined;
}

/** Everything up to the moment shown, an event a line. */
export async function traceJsonLines(session: Session): Promise<Trace> {
  const parts: string[] = [];
  const upto = session.step;
  let [after, size] = [0, 0];
  for (;;) {
    const part: ExportView = await session.ask('traceJsonLines', after, upto);
    parts.push(part.text);
    size += part.text.length;
    // What there is not comes as null.
    if (!part.next) return { parts, until: undefined };
    after = part.next;
    if (size > MOST) return { parts, until: after };
  }
}

/**
 * The steps up to the moment shown as ShiViz reads them: what fits into one log, whose clocks begin
 * with it.
 */
export async function traceShiviz(session: Session): Promise<Trace> {
  const part = await session.ask('traceShiviz', 0, session.step);
  return { parts: [part.text], until: part.next || undefined };
}
