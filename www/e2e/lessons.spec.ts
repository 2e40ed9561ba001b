/** A learner takes lessons: by hand, by "show me", and comes back another day. */
import type { Page } from '@playwright/test';
import { accessible, expect, fits, server, test } from './cluster';

const card = (page: Page) => page.getByRole('region', { name: 'Lesson' });
const first = (page: Page) => page.getByRole('region', { name: 'First lesson' });

async function begin(page: Page, id: string): Promise<void> {
  await page.goto(`./?lesson=${id}`);
  await expect(page.locator(`[data-lesson="${id}"]`)).toBeVisible();
}

/** Has everything shown that the lesson waits for, up to a step or to the end. */
async function showUntil(page: Page, step?: number): Promise<void> {
  const over = page.getByText('Lesson done');
  const next = card(page).getByRole('button', { name: 'Next', exact: true });
  const show = card(page).getByRole('button', { name: 'Show me' });
  for (let press = 0; press < 60; press += 1) {
    const now = Number(await page.locator('[data-lesson]').getAttribute('data-step'));
    if (step !== undefined ? now >= step : await over.isVisible()) return;
    const met = await page.locator('[data-goal="met"]').count();
    if (await show.isVisible()) await show.click();
    else if (await next.isVisible()) await next.click();
    await expect
      .poll(
        async () =>
          (await over.isVisible()) ||
          (await next.isVisible()) ||
          Number(await page.locator('[data-lesson]').getAttribute('data-step')) > now ||
          (await page.locator('[data-goal="met"]').count()) > met,
        { timeout: 90_000 },
      )
      .toBe(true);
  }
  throw new Error('the lesson does not come to its end');
}

test.describe('a first visit', () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test('something is alive, and the first lesson is offered, once', async ({ page }) => {
    await page.goto('./');
    await expect(first(page)).toBeVisible();
    await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
    await first(page).getByRole('button', { name: 'Not now' }).click();
    await expect(first(page)).toHaveCount(0);
    await page.goto('./');
    await expect(server(page, 1)).toBeVisible();
    await expect(first(page)).toHaveCount(0);
  });
});

test('a wrong answer says why, the right one goes on', async ({ page }) => {
  await begin(page, 'mistake');
  await showUntil(page, 4);
  await card(page).getByRole('button', { name: 'Show me' }).click();
  await card(page).getByRole('button', { name: 'They vote twice in a term' }).click();
  await expect(card(page).getByText('You saw two terms')).toBeVisible();
  await card(page)
    .getByRole('button', { name: /without asking whether it still leads/ })
    .click();
  await expect(card(page).getByText('Lesson done')).toBeVisible();
});

test('a lesson is shown to its end', async ({ page }) => {
  await begin(page, 'replication');
  await showUntil(page);
  await card(page).getByRole('button', { name: 'Next lesson' }).click();
  await expect(page.locator('[data-lesson="commit"]')).toBeVisible();
});

test('a lesson ends when another scenario is opened, and an unknown one is told', async ({
  page,
}) => {
  await begin(page, 'commit');
  await page.getByRole('combobox', { name: 'Scenario' }).selectOption('leader-crash');
  await expect(card(page)).toHaveCount(0);
  expect(new URL(page.url()).searchParams.has('lesson')).toBe(false);
  await page.goto('./?lesson=nonsense');
  await expect(page.getByRole('alert')).toContainText('there are election');
});

for (const width of [390, 1280]) {
  test(`axe finds nothing in a lesson and in the list, ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await begin(page, 'replication');
    const check = async () => {
      await accessible(page);
    };
    await check();
    await page.getByRole('button', { name: 'Lessons', exact: true }).click();
    await check();
    await fits(page);
  });
}
