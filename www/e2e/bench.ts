/**
 * Measures the built page in headless Chromium, beside what it aims at: `cargo xtask bench page`.
 * BENCH_MINUTES says for how long memory is watched.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type CDPSession, expect, type Page, test } from '@playwright/test';
import { CROWD, drop } from './cluster';

const MINUTES = Number(process.env.BENCH_MINUTES ?? '1');
const SITE = join(import.meta.dirname, '../../dist');

/** A million events and more. */
const MILLION = `flotilla = 1
name = "Million"
seed = 8
end = "60s"
nodes = 5
actions = [{ at = "500ms", do = "workload", rate = 500, keys = 2000, for = "59s" }]
[clients]
count = 8
window = 64
`;

interface Row {
  what: string;
  found: string;
  aim: string;
  met: boolean;
}
const rows: Row[] = [];
const row = (what: string, found: string, aim: string, met: boolean): void => {
  rows.push({ what, found, aim, met });
};

const sorted = (list: number[]): number[] => [...list].sort((one, other) => one - other);
const median = (list: number[]): number => sorted(list)[Math.floor(list.length / 2)] ?? 0;
const most = (list: number[]): number => Math.max(...list);
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const kb = (value: number): string => `${(value / 1000).toFixed(1)} kB`;

async function open(browser: Browser, scenario?: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto('./');
  await page.locator('[data-node="1"]').waitFor();
  if (scenario !== undefined) {
    const seed = /seed = (\d+)/.exec(scenario)?.[1] ?? '';
    await drop(page, 'bench.toml', scenario);
    await expect(page.locator('[data-seed]')).toHaveText(seed);
  }
  return page;
}

const time = async (page: Page): Promise<number> =>
  Number(await page.locator('[data-time]').getAttribute('data-time'));

/** To a moment that nobody has been at yet, however long the way is. */
async function go(page: Page, wanted: number): Promise<void> {
  await page.getByRole('slider', { name: 'Moment' }).evaluate((slider, to) => {
    if (!(slider instanceof HTMLInputElement)) return;
    slider.value = String(to);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  }, wanted);
  await expect.poll(() => time(page), { timeout: 300_000 }).toBeGreaterThanOrEqual(wanted);
}

test.describe.configure({ mode: 'serial' });
test.setTimeout((MINUTES + 8) * 60_000);

test('sizes', () => {
  const all = readdirSync(SITE, { recursive: true, encoding: 'utf8' });
  const size = (ending: RegExp): [raw: number, gzip: number] => {
    const files = all
      .filter((name) => ending.test(name))
      .map((name) => readFileSync(join(SITE, name)));
    return [
      files.reduce((sum, file) => sum + file.length, 0),
      files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0),
    ];
  };
  const [wasmRaw, wasm] = size(/\.wasm$/);
  const [jsRaw, js] = size(/\.js$/);
  row('wasm, gzip', `${kb(wasm)} (${kb(wasmRaw)} raw)`, '350 kB', wasm <= 350_000);
  row('JavaScript in all, gzip', `${kb(js)} (${kb(jsRaw)} raw)`, '120 kB', js <= 120_000);
});

test('sizes of a first visit', async ({ page }) => {
  let size = 0;
  page.on('response', async (response) => {
    if (!response.url().endsWith('.js')) return;
    const file = await response.body();
    size += gzipSync(file, { level: 9 }).length;
  });
  await page.goto('./');
  await page.locator('[data-node="1"]').waitFor();
  await page.waitForLoadState('networkidle');
  // Views that are opened later, lessons and charts come when they are wanted.
  row('JavaScript of a first visit, gzip', kb(size), '120 kB', size <= 120_000);
});

test('time to the first live cluster', async ({ browser }) => {
  const times: number[] = [];
  for (let visit = 0; visit < 5; visit += 1) {
    // A new context has an empty cache.
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const seen = new MutationObserver(() => {
        if (document.querySelector('[data-node]') === null) return;
        seen.disconnect();
        // After the frame that shows it.
        requestAnimationFrame(() =>
          setTimeout(() => Object.assign(window, { alive: performance.now() })),
        );
      });
      seen.observe(document, { childList: true, subtree: true });
    });
    await page.goto('./');
    const alive = await page.waitForFunction(() => (window as Window & { alive?: number }).alive);
    times.push((await alive.jsonValue()) ?? Number.POSITIVE_INFINITY);
    await context.close();
  }
  const found = `${ms(median(times))} (slowest of 5: ${ms(most(times))})`;
  row('first live cluster, cold', found, '1000 ms', median(times) <= 1_000);
});

test('frames', async ({ browser }) => {
  const page = await open(browser, CROWD);
  await go(page, 2_000_000);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  const { gaps, crowd } = await page.evaluate(
    () =>
      new Promise<{ gaps: number[]; crowd: number[] }>((done) => {
        const seen: { gaps: number[]; crowd: number[] } = { gaps: [], crowd: [] };
        let before = 0;
        const draw = (now: number): void => {
          if (before > 0) seen.gaps.push(now - before);
          before = now;
          const crowd = document.querySelector('[data-crowd]')?.getAttribute('data-crowd');
          seen.crowd.push(Number(crowd ?? 0));
          if (seen.gaps.length < 600) requestAnimationFrame(draw);
          else done(seen);
        };
        requestAnimationFrame(draw);
      }),
  );
  // The first frames compile what the rest uses.
  const steady = gaps.slice(60);
  const rate = (1000 * steady.length) / steady.reduce((sum, gap) => sum + gap, 0);
  const messages = `${Math.round(median(crowd))} messages`;
  row(`frames a second, ${messages}`, rate.toFixed(1), '60', rate >= 59);
  const late = steady.filter((gap) => gap > 32).length;
  const longest = `${ms(most(steady))} (${late} of ${steady.length} over 32 ms)`;
  row('longest frame', longest, '32 ms', most(steady) <= 32);
  await page.close();
});

test('steps', async ({ browser }) => {
  const page = await open(browser, CROWD.replace('rate = 400', 'rate = 50'));
  await go(page, 2_000_000);
  const times = await page.evaluate(async () => {
    const shown = document.querySelector('output [data-step]');
    const list: number[] = [];
    for (let at = 0; at < 300; at += 1) {
      const begun = performance.now();
      await new Promise<void>((done) => {
        const watch = new MutationObserver(() => {
          watch.disconnect();
          done();
        });
        if (shown) watch.observe(shown, { attributes: true });
        document.body.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }),
        );
      });
      list.push(performance.now() - begun);
      // What this step changed is painted before the next begins: that would be counted twice.
      await new Promise(requestAnimationFrame);
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }
    return list;
  });
  const steady = times.slice(30);
  const slow = sorted(steady)[Math.floor(steady.length * 0.95)] ?? 0;
  const found = `${ms(median(steady))} (19 of 20 within ${ms(slow)})`;
  row('a step, until it is drawn', found, '2 ms', median(steady) <= 2);
  await page.close();
});

test('seeking', async ({ browser }) => {
  const page = await open(browser, MILLION);
  await go(page, 60_000_000);
  const events = Number(await page.locator('output [data-step]').getAttribute('data-step'));
  const times = await page.evaluate(async () => {
    const shown = document.querySelector('[data-time]');
    const slider = document.querySelector('input[aria-label="Moment"]');
    if (!(slider instanceof HTMLInputElement) || shown === null) return [];
    const list: number[] = [];
    let drawn = 12_345;
    for (let at = 0; at < 60; at += 1) {
      drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31;
      const wanted = 1_000_000 + (drawn % 58_000_000);
      const begun = performance.now();
      await new Promise<void>((done) => {
        const watch = new MutationObserver(() => {
          if (shown.getAttribute('data-time') !== String(wanted)) return;
          watch.disconnect();
          done();
        });
        watch.observe(shown, { attributes: true });
        slider.value = String(wanted);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      });
      list.push(performance.now() - begun);
      await new Promise(requestAnimationFrame);
    }
    return list;
  });
  const found = `${ms(median(times))} (slowest of ${times.length}: ${ms(most(times))})`;
  row(`a seek among ${events.toLocaleString('en')} events`, found, '100 ms', most(times) <= 100);
  await page.close();
});

/** Megabytes of the page's process and of its JavaScript, after what is garbage has been taken out. */
async function memory(page: Page, devtools: CDPSession): Promise<{ all: number; js: number }> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const browser = await page.context().browser()?.newBrowserCDPSession();
  const info = await browser?.send('SystemInfo.getProcessInfo');
  const renderers = (info?.processInfo ?? []).filter(({ type }) => type === 'renderer');
  const resident = renderers.map(({ id }) => {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  });
  return { all: most(resident), js: usedSize / 2 ** 20 };
}

test('memory', async ({ browser }) => {
  const page = await open(browser);
  const devtools = await page.context().newCDPSession(page);
  await page.getByRole('combobox', { name: 'Scenario' }).selectOption('rough-weather');
  // The scenario again and again: what a page does that is left alone with somebody who looks.
  const play = async (): Promise<void> => {
    await page.keyboard.press('Home');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
  };
  const speed = page.getByRole('slider', { name: 'Speed' });
  await speed.fill('0');
  await play();
  const until = Date.now() + MINUTES * 60_000;
  let early: { all: number; js: number } | undefined;
  let now = await memory(page, devtools);
  while (Date.now() < until) {
    await page.waitForTimeout(5_000);
    if (await page.getByRole('button', { name: 'Play', exact: true }).isVisible()) await play();
    now = await memory(page, devtools);
    // The first fifth fills caches.
    if (early === undefined && until - Date.now() < MINUTES * 48_000) early = now;
  }
  const begun = early ?? now;
  const told = `${begun.all.toFixed(0)} to ${now.all.toFixed(0)} MB, JavaScript ${begun.js.toFixed(1)} to ${now.js.toFixed(1)} MB`;
  const flat = now.all <= begun.all * 1.1 && now.js <= begun.js * 1.1 + 1;
  row(`memory over ${MINUTES} min`, told, 'flat', flat);
  await page.close();
});

test.afterAll(() => {
  const wide = (pick: (one: Row) => string): number => most(rows.map((one) => pick(one).length));
  const [what, found, aim] = [wide((r) => r.what), wide((r) => r.found), wide((r) => r.aim)];
  const lines = rows.map((one) =>
    [
      one.what.padEnd(what),
      one.found.padEnd(found),
      one.aim.padStart(aim),
      one.met ? 'met' : 'NOT MET',
    ].join('  '),
  );
  const head = ['measured'.padEnd(what), 'found'.padEnd(found), 'aim'.padStart(aim)].join('  ');
  process.stdout.write(`\n${[head, ...lines].join('\n')}\n`);
});
