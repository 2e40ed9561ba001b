/** Elections: timers, votes, terms, heartbeats, and going back in time. */
import {
  BACK,
  candidate,
  chosen,
  count,
  electedAnew,
  happened,
  inFlight,
  leader,
  leaderChanged,
  message,
  PLAY,
  playing,
  ringed,
  so,
  to,
  wait,
  wentBack,
} from './conditions';
import type { Lesson } from './lesson';

export const lesson: Lesson = {
  id: 'election',
  title: 'Who leads?',
  opening: { scenario: 'lesson-three' },
  steps: [
    {
      title: 'Three timers',
      text: [
        'Three servers have just been switched on. Each is a **follower**: it waits for a leader, and nobody leads yet.',
        'The arc around a server is its **election timer**, between 150 and 300 ms, drawn at random. Let time run, and see whose arc is empty first.',
      ],
      source: 'Raft paper, section 5.2',
      goals: [
        { says: 'Press Play (or Space)', when: playing, ring: [PLAY] },
        { says: 'A timer runs out', when: happened('pre-candidate') },
      ],
      hint: 'Nothing else is needed: a timer runs out by itself.',
    },
    {
      title: 'May I stand?',
      text: [
        'That server heard of no leader for too long, so it wants to lead. First it asks the others who **would** vote for it. This is called pre-vote, and it changes nothing yet: a server that merely lost touch shall not disturb a healthy cluster.',
        'With a majority behind it, it begins a new **term**, votes for itself, and asks for real.',
      ],
      source: 'Raft dissertation, section 9.6',
      goals: [
        {
          says: 'Choose the server that asks',
          when: chosen(candidate),
          show: [{ choose: candidate }],
          ring: [ringed(candidate)],
        },
        { says: 'Play on until it stands for election', when: happened('candidate'), ring: [PLAY] },
      ],
      hint: 'It is the server that says “pre-candidate”. Click it, or press its number.',
    },
    {
      title: 'One vote for each term',
      text: [
        'The term went up by one; colour and number tell terms apart. The dots inside the candidate are votes: filled is a yes.',
        'A server votes **once in a term**, for whoever asks first and has a log as complete as its own, and writes its vote to disk before it answers. Two of three make a majority.',
      ],
      source: 'Raft paper, sections 5.2 and 5.4.1',
      goals: [
        {
          says: 'A vote is on its way back',
          when: inFlight('voteResponse'),
          ring: [message('voteRequest')],
        },
        { says: 'Somebody is elected', when: so(leader), ring: [PLAY] },
      ],
    },
    {
      title: 'Signs of life',
      text: [
        'The hexagon under the crown **leads**. There cannot be two in one term: two majorities of three servers share one, and that one voted only once.',
        'A leader sends **heartbeats**. Each one that arrives winds up the follower’s timer, so nobody stands against a leader that lives.',
      ],
      source: 'Raft paper, section 5.2',
      goals: [
        {
          says: 'Both others follow it',
          when: count(2, (node) => node.role === 'follower' && typeof node.leader === 'number'),
          ring: [PLAY],
        },
        {
          says: 'A heartbeat is on its way',
          when: inFlight('heartbeat'),
          ring: [message('heartbeat')],
        },
      ],
    },
    {
      title: 'Back in time',
      text: [
        'You have missed nothing: the whole history is kept. Step back as far as you like, or pull the timeline at the bottom, and look again. One step is one event.',
        'If you **do** something in the past, history goes another way from there.',
      ],
      goals: [{ says: 'Go back in time', when: wentBack, show: [{ back: 3 }], ring: [BACK] }],
      hint: 'The ← key steps back by one event.',
    },
    {
      title: 'Challenge: a change at the top',
      text: [
        'Bring it about that **another server leads, in a later term**, without waiting for luck.',
      ],
      goals: [
        {
          says: 'Another server leads, in a later term',
          when: leaderChanged,
          show: [wait(so(leader)), to(leader, 'crash'), wait(electedAnew)],
          ring: [ringed(leader)],
        },
      ],
      hint: 'A follower stands when it hears nothing for an election timeout. From whom must it hear nothing? Choose that server and press C.',
      speed: 1 / 20,
    },
  ],
  close:
    'Leaders are made by silence and majorities: a timer runs out, a majority votes, and one term has one leader at most. The price of a leader that dies is an election timeout.',
};
