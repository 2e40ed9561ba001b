/** Draws the space-time diagram: in few strokes, one for all that look alike. */

import type { BandRole, WhyView, WindowView } from '../core/core';
import { TERM_COLOURS } from './geometry';
import { type Family, familyOf } from './kinds';
import type { Pen } from './pen';
import {
  along,
  arrowEnds,
  density,
  type Hit,
  markAcross,
  type Plan,
  point,
  ticks,
  tickText,
} from './spacetime';

export interface Palette {
  surface: string;
  raised: string;
  line: string;
  strong: string;
  ink: string;
  soft: string;
  accent: string;
  danger: string;
  termInk: string;
  termNone: string;
  terms: readonly string[];
  families: Record<Family, string>;
}

/** Reads the page's tokens as they are in the present theme. */
export function palette(probe: HTMLElement): Palette {
  const token = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const families: Family[] = ['vote', 'append', 'transfer', 'read', 'talk', 'model'];
  return {
    surface: token('surface'),
    raised: token('raised'),
    line: token('line'),
    strong: token('line-strong'),
    ink: token('ink'),
    soft: token('ink-soft'),
    accent: token('accent'),
    danger: token('danger'),
    termInk: token('term-ink'),
    termNone: token('term-none'),
    terms: Array.from({ length: TERM_COLOURS }, (_, term) => token(`term-${term}`)),
    families: Object.fromEntries(families.map((family) => [family, token(family)])) as Record<
      Family,
      string
    >,
  };
}

/** What is drawn, besides where it stands. */
export interface Scene {
  view: WindowView;
  /** The moment shown, and the furthest explored. */
  now: number;
  head: number;
  violations: readonly { time: number }[];
  /** The step whose event is pointed at. */
  step: number | undefined;
  /** The mark of that very event. */
  event: number | undefined;
  hovered: Hit | undefined;
  why: WhyView | undefined;
  /** A stretch that is being chosen, in microseconds. */
  choice: { from: number; to: number } | undefined;
}

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
/** More arrows than this are drawn without heads. */
const HEADS = 1_500;
/** Text is never smaller than this. */
const TEXT = 12;

export function draw(ctx: Pen, plan: Plan, scene: Scene, look: Palette): void {
  ctx.clearRect(0, 0, plan.width, plan.height);
  ctx.lineCap = 'butt';
  ctx.lineJoin = 'round';
  ctx.font = `${TEXT * plan.scale}px ${SANS}`;
  ctx.textBaseline = 'middle';
  axis(ctx, plan, look);
  ctx.save();
  clip(ctx, plan);
  cuts(ctx, plan, scene, look);
  bands(ctx, plan, scene, look);
  arrows(ctx, plan, scene, look);
  // Names lie above all that could cover them.
  for (const band of scene.view.bands) bandText(ctx, plan, band, look);
  veil(ctx, plan, scene, look);
  if (scene.why) chain(ctx, plan, scene.view, scene.why, look);
  marks(ctx, plan, scene, look);
  violations(ctx, plan, scene, look);
  present(ctx, plan, scene, look);
  chosen(ctx, plan, scene, look);
  ctx.restore();
}

/** Nothing is drawn over the names of the lanes. */
function clip(ctx: Pen, plan: Plan): void {
  ctx.beginPath();
  if (plan.upright) ctx.rect(0, plan.begin, plan.width, plan.height - plan.begin);
  else ctx.rect(plan.begin, 0, plan.width - plan.begin, plan.height);
  ctx.clip();
}

function line(ctx: Pen, plan: Plan, time: number, from: number): void {
  const at = Math.round(along(plan, time)) + 0.5;
  if (plan.upright) {
    ctx.moveTo(from, at);
    ctx.lineTo(plan.width, at);
  } else {
    ctx.moveTo(at, from);
    ctx.lineTo(at, plan.height);
  }
}

function axis(ctx: Pen, plan: Plan, look: Palette): void {
  const { every, at } = ticks(plan);
  const edge = (plan.upright ? 54 : 22) * plan.scale;
  ctx.strokeStyle = look.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const time of at) line(ctx, plan, time, edge);
  ctx.stroke();
  ctx.fillStyle = look.soft;
  ctx.textAlign = plan.upright ? 'right' : 'center';
  for (const time of at) {
    const where = along(plan, time);
    const text = tickText(time, every);
    if (plan.upright) ctx.fillText(text, edge - 4, where);
    else if (where > plan.begin + 8 && where < plan.end) ctx.fillText(text, where, edge / 2);
  }
}

function cuts(ctx: Pen, plan: Plan, { view }: Scene, look: Palette): void {
  const spans = new Map<string, { from: number; to: number; ways: string[] }>();
  for (const cut of view.cuts) {
    const key = `${cut.from} ${cut.to}`;
    const known = spans.get(key) ?? { from: cut.from, to: cut.to, ways: [] };
    known.ways.push(`${view.lanes[cut.fromLane]}→${view.lanes[cut.toLane]}`);
    spans.set(key, known);
    for (const lane of [cut.fromLane, cut.toLane]) shade(ctx, plan, lane, cut, look);
  }
  if (plan.upright) return;
  ctx.fillStyle = look.danger;
  ctx.textAlign = 'left';
  for (const { from, to, ways } of spans.values()) {
    const left = Math.max(plan.begin + 4, along(plan, from) + 4);
    const room = along(plan, to) - left;
    const whole = `cut: ${ways.join(', ')}`;
    const text = ctx.measureText(whole).width <= room ? whole : 'cut';
    const across = Math.min(...plan.lanes.slice(0, view.servers).filter((at) => at !== undefined));
    if (ctx.measureText(text).width <= room && Number.isFinite(across))
      ctx.fillText(text, left, across - plan.gap / 2 + 9 * plan.scale);
  }
}

function shade(
  ctx: Pen,
  plan: Plan,
  lane: number,
  cut: { from: number; to: number },
  look: Palette,
): void {
  const across = plan.lanes[lane];
  if (across === undefined) return;
  ctx.globalAlpha = 0.07;
  ctx.fillStyle = look.danger;
  rect(ctx, plan, cut.from, cut.to, across - plan.gap / 2, plan.gap);
  ctx.globalAlpha = 1;
}

function rect(ctx: Pen, plan: Plan, from: number, to: number, across: number, thick: number): void {
  const begin = Math.max(plan.begin - 2, along(plan, from));
  const end = Math.min(Math.max(plan.width, plan.height) + 2, along(plan, to));
  if (end <= begin) return;
  if (plan.upright) ctx.fillRect(across, begin, thick, end - begin);
  else ctx.fillRect(begin, across, end - begin, thick);
}

const THICK: Record<BandRole, number> = {
  down: 0,
  failed: 0,
  follower: 8,
  candidate: 14,
  leader: 18,
};
const ROLE: Record<BandRole, string> = {
  down: 'down',
  failed: 'failed',
  follower: '',
  candidate: 'candidate',
  leader: 'leader',
};

function bands(ctx: Pen, plan: Plan, { view, head }: Scene, look: Palette) {
  view.lanes.forEach((_, lane) => {
    const across = plan.lanes[lane];
    if (across === undefined || lane < view.servers) return;
    ctx.fillStyle = look.strong;
    rect(ctx, plan, plan.span.from, Math.min(plan.span.to, head), across - 0.5, 1);
  });
  for (const band of view.bands) {
    const across = plan.lanes[band.lane];
    if (across === undefined) continue;
    const off = band.role === 'down' || band.role === 'failed';
    if (off) {
      gap(ctx, plan, band, across, look);
      continue;
    }
    const colour = band.term === 0 ? look.termNone : look.terms[(band.term - 1) % TERM_COLOURS];
    const thick = THICK[band.role] * plan.scale;
    ctx.fillStyle = colour ?? look.termNone;
    ctx.globalAlpha = band.role === 'candidate' ? 0.55 : 1;
    rect(ctx, plan, band.from, band.to, across - thick / 2, thick);
    ctx.globalAlpha = 1;
  }
}

/** A server that does not run leaves a gap. */
function gap(
  ctx: Pen,
  plan: Plan,
  band: WindowView['bands'][number],
  across: number,
  look: Palette,
): void {
  const [from, to] = [point(plan, band.from, across), point(plan, band.to, across)];
  ctx.strokeStyle = look.danger;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([2, 5]);
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.stroke();
  ctx.setLineDash([]);
}

function bandText(ctx: Pen, plan: Plan, band: WindowView['bands'][number], look: Palette): void {
  const across = plan.lanes[band.lane];
  if (across === undefined) return;
  const begin = Math.max(plan.begin, along(plan, band.from));
  const room = Math.min(plan.end, along(plan, band.to)) - begin;
  const off = band.role === 'down' || band.role === 'failed';
  const role = ROLE[band.role];
  const texts = off ? [role] : [`term ${band.term}${role && `, ${role}`}`, `${band.term}`];
  const high = 16 * plan.scale;
  if (plan.upright) {
    if (room < high) return;
    const text = texts.at(-1) ?? '';
    ctx.textAlign = 'left';
    label(ctx, text, across + 12 * plan.scale, begin + high / 2, look);
    return;
  }
  const text = texts.find((one) => ctx.measureText(one).width + 10 < room);
  if (text === undefined) return;
  ctx.textAlign = 'left';
  label(ctx, text, begin + 4, across - 18 * plan.scale, look);
}

/** Text with a ground of its own. */
function label(ctx: Pen, text: string, x: number, y: number, look: Palette): void {
  ctx.lineWidth = 4;
  ctx.strokeStyle = look.surface;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = look.ink;
  ctx.fillText(text, x, y);
}

interface Strokes {
  arrived: number[];
  lost: number[];
  flying: number[];
}

function arrows(ctx: Pen, plan: Plan, scene: Scene, look: Palette): void {
  const { view, step } = scene;
  const families = new Map<string, Strokes>();
  const family = view.kinds.map(familyOf);
  const lit: number[] = [];
  for (let at = 0; at < view.arrows.id.length; at += 1) {
    const colour = look.families[family[view.arrows.kind[at] ?? 0] ?? 'talk'];
    let strokes = families.get(colour);
    if (strokes === undefined) {
      strokes = { arrived: [], lost: [], flying: [] };
      families.set(colour, strokes);
    }
    const fate = view.arrows.fate[at];
    (fate === 0 ? strokes.arrived : fate === 1 ? strokes.lost : strokes.flying).push(at);
    if (
      step !== undefined &&
      (view.arrows.landedStep[at] === step || view.arrows.sentStep[at] === step)
    )
      lit.push(at);
  }
  const heads = view.arrows.id.length <= HEADS;
  for (const [colour, strokes] of families) {
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = 1.25;
    many(ctx, plan, view, strokes.arrived, heads ? 'head' : 'none');
    many(ctx, plan, view, strokes.lost, 'cross');
    ctx.setLineDash([5, 4]);
    many(ctx, plan, view, strokes.flying, 'none');
    ctx.setLineDash([]);
  }
  if (scene.hovered && 'arrow' in scene.hovered) lit.push(scene.hovered.arrow);
  ctx.strokeStyle = look.accent;
  ctx.fillStyle = look.accent;
  ctx.lineWidth = 3;
  many(ctx, plan, view, lit, 'head');
}

/** A lost message gets so far. */
const LOST = 0.82;

/** All of one look in one stroke. */
function many(
  ctx: Pen,
  plan: Plan,
  view: WindowView,
  places: readonly number[],
  end: 'head' | 'cross' | 'none',
): void {
  if (places.length === 0) return;
  const size = 4 * plan.scale;
  ctx.beginPath();
  const heads: number[] = [];
  for (const at of places) {
    const ends = arrowEnds(plan, view, at);
    if (ends === undefined) continue;
    const { from, to } = ends;
    const part = end === 'cross' ? LOST : 1;
    const x = from.x + (to.x - from.x) * part;
    const y = from.y + (to.y - from.y) * part;
    ctx.moveTo(from.x, from.y);
    ctx.lineTo(x, y);
    if (end === 'cross') {
      ctx.moveTo(x - size, y - size);
      ctx.lineTo(x + size, y + size);
      ctx.moveTo(x + size, y - size);
      ctx.lineTo(x - size, y + size);
    } else if (end === 'head') heads.push(from.x, from.y, x, y);
  }
  ctx.stroke();
  if (heads.length === 0) return;
  ctx.beginPath();
  for (let at = 0; at < heads.length; at += 4) {
    const [fx = 0, fy = 0, x = 0, y = 0] = heads.slice(at, at + 4);
    const length = Math.hypot(x - fx, y - fy);
    if (length < 3 * size) continue;
    const [ux, uy] = [(x - fx) / length, (y - fy) / length];
    const [bx, by] = [x - ux * size * 2, y - uy * size * 2];
    ctx.moveTo(x, y);
    ctx.lineTo(bx - uy * size * 0.8, by + ux * size * 0.8);
    ctx.lineTo(bx + uy * size * 0.8, by - ux * size * 0.8);
    ctx.closePath();
  }
  ctx.fill();
}

/** What comes after the moment shown is known, and pale. */
function veil(ctx: Pen, plan: Plan, { now }: Scene, look: Palette): void {
  ctx.globalAlpha = 0.6;
  ctx.fillStyle = look.surface;
  const far = timeAtEnd(plan);
  rect(ctx, plan, now, far, 0, plan.upright ? plan.width : plan.height);
  ctx.globalAlpha = 1;
}

const timeAtEnd = (plan: Plan): number => plan.span.to + 100 / density(plan);

/** The chain of causes, over everything else. */
function chain(ctx: Pen, plan: Plan, view: WindowView, why: WhyView, look: Palette): void {
  const lanes = new Map(view.lanes.map((name, lane) => [name, plan.lanes[lane]]));
  const reasons = [...why.reasons, ...why.causes.flatMap((cause) => cause.leadsTo)];
  const lines: { x: number; y: number }[][] = [];
  for (const reason of reasons) {
    const to = lanes.get(reason.to);
    const from = lanes.get(reason.from) ?? to;
    if (from === undefined || to === undefined) continue;
    lines.push([point(plan, reason.since, from), point(plan, reason.until, to)]);
  }
  for (const [width, colour] of [
    [7, look.surface],
    [3, look.accent],
  ] as const) {
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.beginPath();
    for (const [from, to] of lines) {
      if (from === undefined || to === undefined) continue;
      ctx.moveTo(from.x, from.y);
      ctx.lineTo(to.x, to.y);
    }
    ctx.stroke();
  }
  ctx.fillStyle = look.accent;
  ctx.strokeStyle = look.surface;
  ctx.lineWidth = 2;
  for (const [from, to] of lines) {
    for (const end of [from, to]) {
      if (end === undefined) continue;
      ctx.beginPath();
      ctx.arc(end.x, end.y, 5 * plan.scale, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
  }
}

function marks(ctx: Pen, plan: Plan, scene: Scene, look: Palette): void {
  const { marks: all } = scene.view;
  const small = 2 * plan.scale;
  ctx.fillStyle = look.ink;
  ctx.beginPath();
  for (let at = 0; at < all.id.length; at += 1) {
    const weight = all.weight[at] ?? 0;
    const across = markAcross(plan, all.lane[at] ?? -1);
    if (weight === 2 || across === undefined) continue;
    const { x, y } = point(plan, all.time[at] ?? 0, across);
    if (plan.upright) ctx.rect(x - small * (1 + weight), y - 0.75, 2 * small * (1 + weight), 1.5);
    else ctx.rect(x - 0.75, y - small * (1 + weight), 1.5, 2 * small * (1 + weight));
  }
  ctx.fill();
  for (let at = 0; at < all.id.length; at += 1) {
    const across = markAcross(plan, all.lane[at] ?? -1);
    if (across === undefined) continue;
    const { x, y } = point(plan, all.time[at] ?? 0, across);
    const hovered = scene.hovered && 'mark' in scene.hovered && scene.hovered.mark === at;
    if (all.weight[at] === 2)
      diamond(ctx, x, y, 6 * plan.scale, storyColour(all.kind[at], look), look);
    if (hovered || all.id[at] === scene.event) {
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = look.accent;
      ctx.beginPath();
      ctx.arc(x, y, 9 * plan.scale, 0, 2 * Math.PI);
      ctx.stroke();
    }
  }
}

const BAD = /^(crashed|killed|stopped|start-failed|quorum-lost|cut|dropped|alert)/;
const storyColour = (kind: string | undefined, look: Palette): string =>
  kind !== undefined && BAD.test(kind) ? look.danger : look.ink;

function diamond(
  ctx: Pen,
  x: number,
  y: number,
  size: number,
  colour: string,
  look: Palette,
): void {
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x, y + size);
  ctx.lineTo(x - size, y);
  ctx.closePath();
  ctx.fillStyle = colour;
  ctx.strokeStyle = look.surface;
  ctx.lineWidth = 1.5;
  ctx.fill();
  ctx.stroke();
}

function violations(ctx: Pen, plan: Plan, scene: Scene, look: Palette): void {
  if (scene.violations.length === 0) return;
  ctx.strokeStyle = look.danger;
  ctx.lineWidth = 2;
  ctx.setLineDash([6, 3]);
  ctx.beginPath();
  for (const { time } of scene.violations) line(ctx, plan, time, 0);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textAlign = 'left';
  const first = scene.violations[0];
  if (first === undefined) return;
  const at = along(plan, first.time);
  ctx.lineWidth = 4;
  ctx.strokeStyle = look.surface;
  ctx.fillStyle = look.danger;
  const { x, y } = plan.upright
    ? { x: plan.width * 0.5, y: at - 10 }
    : { x: at + 5, y: plan.height - 10 * plan.scale };
  ctx.strokeText('rule broken', x, y);
  ctx.fillText('rule broken', x, y);
}

function present(ctx: Pen, plan: Plan, { now }: Scene, look: Palette): void {
  ctx.strokeStyle = look.accent;
  ctx.lineWidth = 2;
  ctx.beginPath();
  line(ctx, plan, now, 0);
  ctx.stroke();
}

function chosen(ctx: Pen, plan: Plan, { choice }: Scene, look: Palette): void {
  if (choice === undefined) return;
  ctx.globalAlpha = 0.18;
  ctx.fillStyle = look.accent;
  const [from, to] = [Math.min(choice.from, choice.to), Math.max(choice.from, choice.to)];
  rect(ctx, plan, from, to, 0, plan.upright ? plan.width : plan.height);
  ctx.globalAlpha = 1;
}
