/** How kinds of messages look, wherever they are drawn. */
import type { MessageKind } from '../core/core';

/** A conversation: it has a shape and a colour, the token of the same name. */
export type Family = 'vote' | 'append' | 'transfer' | 'read' | 'talk' | 'model';

/**
 * Questions are filled, answers hollow; one shape and colour for each conversation. Paths are relative
 * to the middle, so that many can be drawn as one.
 */
export const LOOKS: Record<MessageKind, { family: Family; path: string; answer: boolean }> = {
  preVoteRequest: { family: 'vote', path: 'm0-5 5 5-5 5-5-5z', answer: false },
  preVoteResponse: { family: 'vote', path: 'm0-5 5 5-5 5-5-5z', answer: true },
  timeoutNow: { family: 'vote', path: 'm-7 5h14l2-11-5 5-4-7-4 7-5-5z', answer: false },
  voteRequest: { family: 'vote', path: 'm0-7 7 7-7 7-7-7z', answer: false },
  voteResponse: { family: 'vote', path: 'm0-7 7 7-7 7-7-7z', answer: true },
  append: { family: 'append', path: 'm-6-6h12v12h-12z', answer: false },
  heartbeat: { family: 'append', path: 'm-3-3h6v6h-6z', answer: false },
  appendResponse: { family: 'append', path: 'm-4-4h8v8h-8z', answer: true },
  snapshot: { family: 'transfer', path: 'm-8-5h16v10h-16zm5 0v10m6-10v10', answer: false },
  snapshotResponse: { family: 'transfer', path: 'm-6-4h12v8h-12z', answer: true },
  readIndex: { family: 'read', path: 'm0-7 7 12h-14z', answer: false },
  readIndexResponse: { family: 'read', path: 'm0-7 7 12h-14z', answer: true },
  request: { family: 'talk', path: 'm-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z', answer: false },
  response: { family: 'talk', path: 'm-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z', answer: true },
  question: { family: 'model', path: 'm-6-4 3-3h6l3 3v8l-3 3h-6l-3-3z', answer: false },
  advice: { family: 'model', path: 'm-6-4 3-3h6l3 3v8l-3 3h-6l-3-3z', answer: true },
};

export const familyOf = (kind: MessageKind): Family => LOOKS[kind].family;

/** Of what is always being said, only little is drawn. */
export const isQuiet = (kind: MessageKind): boolean =>
  kind === 'heartbeat' || kind === 'appendResponse';

/** How long the tail of a message is, in pixels. */
export const TAIL = 20;
/** Who points at most so far from the middle of a message means it, in pixels. */
export const REACH = 13;

const group = (name: string, ...kinds: [MessageKind, ...MessageKind[]]) => ({
  name,
  kinds: kinds as readonly MessageKind[],
  family: familyOf(kinds[0]),
});

/** Kinds that a person thinks of together. */
export const GROUPS = [
  group(
    'Elections',
    'preVoteRequest',
    'preVoteResponse',
    'voteRequest',
    'voteResponse',
    'timeoutNow',
  ),
  group('Entries', 'append', 'appendResponse'),
  group('Heartbeats', 'heartbeat'),
  group('Snapshots', 'snapshot', 'snapshotResponse'),
  group('Read index', 'readIndex', 'readIndexResponse'),
  group('Clients', 'request', 'response'),
  group('Model service', 'question', 'advice'),
] as const;
