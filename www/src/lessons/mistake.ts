/** Something is wrong with this cluster: find the moment, the rule and the mistake. */
import {
  act,
  any,
  broken,
  CLIENT,
  cutOff,
  deposed,
  found,
  leader,
  PLAY,
  put,
  RULES,
  ringed,
  so,
  to,
  written,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'mistake',
  title: 'Find the mistake',
  opening: { scenario: 'lesson-something-is-wrong', at: 600_000 },
  steps: [
    {
      title: 'All is well',
      text: [
        'These three servers look like any others, and pass every test that somebody made on a quiet afternoon. Put `door` = `open` and read it back (by quorum).',
      ],
      goals: [
        {
          says: 'A write is acknowledged',
          when: written,
          show: [put(1, 'door', 'open')],
          ring: [CLIENT],
        },
        {
          says: 'A read finds it',
          when: found,
          show: [act(() => ({ do: 'get', client: 1, key: 'door' }))],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'A bad moment',
      text: [
        'One of Raft’s rules is not kept here. Most rules matter only when something goes wrong; so make something go wrong. Isolate the leader, and wait for **two crowns**.',
      ],
      goals: [
        {
          says: 'The leader is cut off',
          when: so(cutOff, (node) => node.role === 'leader'),
          show: [to(leader, 'isolate')],
          ring: [ringed(leader)],
        },
        { says: 'Two servers lead, in two terms', when: so(deposed), ring: [PLAY] },
      ],
      speed: 1 / 50,
    },
    {
      title: 'A new truth',
      text: [
        'The new leader can commit. Let `c2` put `door` = `closed`, and wait until it is told so. From that moment on nobody may read `open` any more.',
      ],
      goals: [
        {
          says: 'A second value is acknowledged',
          when: written,
          show: [put(2, 'door', 'closed')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 50,
    },
    {
      title: 'Challenge: a stale read, and the rule',
      text: [
        'Get a **stale read** out of this cluster: make `c1` read the old value, by quorum. Then say which rule it is that these servers do not keep.',
      ],
      source: 'Raft dissertation, section 6.4',
      goals: [
        {
          says: 'A read is stale, and the page says so',
          when: any(broken('Reads are fresh'), broken('Linearizable')),
          show: [
            act((world) => {
              const node = deposed(world) ?? cutOff(world);
              return node && { do: 'get', client: 1, key: 'door', node: node.id };
            }),
          ],
          ring: [RULES, ringed(deposed)],
        },
        {
          asks: 'Which mistake do these servers make?',
          choices: [
            {
              text: 'They vote twice in a term',
              right: (sight) => sight.violations.some((one) => one.rule === 'One vote per term'),
              because: 'Then two leaders could share a term. You saw two terms.',
            },
            {
              text: 'They commit entries of older terms by counting',
              right: (sight) => sight.violations.some((one) => one.rule === 'State Machine Safety'),
              because: 'Then committed entries could be lost. None was: the new value is there.',
            },
            {
              text: 'A leader answers reads without asking whether it still leads',
              right: (sight) => sight.violations.some((one) => one.rule === 'Reads are fresh'),
              because:
                'A leader may have been replaced without knowing. Before it answers, a majority has to confirm that it was not.',
            },
            {
              text: 'They acknowledge before the disk has confirmed',
              right: (sight) =>
                sight.violations.some((one) => one.rule === 'Acknowledged is committed'),
              because: 'No server crashed, so no disk has lost anything.',
            },
          ],
        },
      ],
      hint: 'Who still believes in the old value? Ask that server, while it still believes that it leads: for 300 ms at most after it was cut off.',
      speed: 1 / 50,
    },
  ],
  close:
    'Two crowns are no mistake, and neither is an old value on an old leader: answering from it is. Every rule of Raft looks superfluous until the moment for which it was made.',
};
