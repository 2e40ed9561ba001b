/**
 * Every lesson walked to its end by its own "show me", on the core itself and without a page; and no
 * challenge passes by itself. Frames are as far apart as on a slow machine.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import type { Seen } from '../src/core/core';
import { GROUPS } from '../src/lessons/catalogue';
import { isQuestion, type Lesson, type Opening, type World } from '../src/lessons/lesson';
import { Guide, Walk } from '../src/lessons/walk';
import { fly } from '../src/session/flying';
import { EMPTY, follow, type History } from '../src/session/history';
import { initSync, Playground } from '../src/wasm/flotilla_web.js';

const near = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One drawn frame of simulated time, in microseconds. */
const FRAME = 1_500;
/** No goal takes longer than this, in microseconds of simulated time. */
const LONG = 9_000_000;

test.beforeAll(() => {
  initSync({ module: readFileSync(near('../src/wasm/flotilla_web_bg.wasm')) });
});

/** So long a challenge is left alone, in microseconds of simulated time. */
const IDLE = 2_000_000;

/** The page's session, as far as a lesson can see and touch it. */
class Run {
  readonly #core: Playground;
  #history: History = EMPTY;
  world: World;
  #playing = false;
  #chosen: World['chosen'];

  constructor({ scenario, at }: Opening) {
    const folders = ['../src/lessons/stages/', '../../tests/scenarios/'];
    const files = folders.map((folder) => near(`${folder}${scenario}.toml`));
    this.#core = new Playground(readFileSync(files.find(existsSync) ?? scenario, 'utf8'));
    this.#core.runUntil(1_000, 10_000);
    this.world = this.#draw();
    if (at !== undefined) {
      this.#core.seek(at, 10_000_000);
      this.world = this.#draw();
    }
  }

  #draw(): World {
    const known = this.world as World | undefined;
    // While time passes, one server after the other is opened, as on the page.
    const servers = this.#playing && known ? 1 : 9;
    const { frame, details }: Seen = JSON.parse(this.#core.look(servers));
    const merge = <T extends { id: number }>(old: readonly T[] | undefined, news: T[]) =>
      old === undefined || old.length === 0
        ? news
        : old.map((one) => news.find((fresh) => fresh.id === one.id) ?? one);
    const nodes = merge(known?.nodes, frame.nodes);
    this.#history = follow(this.#history, frame);
    return {
      time: frame.time,
      step: frame.step,
      nodes,
      clients: merge(known?.clients, frame.clients),
      messages: fly(known?.messages ?? [], frame),
      cuts: frame.cuts,
      violations: frame.violations,
      service: frame.service,
      details: merge(known?.details, details),
      past: this.#history.past,
      chosen: this.#chosen,
      playing: this.#playing,
    };
  }

  /** Time passes, or what was done shows. */
  next(): World {
    if (this.#playing) this.#core.runUntil(this.world.time + FRAME, 10_000);
    this.world = this.#draw();
    return this.world;
  }

  still(): void {
    this.#playing = false;
    this.world = this.#draw();
  }

  readonly hands = {
    act: (action: Parameters<Playground['act']>[0]) => {
      this.#playing = false;
      this.#core.act(action);
    },
    choose: (what: NonNullable<World['chosen']>) => {
      this.#chosen = what;
    },
    back: () => {
      this.#core.stepBack();
    },
    step: () => {
      this.#playing = false;
      this.#core.stepForward();
    },
    run: () => {
      this.#playing = true;
    },
  };
}

function meet(walk: Walk, run: Run, told: string[]): void {
  const { goal, lesson, step } = walk;
  if (goal === undefined) return;
  if (isQuestion(goal)) {
    const right = goal.choices.filter((_, place) => {
      const before = walk.progress;
      const met = walk.answer(place, run.world);
      if (met && place < goal.choices.length) walk.progress = before;
      return met;
    });
    expect(right.length, `${lesson.id}, ${step.title}: one right answer`).toBe(1);
    walk.answer(goal.choices.indexOf(right[0] as (typeof goal.choices)[number]), run.world);
    return;
  }
  const guide = new Guide(goal.show ?? [], run.hands);
  const begun = run.world.time;
  while (!walk.look(run.world)) {
    if (run.world.time - begun > LONG) {
      const tail = run.world.past
        .slice(-25)
        .map((event) => `${event.time} ${event.kind} ${event.sentence}`);
      throw new Error(
        `${lesson.id}, ${step.title}: "${goal.says}" was not met\n${tail.join('\n')}`,
      );
    }
    guide.look(walk.see(run.world));
    run.next();
  }
  told.push(`${(run.world.time / 1000).toFixed(1)} ms: ${goal.says}`);
}

function walkThrough(lesson: Lesson): string[] {
  const walk = new Walk(lesson);
  let run = new Run(lesson.opening);
  const told: string[] = [];
  for (const [place, step] of lesson.steps.entries()) {
    if (place > 0) walk.go(place);
    if (step.open) run = new Run(step.open);
    while (!walk.done) meet(walk, run, told);
    run.still();
  }
  expect(walk.progress.over).toBe(true);
  return told;
}

for (const entry of GROUPS.flatMap((group) => group.lessons)) {
  test(`the lesson ${entry.id} can be walked to its end`, async () => {
    const told = walkThrough(await entry.load());
    if (process.env.TELL) console.log([entry.id, ...told].join('\n  '));
  });

  test(`the lesson ${entry.id} does not pass by itself`, async () => {
    const lesson = await entry.load();
    const [first, last] = [lesson.steps[0], lesson.steps.at(-1)];
    for (const step of [first, last]) {
      if (step === undefined) throw new Error('a lesson has steps');
      const walk = new Walk({ ...lesson, steps: [step] });
      const run = new Run(step.open ?? lesson.opening);
      while (!walk.done && walk.look(run.world)) {}
      expect(walk.done, `${step.title}, at the start`).toBe(false);
      // Nobody does anything but let time run.
      run.hands.run();
      for (const end = run.world.time + IDLE; run.world.time < end; run.next()) {
        while (!walk.done && walk.look(run.world)) {}
      }
      expect(step === first || !walk.done, `${step.title}, after a while`).toBe(true);
    }
  });
}
