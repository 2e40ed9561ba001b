/** The tools of the tray: what a person can pick up and use on the drawing. */
import type { Action, CutView, NodeDetail, NodeView } from '../core/core';

export interface Tool {
  id: string;
  name: string;
  key: string;
  /** Drawn in a square of 16. */
  icon: string;
  /** What it is used on. */
  on: 'server' | 'message' | 'link';
  /** What it does, told while it is held. */
  about: string;
  /** Ways of using it; the first unless another is chosen. */
  ways?: readonly Way[];
  /** With a server selected, its key uses it there at once. */
  atOnce?: boolean;
}

export interface Way {
  id: string;
  name: string;
}

export const TOOLS: readonly Tool[] = [
  {
    id: 'crash',
    name: 'Crash',
    key: 'C',
    icon: 'M8 1.8v6M4.6 3.6a5.6 5.6 0 1 0 6.8 0',
    on: 'server',
    about:
      'Cuts a server’s power: what is not durable may be lost. Used on one that is down, it starts it again.',
    atOnce: true,
  },
  {
    id: 'kill',
    name: 'Kill',
    key: 'K',
    icon: 'M3 3l10 10M13 3 3 13',
    on: 'server',
    about:
      'Kills the process: its disk keeps everything that it wrote. Used on one that is down, it starts it again.',
    atOnce: true,
  },
  {
    id: 'isolate',
    name: 'Isolate',
    key: 'I',
    icon: 'M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM2.2 5.2A6.4 6.4 0 0 1 5.2 2.2M10.8 2.2a6.4 6.4 0 0 1 3 3M13.8 10.8a6.4 6.4 0 0 1-3 3M5.2 13.8a6.4 6.4 0 0 1-3-3',
    on: 'server',
    about: 'Cuts all links of a server. Used again, it mends them.',
    atOnce: true,
  },
  {
    id: 'pause',
    name: 'Pause',
    key: 'Z',
    icon: 'M5 3v10M11 3v10',
    on: 'server',
    about:
      'Pauses a server’s process: what comes to it waits, and its clock goes on. Used again, it goes on.',
    atOnce: true,
  },
  {
    id: 'slow',
    name: 'Slow',
    key: 'L',
    icon: 'M4 2h8M4 14h8M5 2c0 5 6 7 6 12M11 2c0 5-6 7-6 12',
    on: 'server',
    about: 'Slows a server down: it takes one input after the other, and each takes it so long.',
    ways: [
      { id: '5', name: '5 ms each' },
      { id: '20', name: '20 ms each' },
      { id: '1', name: 'as usual' },
    ],
  },
  {
    id: 'clock',
    name: 'Clock',
    key: 'T',
    icon: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8l2.6 1.8',
    on: 'server',
    about: 'Sets a server’s own clock wrong: it knows no other time.',
    ways: [
      { id: 'fast', name: '5 % fast' },
      { id: 'slow', name: '5 % slow' },
      { id: 'forward', name: '400 ms ahead' },
      { id: 'back', name: '400 ms back' },
      { id: 'right', name: 'right speed' },
    ],
  },
  {
    id: 'disk',
    name: 'Disk',
    key: 'D',
    icon: 'M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2v8c0 1.2-2.5 2-5.5 2s-5.5-.8-5.5-2zM2.5 4c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2',
    on: 'server',
    about: 'Breaks a server’s disk.',
    ways: [
      { id: 'slow', name: 'slow' },
      { id: 'sync', name: 'next sync fails' },
      { id: 'full', name: 'full' },
      { id: 'rot', name: 'a bit flips' },
      { id: 'sound', name: 'fast, with room' },
    ],
  },
  {
    id: 'snapshot',
    name: 'Snapshot',
    key: 'S',
    icon: 'M2 5h3l1.2-2h3.6L11 5h3v8H2zM8 6.6a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z',
    on: 'server',
    about: 'A server writes a snapshot of its cache and shortens its log.',
    atOnce: true,
  },
  {
    id: 'cut',
    name: 'Cut',
    key: 'X',
    icon: 'M3 2l7.5 9M13 2 5.5 11M4.2 10.4a2 2 0 1 0 .1 0zM11.8 10.4a2 2 0 1 0 .1 0z',
    on: 'link',
    about:
      'Draw across links to cut them both ways, and again to mend them. Click a link’s arrow for one direction.',
  },
  {
    id: 'hurry',
    name: 'Hurry',
    key: 'Y',
    icon: 'M2 8h8M6.5 4.5 10 8l-3.5 3.5M13.5 3v10',
    on: 'message',
    about: 'A message arrives at once.',
  },
  {
    id: 'copy',
    name: 'Copy',
    key: 'U',
    icon: 'M5.5 5.5V2h8.5v8.5h-3.5M2 5.5h8.5V14H2z',
    on: 'message',
    about: 'The network brings a message twice.',
  },
  {
    id: 'lose',
    name: 'Lose',
    key: 'O',
    icon: 'M2.5 4h11M6 4V2.2h4V4M4 4l.8 10h6.4L12 4M6.6 6.5v5M9.4 6.5v5',
    on: 'message',
    about: 'The network loses a message.',
  },
];

/** What is done to the election timers of all who wait for a leader. */
export const TIMERS = [
  {
    act: 'align_timers',
    name: 'Align timers',
    key: 'A',
    about: 'All election timers run out at one moment, so that votes split.',
  },
  {
    act: 'spread_timers',
    name: 'Spread timers',
    key: 'E',
    about: 'Election timers run out one after the other, at equal distances.',
  },
] as const;

export const toolOfKey = (key: string): Tool | undefined =>
  TOOLS.find((tool) => tool.key === key.toUpperCase());

/** What is known where a tool is used. */
export interface Place {
  node: NodeView;
  detail: NodeDetail | undefined;
  servers: number;
  cuts: readonly CutView[];
}

/** What a tool does to a server, in order; a text says why it can do nothing there. */
export function useOn(tool: Tool, way: string, place: Place): Action[] | string {
  const { node } = place;
  const { id } = node;
  const up = node.status === 'up';
  const down = `n${id} does not run.`;
  switch (tool.id) {
    case 'crash':
      return [{ do: up ? 'crash' : 'restart', node: id }];
    case 'kill':
      return [{ do: up ? 'kill' : 'restart', node: id }];
    case 'isolate':
      return isolate(place);
    case 'pause':
      return up ? [{ do: node.paused ? 'resume' : 'pause', node: id }] : down;
    case 'slow':
      return [{ do: 'slow_server', node: id, factor: Number(way) }];
    case 'clock':
      return [clock(id, way)];
    case 'disk':
      return disk(place, way);
    case 'snapshot':
      return up ? [{ do: 'take_snapshot', node: id }] : down;
    default:
      return [];
  }
}

function isolate({ node, servers, cuts }: Place): Action[] {
  const own = cuts.filter((cut) => cut.from === node.id || cut.to === node.id);
  if (own.length < 2 * (servers - 1)) return [{ do: 'isolate', node: node.id }];
  return own.map(({ from, to }) => ({ do: 'mend', from, to }));
}

function clock(node: number, way: string): Action {
  if (way === 'forward') return { do: 'jump_clock', node, forward: '400ms' };
  if (way === 'back') return { do: 'jump_clock', node, back: '400ms' };
  const ppm = { fast: 50_000, slow: -50_000 }[way] ?? 0;
  return { do: 'drift_clock', node, ppm };
}

function disk({ node, detail }: Place, way: string): Action[] | string {
  const { id } = node;
  if (way === 'slow') return [{ do: 'slow_disk', node: id, factor: 20 }];
  if (way === 'sync') return [{ do: 'fail_syncs', node: id, count: 1 }];
  if (way === 'sound') {
    return [
      { do: 'slow_disk', node: id, factor: 1 },
      { do: 'resize_disk', node: id },
    ];
  }
  if (detail === undefined) return `The disk of n${id} is not known yet.`;
  if (way === 'full') return [{ do: 'resize_disk', node: id, bytes: detail.disk.used }];
  const segments = detail.disk.files.filter((file) => file.kind === 'segment' && file.bytes > 0);
  const newest = segments.at(-1);
  if (newest === undefined) return `The log of n${id} is empty: there is no bit to flip.`;
  return [{ do: 'corrupt', node: id, file: newest.name, offset: Math.floor(newest.bytes / 2) }];
}
