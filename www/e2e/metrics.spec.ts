/** Servers in numbers: over time, side by side, and in words. */
import type { Page } from '@playwright/test';
import {
  accessible,
  BUSY,
  drop,
  expect,
  fits,
  leader,
  open,
  server,
  settled,
  test,
  time,
} from './cluster';

const numbers = (page: Page, chart: string) => page.locator(`[data-numbers="${chart}"]`);
const slider = (page: Page) => page.getByRole('slider', { name: 'Moment of the numbers' });
const cell = (page: Page, measure: string, id: number) =>
  page.locator(`[data-measure="${measure}"] td`).nth(id - 1);

async function busy(page: Page): Promise<void> {
  await open(page);
  await drop(page, 'busy.toml', BUSY);
  await page.keyboard.press('End');
  await expect.poll(() => time(page)).toBe(4_000_000);
}

async function openCharts(page: Page): Promise<void> {
  await page.keyboard.press('g');
  await expect(page.locator('[data-chart="commit"] canvas')).toBeVisible();
}

/** How many pixels of a chart are drawn. */
const inked = (page: Page, chart: string): Promise<number> =>
  page.locator(`[data-chart="${chart}"] canvas`).evaluate((canvas: HTMLCanvasElement) => {
    const { width, height } = canvas;
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    return pixels.filter((value, at) => at % 4 === 3 && value > 0).length;
  });

test('charts show how servers stood, and the numbers of any moment', async ({ page }) => {
  await busy(page);
  await openCharts(page);
  await expect(page.locator('[data-chart]')).toHaveCount(8);
  for (const chart of ['commit', 'cache', 'sent', 'reads']) {
    await expect.poll(() => inked(page, chart)).toBeGreaterThan(200);
  }
  await expect(slider(page)).toBeFocused();
  await expect(page.locator('[data-moment]')).toHaveText('4.000 s');
  await expect(numbers(page, 'commit')).toContainText(/n3\s*–/);
  const newest = await numbers(page, 'commit').textContent();
  for (let at = 0; at < 100; at += 1) await page.keyboard.press('ArrowLeft');
  await expect(page.locator('[data-moment]')).not.toHaveText('4.000 s');
  await expect(numbers(page, 'commit')).not.toHaveText(newest ?? '');
  await expect(slider(page)).toHaveAttribute('aria-valuetext', /Commit index: n1 \d+, n2 \d+/);
  // What the pointer is over is told just so.
  await page.keyboard.press('Home');
  await expect(numbers(page, 'commit')).toContainText(/n1\s*0/);
  await page.locator('[data-chart="commit"]').hover({ position: { x: 250, y: 40 } });
  await expect(numbers(page, 'commit')).not.toContainText(/n1\s*0n/);
});

test('charts are those of the moment shown, also after going back', async ({ page }) => {
  await busy(page);
  await openCharts(page);
  const newest = await numbers(page, 'applied').textContent();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await expect.poll(() => time(page)).toBe(0);
  await openCharts(page);
  await expect(page.locator('[data-moment]')).toHaveText('0.000 s');
  await expect(numbers(page, 'applied')).not.toHaveText(newest ?? '');
});

test('the same numbers stand in a table', async ({ page }) => {
  await busy(page);
  await openCharts(page);
  await page.getByText('The same as a table').click();
  await page.getByRole('combobox', { name: 'Measure' }).selectOption('Cache');
  const table = page.getByRole('table', { name: /^Cache, bytes/ });
  const newest = table.getByRole('row', { name: '4.000 s' });
  await expect(newest).toBeVisible();
  await expect(newest.getByRole('cell').nth(2)).toHaveText('–');
});

test('servers are compared with their leader', async ({ page }) => {
  await busy(page);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const id = Number(await leader(page).first().getAttribute('data-node'));
  await expect(cell(page, 'Role', id)).toHaveText('leader');
  await expect(cell(page, 'Role', 3)).toHaveText('down');
  await expect(cell(page, 'Term', 3)).toHaveText('–');
  const other = id === 2 ? 1 : 2;
  const sent = cell(page, 'Messages sent', other);
  await expect(sent).toHaveClass(/differs/);
  await expect(sent).toContainText('▼');
  await sent.getByRole('button').focus();
  await expect(page.locator('[data-exact]')).toContainText(
    /Messages sent of n\d: .* less than the leader/,
  );
  const all = await page.locator('[data-measure]').count();
  await page.getByRole('checkbox', { name: 'Only what differs' }).check();
  expect(await page.locator('[data-measure]').count()).toBeLessThan(all);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('table', { name: 'Measures of all servers' })).toHaveCount(0);
});

test('the cluster is told in words', async ({ page }) => {
  await busy(page);
  const words = page.getByRole('region', { name: 'The cluster in words' });
  await expect(words).toContainText('standing still');
  await expect(words).toContainText('Server 3 is down.');
  await expect(words).toContainText('Servers 1 and 2 are cut off from each other.');
  await expect(words).toContainText(/(\d+ messages? on the way: .*, \d)|No message is on its way/);
  await expect(words.getByRole('list', { name: 'What changed last' })).toContainText(/At \d/);
  await page.keyboard.press('1');
  await page.keyboard.press('z');
  await settled(page);
  await expect(words).toContainText(/Server 1, \S+, paused/);
  await expect(words.locator('[aria-live="polite"]')).toContainText('n1 is paused');
  await expect(server(page, 1)).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing about charts and the comparison, ${theme}, ${width} px`, async ({
      page,
    }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await busy(page);
      for (const key of ['g', 'v']) {
        await page.keyboard.press(key);
        const seen = key === 'g' ? '[data-chart="writes"] canvas' : '[data-measure="Role"]';
        await expect(page.locator(seen)).toBeAttached();
        await accessible(page);
        await fits(page);
        await page.keyboard.press('Escape');
      }
    });
  }
}
