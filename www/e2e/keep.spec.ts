/** What a person did survives a reload, a closed tab and a crash of the tab. */
import type { Page } from '@playwright/test';
import { drop, expect, open, picture, SMALL, step, stepUntil, test, time } from './cluster';

const continued = (page: Page) => page.getByText('Continued where you left.');

/** The newest step that the browser has written down. */
const kept = (page: Page) =>
  page.evaluate(async () => {
    const [known] = await indexedDB.databases();
    if (known?.name === undefined) return undefined;
    const asked = indexedDB.open(known.name);
    await new Promise((done) => asked.addEventListener('success', done));
    const store = asked.result.transaction('sessions').objectStore('sessions');
    const all = store.getAll();
    await new Promise((done) => all.addEventListener('success', done));
    asked.result.close();
    const sessions: { at: number; step: number }[] = all.result;
    return sessions.sort((one, other) => other.at - one.at)[0]?.step;
  });

/** What is on the screen is written down within a second, give or take what a busy machine needs. */
async function isKept(page: Page): Promise<void> {
  await expect
    .poll(async () => (await kept(page)) === (await step(page)), { timeout: 2_000 })
    .toBe(true);
}

/** Something that only this session has. */
async function work(page: Page): Promise<{ at: number; events: number; drawn: string }> {
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('2');
  await page.keyboard.press('c');
  for (let steps = 0; steps < 5; steps += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await isKept(page);
  return { at: await time(page), events: await step(page), drawn: await picture(page) };
}

async function isAsLeft(page: Page, left: Awaited<ReturnType<typeof work>>): Promise<void> {
  await expect(continued(page)).toBeVisible();
  await expect.poll(() => step(page)).toBe(left.events);
  expect(await time(page)).toBe(left.at);
  expect(await picture(page)).toBe(left.drawn);
}

test('a reload goes on where it was, and can be started fresh', async ({ page }) => {
  await open(page);
  await expect(continued(page)).toHaveCount(0);
  const left = await work(page);
  await page.reload();
  await isAsLeft(page, left);
  await page.getByRole('button', { name: 'Start fresh' }).click();
  await expect(continued(page)).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Scenario' })).toHaveValue('leader-crash');
  expect(await time(page)).toBe(1_000);
});

test('a closed tab is gone on with at the next visit', async ({ page, context }) => {
  await open(page);
  const left = await work(page);
  await page.close({ runBeforeUnload: false });
  const next = await context.newPage();
  await open(next);
  await isAsLeft(next, left);
});

test('a tab that crashes has lost nothing older than a second', async ({ page, context }) => {
  await open(page);
  const left = await work(page);
  const crashed = page.waitForEvent('crash');
  const devtools = await context.newCDPSession(page);
  devtools.send('Page.crash').catch(() => undefined);
  await crashed;
  const next = await context.newPage();
  await open(next);
  await isAsLeft(next, left);
});

test('a link is opened though another session was left, and a reload of it goes on', async ({
  page,
  context,
}) => {
  await open(page);
  await work(page);
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  const link = await page.evaluate(() => location.href);
  const shared = await step(page);
  for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press('ArrowRight');
  await isKept(page);
  await page.reload();
  await expect(continued(page)).toBeVisible();
  await expect.poll(() => step(page)).toBe(shared + 3);

  const other = await context.newPage();
  await other.goto(link);
  await expect.poll(() => step(other).catch(() => -1)).toBe(shared);
  await expect(continued(other)).toHaveCount(0);
});

test('the view that was left is open again at the next visit', async ({ page, context }) => {
  await open(page);
  await work(page);
  await page.getByRole('button', { name: 'Space-time' }).click();
  await page.keyboard.press('ArrowRight');
  await isKept(page);
  await page.close({ runBeforeUnload: false });
  const next = await context.newPage();
  await next.goto('./');
  await expect(continued(next)).toBeVisible();
  await expect(next.locator('[data-arrows]')).toBeVisible();
});

test('two tabs keep a session each', async ({ page, context }) => {
  await open(page);
  const left = await work(page);
  const other = await context.newPage();
  await open(other);
  const shown = other.locator('[data-seed]');
  await expect(shown).toHaveText('5');
  await other.getByRole('button', { name: 'Start fresh' }).click();
  await expect(shown).toHaveText('11');
  await other.getByRole('button', { name: 'New seed' }).click();
  await expect(shown).not.toHaveText('11');
  const seed = (await shown.textContent()) ?? '';
  await isKept(other);
  await page.reload();
  await isAsLeft(page, left);
  await other.reload();
  await expect(shown).toHaveText(seed);
});
