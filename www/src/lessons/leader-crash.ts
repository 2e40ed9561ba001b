/** The leader crashes: another one, clients that find it, an old one that follows. */
import {
  allEqual,
  CLIENT,
  electedAnew,
  fallen,
  happened,
  leader,
  leaderGone,
  leadersAtOnce,
  PLAY,
  put,
  restart,
  ringed,
  so,
  to,
  wait,
  written,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'leader-crash',
  title: 'The leader is gone',
  opening: { scenario: 'lesson-three', at: 400_000 },
  steps: [
    {
      title: 'A promise',
      text: [
        'Put a key and wait for the answer. From then on the cluster has **promised** that this write is never lost, whatever becomes of the leader that made the promise.',
      ],
      goals: [
        {
          says: 'A write is acknowledged',
          when: written,
          show: [put(1, 'tea', 'green')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'Pull the plug',
      text: ['Now crash the leader: choose the server under the crown and press C.'],
      goals: [
        {
          says: 'The leader is down',
          when: leaderGone,
          show: [to(leader, 'crash')],
          ring: [ringed(leader)],
        },
      ],
    },
    {
      title: 'Who may follow it',
      text: [
        'No heartbeat winds the timers up any more. The first that runs out makes its server stand for election.',
        'Nobody votes for a candidate whose log **ends earlier than its own**: the later last term wins, then the longer log. Every majority holds one that knows all promises, so whoever wins knows them too.',
      ],
      source: 'Raft paper, section 5.4.1',
      goals: [{ says: 'Another leader is elected', when: electedAnew, ring: [PLAY] }],
      speed: 1 / 30,
    },
    {
      title: 'Clients find it',
      text: [
        'The client still believes in the dead leader. Let it ask for another write: it hears nothing, turns to another server, and is told who leads now.',
      ],
      source: 'Raft paper, section 8',
      goals: [
        {
          says: 'The client tries another server',
          when: happened('retries'),
          show: [put(1, 'tea', 'black')],
          ring: [CLIENT],
        },
        { says: 'Its write is acknowledged by the new leader', when: written, ring: [PLAY] },
      ],
      speed: 1 / 20,
    },
    {
      title: 'The old leader returns',
      text: [
        'Restart it. It wakes up as a follower, in the term that it remembers, hears of a **higher term**, and follows. Crowns are not inherited.',
      ],
      source: 'Raft paper, section 5.1',
      goals: [
        {
          says: 'It runs again',
          when: happened('restarted'),
          show: [restart],
          ring: [ringed(fallen)],
        },
        { says: 'All three are equal', when: allEqual, ring: [PLAY] },
      ],
      speed: 1 / 30,
    },
    {
      title: 'Challenge: two crowns',
      text: [
        'Make **two leaders exist at the same time**, in different terms. This breaks no rule: Raft promises one leader for each term, not one at a time.',
      ],
      source: 'Raft paper, section 5.2',
      goals: [
        {
          says: 'Two servers lead at once, each its own term',
          when: leadersAtOnce(2),
          show: [wait(so(leader)), to(leader, 'isolate')],
          ring: [ringed(leader)],
        },
      ],
      hint: 'A leader that crashes knows that it leads no more. One that is merely cut off (I) does not, for up to 300 ms.',
      speed: 1 / 40,
    },
  ],
  close:
    'A new leader is never behind on what was promised, because nobody votes for one that is. A leader of an older term can linger for a while, but it can commit nothing: its majority is gone.',
};
