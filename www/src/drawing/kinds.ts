/** How kinds of messages look, wherever they are drawn. */
import type { MessageKind } from '../core/core';

/** A conversation: it has a shape and a colour, the token of the same name. */
export type Family = 'vote' | 'append' | 'transfer' | 'read' | 'talk' | 'model';

/** Questions are filled, answers hollow; one shape and colour for each conversation. */
export const LOOKS: Record<MessageKind, { family: Family; path: string; answer: boolean }> = {
  preVoteRequest: { family: 'vote', path: 'M0-5 5 0 0 5-5 0Z', answer: false },
  preVoteResponse: { family: 'vote', path: 'M0-5 5 0 0 5-5 0Z', answer: true },
  timeoutNow: { family: 'vote', path: 'M-7 5H7L9-6 4-1 0-8-4-1-9-6Z', answer: false },
  voteRequest: { family: 'vote', path: 'M0-7 7 0 0 7-7 0Z', answer: false },
  voteResponse: { family: 'vote', path: 'M0-7 7 0 0 7-7 0Z', answer: true },
  append: { family: 'append', path: 'M-6-6H6V6H-6Z', answer: false },
  heartbeat: { family: 'append', path: 'M-3-3H3V3H-3Z', answer: false },
  appendResponse: { family: 'append', path: 'M-4-4H4V4H-4Z', answer: true },
  snapshot: { family: 'transfer', path: 'M-8-5H8V5H-8ZM-3-5V5M3-5V5', answer: false },
  snapshotResponse: { family: 'transfer', path: 'M-6-4H6V4H-6Z', answer: true },
  readIndex: { family: 'read', path: 'M0-7 7 5H-7Z', answer: false },
  readIndexResponse: { family: 'read', path: 'M0-7 7 5H-7Z', answer: true },
  request: { family: 'talk', path: 'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z', answer: false },
  response: { family: 'talk', path: 'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z', answer: true },
  question: { family: 'model', path: 'M-6-4-3-7H3L6-4V4L3 7H-3L-6 4Z', answer: false },
  advice: { family: 'model', path: 'M-6-4-3-7H3L6-4V4L3 7H-3L-6 4Z', answer: true },
};

export const familyOf = (kind: MessageKind): Family => LOOKS[kind].family;

/** Of what is always being said, only little is drawn. */
export const isQuiet = (kind: MessageKind): boolean =>
  kind === 'heartbeat' || kind === 'appendResponse';

/** How long the tail of a message is, in pixels. */
export const TAIL = 20;

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
