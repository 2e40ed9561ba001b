/** The rules that are checked: how each stands at the moment shown. */
import type { Page } from '@playwright/test';
import {
  accessible,
  believe,
  drop,
  expect,
  fits,
  leader,
  open,
  SMALL,
  stepUntil,
  test,
  time,
} from './cluster';

const rule = (page: Page, name: string) => page.locator(`[data-rule="${name}"]`);
const card = (page: Page) => page.getByRole('group', { name: 'Rule', exact: true });

test('a rule says how often it had something to check', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await expect(page.getByText('All rules hold')).toBeVisible();
  await expect(page.locator('[data-rule]')).toHaveCount(17);
  const election = rule(page, 'Election Safety');
  await expect(election).toHaveAttribute('data-standing', 'nothing');
  await election.hover();
  await expect(card(page)).toContainText('At most one leader is elected in a term.');
  await expect(card(page)).toContainText('Raft paper, section 5.2');
  await expect(card(page)).toContainText('Nothing to check yet: no leaders elected.');

  await stepUntil(page, '[data-state="leader"]');
  await expect(leader(page)).toHaveCount(1);
  await expect(election).toHaveAttribute('data-standing', 'holds');
  await expect(card(page)).toContainText('Checked 1 time: leaders elected.');
  await expect(rule(page, 'Reads are fresh')).toHaveAttribute('data-standing', 'nothing');

  // It is the state at the moment shown, not of the whole run.
  await page.keyboard.press('Home');
  await expect(election).toHaveAttribute('data-standing', 'nothing');
});

test('a broken rule says where, and leads there', async ({ page }) => {
  await believe(page);
  const complete = rule(page, 'Leader Completeness');
  await expect(complete).toHaveAttribute('data-standing', 'brokenEarlier');
  await complete.click();
  await expect(card(page)).toContainText('does not hold the committed');
  const end = await time(page);
  await card(page).getByRole('button', { name: 'Go to the step' }).click();
  await expect(complete).toHaveAttribute('data-standing', 'brokenHere');
  expect(await time(page)).toBeLessThan(end);
  // The card stays, and leads to the server.
  await card(page)
    .getByRole('button', { name: /^Server \d$/ })
    .first()
    .click();
  await expect(page.locator('[data-node][aria-pressed="true"]')).toHaveCount(1);
  // One step before, the rule holds.
  await page.keyboard.press('ArrowLeft');
  await expect(complete).not.toHaveAttribute('data-standing', /broken/);
  await expect(page.getByText('All rules hold')).toBeVisible();
});

test('rules are read by keyboard', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: /^Election Safety/ }).focus();
  await page.keyboard.press('Tab');
  await expect(card(page)).toContainText('A server votes for at most one candidate in a term');
  await page.keyboard.press('Escape');
  await expect(card(page)).toBeHidden();
});

test('on a phone the rules unfold', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 780 });
  await open(page);
  await expect(page.getByText('All rules hold')).toBeVisible();
  await expect(rule(page, 'Log Matching')).toBeHidden();
  await page.getByRole('button', { name: 'The rules, one by one' }).click();
  await rule(page, 'Log Matching').click();
  await expect(card(page)).toContainText('agree on it and on what precedes it');
  await fits(page);
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing in broken rules, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await believe(page);
      if (width < 1180) await page.getByRole('button', { name: 'The rules, one by one' }).click();
      await rule(page, 'Applied is committed').click();
      await expect(card(page)).toBeVisible();
      await accessible(page);
    });
  }
}
