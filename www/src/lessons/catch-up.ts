/** A follower crashes, comes back, and catches up: memory and disk. */
import {
  allEqual,
  behind,
  CLIENT,
  chosen,
  committedMore,
  fallen,
  follower,
  happened,
  LOGS,
  logOf,
  PLAY,
  put,
  restart,
  ringed,
  so,
  to,
  unsynced,
  wait,
  watch,
  written,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'catch-up',
  title: 'A follower comes back',
  opening: { scenario: 'lesson-three', at: 400_000 },
  steps: [
    {
      title: 'Write something, then pull a plug',
      text: [
        'Put a key through the Client panel and let it be acknowledged, so that there is something to remember. Then **crash a follower**: choose it and press C.',
      ],
      goals: [
        {
          says: 'A write is acknowledged',
          when: written,
          show: [put(1, 'a', '1')],
          ring: [CLIENT],
        },
        {
          says: 'A follower is down',
          when: so(fallen),
          show: [to(follower, 'crash')],
          ring: [ringed(follower)],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'What is gone, what is not',
      text: [
        'Its memory is gone: the role, the timer, the commit index, the whole cache. Its **disk** still holds three things: the term, the vote it gave, and the log.',
        'The others are still two of three. Write at least two more keys without it.',
      ],
      source: 'Raft paper, figure 2',
      goals: [
        {
          says: 'Two more entries are committed',
          when: committedMore(2),
          show: [put(1, 'b', '2'), put(1, 'c', '3')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'Recovery',
      text: [
        'Start it again with C. It reads its disk, and goes on as a follower **in the term that it remembers**: a server that forgot its vote could vote twice, and two leaders could be elected in one term.',
        'Choose it and open the tab **Recovery** to read what it found.',
      ],
      source: 'Raft paper, section 5.2 and figure 2',
      goals: [
        {
          says: 'It runs again',
          when: happened('restarted'),
          show: [restart],
          ring: [ringed(fallen)],
        },
        {
          says: 'Choose it',
          when: chosen(behind),
          show: [{ choose: behind }],
          ring: [ringed(behind)],
        },
      ],
    },
    {
      title: 'Catching up',
      text: [
        'Its log is shorter than the leader’s. The leader knows for each follower which entry to send next. Every append names the entry **before** the new ones; the follower takes them only if it holds that one too. So agreement at one place means agreement on everything before it.',
      ],
      source: 'Raft paper, section 5.3',
      goals: [
        {
          says: 'All three logs and caches are equal',
          when: allEqual,
          ring: [logOf(behind), PLAY],
        },
      ],
    },
    {
      title: 'Challenge: lose what was never promised',
      text: [
        'Crash a server so that its **disk loses bytes**: it holds an entry that it has not made durable yet. Nobody may miss anything afterwards.',
      ],
      goals: [
        {
          says: 'A crash takes bytes that were not synced',
          when: happened('crashed', undefined, /loses \d+ bytes/),
          show: [put(1, 'd', '4'), watch(so(unsynced)), to(unsynced, 'crash')],
          ring: [LOGS],
        },
        {
          says: 'It is back, and all three are equal',
          when: allEqual,
          show: [wait(written), restart],
          ring: [ringed(fallen)],
        },
      ],
      hint: 'Put a key, then step with → until a cell in the log of a server is hatched. That is the moment.',
    },
  ],
  close:
    'A crash takes memory and whatever the disk had not yet confirmed. That is harmless, because a server acknowledges nothing before it is durable, and the leader sends again what is missing.',
};
