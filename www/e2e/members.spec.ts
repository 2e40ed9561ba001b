import {
  drop,
  expect,
  fasten,
  leader,
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
});

test('a leader has a lease, and leadership is handed over by hand', async ({ page }) => {
  const first = Number(await leader(page).getAttribute('data-node'));
  const next = (first % 3) + 1;
  await page.keyboard.press(String(next));
  await page.getByRole('button', { name: 'Let it lead' }).click();
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(server(page, next)).toHaveAttribute('data-state', 'leader');
  });
});

test('a server is removed, and its number is never used again', async ({ page }) => {
  const first = Number(await leader(page).getAttribute('data-node'));
  const gone = (first % 3) + 1;
  await page.keyboard.press(String(gone));
  await page.getByRole('tab', { name: 'Members' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(page.getByText(`n${gone} was removed once`)).toBeVisible();
  });
  await expect(page.getByRole('button', { name: 'Make a voter' })).toBeDisabled();
  await expect(server(page, gone)).toContainText('no member');
});

test('a server shuts down in order', async ({ page }) => {
  const first = Number(await leader(page).getAttribute('data-node'));
  await page.keyboard.press(String(first));
  await page.getByRole('button', { name: 'Shut down' }).click();
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(server(page, first)).toHaveAttribute('data-state', 'down');
  });
  await expect(page.getByRole('status', { name: 'Changes under way' })).toBeEmpty();
});

test('a read by lease is answered', async ({ page }) => {
  await page.getByRole('combobox', { name: 'Operation' }).selectOption('get');
  await page.getByRole('combobox', { name: 'How to read' }).selectOption('lease');
  await page.getByRole('button', { name: 'Send' }).click();
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(page.locator('[data-answer]')).toContainText('by lease: no value');
  });
});
