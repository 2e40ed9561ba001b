/** Sessions and numbers: a request that is sent twice is done once. */
import {
  all,
  ask,
  CLIENT,
  drop,
  found,
  happened,
  leader,
  leaderChanged,
  message,
  PLAY,
  ringed,
  to,
  watch,
} from './conditions';
import type { Lesson, Move, World } from './lesson';

const increment: Move = ask(1, { do: 'increment', key: 'visits' });
const answering = (world: World): boolean =>
  world.messages.some((one) => one.kind === 'response' && one.to === 'c1');

export const lesson: Lesson = {
  id: 'exactly-once',
  title: 'Once, however often',
  opening: { scenario: 'lesson-three', at: 500_000 },
  steps: [
    {
      title: 'A counter',
      text: [
        'Let `c1` **increment** the key `visits` (choose the operation in the Client panel). Before its first write the client opens a **session**; from then on each write has a number in it.',
      ],
      source: 'Raft dissertation, section 6.3',
      goals: [
        {
          says: 'The counter stands at 1',
          when: happened('answered', undefined, /it is 1 now/),
          show: [increment],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'The answer is lost',
      text: [
        'Increment again. The leader does it: the counter is 2 on a majority. Now take the **answer** off the network, before it reaches the client: pause when it flies, choose it, and press Drop.',
      ],
      goals: [
        {
          says: 'The answer is on its way to c1',
          when: answering,
          show: [increment, watch(answering)],
          ring: [CLIENT],
        },
        {
          says: 'Drop it',
          when: happened('dropped'),
          show: [drop('response', 'c1')],
          ring: [message('response')],
        },
      ],
      hint: 'Too late? Increment again and step with → until the answer flies from the leader to c1.',
      speed: 1 / 50,
    },
    {
      title: 'Ask again',
      text: [
        'The client heard nothing. It cannot know whether the increment was done, and does what clients must: it **sends it again**, after half a second, under the same number.',
        'The request enters the log a second time. But whoever applies it finds the number among the answers that the session remembers, changes nothing, and gives **the first answer again**.',
      ],
      source: 'Raft paper, section 8',
      goals: [
        { says: 'The client sends it again', when: happened('retries'), ring: [PLAY] },
        { says: 'A server recognises it', when: happened('duplicate'), ring: [PLAY] },
        {
          says: 'The client gets its answer',
          when: happened('answered', undefined, /it is \d+ now/),
          ring: [PLAY],
        },
      ],
      speed: 1 / 10,
    },
    {
      title: 'Count',
      text: [
        'Read `visits` (Get). You have asked for an increment twice, the network has carried it three times.',
      ],
      goals: [
        {
          says: 'A read tells the count',
          when: found,
          show: [ask(1, { do: 'get', key: 'visits' })],
          ring: [CLIENT],
        },
        {
          asks: 'Without sessions, what would it be?',
          choices: [
            {
              text: 'One less',
              right: false,
              because: 'Nothing was lost but an answer.',
            },
            {
              text: 'One more: done twice',
              right: true,
              because: 'The log holds the increment twice; only the session tells that it is one.',
            },
            {
              text: 'The same',
              right: false,
              because: 'The repeated request is an entry of the log like any other.',
            },
          ],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'Challenge: a witness who was not there',
      text: [
        'Have a repeated request recognised by **another leader** than the one that did it first. The memory of a session is replicated, like everything else.',
      ],
      goals: [
        {
          says: 'A new leader meets the request again, and does nothing',
          when: all(leaderChanged, happened('duplicate', leader)),
          show: [increment, watch(answering), drop('response', 'c1'), to(leader, 'crash')],
          ring: [ringed(leader), message('response')],
        },
        {
          says: 'The client gets its answer',
          when: happened('answered', undefined, /it is \d+ now/),
          ring: [PLAY],
        },
      ],
      hint: 'Increment, drop the answer, and crash the leader before the client asks again.',
      speed: 1 / 20,
    },
  ],
  close:
    'Networks deliver at least once or at most once. Exactly once is made at the end: a session, a number, and answers that are remembered in the replicated state, snapshots included.',
};
