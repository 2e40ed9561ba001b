import type { Page } from '@playwright/test';
import {
  accessible,
  drop,
  expect,
  fasten,
  fits,
  open,
  playUntil,
  SMALL,
  server,
  stepUntil,
  test,
} from './cluster';

test.beforeEach(async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-lease]');
  await page.keyboard.press('3');
  await page.getByRole('tab', { name: 'Disk' }).click();
});

const tool = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('a server whose disk is wiped has no vote until it has caught up', async ({ page }) => {
  await expect(tool(page, 'Wipe the disk')).toBeDisabled();
  await tool(page, 'Cut the power').click();
  await expect(server(page, 3)).toHaveAttribute('data-state', 'down');
  await expect(page.locator('[data-crash]')).toBeVisible();
  await tool(page, 'Wipe the disk').click();
  await expect(page.getByText('The disk is empty.')).toBeVisible();
  await tool(page, 'Restart').click();
  await expect(server(page, 3)).toContainText('no vote for now');
  await page.getByRole('tab', { name: 'Recovery' }).click();
  const outcome = page.locator('[data-outcome]');
  await expect(outcome).toContainText('non-voting until caught up');
  await expect(outcome).toContainText('does not count until');
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(outcome).toContainText('has its seat back');
  });
  await expect(server(page, 3)).toContainText('follower');
});

test('a bit that turned over is found when the server starts again', async ({ page }) => {
  const log = page.locator('[data-kind="segment"]').first();
  await log.click();
  await expect(log).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('spinbutton', { name: 'Byte', exact: true }).fill('20');
  await tool(page, 'Flip a bit').click();
  await tool(page, 'Kill the process').click();
  await tool(page, 'Restart').click();
  await page.getByRole('tab', { name: 'Recovery' }).click();
  await expect(page.locator('[data-outcome]')).toBeVisible();
  await expect(page.locator('[data-outcome]')).not.toContainText('as it should be');
});

test('the panel of the disk is accessible and fits a phone', async ({ page }) => {
  await page.locator('[data-kind="segment"]').first().click();
  await accessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(page);
});
