/** The page is for everyone, on every screen. */
import type { Page } from '@playwright/test';
import {
  accessible,
  alertOf,
  drop,
  expect,
  FULL,
  fits,
  leader,
  open,
  stepUntil,
  test,
} from './cluster';

/** On small screens the client is behind a tab. */
async function openWorkload(page: Page, width: number): Promise<void> {
  if (width < 1180) await page.getByRole('tab', { name: 'Client', exact: true }).click();
  await page.getByRole('button', { name: 'Workload', exact: true }).click();
}

const THEMES = ['light', 'dark'] as const;
for (const theme of THEMES) {
  for (const width of [390, 1280, 2560]) {
    test(`axe finds nothing, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await open(page);
      await stepUntil(page, '[data-state="leader"]');
      const check = async (state: string) => {
        await accessible(page, state);
      };
      await check('a leader at work');
      await page.keyboard.press((await leader(page).getAttribute('data-node')) ?? '');
      for (const tab of ['State', 'Log', 'Cache', 'Disk', 'Recovery', 'Links', 'Clock']) {
        await page.getByRole('tab', { name: tab, exact: true }).click();
        await check(`tab ${tab}`);
      }
      await drop(page, 'full.toml', FULL);
      await stepUntil(page, '[data-state="leader"]');
      await page.locator('[data-model]').focus();
      await page.keyboard.press('Enter');
      await check('the model service');
      await openWorkload(page, width);
      await check('the workload');
      await page.keyboard.press('?');
      await check('help');
      await page.keyboard.press('Escape');
      await page.evaluate(() => {
        location.hash = '#s9=x';
      });
      await expect(alertOf(page)).toBeVisible();
      await check('a problem');
    });
  }
}

test('nothing is wider than the screen, from 360 to 2560 px', async ({ page }) => {
  await open(page);
  await openWorkload(page, 1280);
  for (const width of [360, 390, 600, 760, 900, 1180, 1280, 1920, 2560]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page, `at ${width} px`);
  }
});

test('on a phone the list of events shows the present', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.getByRole('tab', { name: 'Events', exact: true }).click();
  await expect(page.locator('[data-event][aria-current]')).toBeInViewport({ ratio: 1 });
});

test('one screen without scrolling on a desktop', async ({ page }) => {
  await open(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await openWorkload(page, 1280);
  await page.keyboard.press('1');
  await expect(page.getByRole('tab', { name: 'Cache' })).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(800);
});

test('no text is smaller than 12 px', async ({ page }) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await openWorkload(page, 1280);
  await page.keyboard.press('1');
  await page.getByRole('tab', { name: 'Cache' }).click();
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((one) =>
        [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent?.trim()),
      )
      .filter((one) => Number.parseFloat(getComputedStyle(one).fontSize) < 12)
      .map((one) => one.outerHTML),
  );
  expect(small).toEqual([]);
});

test('the theme can be chosen and is remembered', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('nothing is asked of any other host', async ({ page, baseURL }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  const host = new URL(baseURL ?? '').host;
  expect(asked.filter((url) => /^https?:/.test(url) && new URL(url).host !== host)).toEqual([]);
});
