/** A worker with a core of its own that looks through runs. Whoever wants it to stop ends it. */
import { guard, Hunter, load, shrink, Trial } from '../core/core';
import type { Asked, Said } from './protocol';

/** Between two reports, in milliseconds. */
const EVERY = 150;
/** Steps between two looks at the clock. */
const STRIDE = 500;

const say = (said: Said): void => postMessage(said);

function hunt({ modes, mutants, first, index, of }: Asked & { do: 'hunt' }): void {
  const hunter = new Hunter(modes, mutants, first, index, of);
  // How many steps are made between two reports follows from how many the last one took.
  let stride = STRIDE;
  for (;;) {
    const began = performance.now();
    const report = hunter.work(stride);
    say({ report });
    if (report.found !== undefined) return;
    const took = Math.max(1, performance.now() - began);
    stride = Math.max(STRIDE, Math.round((stride * EVERY) / took));
  }
}

function makeSmall({ found, most }: Asked & { do: 'shrink' }): void {
  let told = 0;
  const shrunk = shrink(found, most, (shrinking) => {
    if (performance.now() - told < EVERY) return;
    told = performance.now();
    say({ shrinking });
  });
  say({ shrunk });
}

function attempt({ toml }: Asked & { do: 'try' }): void {
  const trial = new Trial(toml);
  for (;;) {
    const until = performance.now() + EVERY;
    let report = trial.work(STRIDE);
    while (!report.over && performance.now() < until) report = trial.work(STRIDE);
    say({ trial: report });
    if (report.over) return;
  }
}

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  try {
    await load();
    guard(() => {
      if (data.do === 'hunt') hunt(data);
      else if (data.do === 'shrink') makeSmall(data);
      else attempt(data);
    });
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
  }
};
