/** A person watches the cluster, breaks it, and sees it mend. */
import {
  drop,
  expect,
  fasten,
  leader,
  open,
  picture,
  playUntil,
  SMALL,
  server,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

test('a leader is elected while time runs', async ({ page }) => {
  await open(page);
  await fasten(page, 12);
  await playUntil(page, async () => {
    await expect(leader(page)).toHaveCount(1);
  });
  await expect(page.getByText('All rules hold')).toBeVisible();
  expect(await time(page)).toBeGreaterThan(100_000);
});

test('stepping back returns to the same picture', async ({ page }) => {
  await open(page);
  await stepUntil(page, '.message');
  const [before, at, drawn] = [await step(page), await time(page), await picture(page)];
  for (let steps = 0; steps < 5; steps += 1) await page.keyboard.press('ArrowRight');
  expect(await step(page)).toBe(before + 5);
  expect(await time(page)).toBeGreaterThan(at);
  for (let steps = 0; steps < 5; steps += 1) await page.keyboard.press('ArrowLeft');
  expect(await step(page)).toBe(before);
  expect(await time(page)).toBe(at);
  expect(await picture(page)).toBe(drawn);
});

test('an event of the list leads to its moment, and what comes after stays in the list', async ({
  page,
}) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  const end = await step(page);
  const event = page.locator('button[data-kind][data-step]').nth(4);
  const wanted = Number(await event.getAttribute('data-step'));
  await event.click();
  expect(await step(page)).toBe(wanted);
  await expect(page.locator(`button[data-step="${end}"].ahead`).first()).toBeVisible();
});

test('a crash by keyboard is followed by a new leader, and the old one recovers', async ({
  page,
}) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const first = Number(await leader(page).getAttribute('data-node'));
  await page.keyboard.press(String(first));
  await page.keyboard.press('c');
  await expect(server(page, first)).toHaveAttribute('data-state', 'down');
  await stepUntil(page, '[data-state="leader"]');
  expect(Number(await leader(page).getAttribute('data-node'))).not.toBe(first);

  await page.getByRole('button', { name: 'Restart' }).click();
  await expect(server(page, first)).toHaveAttribute('data-state', 'follower');
  await page.getByRole('tab', { name: 'Recovery' }).click();
  await expect(page.locator('[data-outcome]')).toContainText(/\w+/);
  await expect(page.getByText('has not recovered')).toHaveCount(0);
});

test('a crash by button, from the drawing', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const first = Number(await leader(page).getAttribute('data-node'));
  await leader(page).click();
  await page.getByRole('button', { name: 'Crash', exact: true }).click();
  await expect(server(page, first)).toHaveAttribute('data-state', 'down');
  await fasten(page, 16);
  await playUntil(page, async () => {
    await expect(leader(page)).toHaveCount(1);
  });
  expect(Number(await leader(page).getAttribute('data-node'))).not.toBe(first);
});

test('a key is put and read back', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  const send = page.getByRole('button', { name: 'Send' });
  await page.getByRole('textbox', { name: 'Key' }).fill('fruit');
  await page.getByRole('textbox', { name: 'Value' }).fill('pear');
  await send.click();
  await fasten(page, 16);
  const answer = page.locator('[data-answer]');
  await playUntil(page, () => expect(answer).toContainText('written'));
  await page.getByRole('combobox', { name: 'Operation' }).selectOption('get');
  await send.click();
  await playUntil(page, () => expect(answer).toContainText('pear'));
  await page.keyboard.press((await leader(page).getAttribute('data-node')) ?? '');
  await page.getByRole('tab', { name: 'Cache' }).click();
  await expect(page.locator('[data-key="fruit"]')).toContainText('pear');
});

test('a message is read, delayed and dropped', async ({ page }) => {
  await open(page);
  await stepUntil(page, '.message.vote');
  const message = page.locator('.message.vote').first();
  const id = await message.getAttribute('data-message');
  await message.click();
  await expect(page.locator('[data-sentence]')).toContainText(/vote/i);
  const arrives = page.getByRole('row', { name: /^arrives/ });
  const before = await arrives.textContent();
  await page.getByRole('button', { name: 'Delay by' }).click();
  await expect(arrives).not.toHaveText(before ?? '');
  await page.getByRole('button', { name: 'Duplicate' }).click();
  await expect(page.locator('button[aria-current]')).toContainText(/is a copy/i);
  await page.getByRole('button', { name: 'Drop' }).click();
  await expect(page.locator(`[data-message="${id}"]`)).toHaveCount(0);
  await expect(page.locator('button[aria-current]')).toContainText(/drop/i);
});

test('isolating, partitioning and healing are drawn', async ({ page }) => {
  await open(page);
  await page.keyboard.press('2');
  await page.keyboard.press('i');
  await expect(page.locator('[data-cut]')).toHaveCount(4);
  await page.keyboard.press('h');
  await expect(page.locator('[data-cut]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Partition…' }).click();
  await page
    .getByRole('group', { name: /one side/ })
    .getByText('n1')
    .click();
  await page.getByRole('button', { name: 'Cut', exact: true }).click();
  await expect(page.locator('[data-cut]')).toHaveCount(4);
  await page.getByRole('button', { name: 'Heal', exact: true }).click();
  await expect(page.locator('[data-cut]')).toHaveCount(0);
});

test('every scenario of the menu runs to its end and keeps its promises', async ({ page }) => {
  await open(page);
  const menu = page.getByRole('combobox', { name: 'Scenario' });
  const names = await menu.locator('option').allTextContents();
  expect(names.length).toBeGreaterThanOrEqual(4);
  for (const name of names) {
    await menu.selectOption({ label: name });
    await expect(page.locator('[data-time="1000"]')).toBeVisible();
    await page.getByRole('button', { name: 'Run to the end' }).click();
    await expect(page.locator('summary')).toHaveText(/(\d+) of \1 expectations met/);
    // Scenarios that show a mistake say which rule it breaks; in all others none is broken.
    if (!name.includes('believed') && !name.includes('nobody asks')) {
      await expect(page.getByText('All rules hold')).toBeVisible();
    }
  }
});

test('the keyboard alone: help opens, Esc closes, focus is not trapped', async ({ page }) => {
  await open(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const seen = new Set<string>();
  for (let press = 0; press < 200; press += 1) {
    await page.keyboard.press('Tab');
    seen.add(
      await page.evaluate(
        () => document.activeElement?.closest('[aria-label]')?.getAttribute('aria-label') ?? '',
      ),
    );
  }
  for (const place of ['Share', 'Moment', 'Speed']) expect([...seen]).toContain(place);
  await server(page, 1).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Crash', exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Crash', exact: true })).toHaveCount(0);
});
