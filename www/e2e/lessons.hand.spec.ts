/** Whole lessons, each step done by the learner: with the mouse, or with nothing but the keyboard. */
import type { Locator, Page } from '@playwright/test';
import { expect, leader, server, test } from './cluster';

const card = (page: Page) => page.getByRole('region', { name: 'Lesson' });
const at = (page: Page, number: number) =>
  expect(page.locator(`[data-lesson][data-step="${number}"]`)).toBeVisible({ timeout: 60_000 });
const done = (page: Page) =>
  expect(card(page).getByText('Lesson done')).toBeVisible({ timeout: 90_000 });
/** The goal of this place in the present step has come true. */
const met = (page: Page, place: number) =>
  expect(card(page).locator('[data-goal]').nth(place)).toHaveAttribute('data-goal', 'met', {
    timeout: 60_000,
  });

async function begin(page: Page, id: string): Promise<void> {
  await page.goto(`./?lesson=${id}`);
  await at(page, 1);
  await expect(leader(page)).toHaveCount(1);
}

/** Lets time run, if it does not. */
async function play(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Play', exact: true });
  if (await button.isVisible()) await button.click();
}

async function led(page: Page): Promise<number> {
  await expect(leader(page)).toHaveCount(1);
  return Number(await leader(page).getAttribute('data-node'));
}

async function ask(page: Page, operation: 'put' | 'get', value: string | number): Promise<void> {
  await page.getByRole('combobox', { name: 'Operation' }).selectOption(operation);
  if (operation === 'put') await page.getByRole('textbox', { name: 'Value' }).fill(String(value));
  else await page.getByRole('combobox', { name: 'Server to ask' }).selectOption(`n${value}`);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

test('the first lesson, by hand, and it is remembered', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Lessons', exact: true }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Who leads/ })
    .click();
  await at(page, 1);
  // What was playing until now stops once the lesson's own servers are there.
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await at(page, 2);
  await page.locator('[data-state="preCandidate"]').first().click();
  for (const step of [3, 4, 5]) {
    await play(page);
    await at(page, step);
  }
  await page.keyboard.press('ArrowLeft');
  await at(page, 6);
  await play(page);
  await expect(leader(page)).toHaveCount(1);
  const old = (await leader(page).getAttribute('data-node')) ?? '';
  await page.keyboard.press(old);
  await page.keyboard.press('c');
  await done(page);
  await page.getByRole('button', { name: 'Lessons', exact: true }).click();
  await expect(page.getByRole('dialog').getByText(/^1 of \d+ done/)).toBeVisible();
});

test('majorities, with nothing but the keyboard', async ({ page }) => {
  await begin(page, 'commit');
  const press = async (...keys: (string | number)[]) => {
    for (const key of keys) await page.keyboard.press(String(key));
  };
  const tabTo = async (target: Locator) => {
    for (let presses = 0; presses < 300; presses += 1) {
      if (await target.evaluate((one) => one === document.activeElement)) return;
      await press('Tab');
    }
    throw new Error('Tab does not lead there');
  };
  const goOn = async () => {
    const button = page.getByRole('button', { name: 'Play', exact: true });
    if (!(await button.isVisible())) return;
    await tabTo(button);
    await press('Enter');
  };
  const send = async (value: string) => {
    await tabTo(page.getByRole('textbox', { name: 'Value' }));
    await press('Control+a');
    await page.keyboard.type(value);
    await press('Enter');
    await goOn();
  };
  const first = await led(page);
  const others = [1, 2, 3, 4, 5].filter((node) => node !== first);
  const [one = 0, two = 0, three = 0] = others;
  await press(one, 'c', two, 'i');
  await met(page, 0);
  await send('lit');
  await at(page, 2);
  await press(three, 'c');
  await met(page, 0);
  await send('out');
  await at(page, 3);
  await goOn();
  await met(page, 0);
  await press('h', one, 'c', three, 'c');
  await at(page, 4);
  await goOn();
  await at(page, 5);
  const now = await led(page);
  const other = [1, 2, 3, 4, 5].find((node) => node !== now) ?? 0;
  await press(now, 'c', other, 'c');
  await met(page, 0);
  await send('lit again');
  await done(page);
});

test('a leader in the minority, with the mouse', async ({ page }) => {
  await begin(page, 'partitions');
  const cut = async (...side: number[]) => {
    await page.getByRole('button', { name: 'Partition…' }).click();
    const group = page.getByRole('group', { name: /one side/ });
    for (const node of side) await group.getByText(`n${node}`).click();
    await page.getByRole('button', { name: 'Cut', exact: true }).click();
  };
  await ask(page, 'put', 'red');
  await play(page);
  await at(page, 2);
  const old = await led(page);
  const others = [1, 2, 3, 4, 5].filter((node) => node !== old);
  const [beside = 0, ...majority] = others;
  await cut(old, beside);
  await at(page, 3);
  await play(page);
  await met(page, 0);
  await page.getByRole('combobox', { name: 'Which client' }).selectOption('c3');
  await ask(page, 'put', 'blue');
  await play(page);
  await at(page, 4);
  await page.getByRole('combobox', { name: 'Which client' }).selectOption('c1');
  await ask(page, 'get', old);
  await play(page);
  await at(page, 5);
  await page.getByRole('button', { name: 'Heal', exact: true }).click();
  await play(page);
  await at(page, 6);
  // Pieces of two, two and one: nobody is left with a majority.
  const now = await led(page);
  const rest = majority.filter((node) => node !== now);
  await cut(now, old);
  await cut(beside);
  await met(page, 0);
  for (const node of rest)
    await expect(server(page, node)).not.toHaveAttribute('data-state', 'down');
  await play(page);
  await done(page);
});
