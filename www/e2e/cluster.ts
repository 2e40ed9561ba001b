/** What a person does on the page and sees there, for the tests to speak of. */
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

/** A test whose page must tell no error to the console. */
export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      await use(undefined);
      expect(errors, 'errors told to the console').toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

export async function open(page: Page, hash = ''): Promise<void> {
  await page.goto(`./${hash}`);
  await expect(page.locator('[data-node="1"]')).toBeVisible();
}

export const leader = (page: Page) => page.locator('[data-node][data-state="leader"]');
export const server = (page: Page, id: number) => page.locator(`[data-node="${id}"]`);
export const alertOf = (page: Page) => page.getByRole('alert');

/** Everything asked of the core is done and drawn. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('[aria-label="Cluster"][aria-busy="true"]')).toHaveCount(0);
}

export async function time(page: Page): Promise<number> {
  await settled(page);
  return Number(await page.locator('[data-time]').getAttribute('data-time'));
}

export async function step(page: Page): Promise<number> {
  await settled(page);
  return Number(await page.locator('output [data-step]').getAttribute('data-step'));
}

/** Axe finds nothing. */
export async function accessible(page: Page, state?: string): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  const told = found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`);
  expect(told, state).toEqual([]);
}

/** Nothing is wider than the screen, once the drawing has followed its size. */
export async function fits(page: Page, state?: string): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: state })
    .toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
}

/** The drawing as it stands, for comparing one moment with another. */
export async function picture(page: Page): Promise<string> {
  await settled(page);
  return page.locator('svg[aria-label="The cluster"]').evaluate((drawing) => drawing.outerHTML);
}

/** Moves the speed slider up by so many notches. */
export async function fasten(page: Page, times: number): Promise<void> {
  const slider = page.getByRole('slider', { name: 'Speed' });
  await slider.focus();
  for (let press = 0; press < times; press += 1) await page.keyboard.press('ArrowRight');
  await slider.blur();
}

/** Steps by the keyboard until something is seen. */
export async function stepUntil(page: Page, selector: string, most = 600): Promise<void> {
  for (let steps = 0; steps < most; steps += 1) {
    await settled(page);
    if ((await page.locator(selector).count()) > 0) return;
    await page.keyboard.press('ArrowRight');
  }
  throw new Error(`${selector} was not seen within ${most} steps`);
}

/** Plays until something is seen, then pauses. */
export async function playUntil(page: Page, seen: () => Promise<void>): Promise<void> {
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  await seen();
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
}

/** A scenario of the test's own: nothing happens in it but what the test does. */
export const SMALL = `flotilla = 1
name = "Small"
seed = 5
end = "60s"
nodes = 3
`;

/** A cluster at work, one of whose servers is cut off. */
export const BUSY = `flotilla = 1
name = "Busy"
seed = 11
end = "4s"
nodes = 5
actions = [
  { at = "400ms", do = "workload", rate = 60, keys = 40, reads_percent = 50, for = "3s" },
  { at = "2s", do = "crash", node = 3 },
  { at = "3s", do = "isolate", node = 2 },
]
`;

/** A small cache that a model advises. */
export const FULL = `${SMALL.replace('60s', '600s')}
[clients]
count = 2
[cache]
capacity_bytes = 4000
policy = "learned"
[model]
warm_up = 60
pause = "2s"
`;

/** Five servers far apart and eight busy clients: about two hundred messages are on their way. */
export const CROWD = `flotilla = 1
name = "Crowd"
seed = 7
end = "600s"
nodes = 5
actions = [{ at = "500ms", do = "workload", rate = 400, keys = 500, for = "590s" }]
[network]
latency = { uniform = ["40ms", "60ms"] }
client_latency = { uniform = ["40ms", "60ms"] }
[clients]
count = 8
window = 64
`;

export async function drop(page: Page, name: string, text: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([file, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([content ?? ''], file ?? '', { type: 'application/toml' }));
      return data;
    },
    [name, text],
  );
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  await settled(page);
}

/** The end of a run in which a server has believed a snapshot of a life in which more had happened. */
export async function believe(page: Page): Promise<void> {
  await open(page);
  await page.getByRole('combobox', { name: 'Scenario' }).selectOption('log-lost-believed');
  await expect(page.getByRole('button', { name: 'Put it right' })).toBeVisible();
  await page.keyboard.press('End');
  // A narrow page folds the rules away, and still holds them.
  await expect(page.locator('[data-standing="brokenEarlier"]').first()).toBeAttached();
}
