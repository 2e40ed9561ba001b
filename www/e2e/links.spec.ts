/**
 * Links that were made by earlier versions open what they held: golden, never to be changed. A link
 * that no longer opens breaks what somebody has sent to somebody else.
 */
import { readFile } from 'node:fs/promises';
import { expect, open, step, test, time } from './cluster';

interface Golden {
  what: string;
  link: string;
  name: string;
  seed: string;
  time: number;
  step: number;
  fingerprint: string;
}
const GOLDEN: Golden[] = JSON.parse(
  await readFile(new URL('./links.golden.json', import.meta.url), 'utf8'),
);

for (const golden of GOLDEN) {
  test(`a link ${golden.what} opens the same moment of the same history as ever`, async ({
    page,
  }) => {
    await open(page, golden.link);
    await expect.poll(() => time(page)).toBe(golden.time);
    expect(await step(page)).toBe(golden.step);
    await expect(page.locator('[data-seed]')).toHaveText(golden.seed);
    const scenario = page.getByRole('combobox', { name: 'Scenario' });
    await expect(scenario.locator('option:checked')).toHaveText(golden.name);
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await expect(page.locator('[data-fingerprint]')).toHaveText(golden.fingerprint);
  });
}
