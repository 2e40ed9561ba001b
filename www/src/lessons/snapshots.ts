/** Compaction: snapshots, and a follower for which the log is too short. */
import type { NodeView } from '../core/core';
import {
  act,
  allEqual,
  CLIENT,
  fallen,
  follower,
  happened,
  LOGS,
  leader,
  logOf,
  PLAY,
  restart,
  ringed,
  so,
  to,
  wait,
  watch,
} from './conditions';
import type { Lesson, Move, Who, World } from './lesson';

/** So many writes, one after the other. */
const write = (many: number): Move =>
  act(() => ({
    do: 'workload',
    client: 2,
    for: `${many * 20}ms`,
    rate: 50,
    keys: 400,
    distribution: 'uniform',
    reads_percent: 0,
  }));

/** A server that has begun to receive a snapshot and is not done. */
const receiver: Who = (world) => {
  const part = leader(world)?.progress.find(
    (known) => known.state === 'snapshot' && (known.snapshot?.acknowledged ?? 0) > 0,
  );
  return world.nodes.find((node) => node.id === part?.node && node.status === 'up');
};

/** The leader no longer holds the entry that a server which is down needs next. */
const compactedBeyond = (node: NodeView, world: World): boolean => {
  const away = fallen(world);
  const known = node.progress.find((progress) => progress.node === away?.id);
  return known !== undefined && node.first > known.matched + 1;
};

export const lesson: Lesson = {
  id: 'snapshots',
  title: 'Too far behind for the log',
  opening: { scenario: 'lesson-compaction', at: 450_000 },
  steps: [
    {
      title: 'Logs cannot grow for ever',
      text: [
        'In this cluster a server takes a **snapshot** of its cache every twenty entries and drops the entries that it covers, except four. Let the client write for a while (twelve writes come by themselves), or choose a server and press S to take one at once.',
      ],
      source: 'Raft paper, section 7',
      goals: [
        {
          says: 'A server drops entries from its log',
          when: happened('compacted'),
          show: [write(24)],
          ring: [LOGS],
        },
      ],
      hint: 'Play: it needs twenty entries. A workload from the Client panel makes them quickly.',
      speed: 1 / 10,
    },
    {
      title: 'Someone is away',
      text: [
        'The ▪ cells are in the snapshot only. Now crash a follower, and have some thirty more keys written without it: use **Workload** in the Client panel, or Show me.',
        'Watch the first entry that the leader still holds move on, past the last one that the crashed server has.',
      ],
      goals: [
        {
          says: 'A follower is down',
          when: so(fallen),
          show: [to(follower, 'crash')],
          ring: [ringed(follower)],
        },
        {
          says: 'The leader’s log begins behind what the crashed server holds',
          when: so(leader, compactedBeyond),
          show: [write(40)],
          ring: [CLIENT, logOf(leader)],
        },
      ],
      speed: 1 / 10,
    },
    {
      title: 'No entry to go on from',
      text: [
        'Start it again (C). The leader looks for the entry that it needs next and no longer has it. So it sends what the entries amounted to: the **snapshot**, in pieces, each with its offset and the checksum of the whole.',
      ],
      source: 'Raft paper, section 7 and figure 13',
      goals: [
        {
          says: 'The server runs again',
          when: happened('restarted'),
          show: [restart],
          ring: [ringed(fallen)],
        },
        { says: 'The leader sends its snapshot', when: happened('snapshot-sent'), ring: [PLAY] },
      ],
      speed: 1 / 40,
    },
    {
      title: 'Piece by piece',
      text: [
        'The pieces are acknowledged one by one; the line below the logs shows how far it is. Only when the snapshot is whole, its checksum fits and its file is **durable** does it take the place of log and cache. Until then the old state stays.',
      ],
      goals: [
        {
          says: 'The snapshot is installed',
          when: happened('snapshot-installed'),
          ring: [ringed(receiver), PLAY],
        },
        { says: 'The log takes over again, and all three are equal', when: allEqual, ring: [PLAY] },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: half a snapshot',
      text: [
        'Crash a server **while it receives a snapshot**, when a part of it has arrived. Then bring it back and have it end up equal all the same.',
      ],
      goals: [
        {
          says: 'A server crashes with half a snapshot',
          when: (sight) => {
            const was = receiver(sight.before);
            const half = sight.since.some((event) => event.kind === 'snapshot-received');
            const whole = sight.since.some((event) => event.kind === 'snapshot-installed');
            const down = fallen(sight);
            return (
              down !== undefined && ((was !== undefined && was.id === down.id) || half) && !whole
            );
          },
          show: [
            to(follower, 'crash'),
            write(40),
            wait(so(leader, compactedBeyond)),
            restart,
            watch(so(receiver)),
            to(receiver, 'crash'),
          ],
          ring: [ringed(receiver)],
        },
        {
          says: 'It is back, and all three are equal',
          when: allEqual,
          show: [restart],
          ring: [ringed(fallen)],
        },
      ],
      hint: 'As before: crash a follower, write thirty keys or more, restart it. When pieces fly, step with → and crash it again.',
      speed: 1 / 20,
    },
  ],
  close:
    'A snapshot stands for a prefix of the log that is committed. It bounds the log, and brings up anybody, however far behind. It must be whole and durable before the log that it replaces may go.',
};
