/** Members come and go: learners, joint consensus, a leader that is removed. */
import {
  act,
  CLIENT,
  chosen,
  happened,
  leader,
  leaderChanged,
  PLAY,
  put,
  ringed,
  server,
  so,
  written,
} from './conditions';
import type { Condition, Lesson, Move, World } from './lesson';

const voters = (world: World): readonly number[] => leader(world)?.membership.voters ?? [];

/** A change to the present voters, as it is meant. */
const change = (wish: (now: readonly number[], world: World) => number[]): Move =>
  act((world) => ({ do: 'change_membership', voters: wish(voters(world), world) }));

/** The voters are settled: no stage in between, and everybody may know. */
const settled: Condition = so(
  leader,
  ({ membership }) =>
    membership.outgoing.length === 0 && membership.committed && !membership.wanted,
);

export const lesson: Lesson = {
  id: 'membership',
  title: 'Members come and go',
  opening: { scenario: 'lesson-members', at: 1_200_000 },
  steps: [
    {
      title: 'A guest',
      text: [
        'Servers 1 to 3 are the cluster. Servers 4 and 5 (dotted) run, and know nothing of it. Choose server 4, open its tab **Members**, and make it a **voter**.',
      ],
      source: 'Raft paper, section 6',
      goals: [
        {
          says: 'Choose server 4',
          when: chosen(server(4)),
          show: [{ choose: server(4) }],
          ring: [ringed(server(4))],
        },
        {
          says: 'Ask for it to become a voter',
          when: so(leader, ({ membership }) =>
            [...membership.voters, ...membership.learners].includes(4),
          ),
          show: [change((now) => [...now, 4])],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'First learn, then vote',
      text: [
        'It does not vote at once: with an empty log it would only make majorities larger and slower. It joins as a **learner**, gets the log, and is promoted when it has caught up.',
      ],
      source: 'Raft dissertation, section 4.2.1',
      goals: [
        {
          says: 'The leader finds that it has caught up',
          when: happened('caught-up'),
          ring: [PLAY],
        },
      ],
      speed: 1 / 30,
    },
    {
      title: 'Two majorities at once',
      text: [
        'If every server just switched to the new list when it reads it, old and new majorities might decide **without knowing of each other**. So there is a stage in between, joint consensus: both the former voters and the new ones must agree. When that is committed, the former list can go.',
      ],
      source: 'Raft paper, section 6 and figure 11',
      goals: [
        {
          says: 'Server 4 is a voter, and the change is settled',
          when: (sight) => settled(sight) && voters(sight).includes(4),
          ring: [ringed(server(4)), PLAY],
        },
      ],
      speed: 1 / 40,
    },
    {
      title: 'Someone leaves',
      text: [
        'Now remove a **follower** of your choice (its tab Members, Remove). It is told, so that it never disturbs the others with elections; and its number is never used again.',
      ],
      source: 'Raft dissertation, section 4.2.3',
      goals: [
        {
          says: 'A change is settled that leaves a server out',
          when: (sight) => settled(sight) && voters(sight).length < voters(sight.before).length,
          show: [
            change((now, world) => {
              const first = now.find((id) => id !== leader(world)?.id);
              return now.filter((id) => id !== first);
            }),
          ],
        },
      ],
      speed: 1 / 20,
    },
    {
      title: 'Challenge: dismiss the boss',
      text: [
        'Remove **the leader** itself, and have a write acknowledged by its successor. The one who leaves has to lead the change to its end, without counting itself.',
      ],
      source: 'Raft dissertation, section 4.2.2',
      goals: [
        {
          says: 'The leader that was removed leads no more, and another does',
          when: (sight) =>
            leaderChanged(sight) && !voters(sight).includes(leader(sight.before)?.id ?? 0),
          show: [change((now, world) => now.filter((id) => id !== leader(world)?.id))],
          ring: [ringed(leader)],
        },
        {
          says: 'A write is acknowledged',
          when: written,
          show: [put(2, 'boss', 'new')],
          ring: [CLIENT],
        },
      ],
      speed: 1 / 20,
    },
  ],
  close:
    'Who belongs to the cluster is an entry of the log, and counts from when it is written, not from when it is committed. Learners and the joint stage keep every majority overlapping with the one before.',
};
