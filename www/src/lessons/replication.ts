/** A write on its way: leader's log, appends, disks, majority, answer. */
import {
  act,
  all,
  CLIENT,
  count,
  follower,
  happened,
  inFlight,
  LOGS,
  leader,
  logOf,
  message,
  PLAY,
  put,
  so,
  to,
  unsynced,
  written,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'replication',
  title: 'The way of a write',
  opening: { scenario: 'lesson-three', at: 400_000 },
  steps: [
    {
      title: 'A client asks',
      text: [
        'A leader is elected, and `c1` is a client. In the panel **Client**, put the key `fruit` with a value of your choice, and press Send. The request is on its way when time runs.',
        'Only the leader takes writes. Asked first, any other server says who leads.',
      ],
      source: 'Raft paper, section 8',
      goals: [
        {
          says: 'Send a put',
          when: happened('asks'),
          show: [put(1, 'fruit', 'pear')],
          ring: [CLIENT],
        },
        {
          says: 'The leader takes an entry into its log',
          when: so(leader, (node) => node.last > node.commit),
          ring: [PLAY],
        },
      ],
      hint: 'After Send, press Play.',
    },
    {
      title: 'Nothing is promised yet',
      text: [
        'In the logs below, a dashed cell is an entry that its server does not know to be **committed**; a hatched one is not even on that server’s disk. (A client’s first entry opens its session. The write follows; watch either.)',
        'The leader writes to its own disk and sends the entry to both followers at the same time. That message is called **append**.',
      ],
      source: 'Raft paper, section 5.3; dissertation, section 10.2.1',
      goals: [
        {
          says: 'An append is on its way',
          when: inFlight('append'),
          ring: [message('append'), LOGS],
        },
        {
          says: 'A follower holds the entry, but not on disk',
          when: so(unsynced),
          ring: [PLAY],
        },
      ],
    },
    {
      title: 'Disk first, then the word',
      text: [
        'Look at the hatched cell. If that server lost power now, the entry would be gone. So it keeps silent until its disk has told it that the bytes are **durable**. Then it acknowledges.',
        'Choose the append’s answer when it flies, if you like to read it.',
      ],
      source: 'Raft paper, figure 2',
      goals: [
        {
          says: 'An acknowledgement is on its way',
          when: inFlight('appendResponse'),
          ring: [logOf(unsynced), PLAY],
        },
      ],
    },
    {
      title: 'Committed',
      text: [
        'The leader counts who holds the entry durably. With two of three, any future majority contains one who knows it, so it can never be lost: it is **committed**. The leader applies it to its cache, and only now answers the client.',
      ],
      source: 'Raft paper, sections 5.3 and 5.4',
      goals: [
        { says: 'The leader commits', when: happened('committed'), ring: [PLAY] },
        { says: 'The client is told that its write is done', when: written, ring: [PLAY] },
      ],
      speed: 1 / 40,
    },
    {
      title: 'Word gets around',
      text: [
        'The followers hold the entry, but do not know yet that it is committed. The **commit index** travels with the next append or heartbeat. Then they apply the entry as well, and all three caches are equal.',
      ],
      source: 'Raft paper, section 5.3',
      goals: [
        {
          says: 'All three know all of it to be committed',
          when: count(3, (node, world) => {
            const last = leader(world)?.last ?? -1;
            return node.commit === last && node.applied === last;
          }),
          ring: [PLAY],
        },
      ],
    },
    {
      title: 'Challenge: two are enough',
      text: [
        'Have a write acknowledged that **one server has never received**, and does not have when the client is told.',
      ],
      goals: [
        {
          says: 'A write is acknowledged, and a running server lacks it',
          when: all(written, (sight) =>
            sight.nodes.some(
              (node) => node.status === 'up' && node.last < (leader(sight)?.commit ?? 0),
            ),
          ),
          show: [
            to(follower, 'isolate'),
            act(() => ({ do: 'put', client: 1, key: 'fruit', value: 'plum' })),
          ],
          ring: [CLIENT],
        },
      ],
      hint: 'The leader waits for one acknowledgement, not for both. Choose a follower, press I to isolate it, and send another put.',
    },
  ],
  close:
    'A write is safe once a majority has it on disk, and is acknowledged not a moment earlier. Slow or missing servers catch up later: the next lessons show how.',
};
