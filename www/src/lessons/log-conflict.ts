/** Logs that disagree: figures 7 and 8 of the Raft paper. */
import {
  allEqual,
  CLIENT,
  conflict,
  cutOff,
  electedAnew,
  fallen,
  happened,
  heal,
  LOGS,
  leader,
  logOf,
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
  id: 'log-conflict',
  title: 'Logs that disagree',
  opening: { scenario: 'lesson-patient-clients', at: 400_000 },
  steps: [
    {
      title: 'A leader talks to itself',
      text: ['Isolate the leader: choose it and press I. Leave time where it is.'],
      goals: [
        {
          says: 'The leader is cut off',
          when: so(cutOff, (node) => node.role === 'leader'),
          show: [to(leader, 'isolate')],
          ring: [ringed(leader)],
        },
      ],
    },
    {
      title: 'Entries that go nowhere',
      text: [
        'Client `c1` knows nothing of it, and still reaches the leader. Let it put a key, then play. The leader takes an entry into its log, sends it into the void, and can never commit it.',
      ],
      goals: [
        {
          says: 'The cut-off leader holds an entry that is not committed',
          when: so(cutOff, (node) => node.last > node.commit),
          show: [put(1, 'boat', 'one')],
          ring: [CLIENT, logOf(cutOff)],
        },
      ],
      hint: 'If it has stepped down meanwhile, restart the lesson: it leads alone for 300 ms at most.',
    },
    {
      title: 'The same place, another term',
      text: [
        'The others elect a leader in a newer term. Its first entry takes the **same index** as the one that nobody else has seen. Now two logs contradict each other: look for two colours in one column.',
        'Figure 7 of the paper shows all ways in which logs can differ: entries that miss, entries too many, or both.',
      ],
      source: 'Raft paper, section 5.3 and figure 7',
      goals: [
        { says: 'There is a new leader', when: electedAnew, ring: [PLAY] },
        { says: 'Two logs hold different terms at one index', when: conflict, ring: [LOGS] },
        {
          says: 'A write of c2 is acknowledged by the new leader',
          when: written,
          show: [put(2, 'boat', 'two')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'One of them gives way',
      text: [
        'Heal the network (H) and watch. The old leader finds a newer term and follows. The append that it gets names a previous entry that it does not have, so it **rejects**; the leader goes back until they agree; from there on the follower’s entries are removed.',
        'A leader never removes anything from its **own** log.',
      ],
      source: 'Raft paper, section 5.3',
      goals: [
        { says: 'The network is whole', when: (sight) => sight.cuts.length === 0, show: [heal] },
        { says: 'Conflicting entries are removed', when: happened('truncated'), ring: [LOGS] },
        { says: 'All three logs are equal', when: allEqual, ring: [PLAY] },
      ],
      speed: 1 / 40,
    },
    {
      title: 'Figure 8: a majority is not enough',
      text: [
        'Another cluster of five, led to the scene of **figure 8**: an entry of an old term was left on two servers; its leader has come back, leads a newer term, and now copies that old entry to others.',
        'Soon a majority holds it. Is it committed then?',
      ],
      source: 'Raft paper, section 5.4.2 and figure 8',
      open: { scenario: 'figure-8', at: 1_611_000 },
      goals: [
        {
          says: 'A majority holds the old entry',
          when: happened('commit-withheld'),
          ring: [LOGS, PLAY],
        },
        {
          asks: 'The leader does not commit it. Why not?',
          choices: [
            {
              text: 'A majority has it in memory only',
              right: false,
              because: 'Followers acknowledge only what is on their disks.',
            },
            {
              text: 'Someone with a newer last term could still be elected and overwrite it',
              right: true,
              because:
                'One of the servers that are down holds an entry of a term in between. Its log counts as newer, so it could win, and this entry would go.',
            },
            {
              text: 'It was never asked for by a client',
              right: false,
              because: 'Who asked for an entry does not matter for committing it.',
            },
          ],
        },
      ],
      speed: 1 / 80,
    },
    {
      title: 'Challenge: overwrite what a majority held',
      text: [
        'Prove it, at this very moment: bring about that the entry which a majority holds **is removed** from a log. The leader must vanish before its own entry, already on its way, spreads; and the server with the newer last term must lead.',
      ],
      source: 'Raft paper, figure 8 (d)',
      goals: [
        {
          says: 'Entries that a majority held are removed',
          when: happened('truncated'),
          show: [to(leader, 'isolate'), restart, wait(electedAnew)],
          ring: [ringed(leader), ringed(fallen)],
        },
      ],
      hint: 'Isolate the leader now (I): that takes what is on its way, too. Then start server 5, which is down: of those that can reach each other it holds the newest term. If you come too late, step back with ←.',
      speed: 1 / 20,
    },
  ],
  close:
    'Only entries of the leader’s own term are committed by counting; what is older is committed with them. So what is committed is in the log of every later leader, and conflicts only ever cost what was promised to nobody.',
};
