/** What a hand does on the drawing: it carries a message, or draws a stroke across links. */
import type { MessageView } from '../core/core';
import { type Carried, carry, onto } from '../drawing/carry';
import type { Lane, Point } from '../drawing/geometry';
import { judge, type Stroke } from '../drawing/stroke';
import { moment } from '../drawing/words';
import type { Session } from './session.svelte';

/** Less than this is a click, in pixels. */
const STEADY = 5;
/** A stroke is drawn with points at least so far apart, in pixels. */
const FINE = 4;

/** What a drag is about besides its way: whether it copies, and whether it is over the bin or over a moment. */
export interface Hint {
  readonly copies: boolean;
  readonly bin: boolean;
  readonly moment: number | undefined;
}

interface Carrying {
  message: MessageView;
  lane: Lane;
  from: Point;
  to: Point;
  does: Carried;
  /** The moment of the timeline that it is held over. */
  moment: number | undefined;
}

export class Hand {
  carrying: Carrying | undefined = $state.raw();
  stroke: { path: readonly Point[]; does: Stroke } | undefined = $state.raw();
  readonly #session: Session;
  /** Where it was put down, and on what; nothing is done yet. */
  #down: { at: Point; on?: { message: MessageView; lane: Lane } } | undefined;
  #played = false;

  constructor(session: Session) {
    this.#session = session;
  }

  get busy(): boolean {
    return this.carrying !== undefined || this.stroke !== undefined;
  }

  /** It lies on something that it may drag. */
  get down(): boolean {
    return this.#down !== undefined;
  }

  /** On a message, or on nothing. */
  press(at: Point, on?: { message: MessageView; lane: Lane }): void {
    this.#down = on ? { at, on } : { at };
  }

  /** True when it has begun to do something, so that what follows is not a click. */
  move(at: Point, servers: readonly Point[], hint: Hint): boolean {
    const down = this.#down;
    if (down === undefined) return false;
    if (!this.busy && Math.hypot(at.x - down.at.x, at.y - down.at.y) < STEADY) return false;
    if (down.on) this.#carry(down.at, at, down.on, hint);
    else this.#draw(down.at, at, servers);
    return true;
  }

  #carry(
    from: Point,
    to: Point,
    on: { message: MessageView; lane: Lane },
    { copies, bin, moment }: Hint,
  ): void {
    if (this.carrying === undefined) this.#hold();
    const does: Carried = bin
      ? { does: 'drop' }
      : moment === undefined
        ? carry(on.message, on.lane, from, to, copies)
        : onto(on.message, moment, this.#session.time);
    this.carrying = { ...on, from, to, does, moment };
  }

  #draw(from: Point, to: Point, servers: readonly Point[]): void {
    const path = this.stroke?.path ?? [from];
    const last = path.at(-1);
    if (last && this.stroke && Math.hypot(to.x - last.x, to.y - last.y) < FINE) return;
    const longer = [...path, to];
    this.stroke = { path: longer, does: judge(longer, servers, this.#session.cuts) };
  }

  /** Time stands still while a message is held. */
  #hold(): void {
    this.#played = this.#session.playing;
    if (this.#played) this.#session.togglePlay();
  }

  /** Does what was shown. */
  async release(): Promise<void> {
    const { carrying, stroke } = this;
    const played = this.#played;
    this.cancel(false);
    if (stroke) await this.#cut(stroke.does);
    if (carrying) await this.#put(carrying);
    if (carrying && played && !this.#session.playing) this.#session.togglePlay();
  }

  /** Nothing is done. */
  cancel(goOn = true): void {
    const resumes = goOn && this.#played && this.carrying !== undefined;
    this.#down = undefined;
    this.carrying = undefined;
    this.stroke = undefined;
    this.#played = false;
    if (resumes && !this.#session.playing) this.#session.togglePlay();
  }

  async #put({ message, does }: Carrying): Promise<void> {
    if (!this.#session.messages.some((known) => known.id === message.id)) return;
    if (does.does === 'delay') {
      await this.#session.act({ do: 'delay', message: message.id, by: `${does.by}us` });
    } else if (does.does !== 'nothing') {
      await this.#session.act({ do: does.does, message: message.id });
    }
  }

  /** A partition is one action; links inside a part are cut each by itself. */
  async #cut({ crossed, mends, groups }: Stroke): Promise<void> {
    const group = (server: number): number => groups.findIndex((one) => one.includes(server));
    const parts = !mends && groups.length > 1;
    if (parts) {
      const whole = groups.map((one) => [...one]);
      if (!(await this.#session.act({ do: 'partition', groups: whole }))) return;
    }
    for (const [a, b] of crossed) {
      if (parts && group(a) !== group(b)) continue;
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const cut = this.#session.cuts.some((one) => one.from === from && one.to === to);
        if (cut !== mends) continue;
        if (!(await this.#session.act({ do: mends ? 'mend' : 'cut', from, to }))) return;
      }
    }
  }

  /** What letting go would do, in words. */
  readonly says = $derived.by(() => {
    if (this.carrying) return carriedText(this.carrying.does);
    if (this.stroke) return strokeText(this.stroke.does);
    return '';
  });
}

function carriedText(does: Carried): string {
  switch (does.does) {
    case 'delay':
      return `${moment(does.by)} later: arrives at ${moment(does.at)}`;
    case 'deliver':
      return 'arrives at once';
    case 'drop':
      return 'is lost';
    case 'duplicate':
      return 'arrives twice';
    case 'nothing':
      return 'back, or on the timeline: later; on: at once; aside: lost; with Alt: twice';
  }
}

function strokeText({ crossed, mends, groups }: Stroke): string {
  if (crossed.length === 0) return 'across links to cut them';
  const links = crossed.map(([a, b]) => `n${a}–n${b}`).join(', ');
  if (mends) return `mends ${links}`;
  if (groups.length === 1) return `cuts ${links}`;
  return `parts ${groups.map((one) => one.map((id) => `n${id}`).join(' ')).join(' | ')}`;
}
