/** How times, amounts and kinds are written. */
import type { MessageKind, NodeView, Weight } from '../core/core';

/** `1.234 567 s` reads badly; milliseconds with three digits are what the simulation is made of. */
export function moment(us: number): string {
  const ms = us / 1000;
  return `${ms.toFixed(ms >= 100_000 ? 0 : ms >= 10_000 ? 1 : 3)} ms`;
}

/** A moment in whole milliseconds, for narrow places. */
export const shortMoment = (us: number): string => `${(us / 1000).toFixed(1)}`;

export function speedText(speed: number): string {
  if (speed >= 0.995) return `${speed >= 9.95 ? 10 : Number(speed.toFixed(1))}×`;
  return `1/${Math.round(1 / speed)}×`;
}

export const count = (many: number, one: string, more = `${one}s`): string =>
  `${many} ${many === 1 ? one : more}`;

export const KIND_NAMES: Record<MessageKind, string> = {
  voteRequest: 'vote request',
  voteResponse: 'vote',
  append: 'append',
  heartbeat: 'heartbeat',
  appendResponse: 'append answer',
  snapshot: 'snapshot piece',
  snapshotResponse: 'snapshot answer',
  readIndex: 'read index request',
  readIndexResponse: 'read index',
  request: 'client request',
  response: 'client answer',
};

export const WEIGHTS: { id: Weight; name: string }[] = [
  { id: 'story', name: 'Story' },
  { id: 'detail', name: 'Detail' },
  { id: 'trace', name: 'All' },
];

/** A server's state in words, for those who hear the page. */
export function nodeText(node: NodeView): string {
  if (node.status === 'failed') return `Server ${node.id} failed: ${node.failure ?? 'unknown'}.`;
  if (node.status === 'down') return `Server ${node.id} is down.`;
  const votes = node.votes
    ? ` It has ${node.votes.granted.length} of ${node.votes.needed} votes needed.`
    : '';
  const titles = node.alerts.map((alert) => alert.title).join(', ');
  const alerts = titles ? ` Alerts: ${titles}.` : '';
  return `Server ${node.id}, ${node.role} in term ${node.term}, log to ${node.last}, committed to ${node.commit}.${votes}${alerts}`;
}
