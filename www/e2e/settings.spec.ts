/** A person changes what can be set, sees it take effect, and is told what cannot be. */

import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import {
  accessible,
  drop,
  expect,
  fits,
  leader,
  open,
  SMALL,
  server,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

const field = (page: Page, path: string) => page.locator(`[data-setting="${path}"]`);
const box = (page: Page, path: string) => field(page, path).getByRole('textbox');
const HEARTBEAT = 'raft.heartbeat_interval';
const SHORTEST = 'raft.election_timeout_min';
const LONGEST = 'raft.election_timeout_max';

async function openSettings(page: Page, scenario = SMALL): Promise<void> {
  await open(page);
  await drop(page, 'small.toml', scenario);
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await expect(page.getByRole('searchbox', { name: 'Find a setting' })).toBeVisible();
}

async function saved(page: Page): Promise<string> {
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a file' }).click();
  return readFile(await (await saving).path(), 'utf8');
}

/** How many events there are until the end of the scenario. */
async function events(page: Page): Promise<number> {
  await page.keyboard.press('Escape');
  await page.keyboard.press('End');
  await expect.poll(() => time(page)).toBe(2_000_000);
  return step(page);
}

test('a faster heartbeat takes effect, at the same moment, and is saved alone', async ({
  page,
}) => {
  await openSettings(page);
  await expect(page.getByRole('searchbox')).toBeFocused();
  const before = await saved(page);
  await page.keyboard.press('Escape');
  await stepUntil(page, '[data-state="leader"]');
  const moment = await time(page);

  await page.keyboard.press(',');
  await box(page, HEARTBEAT).fill('10ms');
  await page.keyboard.press('Enter');
  await expect(field(page, HEARTBEAT)).toContainText('changed');
  await expect(field(page, HEARTBEAT)).toContainText('Default 50ms');
  await expect.poll(() => time(page)).toBe(moment);
  await expect(leader(page)).toHaveCount(1);
  expect(await saved(page)).toBe(`${before}\n[raft]\nheartbeat_interval = "10ms"\n`);

  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await expect(box(page, HEARTBEAT)).toHaveValue('10ms');

  await page.getByRole('button', { name: `Reset ${HEARTBEAT} to 50ms` }).click();
  await expect(box(page, HEARTBEAT)).toHaveValue('50ms');
  await expect(field(page, HEARTBEAT)).not.toContainText('changed');
  expect(await saved(page)).toBe(before);
});

test('heartbeats are sent as often as they are set to be', async ({ page }) => {
  await openSettings(page, SMALL.replace('60s', '2s'));
  const usual = await events(page);
  await page.keyboard.press('Home');
  await page.keyboard.press(',');
  await box(page, HEARTBEAT).fill('5ms');
  await page.keyboard.press('Enter');
  await expect(field(page, HEARTBEAT)).toContainText('changed');
  expect(await events(page)).toBeGreaterThan(2 * usual);
});

test('an impossible value is told at its field, and the page goes on', async ({ page }) => {
  await openSettings(page);
  await box(page, 'storage.segment_bytes').fill('1');
  await page.keyboard.press('Tab');
  const wrong = field(page, 'storage.segment_bytes');
  await expect(wrong).toContainText(
    'storage.segment_bytes is 1, but must be between 256 and 1073741824',
  );
  await expect(box(page, 'storage.segment_bytes')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('alert')).toHaveCount(0);

  await box(page, HEARTBEAT).fill('soon');
  await page.keyboard.press('Enter');
  await expect(field(page, HEARTBEAT)).toContainText('must be a number and its unit');
  await expect(wrong).toContainText('must be between');

  await page.keyboard.press('Escape');
  await expect(box(page, HEARTBEAT)).toHaveValue('50ms');
  await expect(field(page, HEARTBEAT)).not.toContainText('must be');

  // What is wrong elsewhere holds nothing back.
  await box(page, 'cache.key_bytes').fill('128');
  await page.keyboard.press('Enter');
  await expect(field(page, 'cache.key_bytes')).toContainText('changed');
  await expect(wrong).toContainText('must be between');
  expect(await saved(page)).toContain('[cache]\nkey_bytes = 128\n');
  await page.getByRole('button', { name: 'Reset storage.segment_bytes' }).click();
  await expect(wrong).not.toContainText('must be');
  await expect(server(page, 1)).toBeVisible();
});

test('settings that depend on one another wait for one another', async ({ page }) => {
  await openSettings(page);
  await box(page, HEARTBEAT).fill('100ms');
  await page.keyboard.press('Enter');
  const told = 'must be at least twice heartbeat_interval (100ms)';
  await expect(field(page, HEARTBEAT)).toContainText(told);
  await expect(field(page, HEARTBEAT)).toContainText('not in effect');
  await expect(field(page, SHORTEST)).toContainText(told);
  await box(page, SHORTEST).fill('400ms');
  await page.keyboard.press('Enter');
  await expect(field(page, LONGEST)).toContainText('must be above election_timeout_min (400ms)');
  await box(page, LONGEST).fill('0.8s');
  await page.keyboard.press('Enter');
  for (const path of [HEARTBEAT, SHORTEST, LONGEST]) {
    await expect(field(page, path)).toContainText('changed');
    await expect(field(page, path)).not.toContainText('must be');
  }
  await expect(box(page, LONGEST)).toHaveValue('800ms');
  await page.getByRole('button', { name: 'Reset all' }).click();
  await expect(box(page, HEARTBEAT)).toHaveValue('50ms');
  await expect(page.getByText('changed', { exact: true })).toHaveCount(0);
});

test('a switch takes effect at once', async ({ page }) => {
  await openSettings(page);
  const preVote = field(page, 'raft.pre_vote');
  await preVote.getByRole('checkbox', { name: 'Pre vote' }).uncheck();
  await expect(preVote).toContainText('changed');
  expect(await saved(page)).toContain('\n[raft]\npre_vote = false\n');
  await preVote.getByRole('button', { name: /^Reset/ }).click();
  await expect(preVote.getByRole('checkbox')).toBeChecked();
});

test('settings are found by what they say', async ({ page }) => {
  await openSettings(page);
  await page.getByRole('searchbox').fill('fsync disk');
  await expect(page.getByText('No setting says')).toBeVisible();
  await page.getByRole('searchbox').fill('idle leader');
  await expect(page.locator('[data-setting]')).toHaveCount(1);
  await expect(field(page, HEARTBEAT)).toBeVisible();
});

test('choosing a server shows it in the place of the settings', async ({ page }) => {
  await openSettings(page);
  await server(page, 2).click();
  await expect(page.getByRole('region', { name: 'Settings' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Crash', exact: true })).toBeVisible();
});

test('on a phone, Esc takes back what is written, then closes', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openSettings(page);
  await expect(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
  await box(page, HEARTBEAT).fill('7');
  await page.keyboard.press('Escape');
  await expect(box(page, HEARTBEAT)).toHaveValue('50ms');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press(',');
  await expect(page.getByRole('dialog')).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing in the settings, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await openSettings(page);
      await box(page, 'cache.key_bytes').fill('128');
      await page.keyboard.press('Enter');
      await box(page, HEARTBEAT).fill('100ms');
      await page.keyboard.press('Enter');
      await expect(field(page, HEARTBEAT)).toContainText('must be');
      await accessible(page);
      await fits(page);
      await page.getByRole('button', { name: 'Close the settings' }).click();
      await expect(page.getByRole('region', { name: 'Settings' })).toHaveCount(0);
      await expect(server(page, 1)).toBeVisible();
    });
  }
}
