/** When the core itself fails, what the person did is kept and there is a way on. */

import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';

test('a broken core is told, and the scenario can be saved', async ({ page }) => {
  // The real module, but its third step traps as a panic does.
  await page.addInitScript(() => {
    const instantiate = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (source, imports) => {
      const made = await instantiate(source, imports);
      let left = 2;
      const exports = Object.fromEntries(
        Object.entries(made.instance.exports).map(([name, value]) => {
          if (name !== 'playground_stepForward' || typeof value !== 'function')
            return [name, value];
          const real = value as (at: number) => number;
          const breaking = (at: number): number => {
            if (left-- > 0) return real(at);
            console.error('flotilla: panicked at raft: the commit index went back from 9 to 7');
            throw new WebAssembly.RuntimeError('unreachable');
          };
          return [name, breaking];
        }),
      );
      return { module: made.module, instance: { exports } };
    };
  });
  await page.goto('./');
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press('ArrowRight');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('the commit index went back from 9 to 7');
  const saved = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save the scenario' }).click();
  expect(await readFile(await (await saved).path(), 'utf8')).toContain('flotilla = 1');
  await dialog.getByRole('button', { name: 'Start over' }).click();
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  await expect(dialog).toHaveCount(0);
});

test('a core that does not arrive is told', async ({ page }) => {
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto('./');
  await expect(page.getByRole('heading', { name: 'Flotilla could not start' })).toBeVisible();
});
