/** Where things stand on the stage. */
export interface Point {
  x: number;
  y: number;
}

export interface Stage {
  width: number;
  height: number;
  /** The radius of a server. */
  radius: number;
  nodes: readonly Point[];
  clients: readonly Point[];
}

/** Servers on a ring, clients in a column at the left, or in a row below where it is narrow. */
export function arrange(width: number, height: number, nodes: number, clients: number): Stage {
  const crowd = nodes <= 5 ? 1 : nodes <= 7 ? 0.88 : 0.76;
  const small = Math.min(width, height);
  const radius = Math.max(24, Math.min(52, small * 0.088)) * crowd;
  const narrow = width < 560;
  const left = narrow ? 0 : 108;
  const below = narrow ? 52 : 0;
  // Above a server stands the leader's mark, below it two lines of text.
  const top = radius + 26;
  const bottom = radius + 52 + below;
  const centre = { x: left + (width - left) / 2, y: (top + height - bottom) / 2 };
  const ry = Math.max(0, (height - bottom - top) / 2);
  const rx = Math.max(0, Math.min((width - left) / 2 - radius - 30, ry * 1.75));
  const ring = Array.from({ length: nodes }, (_, at) => {
    if (nodes === 1) return centre;
    const angle = (at / nodes) * 2 * Math.PI - Math.PI / 2;
    return { x: centre.x + rx * Math.cos(angle), y: centre.y + ry * Math.sin(angle) };
  });
  const side = Array.from({ length: clients }, (_, at) => {
    const part = (at + 1) / (clients + 1);
    return narrow ? { x: width * part, y: height - 34 } : { x: 48, y: height * part };
  });
  return { width, height, radius, nodes: ring, clients: side };
}

/** The stretch that a message flies: from rim to rim, a little to the right of the middle. */
export interface Lane {
  from: Point;
  to: Point;
  /** Direction, of length 1. */
  along: Point;
}

export function lane(a: Point, b: Point, rimA: number, rimB: number, shift: number): Lane {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const along = { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
  const right = { x: -along.y * shift, y: along.x * shift };
  return {
    from: { x: a.x + along.x * rimA + right.x, y: a.y + along.y * rimA + right.y },
    to: { x: b.x - along.x * rimB + right.x, y: b.y - along.y * rimB + right.y },
    along,
  };
}

export function between(lane: Lane, part: number): Point {
  return {
    x: lane.from.x + (lane.to.x - lane.from.x) * part,
    y: lane.from.y + (lane.to.y - lane.from.y) * part,
  };
}

/** A hexagon standing on its corner, for the leader. */
export function hexagon(radius: number): string {
  const corners = Array.from({ length: 6 }, (_, at) => {
    const angle = (at / 6) * 2 * Math.PI - Math.PI / 2;
    return `${(radius * Math.cos(angle)).toFixed(2)},${(radius * Math.sin(angle)).toFixed(2)}`;
  });
  return corners.join(' ');
}

/** Colours repeat after this many terms; the number always stands beside the colour. */
export const TERM_COLOURS = 7;
export const termClass = (term: number): string =>
  term === 0 ? 'term-none' : `term-${(term - 1) % TERM_COLOURS}`;
