/** What is wrong is seen without opening anything, and a server opened shows its numbers. */
import {
  accessible,
  drop,
  expect,
  fits,
  leader,
  open,
  SMALL,
  server,
  stepUntil,
  test,
} from './cluster';

const alert = (name: string) => `[data-alert="${name}"]`;

for (const width of [390, 1280]) {
  test(`crashes of two servers are told as alerts, ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await open(page);
    await drop(page, 'small.toml', SMALL);
    const alerts = page.getByRole('region', { name: 'Alerts now' });
    await stepUntil(page, '[data-state="leader"]');
    await expect(alerts.getByRole('status')).toHaveText('No alerts');
    const first = Number(await leader(page).getAttribute('data-node'));
    const [second, third] = [1, 2, 3].filter((id) => id !== first) as [number, number];

    await page.keyboard.press(String(second));
    await page.keyboard.press('c');
    await stepUntil(page, alert('quorum-at-risk'));
    await expect(page.locator(alert('quorum-at-risk'))).toContainText(`n${first}`);
    await expect(alerts.getByRole('status')).toHaveText('2 to watch');
    await expect(server(page, first).locator('[data-badge]')).toHaveCount(1);

    await page.keyboard.press(String(first));
    await page.keyboard.press('c');
    await stepUntil(page, alert('no-leader'));
    await expect(page.locator(alert('no-leader'))).toBeInViewport();
    await expect(page.locator(alert('no-leader'))).toContainText(`n${third}`);
    await expect(alerts.getByRole('status')).toHaveText('1 critical');
    await expect(page.locator('.rail .alert')).not.toHaveCount(0);

    await page.keyboard.press(String(first));
    await page.keyboard.press('c');
    await stepUntil(page, '[data-state="leader"]');
    await expect(page.locator(alert('no-leader'))).toHaveCount(0);
  });
}

test('an alert leads to its server, whose metrics are named', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const first = Number(await leader(page).getAttribute('data-node'));
  const other = (first % 3) + 1;
  await page.keyboard.press(String(other));
  await page.keyboard.press('c');
  await stepUntil(page, alert('quorum-at-risk'));
  await page.locator(alert('quorum-at-risk')).click();
  await page.getByRole('tab', { name: 'Metrics' }).click();
  const metric = (name: string) => page.locator(`[data-metric="${name}"]`);
  await expect(metric('Leadership: Role')).toContainText('leader');
  await expect(metric('Leadership: Elections won')).toContainText('1');
  await expect(metric(`Follower n${other}: Lag`)).toContainText('entries');
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing about alerts and metrics, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      await open(page);
      await drop(page, 'small.toml', SMALL);
      await stepUntil(page, '[data-state="leader"]');
      const first = Number(await leader(page).getAttribute('data-node'));
      await page.keyboard.press(String((first % 3) + 1));
      await page.keyboard.press('c');
      await stepUntil(page, alert('quorum-at-risk'));
      await page.locator(alert('quorum-at-risk')).click();
      await page.getByRole('tab', { name: 'Metrics' }).click();
      const check = async (state: string) => {
        await accessible(page, state);
        await fits(page, state);
      };
      await check('a warning, and the metrics of a leader');
      await page.keyboard.press(String(first));
      await page.keyboard.press('c');
      await stepUntil(page, alert('no-leader'));
      await check('a critical alert');
    });
  }
}
