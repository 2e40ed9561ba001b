/** The core works in a worker: in order, interruptible; and when it is lost there is a way on. */

import { readFile } from 'node:fs/promises';
import { test as bare, type Page } from '@playwright/test';
import { drop, expect, open, SMALL, server, step, stepUntil, test, time } from './cluster';

/** All at once, before the core can have answered any. */
const press = (page: Page, key: string, times: number, shiftKey = false) =>
  page.evaluate(
    ([pressed, count, shift]) => {
      for (let at = 0; at < count; at += 1) {
        const event = { key: pressed, shiftKey: shift, bubbles: true };
        document.body.dispatchEvent(new KeyboardEvent('keydown', event));
      }
    },
    [key, times, shiftKey] as const,
  );

test('keys pressed at once are done one after the other', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  const before = await step(page);
  await press(page, 'ArrowRight', 25);
  expect(await step(page)).toBe(before + 25);
  await press(page, 'ArrowLeft', 10);
  expect(await step(page)).toBe(before + 15);
  const at = await time(page);
  await press(page, 'ArrowRight', 3, true);
  expect(await time(page)).toBe(at + 60_000);
});

test('a long way shows how far it is, and anything else interrupts it', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL.replace('60s', '80000s'));
  await page.keyboard.press('End');
  await expect(page.getByText('Going to 80000')).toBeVisible();
  await expect.poll(() => page.locator('[data-time]').getAttribute('data-time')).not.toBe('1000');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText('Going to')).toHaveCount(0);
  const reached = await time(page);
  expect(reached).toBeGreaterThan(1_000);
  expect(reached).toBeLessThan(80_000_000_000);
  await page.keyboard.press('ArrowLeft');
  expect(await time(page)).toBeLessThan(reached);
});

/** The real module, but what is done second traps as a panic does. */
async function breakTheSecondAction(page: Page): Promise<void> {
  const breaking = `
    const instantiate = WebAssembly.instantiateStreaming;
    let left = 1;
    WebAssembly.instantiateStreaming = async (source, imports) => {
      const { module, instance } = await instantiate(source, imports);
      const act = (...given) => {
        if (left-- > 0) return instance.exports.playground_act(...given);
        console.error('flotilla: panicked at raft: the commit index went back from 9 to 7');
        throw new WebAssembly.RuntimeError('unreachable');
      };
      return { module, instance: { exports: { ...instance.exports, playground_act: act } } };
    };`;
  await page.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${breaking}\n${await response.text()}` });
  });
}

async function savedBy(page: Page, button: string): Promise<string> {
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  return readFile(await (await saved).path(), 'utf8');
}

bare(
  'a core that panics is told, what broke it is saved, and another goes on',
  async ({ page }) => {
    await breakTheSecondAction(page);
    await open(page);
    await drop(page, 'small.toml', SMALL);
    await stepUntil(page, '[data-state="leader"]');
    await page.keyboard.press('2');
    await page.keyboard.press('c');
    await expect(server(page, 2)).toHaveAttribute('data-state', 'down');
    const [at, shown] = [await time(page), await step(page)];
    await page.keyboard.press('3');
    await page.keyboard.press('i');

    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('the commit index went back from 9 to 7');
    await expect
      .poll(() => savedBy(page, 'Save the scenario'))
      .toMatch(/do = "crash", node = 2 .*\n.*do = "isolate", node = 3/);

    await dialog.getByRole('button', { name: 'Start again' }).click();
    await expect(dialog).toHaveCount(0);
    await expect.poll(() => time(page)).toBe(at);
    expect(await step(page)).toBe(shown);
    await expect(server(page, 2)).toHaveAttribute('data-state', 'down');
    const kept = await savedBy(page, 'Save as a file');
    expect(kept).toContain('do = "crash", node = 2');
    expect(kept).not.toContain('isolate');
    await page.keyboard.press('ArrowRight');
    expect(await step(page)).toBe(shown + 1);
  },
);

bare('a core that panics can be left behind', async ({ page }) => {
  await breakTheSecondAction(page);
  await open(page);
  await page.keyboard.press('h');
  await page.keyboard.press('h');
  await page.getByRole('dialog').getByRole('button', { name: 'Start over' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(server(page, 1)).toBeVisible();
});

bare('a worker that falls silent is told, and another goes on', async ({ page }) => {
  await page.clock.install();
  await open(page);
  await stepUntil(page, '.message');
  const shown = await step(page);
  await page.workers()[0]?.evaluate(() => self.close());
  await page.keyboard.press('ArrowRight');
  await page.clock.runFor(9_000);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.clock.runFor(2_000);
  await expect(page.getByRole('dialog')).toContainText('Nothing was heard from it for 10 seconds');
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.clock.runFor(1_000);
  await expect.poll(() => step(page)).toBe(shown);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => step(page)).toBe(shown + 1);
});

bare('a worker that fails is told at once', async ({ page }) => {
  await open(page);
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error('out of memory');
    });
  });
  await expect(page.getByRole('dialog')).toContainText('out of memory');
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => step(page)).toBeGreaterThan(0);
});

for (const [what, file] of [
  ['a core', '**/*.wasm'],
  ['a worker', '**/worker-*.js'],
] as const) {
  bare(`${what} that does not arrive is told`, async ({ page }) => {
    await page.route(file, (route) => route.abort());
    await page.goto('./');
    await expect(page.getByRole('heading', { name: 'Flotilla could not start' })).toBeVisible();
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });
}
