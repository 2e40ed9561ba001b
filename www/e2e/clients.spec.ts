/** The clients' history: operations from invocation to answer, and what no order explains. */
import type { Page } from '@playwright/test';
import { accessible, believe, drop, expect, fits, open, SMALL, test, time } from './cluster';

const history = (page: Page) => page.getByRole('region', { name: "Clients' history" });
const bars = (page: Page) => page.locator('[data-operation]');

const MANY = `${SMALL.replace('60s', '5s')}actions = [
  { at = "1s", do = "write", client = 1, keys = 90, prefix = "k" },
  { at = "1s", do = "write", client = 2, keys = 20, prefix = "m" },
  { at = "4s", do = "get", client = 2, key = "k7" },
]
[clients]
count = 2
`;

async function openHistory(page: Page): Promise<void> {
  await page.getByRole('button', { name: /Clients. history/ }).click();
  await expect(history(page)).toBeVisible();
}

test('each operation is a bar, and leads to its answer', async ({ page }) => {
  await open(page);
  await drop(page, 'many.toml', MANY);
  await openHistory(page);
  await expect(history(page)).toContainText('No client has asked for anything');
  await page.keyboard.press('End');
  await expect.poll(() => time(page)).toBe(5_000_000);
  await expect(bars(page)).toHaveCount(30);
  await expect(history(page)).toContainText('30 of 111 operations');
  await expect(page.locator('[data-fate="explained"]')).toHaveCount(30);
  await expect(page.locator('[data-point]')).toHaveCount(30);

  await history(page).getByRole('combobox', { name: 'Key' }).selectOption('k7');
  await expect(bars(page)).toHaveCount(2);
  await expect(bars(page).last()).toContainText('get k7');
  await bars(page).first().click();
  await expect.poll(() => time(page)).toBeLessThan(2_000_000);
  // The read has not been asked for yet at that moment.
  await expect(bars(page)).toHaveCount(1);
  await expect(bars(page).first()).toContainText('written');
});

test('earlier operations are a window away, and all can be read as a list', async ({ page }) => {
  await open(page);
  await drop(page, 'many.toml', MANY);
  await openHistory(page);
  await page.keyboard.press('End');
  await expect.poll(() => time(page)).toBe(5_000_000);
  await expect(bars(page)).toHaveCount(30);
  const first = await bars(page).first().getAttribute('data-operation');
  await history(page).getByRole('button', { name: 'Earlier' }).click();
  await expect(page.locator(`[data-operation="${first}"]`)).toHaveCount(0);
  await expect(bars(page)).toHaveCount(30);
  await history(page).getByRole('button', { name: 'Newest' }).click();
  await expect(page.locator(`[data-operation="${first}"]`)).toHaveCount(1);
  await history(page).getByRole('button', { name: 'As a list' }).click();
  await expect(history(page).getByRole('row')).toHaveCount(31);
  await expect(history(page).getByRole('row').last()).toContainText('get k7');
});

test('a contradiction is told with the reason why no order explains it', async ({ page }) => {
  await believe(page);
  await openHistory(page);
  await expect(history(page)).toContainText('No order explains these answers.');
  await expect(history(page)).toContainText('In every order that explains the other answers');
  await history(page)
    .getByRole('button', { name: /^Only these \d/ })
    .click();
  await expect(page.locator('[data-fate="contradicted"]')).toHaveCount(1);
  const end = await time(page);
  await history(page).getByRole('button', { name: 'Go there' }).click();
  await expect.poll(() => time(page)).toBeLessThan(end);
  await expect(page.locator('[data-rule="Linearizable"]')).toHaveAttribute(
    'data-standing',
    'brokenHere',
  );
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing in the history, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await believe(page);
      await openHistory(page);
      await expect(page.locator('[data-fate="contradicted"]').first()).toBeVisible();
      const check = async (): Promise<void> => {
        await accessible(page);
        await fits(page);
      };
      await check();
      await history(page).getByRole('button', { name: 'As a list' }).click();
      await check();
    });
  }
}
