/** Which part of the run the timeline shows. */
import { type Span, within, zoomed } from '../drawing/spacetime';
import type { Session } from './session.svelte';

/** Where the moment shown stands after it has left the part shown. */
const AHEAD = 0.1;
/** So far above and below the timeline is on it, in pixels. */
const REACH = 16;

export class Zoom {
  /** Where the timeline is drawn. */
  rail: HTMLElement | undefined = $state.raw();
  /** The moment that something carried over the timeline would be dropped on. */
  aimed: number | undefined = $state();
  #part: Span | undefined = $state.raw();

  readonly whole: Span = $derived.by(() => ({
    from: 0,
    to: Math.max(this.session.endTime, this.session.headTime, 1),
  }));
  readonly span: Span = $derived(this.#part ? within(this.#part, this.whole) : this.whole);
  readonly zoomed = $derived(this.#part !== undefined);

  constructor(private readonly session: Session) {}

  show(span: Span): void {
    const middle = (span.from + span.to) / 2;
    const part = zoomed(span, middle, 1, this.whole);
    this.#part = part.to - part.from < this.whole.to ? part : undefined;
  }

  /** Closer by a factor below 1, wider by one above, about the moment shown if it is in sight. */
  step(factor: number): void {
    const { time } = this.session;
    const { from, to } = this.span;
    const about = time >= from && time <= to ? time : (from + to) / 2;
    this.show(zoomed(this.span, about, factor, this.whole));
  }

  /** The moment of the timeline under a point of the window; none beside the timeline. */
  under(x: number, y: number): number | undefined {
    const box = this.rail?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return undefined;
    if (x < box.left || x > box.right || y < box.top - REACH || y > box.bottom + REACH)
      return undefined;
    const { from, to } = this.span;
    return Math.round(from + ((x - box.left) / box.width) * (to - from));
  }

  leave = (): void => {
    this.#part = undefined;
  };

  /** The part goes along with the moment shown. */
  follow(): void {
    const { time } = this.session;
    const { from, to } = this.span;
    if (this.#part === undefined || (time >= from && time <= to)) return;
    const begin = time - (to - from) * (time > to ? AHEAD : 1 - AHEAD);
    this.#part = within({ from: begin, to: begin + to - from }, this.whole);
  }
}
