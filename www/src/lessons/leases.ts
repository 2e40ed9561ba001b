/** Reads by quorum and by lease, and the clocks that a lease rests on. */
import {
  act,
  any,
  broken,
  CLIENT,
  cutOff,
  deposed,
  electedAnew,
  happened,
  heal,
  leader,
  PLAY,
  put,
  RULES,
  ringed,
  so,
  to,
  wait,
  written,
} from './conditions';
import type { Lesson, Move, Who } from './lesson';

const byLease = (who: Who): Move =>
  act((world) => {
    const node = who(world);
    return node && { do: 'get', client: 1, key: 'harbour', node: node.id, path: 'lease' };
  });

const drift = (who: Who, ppm: number): Move =>
  act((world) => {
    const node = who(world);
    return node && { do: 'drift_clock', node: node.id, ppm };
  });

const other =
  (place: number): Who =>
  (world) =>
    world.nodes.filter((node) => node.id !== leader(world)?.id)[place];

const LEASE = () => '[data-lease]';

export const lesson: Lesson = {
  id: 'leases',
  title: 'Reading without asking',
  opening: { scenario: 'lesson-leases', at: 600_000 },
  steps: [
    {
      title: 'Am I still the leader?',
      text: [
        'Put `harbour` = `open`. Then read it (Get, by **quorum**). The leader has the value at hand, but may have been replaced without knowing. So it first asks the others: one round of messages for each read.',
      ],
      source: 'Raft dissertation, section 6.4',
      goals: [
        {
          says: 'The write is acknowledged',
          when: written,
          show: [put(1, 'harbour', 'open')],
          ring: [CLIENT],
        },
        {
          says: 'A read is confirmed by a quorum',
          when: happened('read-confirmed'),
          show: [act(() => ({ do: 'get', client: 1, key: 'harbour' }))],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 40,
    },
    {
      title: 'A lease',
      text: [
        'The green arc around the leader is its **lease**. Every server that answers a heartbeat helps nobody to be elected for 300 ms; so the leader knows that nobody can replace it for a while, counted from when it **sent** the heartbeat.',
        'Read `harbour` from the leader by **lease**: no message to another server at all.',
      ],
      source: 'Raft dissertation, section 6.4.1',
      goals: [
        {
          says: 'A read is answered by lease',
          when: happened('lease-read'),
          show: [byLease(leader)],
          ring: [LEASE, CLIENT],
        },
      ],
      speed: 1 / 40,
    },
    {
      title: 'Alone, and still right',
      text: [
        'Isolate the leader (I), and read by lease from it once more, at once. It answers, though it is alone. That is safe: until the arc is empty nobody else can have been elected, so nobody can have written.',
      ],
      goals: [
        {
          says: 'The leader is cut off',
          when: so(cutOff, (node) => node.role === 'leader'),
          show: [to(leader, 'isolate')],
          ring: [ringed(leader)],
        },
        {
          says: 'It answers a read by lease',
          when: happened('lease-read'),
          show: [byLease(cutOff)],
          ring: [CLIENT],
        },
      ],
    },
    {
      title: 'When it runs out',
      text: [
        'Let the lease run out: no answer comes any more that would renew it. Then ask once more by lease. The leader does not answer by it; it wants to ask a quorum, and there is none.',
      ],
      goals: [
        {
          says: 'The lease is over',
          when: so(cutOff, (node, world) => (node.lease?.until ?? 0) < world.time),
          ring: [LEASE, PLAY],
        },
        {
          says: 'A read by lease is refused, or nobody is there to ask',
          when: any(
            happened('lease-refused'),
            so(cutOff, (node) => node.role !== 'leader'),
          ),
          show: [byLease(cutOff)],
          ring: [CLIENT],
        },
      ],
    },
    {
      title: 'Two clocks',
      text: [
        'The others elect a leader and may write: by now the old lease is surely over. Surely? The leader measures its lease, 274 ms, by **its** clock; the others measure their promise, 300 ms, by **theirs**. The difference leaves room for clocks that drift by one percent, which is the bound that is set, and for timers that come late.',
      ],
      source: 'Raft dissertation, section 6.4.1',
      goals: [
        { says: 'Another leader is elected', when: any(electedAnew, so(deposed)), ring: [PLAY] },
        {
          says: 'The network is whole again',
          when: (sight) => sight.cuts.length === 0,
          show: [heal],
        },
        {
          asks: 'The bound is one percent. What happens if a clock drifts by half?',
          choices: [
            {
              text: 'Raft breaks: two leaders in one term',
              right: false,
              because: 'Terms and votes use no clock. Elections stay safe at any speed.',
            },
            {
              text: 'Nothing: Raft needs no clocks',
              right: false,
              because: 'Logs need none. Leases do.',
            },
            {
              text: 'Reads by lease may be stale, and nothing else is wrong',
              right: true,
              because:
                'A slow leader holds its lease longer than the others keep their promise. Try it.',
            },
          ],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: read the past',
      text: [
        'Write `harbour` = `open`. Then break **one** rule, that of the clocks (tab **Clock** of a server), and get a **stale read**: a lease that answers `open` after `closed` was acknowledged.',
        'A clock runs slower with a negative number: −500000 ppm is half speed.',
      ],
      open: { scenario: 'lesson-leases', at: 600_000 },
      goals: [
        {
          says: 'A read is stale, and a rule says so',
          when: any(broken('Reads are fresh'), broken('Linearizable')),
          show: [
            put(1, 'harbour', 'open', written),
            drift(leader, -500_000),
            drift(other(0), 500_000),
            drift(other(1), 500_000),
            wait((sight) => sight.time > sight.before.time + 250_000),
            to(leader, 'isolate'),
            wait(so(deposed)),
            act(
              () => ({ do: 'put', client: 2, key: 'harbour', value: 'closed' }),
              (sight) =>
                sight.since.filter(
                  (event) => event.kind === 'answered' && /written at/.test(event.sentence),
                ).length >= 2,
            ),
            byLease(deposed),
          ],
          ring: [RULES, ringed(leader)],
        },
        {
          asks: 'Which of these still holds, even now?',
          choices: [
            {
              text: 'Every read sees what was acknowledged before it began',
              right: (sight) => !sight.violations.some((one) => one.rule === 'Reads are fresh'),
              because: 'This is just what your read has broken.',
            },
            {
              text: 'At most one leader is elected in a term',
              right: (sight) => !sight.violations.some((one) => one.rule === 'Election Safety'),
              because: 'Elections count votes, not time. Clocks can only make a lease lie.',
            },
          ],
        },
      ],
      hint: 'Slow the leader’s clock and speed up the others’, isolate the leader, wait for the next one, let c2 put closed, and read by lease from the old one. Be quick: step with →.',
      speed: 1 / 50,
    },
  ],
  close:
    'A lease saves the round trip of a read and pays with an assumption about clocks. Flotilla bounds it by configuration, gives it up on doubt, and raises an alert when a clock is beyond the bound.',
};
