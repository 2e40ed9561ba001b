/** The case that started the project: a snapshot of another life of the cluster. */
import {
  act,
  CLIENT,
  chosen,
  happened,
  leader,
  PLAY,
  put,
  RULES,
  restart,
  ringed,
  server,
  so,
  to,
  wait,
  written,
} from './conditions';
import type { Lesson, Who } from './lesson';

const third = server(3);
/** A voter that goes on under another incarnation. */
const reborn: Who = (world) =>
  world.nodes.find(
    (node) => node.status === 'up' && node.incarnation > 1 && node.standing === 'voter',
  );

export const lesson: Lesson = {
  id: 'another-life',
  title: 'A snapshot of another life',
  opening: { scenario: 'another-life-believed', at: 8_450_000 },
  steps: [
    {
      title: 'Index 1119',
      text: [
        'This happened to somebody, and it is why this project exists. Server 3 has taken a snapshot that covers **1119 entries**. Now it is switched off.',
        'The cluster here makes an old mistake on purpose. See whether you notice it before it tells.',
      ],
      goals: [
        {
          says: 'Choose server 3',
          when: chosen(third),
          show: [{ choose: third }],
          ring: [ringed(third)],
        },
        { says: 'Its power goes', when: happened('crashed', third), ring: [PLAY] },
      ],
      speed: 1 / 50,
    },
    {
      title: 'A new beginning',
      text: [
        'While it is off, an operator wipes the other two and begins the cluster anew, for a good reason. Clients write other keys. The log of the new life grows to **287**.',
      ],
      goals: [
        { says: 'The cluster is begun anew', when: happened('recreated'), ring: [PLAY] },
        {
          says: 'Its log stands at 287',
          when: so(leader, (node) => node.commit >= 287),
          ring: [PLAY],
        },
      ],
      speed: 1 / 2,
    },
    {
      title: 'The old disk returns',
      text: [
        'Server 3 is switched on again, with its old disk. It finds a snapshot, takes it for its state, and thinks that it has **applied index 1119**.',
        'What the new cluster commits, at 288 and on, it skips: “applied long ago”.',
      ],
      goals: [
        { says: 'Server 3 runs again', when: happened('restarted', third), ring: [PLAY] },
        {
          says: 'It has applied more than is committed anywhere',
          when: so(third, (node) => node.status === 'up' && node.applied > node.commit),
          ring: [ringed(third), RULES],
        },
      ],
      speed: 1 / 5,
    },
    {
      title: 'Nobody notices',
      text: [
        'It follows, acknowledges, votes; no log shows an error. But ask **server 3** for the key `new-1-1`, which the other two have: in the Client panel choose Get, the key, and n3.',
      ],
      goals: [
        {
          says: 'Server 3 answers that there is no such value',
          when: happened('answered', undefined, /no value at index/),
          show: [act(() => ({ do: 'get', client: 2, key: 'new-1-1', node: 3 }))],
          ring: [CLIENT],
        },
        {
          says: 'Its alert “applying stands still” is raised',
          when: so(third, (node) => node.alerts.some((alert) => alert.name === 'apply-stalled')),
          ring: [ringed(third)],
        },
        {
          asks: 'What should it have noticed when it started?',
          choices: [
            {
              text: 'The snapshot’s checksum does not fit',
              right: false,
              because: 'It fits: the snapshot is intact, byte for byte.',
            },
            {
              text: 'The snapshot belongs to another life of the cluster',
              right: true,
              because:
                'Index and term are counted anew in each life, so they say nothing. Every file must name the cluster that it is of.',
            },
            {
              text: 'Index 1119 is too large',
              right: false,
              because: 'A server that comes back cannot know how far its cluster is.',
            },
          ],
        },
      ],
      speed: 1 / 5,
    },
    {
      title: 'The same, without the mistake',
      text: [
        'The same story, now with Flotilla’s own rules. Every segment, snapshot and message bears the **identity of the cluster’s life**. What is foreign is set aside, nothing is deleted, and the server goes on as a new **incarnation** without a vote: it may have promised something that it no longer knows.',
      ],
      source: 'ARCHITECTURE, the cases of recovery',
      open: { scenario: 'another-life', at: 12_450_000 },
      goals: [
        {
          says: 'It sets the foreign data aside',
          when: happened('set-aside', third),
          ring: [ringed(third), PLAY],
        },
        {
          says: 'It is brought up to date and gets its seat back',
          when: so(third, (node) => node.standing === 'voter' && node.incarnation > 1),
          ring: [ringed(third), PLAY],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: by your own hand',
      text: [
        'Bring it about yourself: a server with data of another life, that sets them aside and **earns its seat again**. Crash a server, begin the cluster anew without it (tab **Disk** of that server), and let it return.',
      ],
      open: { scenario: 'lesson-three', at: 600_000 },
      goals: [
        {
          says: 'The cluster is begun anew while a server is off',
          when: happened('recreated'),
          show: [
            put(1, 'old', 'life'),
            wait(written),
            to(third, 'crash'),
            act(() => ({ do: 'recreate_cluster', except: [3] })),
          ],
          ring: [ringed(third)],
        },
        {
          says: 'A server sets its data aside',
          when: happened('set-aside'),
          show: [wait(so(leader)), put(2, 'new', 'life'), wait(written), restart],
        },
        { says: 'It has its seat again', when: so(reborn), ring: [ringed(third), PLAY] },
      ],
      speed: 1 / 20,
    },
  ],
  close:
    'A snapshot is worth nothing without knowing whose it is. The old workaround was to delete the data directory at every start; the cure is an identity on everything, and a vote only for who remembers.',
};
