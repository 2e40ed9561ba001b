/** What the space-time diagram shows: which stretch of the run, which lanes, which messages. */
import type { WindowView } from '../core/core';
import { GROUPS } from '../drawing/kinds';
import { type Span, within, zoomed } from '../drawing/spacetime';
import type { Session } from './session.svelte';

/** The stretch shown at first, in microseconds. */
const FIRST = 400_000;
/** Past this part of the window, the moment shown takes the window with it. */
const AHEAD = 0.85;
const BEHIND = 0.1;
/** So many arrows and marks are asked for at most. */
const MOST = 4_000;
/** While time runs, the core is asked this often, in milliseconds. */
const EVERY = 70;
/** With more messages in the window than this, heartbeats are left out. */
const CROWDED = 260;
/** So many steps back are kept. */
const BACK = 50;
/** Clients beyond these have no lane at first. */
const CLIENTS = 4;

const HEARTBEATS = 'Heartbeats';

export class SpaceTime {
  span: Span = $state.raw({ from: 0, to: FIRST });
  /** The window goes with the moment shown. */
  following = $state(true);
  /** Whether writes, applied entries and the like are marked. */
  traces = $state(false);
  /** Groups of messages that somebody switched on or off; the rest is decided by the crowd. */
  wished: ReadonlyMap<string, boolean> = $state.raw(new Map());
  /** Lanes that somebody hid or brought back. */
  folded: ReadonlyMap<string, boolean> = $state.raw(new Map());
  view: WindowView | undefined = $state.raw();
  /** A long run is still being read. */
  reading = $state(false);
  #back: Span[] = $state.raw([]);
  #crowded = $state(false);

  readonly whole: Span = $derived.by(() => ({
    from: 0,
    to: Math.max(this.session.headTime, this.session.time, 50_000) * 1.02,
  }));
  readonly canGoBack = $derived(this.#back.length > 0);

  /** Groups of messages that are left out. */
  readonly off: ReadonlySet<string> = $derived.by(() => {
    const off = GROUPS.map((group) => group.name).filter((name) => {
      const wished = this.wished.get(name);
      return wished === undefined ? name === HEARTBEATS && this.#crowded : !wished;
    });
    return new Set(off);
  });

  /** Lanes that are not shown. */
  readonly hidden: ReadonlySet<number> = $derived.by(() => {
    const lanes = this.view?.lanes ?? [];
    const hidden = new Set<number>();
    lanes.forEach((name, lane) => {
      const usual = name === 'model' ? !this.#modelWorks() : this.#isFarClient(name);
      if (this.folded.get(name) ?? usual) hidden.add(lane);
    });
    return hidden;
  });

  #fetched: { key: string; version: string; span: Span } | undefined;
  /** The run that is being asked; about one that was replaced no answer comes. */
  #asking: number | undefined;
  #askedAt = 0;
  #later = 0;

  constructor(private readonly session: Session) {}

  #modelWorks(): boolean {
    const service = this.session.service;
    return service !== undefined && (service.wanted || service.mode !== 'works');
  }

  #isFarClient = (name: string): boolean => name.startsWith('c') && Number(name.slice(1)) > CLIENTS;

  fold(name: string, hide: boolean): void {
    this.folded = new Map([...this.folded, [name, hide]]);
  }

  wish(group: string, on: boolean): void {
    this.wished = new Map([...this.wished, [group, on]]);
  }

  /** Another run begins where it begins. */
  begin(): void {
    this.span = { from: 0, to: FIRST };
    this.#back = [];
    this.following = true;
    this.folded = new Map();
  }

  // Zoom.

  /** Another stretch, from which there is a way back. */
  show(span: Span): void {
    this.#back = [...this.#back, this.span].slice(-BACK);
    this.span = within(span, this.whole);
    const { time } = this.session;
    if (time < this.span.from || time > this.span.to) this.following = false;
  }

  /** Like `show`, for the many small steps of a wheel or of fingers. */
  zoom(factor: number, about = this.#middle()): void {
    this.span = zoomed(this.span, about, factor, this.whole);
  }

  /** A step of the keyboard or of a button. */
  zoomStep(factor: number): void {
    const { time } = this.session;
    const seen = time >= this.span.from && time <= this.span.to;
    this.show(zoomed(this.span, seen ? time : this.#middle(), factor, this.whole));
  }

  pan(by: number): void {
    const { from, to } = this.span;
    this.following = false;
    this.span = within({ from: from + by, to: to + by }, this.whole);
  }

  remember(): void {
    this.#back = [...this.#back, this.span].slice(-BACK);
  }

  back(): void {
    const last = this.#back.at(-1);
    if (last === undefined) return;
    this.#back = this.#back.slice(0, -1);
    this.span = last;
  }

  #middle(): number {
    return (this.span.from + this.span.to) / 2;
  }

  /** Keeps the moment shown in the window while it is to go with it. */
  follow(): void {
    const { time } = this.session;
    const { from, to } = this.span;
    const length = to - from;
    if (!this.following) return;
    if (time > from + length * AHEAD) this.#moveTo(time - length * AHEAD, length);
    else if (time < from + length * BEHIND && from > 0)
      this.#moveTo(time - length * BEHIND, length);
  }

  #moveTo(from: number, length: number): void {
    const begin = Math.max(0, from);
    this.span = { from: begin, to: begin + length };
  }

  // Data.

  /** Asks the core for what the window needs and does not have. */
  fetch(): void {
    const key = JSON.stringify([[...this.off], this.traces]);
    const { run, headTime, scenario } = this.session;
    const version = `${run} ${headTime} ${scenario?.actions}`;
    if (this.#isEnough(key, version)) return;
    if (this.#asking === run) return;
    const wait = this.session.moving ? this.#askedAt + EVERY - performance.now() : 0;
    if (wait > 0) {
      if (this.#later === 0)
        this.#later = window.setTimeout(() => {
          this.#later = 0;
          this.fetch();
        }, wait);
      return;
    }
    void this.#ask(key, version);
  }

  #isEnough(key: string, version: string): boolean {
    const known = this.#fetched;
    if (known === undefined || known.key !== key || known.version !== version || this.reading)
      return false;
    const { from, to } = this.span;
    const coarse = (known.span.to - known.span.from) / Math.max(1, to - from) > 8;
    const exact = this.view?.mergedWithin === 0;
    return known.span.from <= from && known.span.to >= to && (exact || !coarse);
  }

  async #ask(key: string, version: string): Promise<void> {
    const { run } = this.session;
    this.#asking = run;
    this.#askedAt = performance.now();
    const margin = (this.span.to - this.span.from) / 2;
    const span = {
      from: Math.max(0, Math.floor(this.span.from - margin)),
      to: Math.ceil(this.span.to + margin),
    };
    const kinds = this.view?.kinds ?? [];
    const off = GROUPS.filter((group) => this.off.has(group.name)).flatMap((group) => group.kinds);
    const without = kinds.flatMap((kind, place) => (off.includes(kind) ? [place] : []));
    try {
      const asked = { ...span, most: MOST, without, traces: this.traces };
      const view = await this.session.ask('window', asked);
      this.view = view;
      this.reading = view.readTo < Math.min(span.to, this.session.headTime);
      this.#fetched = { key, version, span };
      const all = view.counts.reduce((sum, count) => sum + count, 0);
      this.#crowded = all / 2 > CROWDED;
    } finally {
      if (this.#asking === run) this.#asking = undefined;
    }
    this.fetch();
  }
}
