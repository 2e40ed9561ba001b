/** A model service that advises what to evict, and is not always well. */
import { act, happened, inFlight, MODEL, message, PLAY } from './conditions';
import type { Condition, Lesson, Move, World } from './lesson';

const be = (mode: string): Move => act(() => ({ do: 'model_service', mode }));
const is =
  (mode: string): Condition =>
  (sight) =>
    sight.service?.mode === mode;

/** Answers that make no sense, whatever is wrong with them. */
const NONSENSE = ['partial', 'not-a-number', 'out-of-range', 'repeats', 'invents'];

const reads = (world: World): { hits: number; all: number } => {
  const hits = world.clients.reduce((sum, client) => sum + client.hits, 0);
  return { hits, all: hits + world.clients.reduce((sum, client) => sum + client.misses, 0) };
};
/** The share of keys found since the goal was set; undefined before so many reads. */
const share = (least: number, sight: { before: World } & World): number | undefined => {
  const [now, then] = [reads(sight), reads(sight.before)];
  const all = now.all - then.all;
  return all >= least ? (now.hits - then.hits) / all : undefined;
};

const cachesEqual: Condition = ({ nodes, details }) => {
  const [first, ...others] = details.map((detail) => detail.cache);
  return (
    nodes.every((node) => node.applied === nodes[0]?.applied) &&
    first !== undefined &&
    first !== null &&
    others.every((cache) => cache?.bytes === first.bytes && cache.keys === first.keys)
  );
};

export const lesson: Lesson = {
  id: 'advisor',
  title: 'A model that lies',
  opening: { scenario: 'lesson-model', at: 3_000_000 },
  steps: [
    {
      title: 'Somebody to ask',
      text: [
        'The cache is full, so with every new key something has to go. Before that is urgent, the leader asks a **model service** which keys are worth least. It proposes them through the log, so that all servers evict the same.',
        'Choose the model service in the drawing.',
      ],
      source: 'ARCHITECTURE, eviction',
      goals: [
        {
          says: 'Choose the model service',
          when: (sight) => sight.chosen !== undefined && 'model' in sight.chosen,
          show: [{ model: true }],
          ring: [MODEL],
        },
        { says: 'The leader asks it', when: inFlight('question'), ring: [PLAY] },
        {
          says: 'Its answer is used',
          when: happened('model-answered'),
          ring: [message('advice'), PLAY],
        },
      ],
      speed: 1 / 10,
    },
    {
      title: 'It lies',
      text: [
        'Now let it **lie** (press “lies”): it says the opposite of what it thinks. Each answer is well formed, so nobody can tell. Keys that are popular are evicted, and are missed soon.',
      ],
      goals: [
        { says: 'The model service lies', when: is('lies'), show: [be('lies')], ring: [MODEL] },
        {
          says: 'Three hundred reads later, fewer find their key',
          when: (sight) => share(300, sight) !== undefined,
          ring: [PLAY],
        },
      ],
      speed: 1,
    },
    {
      title: 'Worse, but never wrong',
      text: [
        'The curve of found keys sinks. But look at the three caches: they hold **the same**, key by key, because what the log says is what is done. And no write has waited for the model.',
      ],
      goals: [
        { says: 'All three caches are equal', when: cachesEqual, ring: [PLAY] },
        {
          asks: 'What can a lying advisor do to this cluster?',
          choices: [
            {
              text: 'Make servers disagree',
              right: (sight) => sight.violations.some((one) => one.rule === 'Replicas agree'),
              because: 'Its word goes through the log, and the log is the same for all.',
            },
            {
              text: 'Lose an acknowledged write that should have stayed',
              right: false,
              because: 'It is a cache: any key may be evicted, and then it is gone for all alike.',
            },
            {
              text: 'Cost hits, and nothing else',
              right: true,
              because: 'Evicting the wrong key is the worst that advice can bring about.',
            },
          ],
        },
      ],
      speed: 1 / 5,
    },
    {
      title: 'It talks nonsense',
      text: [
        'Lies are followed because they look right. Now choose something that **cannot** be right, such as “not a number” or “invents”. The leader checks every answer; where it is of no use, the rule that all servers share decides instead.',
        'After three such answers it asks no more for a while.',
      ],
      goals: [
        {
          says: 'The service talks nonsense',
          when: (sight) => NONSENSE.includes(sight.service?.mode ?? ''),
          show: [be('not-a-number')],
          ring: [MODEL],
        },
        { says: 'An answer is of no use', when: happened('model-of-no-use'), ring: [PLAY] },
        { says: 'The leader stops asking', when: happened('model-paused'), ring: [PLAY] },
      ],
      speed: 1 / 5,
    },
    {
      title: 'Challenge: back in favour',
      text: [
        'Have the leader **stop asking** once more, by a service that says nothing at all. Then mend it, and have it **trusted again**.',
      ],
      goals: [
        {
          says: 'The leader stops asking a service that says nothing',
          when: (sight) =>
            ['silent', 'down'].includes(sight.service?.mode ?? '') &&
            happened('model-paused')(sight),
          show: [be('down')],
          ring: [MODEL],
        },
        {
          says: 'It tries again, and the answer is of use',
          when: happened('model-back'),
          show: [be('works')],
          ring: [MODEL],
        },
      ],
      hint: 'Choose the service; “down” or “silent” says nothing. When the leader pauses, let it work again and wait.',
      speed: 1 / 2,
    },
  ],
  close:
    'Advice may be late, absent, nonsense or a lie. The log makes it harmless, a rule of its own stands in for it, and the only thing at stake is how much is found.',
};
