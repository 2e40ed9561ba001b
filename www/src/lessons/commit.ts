/** Majorities: how many servers may be away, and what happens when too many are. */
import {
  allBack,
  away,
  CLIENT,
  follower,
  happened,
  heal,
  leader,
  leaderGone,
  PLAY,
  put,
  restart,
  ringed,
  so,
  to,
  written,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'commit',
  title: 'What a majority holds',
  opening: { scenario: 'lesson-five', at: 600_000 },
  steps: [
    {
      title: 'Two may be away',
      text: [
        'Five servers; a majority is three. Take two of those that follow away: **crash** them (choose one and press C) or **isolate** them (press I), as you like.',
        'Then let a client write. The leader needs two acknowledgements besides its own copy.',
      ],
      source: 'Raft paper, section 5.3',
      goals: [
        {
          says: 'Two servers are down or cut off',
          when: away(2),
          show: [to(follower, 'crash'), to(follower, 'crash')],
          ring: [ringed(follower)],
        },
        {
          says: 'A write is acknowledged all the same',
          when: written,
          show: [put(1, 'lamp', 'lit')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'One too many',
      text: [
        'Now take a third follower away, and ask for another write. The leader still takes it into its log and sends it out, but two of five are no majority: the entry stays uncommitted, and the client waits.',
        'A leader that hears from no majority for 300 ms cannot know whether it was replaced. It **steps down**.',
      ],
      source: 'Raft dissertation, section 6.2',
      goals: [
        {
          says: 'Three servers are away',
          when: away(3),
          show: [to(follower, 'isolate')],
          ring: [ringed(follower)],
        },
        {
          says: 'Send a put',
          when: happened('asks'),
          show: [put(2, 'lamp', 'out')],
          ring: [CLIENT],
        },
        { says: 'The leader steps down', when: happened('quorum-lost'), ring: [PLAY] },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Stop rather than be wrong',
      text: [
        'The servers that are left ask each other for votes, in vain: whoever was elected by two could contradict what the other three decide. The cluster answers nobody. That is not a failure of Raft, it is its promise: **never wrong, and available with a majority**.',
        'Bring the others back: restart those that are down (C again) and heal the network (H).',
      ],
      source: 'Raft paper, section 2',
      goals: [
        {
          says: 'A server asks for votes in vain',
          when: happened('pre-candidate'),
          ring: [PLAY],
        },
        {
          says: 'All five run, and no link is cut',
          when: allBack,
          show: [heal, restart, restart, restart],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Patience pays',
      text: [
        'The client never gave up: it asks again and again, under the same number, so that its request is done once however often it is sent. As soon as there is a leader, it is answered.',
      ],
      source: 'Raft paper, section 8',
      goals: [
        { says: 'There is a leader', when: so(leader), ring: [PLAY] },
        { says: 'The write is acknowledged', when: written, ring: [PLAY] },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: without its head',
      text: [
        'Take **two servers away, the leader among them**, and have a write acknowledged all the same. Nothing may come back in the meantime.',
      ],
      goals: [
        {
          says: 'Two are away, and one of them led',
          when: (sight) => away(2)(sight) && leaderGone(sight),
          show: [to(leader, 'crash'), to(follower, 'crash')],
          ring: [ringed(leader)],
        },
        {
          says: 'A write is acknowledged while both are away',
          when: (sight) => away(2)(sight) && written(sight),
          show: [put(3, 'lamp', 'lit again')],
          ring: [CLIENT],
        },
      ],
      hint: 'Three of five can elect a leader of their own. Give them an election timeout.',
      speed: 1 / 20,
    },
  ],
  close:
    'With five servers two may fail, whichever they are: two majorities always share a server, so nothing that was committed is ever forgotten. With three away, everything waits and nothing is lost.',
};
