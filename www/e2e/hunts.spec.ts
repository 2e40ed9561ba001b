/** Raft broken on purpose, and failures that are looked for. */
import type { Page } from '@playwright/test';
import { accessible, alertOf, drop, expect, fits, open, SMALL, test, time } from './cluster';

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const mutant = (page: Page, name: string) => page.locator(`[data-mutant="${name}"]`);
const right = (page: Page) => page.getByRole('button', { name: 'Put it right' }).first();
const saysBroken = (page: Page) => page.getByText('Raft is broken on purpose').locator('..');

/** A write, and then a read, of one client. */
const WRITES = `${SMALL.replace('60s', '4s')}actions = [
  { at = "1s", do = "write", client = 1, keys = 20, prefix = "k" },
  { at = "2s", do = "get", client = 1, key = "k1" },
]
`;

async function openBreak(page: Page, text = WRITES): Promise<void> {
  await open(page);
  await drop(page, 'small.toml', text);
  await page.keyboard.press('b');
  await expect(panel(page, 'Break Raft')).toBeVisible();
}

test('a mistake is switched on, found in the scenario, and put right', async ({ page }) => {
  await openBreak(page);
  await page.getByRole('searchbox', { name: 'Find a mistake' }).fill('only appended');
  await expect(page.locator('[data-mutant]')).toHaveCount(1);
  await mutant(page, 'answers-before-commit').getByRole('checkbox').click();
  await expect(saysBroken(page)).toContainText('answers-before-commit');
  const verdict = panel(page, 'Break Raft');
  await expect(verdict).toContainText(/In this scenario .* fails at/);
  await page.getByRole('button', { name: 'Go to where it fails' }).click();
  await expect(page.locator('[data-standing="brokenHere"]').first()).toBeVisible();
  expect(await time(page)).toBeGreaterThan(1_000_000);

  await right(page).click();
  await expect(saysBroken(page)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('End');
  await expect.poll(() => time(page)).toBe(4_000_000);
  await expect(page.getByText('All rules hold')).toBeVisible();
});

test('a scenario that does not show a mistake says so', async ({ page }) => {
  await openBreak(page);
  await mutant(page, 'single-step-change').getByRole('checkbox').click();
  await expect(panel(page, 'Break Raft')).toContainText('no rule fails until its end');
});

test('a mistake is shown: a run that fails is found, made small and opened', async ({ page }) => {
  await openBreak(page);
  await page.getByRole('button', { name: 'Show me: duplicate-applied-twice' }).click();
  await expect(page.locator('[data-phase="found"]')).toBeVisible({ timeout: 120_000 });
  await expect(panel(page, 'Break Raft')).toContainText(/Made small in \d+ runs/);
  await expect(saysBroken(page)).toContainText('duplicate-applied-twice');
  await expect(page.locator('[data-rule="Applied exactly once"]')).toHaveAttribute(
    'data-standing',
    'brokenHere',
  );
  // It can be shared and comes back at the same step.
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('[data-standing="brokenHere"]')).toHaveCount(0);
});

test('a hunt finds nothing in Raft as it is, and says in how many runs', async ({ page }) => {
  await open(page);
  await page.keyboard.press('f');
  const hunt = panel(page, 'Find me a failure');
  await hunt.getByRole('textbox', { name: 'First seed' }).fill('many');
  await expect(hunt).toContainText('A seed is a whole number');
  await hunt.getByRole('textbox', { name: 'First seed' }).fill('0');
  await hunt.getByRole('button', { name: 'Find me a failure' }).click();
  await expect
    .poll(async () => Number(await hunt.locator('[data-runs]').getAttribute('data-runs')), {
      timeout: 60_000,
    })
    .toBeGreaterThan(3);
  await expect(hunt).toContainText(/Looking: nothing found in \d+ runs so far/);
  await hunt.getByText('What the runs came across').click();
  await expect(hunt.getByRole('row', { name: /leaders elected/ })).toBeVisible();
  // The page goes on meanwhile.
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('f');
  await hunt.getByRole('button', { name: 'Stop' }).click();
  await expect(hunt).toContainText(/Stopped: nothing found in \d+ runs/);
});

test('a hunt finds a mistake that was put in', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Find a failure' }).click();
  const hunt = panel(page, 'Find me a failure');
  await hunt.getByRole('combobox', { name: 'Add a mistake' }).selectOption('votes-twice');
  await expect(hunt).toContainText('A server votes for everyone who asks');
  await hunt.getByRole('textbox', { name: 'First seed' }).fill('0');
  await hunt.getByRole('button', { name: 'Find me a failure' }).click();
  await expect(page.locator('[data-phase="found"]')).toBeVisible({ timeout: 120_000 });
  await expect(page.locator('[data-standing="brokenHere"]').first()).toBeVisible();
  await expect(saysBroken(page)).toContainText('votes-twice');
  await expect(alertOf(page)).toHaveCount(0);
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing in these panels, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      const check = async (): Promise<void> => {
        await accessible(page);
        await fits(page);
      };
      await openBreak(page);
      await mutant(page, 'answers-before-commit').getByRole('checkbox').click();
      await expect(page.getByRole('button', { name: 'Go to where it fails' })).toBeVisible();
      await check();
      await page.getByRole('button', { name: 'Close: break Raft' }).click();
      await page.keyboard.press('f');
      await page.getByRole('textbox', { name: 'First seed' }).fill('0');
      await page.getByRole('button', { name: 'Find me a failure' }).last().click();
      await expect(page.locator('[data-phase="hunting"]')).toBeVisible();
      await check();
    });
  }
}
