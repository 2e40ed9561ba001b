/** The cache: what clients ask of it, how it fills, who has to go, and a model that is not to be trusted. */
import type { Page } from '@playwright/test';
import {
  drop,
  expect,
  FULL,
  fasten,
  leader,
  open,
  playUntil,
  SMALL,
  stepUntil,
  test,
} from './cluster';

async function atWork(page: Page): Promise<void> {
  await open(page);
  await drop(page, 'full.toml', FULL);
  await stepUntil(page, '[data-state="leader"]');
  await fasten(page, 60);
  await page.getByRole('button', { name: 'Workload', exact: true }).click();
  await page.getByRole('spinbutton', { name: 'Keys', exact: true }).fill('80');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
}

async function openLeader(page: Page): Promise<void> {
  await page.keyboard.press((await leader(page).getAttribute('data-node')) ?? '');
  await page.getByRole('tab', { name: 'Cache' }).click();
}

const policy = (page: Page) => page.locator('[data-policy]');

test('a workload fills the cache, and the picture shows who goes next', async ({ page }) => {
  await atWork(page);
  await openLeader(page);
  await playUntil(page, () =>
    expect(page.locator('.block.next').first()).toBeVisible({ timeout: 60_000 }),
  );
  await expect(page.locator('[data-hits]')).toContainText(/Hit ratio: \d+ % lately/);
  const curve = page.locator('path.curve');
  await playUntil(page, () => expect(curve).toHaveAttribute('d', /^M.*L.*L/));
  const block = page.locator('.block').first();
  await block.click();
  const key = (await block.getAttribute('data-block')) ?? '';
  await expect(page.locator('[data-chosen]')).toContainText(key);
  await expect(page.locator('[data-chosen]')).toContainText(/\d+ bytes, used/);
});

test('policy and capacity are changed for all servers while they run', async ({ page }) => {
  await atWork(page);
  await openLeader(page);
  await page.getByRole('combobox', { name: 'Evict by' }).selectOption('sieve');
  await page.getByRole('spinbutton', { name: 'Capacity, bytes' }).fill('2500');
  await page.getByRole('spinbutton', { name: 'Capacity, bytes' }).press('Tab');
  const told = page.getByText(/of 2500 bytes/);
  await playUntil(page, () => expect(told).toBeVisible({ timeout: 60_000 }));
  for (const server of ['1', '2', '3']) {
    await page.keyboard.press(server);
    await expect(policy(page), `of n${server}`).toHaveText('sieve');
    await expect(told, `of n${server}`).toBeVisible();
  }
});

test('a model service that lies is caught, left alone for a while and tried again', async ({
  page,
}) => {
  await atWork(page);
  await page.locator('[data-model]').focus();
  await page.keyboard.press('Enter');
  const leads = page.locator('[data-leader]');
  await page.locator('.modes').getByText('not a number').click();
  await expect(page.locator('[data-model="not-a-number"]')).toHaveCount(1);
  await playUntil(page, () =>
    expect(leads).toContainText('asks nobody for another', { timeout: 60_000 }),
  );
  await page.getByRole('button', { name: 'Story', exact: true }).click();
  await expect(page.getByText(/cannot use what the model service says/).first()).toBeVisible();
  await page.locator('.modes').getByText('works').click();
  await playUntil(page, () => expect(leads).toContainText(/has asked|waits/, { timeout: 60_000 }));
  await expect(leads).not.toContainText('of no use');
});

test('a batch is done whole, and every operation has its form', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await fasten(page, 16);
  const verb = page.getByRole('combobox', { name: 'Operation' });
  const key = page.getByRole('textbox', { name: 'Key' });
  const value = page.getByRole('textbox', { name: 'Value' });
  const answer = page.locator('[data-answer]');
  const send = page.getByRole('button', { name: 'Send', exact: true });
  const answered = async (text: string | RegExp) => {
    await send.click();
    await playUntil(page, () => expect(answer).toContainText(text));
  };

  await key.fill('fruit');
  await value.fill('pear');
  await page.getByRole('button', { name: '+ batch' }).click();
  await verb.selectOption('increment');
  await key.fill('count');
  await page.getByRole('spinbutton', { name: 'By' }).fill('5');
  await page.getByRole('button', { name: '+ batch' }).click();
  await page.getByRole('button', { name: 'Send batch of 2' }).click();
  await playUntil(page, () => expect(answer).toContainText('2 operations done at once'));
  await expect(page.getByRole('group', { name: 'A batch' })).toHaveCount(0);

  await verb.selectOption('get many');
  await page.getByRole('textbox', { name: /Keys, with spaces/ }).fill('fruit count');
  await answered('get fruit, count: found 2 of 2 keys (pear, 5)');
  await verb.selectOption('list');
  await page.getByRole('textbox', { name: 'Keys that begin with' }).fill('co');
  await answered('1 key (count)');
  await verb.selectOption('swap');
  await key.fill('fruit');
  await page.getByRole('spinbutton', { name: /version/ }).fill('999');
  await answered('not written, for the key has version');
  await verb.selectOption('touch');
  await page.getByRole('spinbutton', { name: /Lives for/ }).fill('50');
  await answered('touch fruit for 50ms: touched');
  await verb.selectOption('get');
  for (let jump = 0; jump < 10; jump += 1) await page.locator('body').press('Shift+ArrowRight');
  await answered('get fruit: no value');
});
