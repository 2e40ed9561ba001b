/** How times, amounts and kinds are written. */
import type {
  CutView,
  MessageKind,
  MessageView,
  NodeView,
  SettingKind,
  SettingView,
  Weight,
} from '../core/core';

/** `1.234 567 s` reads badly; milliseconds with three digits are what the simulation is made of. */
export function moment(us: number): string {
  const ms = us / 1000;
  return `${ms.toFixed(ms >= 100_000 ? 0 : ms >= 10_000 ? 1 : 3)} ms`;
}

/** A moment in whole milliseconds, for narrow places. */
export const shortMoment = (us: number): string => `${(us / 1000).toFixed(1)}`;

export function speedText(speed: number): string {
  if (!Number.isFinite(speed)) return 'max';
  if (speed >= 0.995) return `${Number(speed.toFixed(speed < 9.95 ? 1 : 0))}×`;
  return `1/${Math.round(1 / speed)}×`;
}

export const count = (many: number, one: string, more = `${one}s`): string =>
  `${many} ${many === 1 ? one : more}`;

/** `heartbeat_interval` as a person would say it. */
export const settingName = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`;

const BINARY = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** An amount, a share or long seconds as they are better read; undefined when they read well. */
export function inOtherWords(kind: SettingKind, text: string): string | undefined {
  if (kind === 'duration' || kind === 'latency') {
    const seconds = Number(/^(\d{1,15})s$/.exec(text)?.[1] ?? 0);
    return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}min` : undefined;
  }
  if (!/^\d{1,15}$/.test(text)) return undefined;
  let value = Number(text);
  if (kind === 'ppm') return value === 0 ? undefined : `${Number((value / 10_000).toFixed(4))} %`;
  if (kind === 'count') return value < 10_000 ? undefined : grouped(value);
  if (kind !== 'bytes') return undefined;
  let unit = 0;
  while (value >= 1024 && value % 1024 === 0 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? undefined : `${value} ${BINARY[unit]}`;
}

const grouped = (value: number): string => value.toLocaleString('en').replaceAll(',', '\u202f');

/** What a setting is when nobody sets it, and what it accepts. */
export function limits({ kind, low, high, unit, default: usual }: SettingView): string {
  if (kind === 'choice') return `Default ${usual}.`;
  if (kind === 'switch') return `Default ${usual === 'true' ? 'on' : 'off'}.`;
  const [from, to, otherwise] = [low, high, usual].map((text) => inOtherWords(kind, text) ?? text);
  const each = kind === 'latency' ? 'each delay ' : '';
  const counted = kind === 'count' || to === high ? ` ${unit}`.trimEnd() : '';
  return `Default ${otherwise}; ${each}${from} to ${to}${counted}.`;
}

export const KIND_NAMES: Record<MessageKind, string> = {
  preVoteRequest: 'vote asked in advance',
  preVoteResponse: 'vote told in advance',
  timeoutNow: 'request to take over',
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
  question: 'question to the model',
  advice: 'answer of the model',
};

export const WEIGHTS: { id: Weight; name: string }[] = [
  { id: 'story', name: 'Story' },
  { id: 'detail', name: 'Detail' },
  { id: 'trace', name: 'All' },
];

const ROLES: Record<NodeView['role'], string> = {
  follower: 'follower',
  preCandidate: 'pre-candidate',
  candidate: 'candidate',
  leader: 'leader',
};

/** What a running server is: its role, or that it has no vote. */
export function roleText(node: NodeView): string {
  if (node.ending) return 'shutting down';
  if (node.standing === 'voter' || node.role === 'leader') return ROLES[node.role];
  if (node.standing === 'unseated') return 'no vote for now';
  return node.standing === 'learner' ? 'learner' : 'no member';
}

/** Whether a server takes what comes to it, in words that follow its role. */
export function paceText(node: NodeView): string {
  const waiting = node.waiting > 0 ? `, ${count(node.waiting, 'input')} waiting` : '';
  if (node.paused) return `, paused${waiting}`;
  return node.slowness > 1 ? `, slow, ${node.slowness} ms for each input${waiting}` : '';
}

/** A server's state in words, for those who hear the page. */
export function nodeText(node: NodeView): string {
  if (node.status === 'failed') return `Server ${node.id} failed: ${node.failure ?? 'unknown'}.`;
  if (node.status === 'down') return `Server ${node.id} is down.`;
  const votes = node.votes
    ? ` It has ${node.votes.granted.length} of ${node.votes.needed} votes needed.`
    : '';
  const lease = node.lease ? ' It has, or had, a lease.' : '';
  const titles = node.alerts.map((alert) => alert.title).join(', ');
  const alerts = titles ? ` Alerts: ${titles}.` : '';
  return `Server ${node.id}, ${roleText(node)}${paceText(node)} in term ${node.term}, log to ${node.last}, committed to ${node.commit}.${votes}${lease}${alerts}`;
}

/** Who leads which term, in a sentence; of an old leader that does not know better, too. */
export function leadText(nodes: readonly NodeView[]): string {
  const leaders = nodes.filter((node) => node.status === 'up' && node.role === 'leader');
  if (leaders.length === 0) return 'No server leads.';
  return `${leaders.map((node) => `Server ${node.id} leads term ${node.term}`).join('. ')}.`;
}

/** Which ways are cut, both directions of a link as one. */
export function cutsText(cuts: readonly CutView[]): string[] {
  const isCut = (from: number, to: number): boolean =>
    cuts.some((cut) => cut.from === from && cut.to === to);
  return cuts.flatMap(({ from, to }) => {
    if (!isCut(to, from)) return [`Messages from server ${from} to server ${to} are cut.`];
    return from < to ? [`Servers ${from} and ${to} are cut off from each other.`] : [];
  });
}

/** What is on its way, by kind, the most frequent first. */
export function flightText(messages: readonly MessageView[]): string {
  if (messages.length === 0) return 'No message is on its way.';
  const kinds = new Map<MessageKind, number>();
  for (const { kind } of messages) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const sorted = [...kinds].sort(([, one], [, other]) => other - one);
  const listed = sorted.map(([kind, many]) => `${KIND_NAMES[kind]}, ${many}`);
  return `${count(messages.length, 'message')} on the way: ${listed.join('; ')}.`;
}
