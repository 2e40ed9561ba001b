/** Where things stand on the stage. */
export interface Point {
  x: number;
  y: number;
}

export interface Stage {
  scale: number;
  width: number;
  height: number;
  /** The radius of a server. */
  radius: number;
  nodes: readonly Point[];
  clients: readonly Point[];
  /** Where the model service stands, when there is one. */
  model: Point;
}

/** So many servers stand so close that a follower is told by its shape alone. */
export const isCrowded = (nodes: number): boolean => nodes > 6;

/** What there is to draw on; `scale` is how large text is, beside the usual 16 pixels. */
export interface Room {
  width: number;
  height: number;
  scale: number;
}

/** Servers on a ring, clients in a column at the left, or in a row below where it is narrow. */
export function arrange(room: Room, nodes: number, clients: number): Stage {
  const { width, height, scale } = room;
  const crowd = nodes <= 5 ? 1 : nodes <= 7 ? 0.92 : 0.88;
  // Few servers have room for a term inside their rings, however small the drawing is.
  const least = nodes <= 3 ? 29 : 26;
  const radius = Math.max(least, Math.min(76, Math.min(width, height) * 0.085)) * crowd;
  const narrow = width < 560;
  // Above a server stands the leader's mark, below it two lines of text.
  const box = {
    left: (narrow ? 0 : 112 * scale) + radius + 24 * scale,
    right: width - radius - 24 * scale,
    top: radius + 28 * scale,
    bottom: height - radius - (isCrowded(nodes) ? 40 : 58) * scale - (narrow ? 50 : 0),
  };
  // The tools stand above the clients.
  const head = 40 * scale;
  const side = Array.from({ length: clients }, (_, at) => {
    const part = (at + 1) / (clients + 1);
    return narrow
      ? { x: width * part, y: height - 32 }
      : { x: 58 * scale, y: head + (height - head) * part };
  });
  const model = { x: width - 48 * scale, y: 34 * scale };
  return { width, height, scale, radius, nodes: ring(nodes, box), clients: side, model };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** How much wider than high a ring may become. */
const FLATTEST = 4;

/** Points on an ellipse that fill the box: three servers stand on less than a whole circle. */
function ring(count: number, box: Box): Point[] {
  const middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
  if (count < 2) return Array.from({ length: count }, () => middle);
  const unit = Array.from({ length: count }, (_, at) => {
    const angle = (at / count) * 2 * Math.PI - Math.PI / 2;
    return { x: Math.cos(angle), y: Math.sin(angle) };
  });
  const xs = unit.map((point) => point.x);
  const ys = unit.map((point) => point.y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const ry = Math.max(0, (box.bottom - box.top) / (high - low));
  const widest = (box.right - box.left) / Math.max(0.1, Math.max(...xs) - Math.min(...xs));
  const rx = Math.max(0, Math.min(widest, ry * FLATTEST));
  const centre = middle.y - ((low + high) / 2) * ry;
  return unit.map((point) => ({ x: middle.x + point.x * rx, y: centre + point.y * ry }));
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
