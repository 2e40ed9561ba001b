/** The run as a space-time diagram: seen, zoomed, pointed at, and read as a table. */
import type { Page } from '@playwright/test';
import {
  accessible,
  drop,
  expect,
  fasten,
  fits,
  leader,
  open,
  playUntil,
  SMALL,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

const field = (page: Page) => page.locator('[data-drawn]');
const number = async (page: Page, name: string): Promise<number> =>
  Number(await field(page).getAttribute(`data-${name}`));
const length = async (page: Page): Promise<number> =>
  (await number(page, 'to')) - (await number(page, 'from'));

async function openDiagram(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Space-time', exact: true }).click();
  await expect(field(page)).toBeVisible();
  await expect.poll(() => number(page, 'arrows')).toBeGreaterThan(0);
}

/** Something that is drawn, found as a person would: by moving the pointer until it tells. */
async function findOn(page: Page, wanted: RegExp): Promise<{ x: number; y: number }> {
  const box = await field(page).boundingBox();
  if (box === null) throw new Error('there is no diagram');
  for (let row = 0.1; row < 1; row += 0.06) {
    for (let part = 0.15; part < 0.98; part += 0.02) {
      const at = { x: box.x + box.width * part, y: box.y + box.height * row };
      await page.mouse.move(at.x, at.y);
      const told = await page.locator('.tip .title').allTextContents();
      if (told.some((text) => wanted.test(text))) return at;
    }
  }
  throw new Error(`nothing tells ${wanted}`);
}

test('the view is kept in the address and does not disturb a shared session', async ({ page }) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await openDiagram(page);
  expect(new URL(page.url()).searchParams.get('view')).toBe('space-time');
  await page.reload();
  await expect(field(page)).toBeVisible();
  await page.getByRole('button', { name: 'Cluster', exact: true }).click();
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  expect(new URL(page.url()).searchParams.has('view')).toBe(false);
});

test('zoomed by wheel, by keys and by a range, and back again', async ({ page }) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await openDiagram(page);
  const whole = await length(page);
  const box = await field(page).boundingBox();
  if (box === null) throw new Error('there is no diagram');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -400);
  await expect.poll(() => length(page)).toBeLessThan(whole * 0.7);

  await field(page).focus();
  const before = await length(page);
  await page.keyboard.press('+');
  await expect.poll(() => length(page)).toBeLessThan(before * 0.6);
  await page.keyboard.press('Backspace');
  await expect.poll(() => length(page)).toBe(before);

  // A stretch of the axis, drawn with the mouse.
  await page.mouse.move(box.x + box.width * 0.4, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 8, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => length(page)).toBeLessThan(before * 0.2);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect.poll(() => length(page)).toBe(before);
  await page.getByRole('button', { name: 'Whole run' }).click();
  await expect.poll(() => number(page, 'from')).toBe(0);

  // Dragged, it moves.
  await field(page).focus();
  for (const _ of [1, 2]) await page.keyboard.press('+');
  await expect.poll(() => number(page, 'from')).toBeGreaterThan(0);
  const from = await number(page, 'from');
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.5, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => number(page, 'from')).toBeLessThan(from);
});

test('an arrow tells its numbers and leads to its moment, and the list points at it', async ({
  page,
}) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await openDiagram(page);
  const end = await step(page);
  const at = await findOn(page, /^vote request, n\d to n\d$/);
  await expect(page.locator('.tip')).toContainText(/sent [\d.]+ ms/);
  await expect(page.locator('.tip')).toContainText(/arrived [\d.]+ ms, after [\d.]+ ms/);
  await page.mouse.click(at.x, at.y);
  await expect.poll(() => step(page)).toBeLessThan(end);
  const now = await step(page);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  const current = page.locator('[data-event][aria-current]');
  await expect(current).toHaveAttribute('data-step', String(now));
  await expect(current).toContainText(/receives #\d+ of n\d/);
  expect(await time(page)).toBeGreaterThan(0);
});

test('a mark of the diagram is an event of the list', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await openDiagram(page);
  const at = await findOn(page, /^leader, n\d$/);
  await expect(page.locator('.tip')).toContainText('leads term');
  await page.mouse.click(at.x, at.y);
  await expect(page.locator('[data-event][aria-current]')).toContainText('leads term');
});

test('lanes are hidden, kinds left out, and all of it can be read as a table', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const first = Number(await leader(page).getAttribute('data-node'));
  const [hidden, other] = [1, 2, 3].filter((id) => id !== first);
  await openDiagram(page);
  await expect(page.locator(`[data-lane="n${hidden}"]`)).toBeVisible();
  await page.getByText('Lanes', { exact: true }).click();
  await page.getByRole('checkbox', { name: `n${hidden}` }).uncheck();
  await expect(page.locator(`[data-lane="n${hidden}"]`)).toHaveCount(0);
  await page.getByText('Lanes', { exact: true }).click();

  await page.getByRole('button', { name: 'Table' }).click();
  const table = page.getByRole('region', { name: 'Table of the window' });
  await expect(
    table.getByRole('row', { name: new RegExp(`vote request #\\d+ n${first} to n${other}`) }),
  ).toBeVisible();
  await expect(table.getByText(new RegExp(`n${hidden} to|to n${hidden}`))).toHaveCount(0);
  const requests = table.getByRole('cell', { name: /^vote.*#\d+$/ });
  expect(await requests.count()).toBeGreaterThan(0);
  await page.getByText('Messages', { exact: true }).click();
  await page.getByRole('checkbox', { name: /Elections/ }).uncheck();
  await expect(requests).toHaveCount(0);

  const row = table
    .getByRole('row', { name: /leader/ })
    .getByRole('button')
    .first();
  await row.click();
  await expect(page.locator('[data-event][aria-current]')).toContainText('leads term');
});

test('a hundred thousand events stay fluid', async ({ page }) => {
  test.setTimeout(400_000);
  await open(page);
  const busy = `${SMALL.replace('60s', '600s').replace('nodes = 3', 'nodes = 5')}actions = [
    { at = "300ms", do = "workload", rate = 400, keys = 100, for = "600s" } ]
[clients]
count = 2
`;
  await drop(page, 'busy.toml', busy);
  await page.getByRole('button', { name: 'Space-time', exact: true }).click();
  await page.getByText('Messages', { exact: true }).click();
  await page.getByRole('checkbox', { name: /^Marks of writes/ }).check();
  await page.getByText('Messages', { exact: true }).click();
  await fasten(page, 40);
  await playUntil(page, async () => {
    await expect.poll(() => step(page), { timeout: 300_000 }).toBeGreaterThan(68_000);
  });
  await page.getByRole('button', { name: 'Whole run' }).click();
  // Each message is sent and lands; the rest are marks.
  const events = async (): Promise<number> =>
    2 * (await number(page, 'messages')) + (await number(page, 'marks'));
  await expect.poll(events, { timeout: 60_000 }).toBeGreaterThan(100_000);
  expect(await number(page, 'arrows')).toBeLessThanOrEqual(4_000);
  // Zoomed a little in and out, it is drawn anew each time.
  const box = await field(page).boundingBox();
  if (box === null) throw new Error('there is no diagram');
  const times: number[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
    await page.mouse.wheel(0, turn % 2 === 0 ? -60 : 60);
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    times.push(await number(page, 'drawn'));
  }
  times.sort((a, b) => a - b);
  const [middle, worst] = [times[10] ?? 0, times[19] ?? 0];
  const arrows = await number(page, 'arrows');
  console.log(
    `space-time: ${await events()} events as ${arrows} arrows, drawn in ${middle} ms, ${worst} ms at worst`,
  );
  expect(middle).toBeLessThan(32);
});

for (const width of [390, 1280]) {
  test(`axe finds nothing in the diagram and its table at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await open(page);
    await stepUntil(page, '[data-state="leader"]');
    await openDiagram(page);
    await page.keyboard.press('w');
    for (const state of ['the diagram', 'the table']) {
      await accessible(page, state);
      await page.getByRole('button', { name: 'Table' }).click();
    }
    await fits(page);
  });
}
