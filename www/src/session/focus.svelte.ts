/** The event that is pointed at, in the list and in the diagram, and why it happened. */
import type { WhyView } from '../core/core';
import type { Session } from './session.svelte';

/** An event's number is its step times this, plus its place in the step. */
const EVENTS_PER_STEP = 1_000;
/** A chain of causes is so long at first, and grows by as much when more is asked for. */
const CHAIN = 12;

export const stepOf = (event: number): number => Math.floor(event / EVENTS_PER_STEP);
/** The first event of a step: for a message that arrives, its arrival. */
export const firstOf = (step: number): number => step * EVENTS_PER_STEP;

export class Focus {
  /** The event pointed at, while its step is shown. */
  readonly event = $derived.by(() => {
    const chosen = this.#chosen;
    return chosen !== undefined && stepOf(chosen) === this.session.step ? chosen : undefined;
  });
  /** Whose causes are open. */
  asked: number | undefined = $state();
  answer: WhyView | undefined = $state.raw();
  /** The question was answered, be it that there is no such event any more. */
  answered = $state(false);
  /** Steps of the chain: these are lit in the list and in the diagram. */
  readonly chain = $derived(
    new Set(this.answer ? [this.answer.event.step, ...this.answer.causes.map((c) => c.step)] : []),
  );

  #chosen: number | undefined = $state();
  #most = CHAIN;

  constructor(private readonly session: Session) {}

  /** Goes to an event's moment and points at it. */
  point(event: number, time: number): void {
    this.#chosen = event;
    void this.session.goTo(time, stepOf(event));
  }

  /** Opens what led to an event. */
  why(event: number | undefined = this.event ?? this.session.present?.id): void {
    if (event === undefined) return;
    this.#most = CHAIN;
    if (this.asked !== event) {
      this.answer = undefined;
      this.answered = false;
    }
    this.asked = event;
    void this.#read();
  }

  /** A longer chain. */
  further(): void {
    this.#most += 2 * CHAIN;
    void this.#read();
  }

  /** The run may have taken another way since. */
  refresh(): void {
    if (this.asked !== undefined) void this.#read();
  }

  close(): void {
    this.asked = undefined;
    this.answer = undefined;
  }

  async #read(): Promise<void> {
    const asked = this.asked;
    if (asked === undefined) return;
    const answer = await this.session.ask('why', asked, this.#most);
    if (this.asked !== asked) return;
    this.answer = answer;
    this.answered = true;
  }
}
