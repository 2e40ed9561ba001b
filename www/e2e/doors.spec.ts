/** Links and files: what comes in whole is shown, what does not is told. */

import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { deflateSync, strToU8 } from 'fflate';
import {
  alertOf,
  drop,
  expect,
  open,
  picture,
  SMALL,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

const packed = (text: string): string =>
  Buffer.from(deflateSync(strToU8(text))).toString('base64url');

/** The page answers as before: it has a cluster, and steps. */
async function usable(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(alertOf(page)).toHaveCount(0);
  const before = await step(page);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => step(page)).toBe(before + 1);
}

test('a shared link opens the same moment of the same history elsewhere', async ({
  page,
  browser,
}) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('3');
  await page.keyboard.press('c');
  for (let steps = 0; steps < 7; steps += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('#s1=');

  const context = await browser.newContext({ viewport: page.viewportSize() });
  const other = await context.newPage();
  await other.goto(link);
  await expect.poll(() => time(other).catch(() => -1)).toBe(await time(page));
  expect(await step(other)).toBe(await step(page));
  const seed = '[data-seed]';
  expect(await other.locator(seed).textContent()).toBe(await page.locator(seed).textContent());
  expect(await picture(other)).toBe(await picture(page));
  await other.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  expect(await picture(other)).toBe(await picture(page));
  await context.close();
});

const whole = packed(SMALL);
const BAD: [what: string, hash: string, told: RegExp][] = [
  ['truncated', `#s1=${whole.slice(0, whole.length / 2)}`, /damaged/],
  ['with a foreign character', `#s1=${whole.slice(0, 9)}!${whole.slice(9)}`, /character 10/],
  ['of a future version', `#s7=${whole}`, /version 7/],
  ['that holds no session', '#hello', /must begin with #s1=/],
  ['that is too long', `#s1=${'A'.repeat(70_000)}`, /too long/],
  [
    'that unfolds to too much',
    `#s1=${packed('# '.repeat(400_000))}`,
    /unfolds to more than 256 KiB/,
  ],
  ['with a moment that is no number', `#s1=${whole}&t=soon`, /whole number/],
  ['whose scenario is wrong', `#s1=${packed('flotilla = 1\nnodes = 0\n')}`, /nodes|name|seed/],
  ['whose scenario is no TOML', `#s1=${packed('flotilla = = 1')}`, /line|expected|1/],
  ['of a scenario of the future', `#s1=${packed(SMALL.replace('= 1', '= 99'))}`, /99/],
];
for (const [what, hash, told] of BAD) {
  test(`a link ${what} is told, at first and later`, async ({ page }) => {
    await open(page, hash);
    await expect(alertOf(page).locator('pre')).toHaveText(told);
    await usable(page);

    await open(page, '#');
    await page.evaluate((wrong) => {
      location.hash = wrong;
    }, hash);
    await expect(alertOf(page).locator('pre')).toHaveText(told);
    await usable(page);
  });
}

test('a file is opened by drop, and saved as it was', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await expect(page.locator('[data-seed]')).toHaveText('5');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a file' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe('small.toml');
  const text = await readFile(await download.path(), 'utf8');
  expect(text).toContain('seed = 5');
  await drop(page, 'again.toml', text);
  await expect(page.locator('[data-seed]')).toHaveText('5');
});

const FILES: [what: string, text: string, told: RegExp][] = [
  ['too large', '#'.repeat(300_000), /too large/],
  ['not a scenario', 'hello', /\S/],
  ['without servers', SMALL.replace('nodes = 3', 'nodes = 0'), /nodes/],
  ['with a negative latency', `${SMALL}[network]\nlatency = "-3ms"\n`, /latency/],
];
for (const [what, text, told] of FILES) {
  test(`a file ${what} is told, and what was open stays`, async ({ page }) => {
    await open(page);
    const seed = (await page.locator('[data-seed]').textContent()) ?? '';
    await drop(page, 'wrong.toml', text);
    await expect(alertOf(page).locator('pre')).toHaveText(told);
    await expect(page.locator('[data-seed]')).toHaveText(seed);
    await usable(page);
  });
}

test('a new seed begins another history of the same scenario', async ({ page }) => {
  await open(page);
  const before = (await page.locator('[data-seed]').textContent()) ?? '';
  await page.getByRole('button', { name: 'New seed' }).click();
  await expect(page.locator('[data-seed]')).not.toHaveText(before);
  expect(await time(page)).toBe(1000);
});
