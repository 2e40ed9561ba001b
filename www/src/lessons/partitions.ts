/** Partitions: a leader in the minority, and a cluster in pieces. */
import {
  act,
  allBack,
  allEqual,
  CLIENT,
  electedAnew,
  found,
  happened,
  heal,
  leader,
  not,
  PARTITION,
  PLAY,
  put,
  ringed,
  written,
} from './conditions';
import type { Condition, Lesson, World } from './lesson';

/** Which servers can exchange messages, directly or by others, in both directions. */
function groups(world: World): number[][] {
  const cut = (one: number, other: number): boolean =>
    world.cuts.some(
      (known) =>
        (known.from === one && known.to === other) || (known.from === other && known.to === one),
    );
  const found: number[][] = [];
  for (const { id } of world.nodes) {
    const near = found.filter((group) => group.some((other) => !cut(id, other)));
    const merged = [id, ...near.flat()];
    found.splice(0, found.length, ...found.filter((group) => !near.includes(group)), merged);
  }
  return found;
}

/** Whoever leads is on the side of two. */
const leaderInMinority: Condition = (world) => {
  const old = leader(world.before)?.id ?? 0;
  const sides = groups(world);
  return sides.length === 2 && sides.some((side) => side.length === 2 && side.includes(old));
};

const inPieces: Condition = (world) => {
  const sides = groups(world);
  return sides.length >= 3 && sides.every((side) => side.length <= 2);
};

export const lesson: Lesson = {
  id: 'partitions',
  title: 'A leader in the minority',
  opening: { scenario: 'lesson-five', at: 600_000 },
  steps: [
    {
      title: 'A value to fight about',
      text: [
        'Put the key `colour` with the value `red`, and wait until it is acknowledged. All five servers will hold it in a moment.',
      ],
      goals: [
        {
          says: 'A write is acknowledged',
          when: written,
          show: [put(1, 'colour', 'red')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Cut the network in two',
      text: [
        'Cut the cluster so that **the leader and one more** are on one side, and the other three on the other. Use **Partition** at the drawing.',
        'Both sides live on. Nobody crashed, and nobody can tell a cut from a crash.',
      ],
      goals: [
        {
          says: 'The leader is on the side of two',
          when: leaderInMinority,
          show: [
            act((world) => {
              const first = leader(world)?.id ?? 1;
              const rest = world.nodes.map((node) => node.id).filter((id) => id !== first);
              return { do: 'partition', groups: [[first, ...rest.slice(0, 1)], rest.slice(1)] };
            }),
          ],
          ring: [ringed(leader), PARTITION],
        },
      ],
    },
    {
      title: 'The larger side goes on',
      text: [
        'Three of five are a majority: they elect a leader of their own. Let `c3` put `colour` = `blue` there (a client that asks on the wrong side finds the right one in time).',
        'Look for two crowns while you wait. The old one may linger, but a majority stands behind the new one only.',
      ],
      source: 'Raft paper, section 5.2',
      goals: [
        { says: 'The larger side has a leader', when: electedAnew, ring: [PLAY] },
        {
          says: 'A write is acknowledged there',
          when: written,
          show: [put(3, 'colour', 'blue')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'The smaller side says nothing',
      text: [
        'A server of the smaller side still has `red`. Ask the former leader for `colour` (Get, and name that server): if it answered, it would tell something old as if it were true.',
        'It must first hear from a majority that it still leads. It cannot, so there is **no answer** rather than a stale one.',
      ],
      source: 'Raft dissertation, section 6.4',
      goals: [
        {
          says: 'Ask a server of the smaller side',
          when: happened('asks', undefined, /get|read/i),
          show: [
            act((world) => {
              const side = groups(world).find((one) => one.length === 2);
              const node = side?.[0];
              return node === undefined ? undefined : { do: 'get', client: 1, key: 'colour', node };
            }),
          ],
          ring: [CLIENT],
        },
        {
          says: 'For 300 ms there is no answer',
          when: (sight) => sight.time > sight.before.time + 300_000 && not(found)(sight),
          ring: [PLAY],
        },
      ],
      speed: 1 / 10,
    },
    {
      title: 'One cluster again',
      text: [
        'Heal the network (H). Whoever led an older term hears of the newer one and follows; entries that the smaller side could not commit give way. The read that waited gets its answer: `blue`.',
      ],
      source: 'Raft paper, sections 5.1 and 5.3',
      goals: [
        { says: 'The network is whole', when: allBack, show: [heal] },
        { says: 'The read is answered', when: found, ring: [PLAY] },
        { says: 'All five are equal', when: allEqual, ring: [PLAY] },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: nobody can lead',
      text: [
        'All five servers shall run, and **nobody be able to lead**. How must the network be cut?',
      ],
      goals: [
        {
          says: 'All run, and no group can elect a leader',
          when: (sight) => sight.nodes.every((node) => node.status === 'up') && inPieces(sight),
          show: [
            act((world) => {
              const [a = 1, b = 2, c = 3, d = 4, e = 5] = world.nodes.map((node) => node.id);
              return { do: 'partition', groups: [[a, b], [c, d], [e]] };
            }),
          ],
          ring: [PARTITION],
        },
        {
          says: 'Nobody leads any more',
          when: (sight) => inPieces(sight) && leader(sight) === undefined,
          ring: [PLAY],
        },
      ],
      hint: 'Three servers make a majority, so no piece may have three. Cut more than once: each cut adds to those before.',
      speed: 1 / 10,
    },
  ],
  close:
    'A partition never makes two truths: only one side can have a majority, and the other one stays silent. Systems that answer on both sides have to explain later which answer was meant.',
};
