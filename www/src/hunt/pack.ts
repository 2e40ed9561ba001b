/** Workers that hunt together, each with a core of its own, so that the page keeps answering. */
import type { Asked, Prey, Said } from './protocol';

/** More workers than this are no faster: they wait for memory. */
const MOST = 8;

/** As many as there are processors beside the one that the page needs. */
export const size = (): number =>
  Math.max(1, Math.min(MOST, (navigator.hardwareConcurrency || 2) - 1));

export class Pack {
  readonly #workers: Worker[] = [];
  readonly #hear: (said: Said) => void;

  constructor(hear: (said: Said) => void) {
    this.#hear = hear;
  }

  /** Many hunters, who share the runs. */
  hunt(prey: Prey): void {
    const of = size();
    for (let index = 0; index < of; index += 1) this.ask({ do: 'hunt', index, of, ...prey });
  }

  /** One worker, for one question. */
  ask(asked: Asked): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#workers.push(worker);
    worker.onmessage = ({ data }: MessageEvent<Said>) => {
      // What a worker said before it was ended may arrive after that.
      if (this.#workers.includes(worker)) this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.#workers.includes(worker))
        this.#hear({ failed: event.message || 'a worker could not be loaded' });
    };
    worker.postMessage(asked);
  }

  end(): void {
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }
}
