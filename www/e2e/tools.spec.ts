/** Tools, strokes and messages in the hand: by mouse, by touch, by keyboard. */
import type { Locator, Page } from '@playwright/test';
import {
  accessible,
  CROWD,
  drop,
  expect,
  fits,
  leader,
  open,
  SMALL,
  server,
  settled,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

interface Point {
  x: number;
  y: number;
}

async function middle(locator: Locator): Promise<Point> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('it is not drawn');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
const centre = (page: Page, id: number): Promise<Point> =>
  middle(server(page, id).locator('.body'));
const part = (a: Point, b: Point, share: number): Point => ({
  x: a.x + (b.x - a.x) * share,
  y: a.y + (b.y - a.y) * share,
});
const told = (page: Page): Locator => page.locator('p.told');
const cuts = (page: Page): Locator => page.locator('[data-cut]');
const event = (page: Page): Locator => page.locator('button[aria-current]');
const tool = (page: Page, name: string): Locator =>
  page.getByRole('button', { name: `${name} tool`, exact: true });

/** A stroke across the link of two servers, near its middle. */
async function strokeAcross(page: Page, a: number, b: number): Promise<void> {
  const [from, to] = [await centre(page, a), await centre(page, b)];
  const at = part(from, to, 0.45);
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const beside = { x: (-(to.y - from.y) / length) * 34, y: ((to.x - from.x) / length) * 34 };
  await page.mouse.move(at.x - beside.x, at.y - beside.y);
  await page.mouse.down();
  await page.mouse.move(at.x + beside.x, at.y + beside.y, { steps: 6 });
}

/** A vote request in flight, in the middle of its way. */
async function inFlight(page: Page): Promise<Locator> {
  await stepUntil(page, '.message.vote');
  // The one drawn last lies on top.
  const message = page.locator('.message.vote').last();
  const id = await message.getAttribute('data-message');
  return page.locator(`[data-message="${id}"]`);
}

async function lane(page: Page, message: Locator): Promise<{ at: Point; along: Point }> {
  const says = (await message.getAttribute('aria-label')) ?? '';
  const [, from, to] = /from n(\d+) to n(\d+)/.exec(says) ?? [];
  const [a, b] = [await centre(page, Number(from)), await centre(page, Number(to))];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  return {
    at: await middle(message.locator('.touch')),
    along: { x: (b.x - a.x) / length, y: (b.y - a.y) / length },
  };
}

test.beforeEach(async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
});

test('a message that is dragged back along its lane comes later', async ({ page }) => {
  const message = await inFlight(page);
  const { at, along } = await lane(page, message);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x - along.x * 60, at.y - along.y * 60, { steps: 5 });
  await expect(told(page)).toContainText(/ms later: arrives at \d/);
  const says = (await told(page).textContent()) ?? '';
  const arrives = /arrives at ([\d.]+) ms/.exec(says)?.[1]?.replace('.', '') ?? 'none';
  await expect(page.locator('[data-ghost="delay"]')).toBeVisible();
  await page.mouse.up();
  await expect(told(page)).toHaveCount(0);
  await expect(event(page)).toContainText(/held back/);
  await settled(page);
  await message.click();
  await expect(page.getByRole('row', { name: /^arrives/ })).toContainText(arrives);
});

test('a message that is dragged onto another moment of the timeline comes then', async ({
  page,
}) => {
  const message = await inFlight(page);
  const { at } = await lane(page, message);
  const rail = await page.locator('[data-rail]').boundingBox();
  if (rail === null) throw new Error('there is no timeline');
  const over = { x: rail.x + rail.width / 2, y: rail.y + rail.height / 2 };
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(over.x, over.y, { steps: 6 });
  await expect(page.locator('[data-aim]')).toBeVisible();
  // The run lasts a minute, and this is its middle.
  await expect(told(page)).toContainText(/later: arrives at (29|30)\d{3}/);
  await page.mouse.move(rail.x, over.y, { steps: 4 });
  await expect(page.locator('[data-ghost="nothing"]')).toBeVisible();
  await page.mouse.move(over.x, over.y, { steps: 4 });
  await page.mouse.up();
  await expect(page.locator('[data-aim]')).toHaveCount(0);
  await expect(event(page)).toContainText(/held back/);
  await settled(page);
  await message.click();
  await expect(page.getByRole('row', { name: /^arrives/ })).toContainText(/(29\.9|30\.0)\d+ s/);
});

test('a message that is dragged off its lane is lost; Esc lets it be', async ({ page }) => {
  const message = await inFlight(page);
  const { at, along } = await lane(page, message);
  const off = { x: at.x - along.y * 90, y: at.y + along.x * 90 };
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(off.x, off.y, { steps: 5 });
  await expect(told(page)).toHaveText('is lost');
  await page.keyboard.press('Escape');
  await expect(told(page)).toHaveCount(0);
  await page.mouse.up();
  await expect(message).toHaveCount(1);

  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(off.x, off.y, { steps: 5 });
  await page.mouse.up();
  await expect(message).toHaveCount(0);
  await expect(event(page)).toContainText(/drop/i);
  await expect(page.getByRole('row', { name: /^arrives/ })).toHaveCount(0);
});

test('a message that is dragged with Alt, or clicked with the tool, arrives twice', async ({
  page,
}) => {
  const message = await inFlight(page);
  const { at } = await lane(page, message);
  const before = await page.locator('[data-message]').count();
  await page.keyboard.down('Alt');
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 20, at.y + 20, { steps: 4 });
  await expect(told(page)).toHaveText('arrives twice');
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await expect(page.locator('[data-message]')).toHaveCount(before + 1);
  const top = page.locator('[data-message]').last();
  await page.keyboard.press('u');
  await top.click();
  await expect(page.locator('[data-message]')).toHaveCount(before + 2);
  await page.keyboard.press('o');
  await top.click();
  await expect(page.locator('[data-message]')).toHaveCount(before + 1);
});

test('in a crowd a message is pointed at, opened and carried as elsewhere', async ({ page }) => {
  await drop(page, 'crowd.toml', CROWD);
  await page.getByRole('slider', { name: 'Moment' }).fill('2000000');
  const crowd = page.locator('[data-crowd]');
  await expect(crowd).toHaveAttribute('data-crowd', /^\d{3}$/);
  await expect(page.locator('.message')).toHaveCount(0);
  await settled(page);
  const count = Number(await crowd.getAttribute('data-crowd'));
  // The one drawn last lies on top.
  const { x, y } = await crowd.evaluate((drawn) => {
    const places = drawn.querySelector('.shape:last-of-type')?.getAttribute('d') ?? '';
    const [, left, top] = /.*M([\d.]+) ([\d.]+)/.exec(places) ?? [];
    const box = drawn.closest('svg')?.getBoundingClientRect() ?? { x: 0, y: 0 };
    return { x: box.x + Number(left), y: box.y + Number(top) };
  });
  await page.mouse.move(x, y);
  await expect(crowd.locator('.ring')).toHaveCount(1);
  await page.mouse.click(x, y);
  await expect(page.locator('[data-sentence]')).toBeVisible();
  await page.mouse.move(x, y - 200);
  await expect(crowd.locator('.ring')).toHaveCount(1);
  const sentence = await page.locator('[data-sentence]').textContent();

  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.keyboard.down('Alt');
  await page.mouse.move(x + 20, y + 20, { steps: 4 });
  await expect(told(page)).toHaveText('arrives twice');
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await expect(crowd).toHaveAttribute('data-crowd', String(count + 1));
  await expect(page.locator('[data-sentence]')).toHaveText(sentence ?? '');
  // The tool is in the hand, and the message is where it was.
  await page.keyboard.press('o');
  await expect(tool(page, 'Lose')).toHaveAttribute('aria-pressed', 'true');
  await page.mouse.click(x, y);
  await expect(crowd).toHaveAttribute('data-crowd', String(count));
});

test('time stands still while a message is held, and goes on after', async ({ page }) => {
  const message = await inFlight(page);
  const { at } = await lane(page, message);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.evaluate(
    () => document.activeElement instanceof SVGElement && document.activeElement.blur(),
  );
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  await page.mouse.move(at.x + 9, at.y + 9, { steps: 3 });
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await page.mouse.up();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
});

test('a stroke across one link cuts it, the same stroke mends it', async ({ page }) => {
  await strokeAcross(page, 1, 2);
  await expect(told(page)).toHaveText('cuts n1–n2');
  await page.mouse.up();
  await expect(cuts(page)).toHaveCount(2);
  await expect(page.locator('[data-cut="1>2"]')).toHaveCount(1);
  await strokeAcross(page, 1, 2);
  await expect(told(page)).toHaveText('mends n1–n2');
  await page.mouse.up();
  await expect(cuts(page)).toHaveCount(0);
});

test('a stroke that leaves a server alone is one partition, and H heals it', async ({ page }) => {
  const [one, two, three] = [await centre(page, 1), await centre(page, 2), await centre(page, 3)];
  const [a, b] = [part(one, two, 0.45), part(one, three, 0.45)];
  const over = { x: (a.x - b.x) * 0.3, y: (a.y - b.y) * 0.3 };
  await page.mouse.move(a.x + over.x, a.y + over.y);
  await page.mouse.down();
  await page.mouse.move(b.x - over.x, b.y - over.y, { steps: 12 });
  await expect(told(page)).toHaveText('parts n1 | n2 n3');
  await page.mouse.up();
  await expect(cuts(page)).toHaveCount(4);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a file' }).click();
  const stream = await (await saved).createReadStream();
  const text = (await stream.toArray()).join('');
  expect(text).toContain('do = "partition", groups = [[1], [2, 3]]');
  await page.keyboard.press('h');
  await expect(cuts(page)).toHaveCount(0);
});

test('one direction of a link is cut and mended by its mark', async ({ page }) => {
  const at = part(await centre(page, 1), await centre(page, 3), 0.5);
  await page.mouse.move(at.x, at.y);
  await page.getByRole('button', { name: 'Cut the way from n1 to n3' }).click();
  await expect(cuts(page)).toHaveCount(1);
  await expect(page.locator('[data-cut="1>3"]')).toHaveCount(1);
  await page.mouse.move(0, 0);
  await page.getByRole('button', { name: 'Mend the way from n1 to n3' }).click();
  await expect(cuts(page)).toHaveCount(0);
});

test('a tool is picked up, used on servers, and put down', async ({ page }) => {
  await stepUntil(page, '[data-state="leader"]');
  await tool(page, 'Crash').click();
  await expect(tool(page, 'Crash')).toHaveAttribute('aria-pressed', 'true');
  await server(page, 1).click();
  await expect(server(page, 1)).toHaveAttribute('data-state', 'down');
  await page.keyboard.press('2');
  await expect(server(page, 2)).toHaveAttribute('data-state', 'down');
  await page.keyboard.press('1');
  await expect(server(page, 1)).not.toHaveAttribute('data-state', 'down');
  await page.keyboard.press('Escape');
  await expect(tool(page, 'Crash')).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('3');
  await expect(server(page, 3)).toHaveAttribute('aria-pressed', 'true');
  await expect(server(page, 3)).not.toHaveAttribute('data-state', 'down');
});

test('every tool does what it says', async ({ page }) => {
  await stepUntil(page, '[data-lease]');
  const id = ((Number(await leader(page).getAttribute('data-node')) % 3) + 1).toString();
  const use = async (keys: string[], says: RegExp) => {
    // What an earlier use has shown says nothing about this one.
    const before = await step(page);
    for (const key of keys) await page.keyboard.press(key);
    await page.keyboard.press(id);
    await expect.poll(() => step(page)).toBeGreaterThan(before);
    await settled(page);
    await expect(event(page)).toContainText(says);
    await page.keyboard.press('Escape');
  };
  await use(['i'], /cut/i);
  await expect(cuts(page)).toHaveCount(4);
  await use(['i'], /mend/i);
  await expect(cuts(page)).toHaveCount(0);
  await use(['t'], /clock/i);
  await use(['t', 't', 't', 't', 't'], /clock/i);
  await page.keyboard.press('s');
  await leader(page).click();
  await expect(event(page)).toContainText(/snapshot/i);
  await page.keyboard.press('Escape');
  await use(['d'], /disk/i);
  await use(['d', 'd'], /sync/i);
  await use(['d', 'd', 'd'], /disk/i);
  await use(['d', 'd', 'd', 'd', 'd'], /disk/i);
  await use(['d', 'd', 'd', 'd'], /bit/i);
  await use(['k'], /kill/i);
  await expect(server(page, Number(id))).toHaveAttribute('data-state', 'down');
  await use(['k'], /./);
  await expect(server(page, Number(id))).not.toHaveAttribute('data-state', 'down');
  await use(['t', 't', 't'], /clock/i);
});

test('a paused server takes nothing until it goes on', async ({ page }) => {
  await stepUntil(page, '[data-lease]');
  const id = Number(await leader(page).getAttribute('data-node'));
  await tool(page, 'Pause').click();
  await server(page, id).click();
  await expect(event(page)).toContainText(`n${id} is paused`);
  await expect(server(page, id).locator('[data-pace="paused"]')).toBeVisible();
  await expect(server(page, id)).toHaveAttribute('aria-label', /leader, paused/);
  // Another one is elected meanwhile; what comes to the paused one waits.
  await stepUntil(page, `[data-state="leader"]:not([data-node="${id}"])`);
  await expect(server(page, id).locator('[data-pace] text')).toHaveText(/^\+\d+$/);
  await page.keyboard.press(String(id));
  await expect(event(page)).toContainText(/goes on after its pause: it takes the \d+ inputs/);
  await expect(server(page, id).locator('[data-pace="paused"]')).toHaveCount(0);
  await stepUntil(page, `[data-node="${id}"]:not([data-state="leader"])`);
  await page.keyboard.press('Escape');
  // A selected server is paused at once, and its panel lets it go on.
  await page.keyboard.press(String(id));
  await page.keyboard.press('z');
  await expect(event(page)).toContainText(`n${id} is paused`);
  await page.getByRole('button', { name: 'Resume server' }).click();
  await expect(event(page)).toContainText(`n${id} goes on`);
});

test('a slow server bears how slow it is', async ({ page }) => {
  await page.keyboard.press('l');
  await page.keyboard.press('l');
  await page.keyboard.press('2');
  await expect(event(page)).toContainText('each input takes it 20 ms');
  await expect(server(page, 2).locator('[data-pace="slow"]')).toContainText('20 ms');
  await page.keyboard.press('l');
  await page.keyboard.press('2');
  await expect(event(page)).toContainText('takes each input at once');
  await expect(server(page, 2).locator('[data-pace]')).toHaveCount(0);
});

test('election timers are aligned and spread, by buttons and by keys', async ({ page }) => {
  await stepUntil(page, '[data-node="1"] .timer');
  await page.getByRole('button', { name: 'Align timers' }).click();
  await expect(event(page)).toContainText('election timers are set by hand to run out: n1');
  const at = /n1's at ([\d.]+ s), n2's at ([\d.]+ s) and n3's at ([\d.]+ s)/;
  const moments = async () => (at.exec((await event(page).textContent()) ?? '') ?? []).slice(1);
  expect(new Set(await moments()).size).toBe(1);
  await page.keyboard.press('e');
  await expect.poll(async () => new Set(await moments()).size).toBe(3);
  await page.keyboard.press('a');
  await expect.poll(async () => new Set(await moments()).size).toBe(1);
});

test('a message that is pushed on, or told so in its panel, arrives at once', async ({ page }) => {
  const message = await inFlight(page);
  const { at, along } = await lane(page, message);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + along.x * 40, at.y + along.y * 40, { steps: 4 });
  await expect(told(page)).toHaveText('arrives at once');
  await page.mouse.up();
  await expect(event(page)).toContainText('arrives at once, by hand');
  await page.keyboard.press('ArrowRight');
  await expect(message).toHaveCount(0);
  const next = await inFlight(page);
  await next.click();
  await page.getByRole('button', { name: 'Deliver now' }).click();
  await expect(event(page)).toContainText('arrives at once, by hand');
  await page.keyboard.press('ArrowRight');
  await expect(next).toHaveCount(0);
});

test.describe('with fingers', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  /** A finger goes from one point to another. */
  async function swipe(page: Page, from: Point, to: Point): Promise<void> {
    const client = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: Point) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] });
    await touch('touchStart', from);
    for (let at = 1; at <= 8; at += 1) await touch('touchMove', part(from, to, at / 8));
    await touch('touchEnd');
    await client.detach();
  }

  test('a tool is tapped onto a server, and links are cut by a finger', async ({ page }) => {
    await tool(page, 'Isolate').tap();
    await server(page, 2).tap();
    await expect(cuts(page)).toHaveCount(4);
    await page.getByRole('button', { name: 'Put it down' }).tap();
    await page.getByRole('button', { name: 'Heal', exact: true }).tap();
    await expect(cuts(page)).toHaveCount(0);
    await tool(page, 'Cut').tap();
    const [a, b] = [await centre(page, 2), await centre(page, 3)];
    const at = part(a, b, 0.5);
    await swipe(page, { x: at.x, y: at.y - 30 }, { x: at.x, y: at.y + 30 });
    await expect(cuts(page)).toHaveCount(2);
  });

  test('a message is dragged by a finger', async ({ page }) => {
    const message = await inFlight(page);
    await message.scrollIntoViewIfNeeded();
    const { at, along } = await lane(page, message);
    await swipe(page, at, { x: at.x - along.y * 80, y: at.y + along.x * 80 });
    await expect(message).toHaveCount(0);
  });
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing about tools, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await stepUntil(page, '[data-state="leader"]');
      await tool(page, 'Disk').click();
      await strokeAcross(page, 1, 2);
      await accessible(page);
      await page.mouse.up();
      await fits(page);
      expect(await time(page)).toBeGreaterThan(0);
    });
  }
}
