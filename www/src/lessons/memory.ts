/** What is remembered of the lessons from one visit to the next; nothing, where there is no storage. */
const KEY = 'flotilla.lessons';

export interface Memory {
  /** Lessons that were walked to their end. */
  readonly done: readonly string[];
  /** Whether the first lesson was offered and the offer taken or declined. */
  readonly greeted: boolean;
}

const NOTHING: Memory = { done: [], greeted: false };

export function recall(): Memory {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof known !== 'object' || known === null) return NOTHING;
    const done = 'done' in known && Array.isArray(known.done) ? known.done : [];
    return {
      done: done.filter((id): id is string => typeof id === 'string'),
      greeted: 'greeted' in known && known.greeted === true,
    };
  } catch {
    return NOTHING;
  }
}

export function keep(memory: Memory): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // Without storage it is remembered as long as the page is open.
  }
}
