/** The words in which lessons say whom they mean, what they wait for and what they do. */
import type { Action, EntryView, MessageKind, NodeView, Operation } from '../core/core';
import type { Condition, Move, Ring, Sight, Who, World } from './lesson';

// Whom.

const up = (node: NodeView): boolean => node.status === 'up';

export const server =
  (id: number): Who =>
  (world) =>
    world.nodes.find((node) => node.id === id);

/** Whoever leads the newest term. */
export const leader: Who = (world) =>
  world.nodes
    .filter((node) => up(node) && node.role === 'leader')
    .reduce<NodeView | undefined>(
      (best, node) => (best && best.term >= node.term ? best : node),
      undefined,
    );

/** Whoever leads an older term than the newest leader, and does not know. */
export const deposed: Who = (world) => {
  const newest = leader(world);
  return world.nodes.find(
    (node) => up(node) && node.role === 'leader' && newest && node.term < newest.term,
  );
};

/** A voter that follows, not cut off; the one with the highest number. */
export const follower: Who = (world) =>
  world.nodes.findLast(
    (node) =>
      up(node) && node.role === 'follower' && node.standing === 'voter' && !isCut(world, node.id),
  );

/** A server that does not run. */
export const fallen: Who = (world) => world.nodes.find((node) => !up(node));

/** A server that stands for election or asks who would vote for it. */
export const candidate: Who = (world) =>
  world.nodes.find(
    (node) => up(node) && (node.role === 'candidate' || node.role === 'preCandidate'),
  );

/** A running server that can neither hear nor be heard. */
export const cutOff: Who = (world) => world.nodes.find((node) => up(node) && isCut(world, node.id));

/** A running server whose log is not as long as the leader's. */
export const behind: Who = (world) => {
  const last = leader(world)?.last ?? 0;
  return world.nodes.find((node) => up(node) && node.last < last);
};

/** A follower that holds entries which are not on its disk yet. */
export const unsynced: Who = (world) =>
  world.nodes.find((node) => up(node) && node.role === 'follower' && node.durable < node.last);

function isCut(world: World, id: number): boolean {
  const gone = (one: number, other: number): boolean =>
    world.cuts.some((cut) => cut.from === one && cut.to === other);
  const others = world.nodes.filter((node) => node.id !== id);
  return others.length > 0 && others.every((node) => gone(id, node.id) && gone(node.id, id));
}

// What is waited for.

export const all =
  (...parts: readonly Condition[]): Condition =>
  (sight) =>
    parts.every((part) => part(sight));

export const any =
  (...parts: readonly Condition[]): Condition =>
  (sight) =>
    parts.some((part) => part(sight));

export const not =
  (part: Condition): Condition =>
  (sight) =>
    !part(sight);

/** Something of this kind has happened since the goal was set. */
export const happened =
  (kind: string, at?: Who, says?: RegExp): Condition =>
  (sight) => {
    const place = at && `n${at(sight)?.id ?? 0}`;
    return sight.since.some(
      (event) =>
        event.kind === kind &&
        (place === undefined || event.place === place) &&
        (says === undefined || says.test(event.sentence)),
    );
  };

/** There is such a server, and this is so of it. */
export const so =
  (who: Who, holds: (node: NodeView, world: World) => boolean = () => true): Condition =>
  (sight) => {
    const node = who(sight);
    return node !== undefined && holds(node, sight);
  };

/** So many running servers are as described. */
export const count =
  (least: number, holds: (node: NodeView, world: World) => boolean): Condition =>
  (sight) =>
    sight.nodes.filter((node) => up(node) && holds(node, sight)).length >= least;

/** So many servers are down or cut off. */
export const away =
  (many: number): Condition =>
  (sight) =>
    sight.nodes.filter((node) => !up(node) || isCut(sight, node.id)).length >= many;

/** At this very moment so many servers lead, each its own term. */
export const leadersAtOnce =
  (many: number): Condition =>
  (sight) =>
    new Set(
      sight.nodes.filter((node) => up(node) && node.role === 'leader').map((node) => node.term),
    ).size >= many;

/** Somebody leads, in a later term than anybody did when the goal was set. */
export const electedAnew: Condition = (sight) =>
  (leader(sight)?.term ?? 0) > Math.max(0, ...sight.before.nodes.map((node) => node.term));

/** Somebody else leads than when the goal was set. */
export const leaderChanged: Condition = (sight) => {
  const [now, then] = [leader(sight), leader(sight.before)];
  return now !== undefined && then !== undefined && now.id !== then.id && now.term > then.term;
};

/** Whoever led when the goal was set is down or cut off. */
export const leaderGone: Condition = (sight) => {
  const was = leader(sight.before);
  const now = was && sight.nodes.find((node) => node.id === was.id);
  return now !== undefined && (!up(now) || isCut(sight, now.id));
};

/** All servers run, and nothing is cut. */
export const allBack: Condition = (sight) => sight.cuts.length === 0 && sight.nodes.every(up);

/** So many more entries are committed than when the goal was set. */
export const committedMore =
  (many: number): Condition =>
  (sight) =>
    commitOf(sight) >= commitOf(sight.before) + many;
const commitOf = (world: World): number => Math.max(0, ...world.nodes.map((node) => node.commit));

/** All servers run, and hold and have applied the same. */
export const allEqual: Condition = ({ nodes }) => {
  const [first] = nodes;
  return (
    first !== undefined &&
    nodes.every(
      (node) =>
        up(node) &&
        node.last === first.last &&
        node.lastTerm === first.lastTerm &&
        node.applied === first.last,
    )
  );
};

/** A client was told that what it asked for is written. */
export const written: Condition = happened('answered', undefined, /written at index/);
/** A client was told a value. */
export const found: Condition = happened('answered', undefined, /found .* at index/);

export const broken =
  (rule: string): Condition =>
  (sight) =>
    sight.violations.length > sight.before.violations.length &&
    sight.violations.some((one) => one.rule === rule);

export const inFlight =
  (...kinds: readonly MessageKind[]): Condition =>
  (sight) =>
    sight.messages.some((message) => kinds.includes(message.kind));

export const chosen =
  (who: Who): Condition =>
  (sight) =>
    sight.chosen !== undefined && 'node' in sight.chosen && sight.chosen.node === who(sight)?.id;

export const playing: Condition = (sight) => sight.playing;

/** The learner went back in time. */
export const wentBack: Condition = (sight) => sight.step < sight.before.step;

/** Two logs hold entries of different terms at one index. */
export const conflict: Condition = (sight) => {
  const terms = new Map<number, number>();
  const held = (entry: EntryView): boolean => {
    const known = terms.get(entry.index) ?? entry.term;
    terms.set(entry.index, known);
    return known !== entry.term;
  };
  return sight.details.some((detail) => detail.log.some(held));
};

// What is done.

export const act = (what: (world: World) => Action | undefined, until?: Condition): Move =>
  until ? { act: what, until } : { act: what };

/** Something done to a server, if there is one of that kind. */
export const to = (
  who: Who,
  what: 'crash' | 'restart' | 'isolate' | 'take_snapshot',
  until?: Condition,
): Move =>
  act((world) => {
    const node = who(world);
    return node && { do: what, node: node.id };
  }, until);

export const ask = (client: number, operation: Operation, until?: Condition): Move =>
  act(() => ({ ...operation, client }), until);

export const put = (client: number, key: string, value: string, until?: Condition): Move =>
  ask(client, { do: 'put', key, value }, until);

/** Whoever was down is started again. */
export const restart: Move = to(fallen, 'restart');
export const heal: Move = act(() => ({ do: 'heal' }));

/** Time runs until this holds. */
export const wait = (until: Condition): Move => ({ until });

/** The same, event by event: for moments that are over soon. */
export const watch = (until: Condition): Move => ({ until, closely: true });

/** Takes the messages of a kind off the network that are on their way just now. */
export const drop = (kind: MessageKind, goesTo: string): Move =>
  act((world) => {
    const message = world.messages.find((one) => one.kind === kind && one.to.startsWith(goesTo));
    return message && { do: 'drop', message: message.id };
  });

// Where.

const at =
  (selector: string): Ring =>
  () =>
    selector;

export const ringed =
  (who: Who): Ring =>
  (world) => {
    const node = who(world);
    return node && `[data-node="${node.id}"]`;
  };

export const logOf =
  (who: Who): Ring =>
  (world) => {
    const node = who(world);
    return node && `[data-log="${node.id}"]`;
  };

export const message =
  (...kinds: readonly MessageKind[]): Ring =>
  (world) => {
    const one = world.messages.find((known) => kinds.includes(known.kind));
    return one && `[data-message="${one.id}"]`;
  };

export const PLAY: Ring = (world) => (world.playing ? undefined : '[aria-label="Time"] .play');
export const BACK = at('[aria-label="Step back"]');
export const CLIENT = at('[aria-label="Clients"]');
export const LOGS = at('[aria-label="Logs side by side"]');
export const RULES = at('[aria-label="Rules"]');
export const MODEL = at('[data-model]');
export const HEAL = at('[data-tool="heal"]');
export const PARTITION = at('[data-tool="partition"]');

/** Everything that has happened since, of one kind. */
export const events = (sight: Sight, kind: string): number =>
  sight.since.filter((event) => event.kind === kind).length;
