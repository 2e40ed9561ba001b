/** The charts: which there are, what each draws, and how servers are told apart in them. */
import type { SeriesView, ServerSeries } from '../core/core';

export interface Chart {
  id: string;
  name: string;
  unit: string;
  about: string;
  /** A number for each span; null where there is none. */
  values: (server: ServerSeries, spans: readonly number[]) => (number | null)[];
}

const stands = (of: (number | undefined | null)[]): (number | null)[] =>
  of.map((value) => value ?? null);
const rate = (counts: readonly number[], spans: readonly number[]): (number | null)[] =>
  counts.map((count, at) => {
    const span = spans[at] ?? 0;
    return span > 0 ? Math.round((count * 1e7) / span) / 10 : null;
  });

export const CHARTS: readonly Chart[] = [
  {
    id: 'commit',
    name: 'Commit index',
    unit: '',
    about: 'up to where it knows a majority to hold the log',
    values: (server) => stands(server.commit),
  },
  {
    id: 'applied',
    name: 'Applied index',
    unit: '',
    about: 'what its cache has taken in',
    values: (server) => stands(server.applied),
  },
  {
    id: 'entries',
    name: 'Log length',
    unit: 'entries',
    about: 'without those that a snapshot has replaced',
    values: (server) => stands(server.entries),
  },
  {
    id: 'cache',
    name: 'Cache',
    unit: 'bytes',
    about: 'all keys and values',
    values: (server) => stands(server.cacheBytes),
  },
  {
    id: 'sent',
    name: 'Messages sent',
    unit: 'per second',
    about: 'to servers, clients and the model service',
    values: (server, spans) => rate(server.sent, spans),
  },
  {
    id: 'received',
    name: 'Messages received',
    unit: 'per second',
    about: 'from servers, clients and the model service',
    values: (server, spans) => rate(server.received, spans),
  },
  {
    id: 'reads',
    name: 'Reads answered',
    unit: 'per second',
    about: 'answers that reached their clients',
    values: (server, spans) => rate(server.reads, spans),
  },
  {
    id: 'writes',
    name: 'Writes answered',
    unit: 'per second',
    about: 'answers that reached their clients',
    values: (server, spans) => rate(server.writes, spans),
  },
];

/** How long each span of a series is. */
export const spansOf = (series: SeriesView): number[] =>
  series.until.map((until, at) => until - (series.until[at - 1] ?? 0));

/** Servers have colours of their own, and strokes, for those who cannot tell the colours apart. */
export const SERVER_COLOURS = 7;
const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [9, 3, 2, 3],
  [4, 4],
  [12, 4],
  [2, 2, 6, 2],
];
export const colourOf = (id: number): string => `--server-${(id - 1) % SERVER_COLOURS}`;
export const dashOf = (id: number): number[] => [...(DASHES[(id - 1) % DASHES.length] ?? [])];

/** A number as it is read beside a chart. */
export const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? '–'
    : value.toLocaleString('en').replaceAll(',', '\u202f');
