/** A person asks why, and is led back from effect to cause. */
import type { Page } from '@playwright/test';
import { drop, expect, leader, open, SMALL, step, stepUntil, test, time } from './cluster';

const panel = (page: Page) => page.getByRole('region', { name: 'Why', exact: true });

test('an election leads back to votes, to the timeout and to the crash, each a step to go to', async ({
  page,
}) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const first = await leader(page).getAttribute('data-node');
  await page.keyboard.press(first ?? '');
  await page.keyboard.press('c');
  const crashedAt = await step(page);
  await stepUntil(page, '[data-state="leader"]');
  const won = page.locator('[data-present="leader"]');
  await expect(won).toBeVisible();
  await page.getByRole('button', { name: 'Why?', exact: true }).click();

  const why = panel(page);
  await expect(why.locator('[data-why]')).toContainText('Raft paper, section 5.2');
  for (let more = 0; more < 4; more += 1) {
    if ((await why.locator('[data-kind="crashed"]').count()) > 0) break;
    const before = await why.locator('[data-cause]').count();
    await why.getByRole('button', { name: 'Show earlier causes' }).click();
    await expect.poll(() => why.locator('[data-cause]').count()).toBeGreaterThan(before);
  }
  await expect(why.locator('[data-kind="vote-granted"]').first()).toBeVisible();
  await expect(why.locator('[data-kind="pre-candidate"]').first()).toContainText(
    'heard from no leader',
  );
  const crash = why.locator('[data-cause]', { has: page.locator('[data-kind="crashed"]') });
  await expect(crash).toHaveAttribute('data-cause', String(crashedAt));
  await expect(crash.locator('.silence')).toContainText(`n${first} does not run since then`);

  // The list is newest first, and each entry leads to its moment.
  const steps = await why
    .locator('[data-cause]')
    .evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-cause'))));
  expect(steps).toEqual([...steps].sort((a, b) => b - a));
  await crash.getByRole('button').click();
  await expect.poll(() => step(page)).toBe(crashedAt);
  await expect(page.locator('[data-event][aria-current]')).toContainText('crashes');
  // What led to it stays open while one goes along the chain.
  await expect(why.locator('[data-why]')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(why).toHaveCount(0);
});

test('W asks for the event that has the focus, and any event of the list can be asked', async ({
  page,
}) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('w');
  await expect(panel(page).locator('[data-why]')).toContainText('leads term');
  const candidate = page.locator('button[data-event][data-kind="candidate"]').last();
  await candidate.focus();
  await page.keyboard.press('w');
  await expect(panel(page).locator('[data-why]')).toContainText('stands for election');
  const voted = page
    .locator('li', { has: page.locator('button[data-kind="vote-granted"]') })
    .last();
  await voted.hover();
  await voted.getByRole('button', { name: /^Why\?/ }).click();
  await expect(panel(page).locator('[data-why]')).toContainText('votes for');
  await expect(panel(page).locator('[data-why]')).toContainText('Raft paper, section 5.4.1');
  await expect(panel(page).locator('.message').first()).toContainText('vote request');
  expect(await time(page)).toBeGreaterThan(0);
});

test('on a phone the causes are a tab', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.getByRole('button', { name: 'Why?', exact: true }).click();
  await expect(page.getByRole('tab', { name: 'Why?' })).toHaveAttribute('aria-selected', 'true');
  await expect(panel(page).locator('[data-cause]').first()).toBeVisible();
  await panel(page).getByRole('button', { name: 'Close the causes' }).click();
  await expect(page.getByRole('tab', { name: 'Events' })).toHaveAttribute('aria-selected', 'true');
});

test('an event of a way that the run did not take is said to be gone', async ({ page }) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('w');
  await expect(panel(page).locator('[data-why]')).toBeVisible();
  const end = await step(page);
  for (let back = 0; back < 10; back += 1) await page.keyboard.press('ArrowLeft');
  await expect.poll(() => step(page)).toBe(end - 10);
  await page.keyboard.press('h');
  await expect(panel(page)).toContainText('history went another way');
});
