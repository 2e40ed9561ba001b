/** The lessons in the order in which they are best taken. Each is loaded when it is begun. */
import type { Entry, Group } from './lesson';

export const GROUPS: readonly Group[] = [
  {
    name: 'The heart of Raft',
    lessons: [
      {
        id: 'election',
        title: 'Who leads?',
        about: 'How servers elect a leader, and what heartbeats are for.',
        minutes: 2,
        load: () => import('./election').then((module) => module.lesson),
      },
      {
        id: 'replication',
        title: 'The way of a write',
        about: 'From a client into logs and onto disks, to a majority, and back.',
        minutes: 3,
        load: () => import('./replication').then((module) => module.lesson),
      },
      {
        id: 'commit',
        title: 'What a majority holds',
        about: 'How many servers may be away, and what stops when it is one too many.',
        minutes: 3,
        load: () => import('./commit').then((module) => module.lesson),
      },
    ],
  },
  {
    name: 'Failures',
    lessons: [
      {
        id: 'catch-up',
        title: 'A follower comes back',
        about: 'What a crash takes, what the disk keeps, and how the rest is made up for.',
        minutes: 3,
        load: () => import('./catch-up').then((module) => module.lesson),
      },
      {
        id: 'leader-crash',
        title: 'The leader is gone',
        about: 'Why nothing is lost with it, and how there can be two crowns at once.',
        minutes: 3,
        load: () => import('./leader-crash').then((module) => module.lesson),
      },
      {
        id: 'partitions',
        title: 'A leader in the minority',
        about: 'A network cut in two makes one truth and one silence.',
        minutes: 4,
        load: () => import('./partitions').then((module) => module.lesson),
      },
      {
        id: 'log-conflict',
        title: 'Logs that disagree',
        about: 'Figures 7 and 8 of the Raft paper, to touch.',
        minutes: 5,
        load: () => import('./log-conflict').then((module) => module.lesson),
      },
    ],
  },
  {
    name: 'Snapshots',
    lessons: [
      {
        id: 'snapshots',
        title: 'Too far behind for the log',
        about: 'Compaction, and a snapshot that arrives in pieces.',
        minutes: 4,
        load: () => import('./snapshots').then((module) => module.lesson),
      },
      {
        id: 'another-life',
        title: 'A snapshot of another life',
        about: 'The failure with which this project began, and its cure.',
        minutes: 5,
        load: () => import('./another-life').then((module) => module.lesson),
      },
    ],
  },
  {
    name: 'Reads and clients',
    lessons: [
      {
        id: 'leases',
        title: 'Reading without asking',
        about: 'Quorum reads, leases, and clocks that run wrong.',
        minutes: 5,
        load: () => import('./leases').then((module) => module.lesson),
      },
      {
        id: 'exactly-once',
        title: 'Once, however often',
        about: 'A lost answer, a second request, and a counter that counts right.',
        minutes: 3,
        load: () => import('./exactly-once').then((module) => module.lesson),
      },
    ],
  },
  {
    name: 'Beyond',
    lessons: [
      {
        id: 'membership',
        title: 'Members come and go',
        about: 'Learners, two majorities at once, and a leader that is removed.',
        minutes: 4,
        load: () => import('./membership').then((module) => module.lesson),
      },
      {
        id: 'advisor',
        title: 'A model that lies',
        about: 'Advice that is wrong, late or nonsense, and why nothing breaks.',
        minutes: 4,
        load: () => import('./advisor').then((module) => module.lesson),
      },
      {
        id: 'mistake',
        title: 'Find the mistake',
        about: 'These servers break one rule. Which?',
        minutes: 4,
        load: () => import('./mistake').then((module) => module.lesson),
      },
    ],
  },
];

export const entryOf = (id: string): Entry | undefined =>
  GROUPS.flatMap((group) => group.lessons).find((entry) => entry.id === id);
