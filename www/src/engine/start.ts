/**
 * The core's worker is started before anything else of the page is there: both then arrive beside
 * each other, and the core, which is the larger one, is not kept waiting.
 */
const start = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

let first: Worker | undefined = start();
first.onerror = () => {
  first = undefined;
};

/** A worker that nobody has yet. */
export function freshWorker(): Worker {
  const taken = first ?? start();
  first = undefined;
  return taken;
}
