/**
 * The worker that owns the core: it answers one question after the other, in the order in which
 * they come, and does nothing by itself.
 */
import { CorePanic, guard, LIBRARY, load, Playground } from '../core/core';
import type { Answer, Arrived, Look, Method, Numbered, Question } from './protocol';

/** Steps between two looks at the clock. */
const STRIDE = 100;

type Anything = (...given: readonly unknown[]) => unknown;

let run: Playground | undefined;
/** The session as text that the page has. */
let shown = '';

function answer(question: Question): unknown {
  switch (question.to) {
    case 'library':
      return (LIBRARY[question.entry] as Anything)(...question.given);
    case 'open': {
      const next = new Playground(question.scenario);
      run?.free();
      run = next;
      shown = '';
      return lookAnew(next, undefined, question.look);
    }
    case 'ask':
      return call(opened(), question.method, question.given);
    case 'go': {
      const { method, given } = question;
      const result = method && call(opened(), method, given);
      return lookAnew(opened(), result, question.look);
    }
    case 'way': {
      const given = [...question.given, STRIDE];
      const until = performance.now() + question.slice;
      let done: unknown;
      do done = call(opened(), question.method, given);
      while (done !== true && performance.now() < until);
      return look(opened(), done, question.look);
    }
  }
}

function opened(): Playground {
  if (run === undefined) throw new Error('no scenario is open');
  return run;
}

function call(on: Playground, method: Method, given: readonly unknown[]): unknown {
  // The core writes absence as null; its types say undefined.
  return (on[method] as Anything).apply(on, [...given]) ?? undefined;
}

/** What is to be seen now. */
function look(on: Playground, result: unknown, { servers, message }: Look): Arrived {
  return { result, seen: on.look(servers, message) };
}

/** What is to be seen now, and the session as text where it is another than before. */
function lookAnew(on: Playground, result: unknown, wanted: Look): Arrived {
  const arrived = look(on, result, wanted);
  const toml = on.toml();
  if (toml === shown) return arrived;
  shown = toml;
  return { ...arrived, session: { toml, scenario: on.scenario(), settings: on.settings() } };
}

const loaded = load();

function tell(told: Answer): void {
  postMessage(told);
}

self.onmessage = async ({ data }: MessageEvent<Numbered>) => {
  const { id } = data;
  try {
    await loaded;
    tell({ id, told: guard(() => answer(data)) });
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    tell({ id, refused, broken: error instanceof CorePanic });
  }
};
// A core that does not load is told to whoever asks.
loaded.then(
  () => tell({ ready: true }),
  () => undefined,
);
