/** What a person does on the page and sees there, for the tests to speak of. */
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

export async function time(page: Page): Promise<number> {
  return Number(await page.locator('[data-time]').getAttribute('data-time'));
}

export async function step(page: Page): Promise<number> {
  return Number(await page.locator('output [data-step]').getAttribute('data-step'));
}

/** The drawing as it stands, for comparing one moment with another. */
export const picture = (page: Page) =>
  page.locator('svg[aria-label="The cluster"]').evaluate((drawing) => drawing.outerHTML);

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
    if ((await page.locator(selector).count()) > 0) return;
    await page.keyboard.press('ArrowRight');
  }
  throw new Error(`${selector} was not seen within ${most} steps`);
}

/** Plays until something is seen, then pauses. */
export async function playUntil(page: Page, seen: () => Promise<void>): Promise<void> {
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
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
}
