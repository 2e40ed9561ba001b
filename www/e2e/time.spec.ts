/** A person finds the way in time: by steps of every size, by zoom, and on branches. */
import type { Page } from '@playwright/test';
import {
  accessible,
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

/** A run with a crash in it. */
const CRASH = `${SMALL}
actions = [
  { at = "1s", do = "put", client = 1, key = "k", value = "v" },
  { at = "2s", do = "crash", node = 2 },
  { at = "3s", do = "restart", node = 2 },
]
`;

const present = (page: Page) => page.locator('button[aria-current]');
const notice = (page: Page) => page.locator('.notice');

async function begin(page: Page, text = CRASH): Promise<void> {
  await open(page);
  await drop(page, 'small.toml', text);
  await expect(page.locator('[data-time="1000"]')).toBeVisible();
}

/** Presses a button of the menu, and waits until the search has ended. */
async function go(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await expect(notice(page)).toHaveText(/^(?!Looking).+/);
  await settled(page);
}

test('the menu steps to the next election, commit and fault, and back again', async ({ page }) => {
  await begin(page);
  await page.getByRole('button', { name: 'Step to' }).click();
  await go(page, 'Next election');
  await expect(page.locator('[data-state="candidate"]')).toHaveCount(1);
  const elected = await time(page);
  await go(page, 'Next commit');
  await expect(notice(page)).toContainText('commit');
  await go(page, 'Next fault');
  await expect(notice(page)).toContainText('n2 crashes');
  expect(await time(page)).toBeGreaterThanOrEqual(2_000_000);
  await expect(server(page, 2)).toHaveAttribute('data-state', 'down');
  await go(page, 'Previous fault');
  await expect(notice(page)).toContainText('Nothing fails before');
  for (let most = 0; most < 5 && (await time(page)) > elected; most += 1)
    await go(page, 'Previous election');
  expect(await time(page)).toBe(elected);
  await go(page, 'Next broken rule');
  await expect(notice(page)).toContainText('No rule is broken until');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: 'Step to' })).toHaveCount(0);
});

test('the keys step by message and by server, in both directions', async ({ page }) => {
  await begin(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('m');
  await settled(page);
  const [first, at] = [await step(page), await time(page)];
  await page.keyboard.press('m');
  await settled(page);
  expect(await step(page)).toBeGreaterThan(first);
  await page.keyboard.press('Shift+M');
  await settled(page);
  expect([await step(page), await time(page)]).toEqual([first, at]);
  await page.keyboard.press('3');
  for (const key of ['j', 'j', 'Shift+J']) {
    await page.keyboard.press(key);
    await expect(notice(page)).toContainText('n3');
    await settled(page);
  }
});

test('a cluster settles when what was asked for is done', async ({ page }) => {
  await begin(page, SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await page.getByRole('textbox', { name: 'Key' }).fill('fruit');
  await page.getByRole('textbox', { name: 'Value' }).fill('pear');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.keyboard.press('q');
  await expect(notice(page)).toContainText('All is quiet');
  await expect(page.locator('[data-answer]')).toContainText('written');
  await expect(page.locator('.message.talk')).toHaveCount(0);
});

test('the slowest speed and the fastest', async ({ page }) => {
  await begin(page);
  const slider = page.getByRole('slider', { name: 'Speed' });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', '1/1000×');
  await page.keyboard.press('End');
  await expect(slider).toHaveAttribute('aria-valuetext', 'max');
  await slider.blur();
  await page.keyboard.press('Space');
  // A minute of simulated time, up to the end of the scenario, where playing stops.
  await expect(page.locator('[data-time="60000000"]')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
});

test('a drag chooses a part of the timeline, and a button leads back', async ({ page }) => {
  await begin(page);
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="60000000"]')).toBeVisible();
  const slider = page.getByRole('slider', { name: 'Moment' });
  const box = await page.locator('[data-rail]').boundingBox();
  if (box === null) throw new Error('there is a rail');
  const at = (part: number): [number, number] => [box.x + box.width * part, box.y + box.height / 2];
  await page.mouse.move(...at(0.01));
  await page.mouse.down();
  await page.mouse.move(...at(0.05));
  await page.mouse.move(...at(0.1));
  await expect(page.getByText(/^show 6.* to 6/)).toBeVisible();
  await page.mouse.up();
  const whole = page.getByRole('button', { name: 'Whole run' });
  await expect(whole).toBeVisible();
  expect(await time(page)).toBe(60_000_000);

  // A click goes to its moment, in the part that is shown; a drag from there leads on.
  await page.mouse.click(...at(0.5));
  const middle = await time(page);
  expect(middle).toBeGreaterThan(500_000);
  expect(middle).toBeLessThan(6_000_000);
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.6));
  await page.mouse.move(...at(0.7));
  await page.mouse.up();
  expect(await time(page)).toBeGreaterThan(middle);
  await expect(whole).toBeVisible();
  expect(Number(await slider.getAttribute('max'))).toBeLessThan(7_000_000);
  await whole.click();
  await expect(whole).toHaveCount(0);
  await expect(slider).toHaveAttribute('max', '60000000');

  await page.keyboard.press('+');
  await expect(whole).toBeVisible();
  await page.keyboard.press('0');
  await expect(whole).toHaveCount(0);
});

test('the part of the timeline goes along with the moment shown', async ({ page }) => {
  await begin(page);
  for (let press = 0; press < 8; press += 1) await page.keyboard.press('+');
  const slider = page.getByRole('slider', { name: 'Moment' });
  const before = Number(await slider.getAttribute('max'));
  expect(before).toBeLessThan(1_000_000);
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="60000000"]')).toBeVisible();
  expect(Number(await slider.getAttribute('max'))).toBe(60_000_000);
  expect(Number(await slider.getAttribute('min'))).toBeGreaterThan(59_000_000);
});

test('crashes and cuts are marked, and a mark tells what it is', async ({ page }) => {
  await begin(page, CRASH.replace('60s', '4s'));
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="4000000"]')).toBeVisible();
  await page.keyboard.press('1');
  await page.keyboard.press('i');
  await expect(page.locator('.rail .network')).toHaveCount(1);
  await expect(page.locator('.rail .crash')).toHaveCount(1);
  const crash = await page.locator('.rail .crash').boundingBox();
  if (crash === null) throw new Error('it is drawn');
  await page.mouse.move(crash.x + 1, crash.y + crash.height / 2);
  await expect(page.locator('.tip')).toContainText('n2 crashes');
});

test('what is done in the past leaves a branch, which is named, compared and taken again', async ({
  page,
}) => {
  await begin(page, SMALL.replace('60s', '4s'));
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="4000000"]')).toBeVisible();
  const lead = Number(await leader(page).getAttribute('data-node'));
  await page.getByRole('slider', { name: 'Moment' }).fill('2000000');
  expect(await time(page)).toBe(2_000_000);
  await page.keyboard.press(String(lead));
  await page.keyboard.press('c');
  await expect(notice(page)).toHaveText('The former history is kept as branch “Original”.');
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="4000000"]')).toBeVisible();
  await expect(leader(page)).not.toHaveAttribute('data-node', String(lead));

  await page.keyboard.press('p');
  const panel = page.getByRole('region', { name: 'Branches' });
  await expect(panel.locator('[data-branch]')).toHaveCount(2);
  await panel.getByRole('button', { name: 'Rename Original' }).click();
  const field = panel.getByRole('textbox', { name: 'Name of the branch' });
  await field.fill('   ');
  await field.press('Enter');
  await expect(panel.getByRole('alert')).toContainText('1 to 40 characters');
  await field.fill('all is well');
  await field.press('Enter');

  await panel.getByRole('button', { name: 'Compare with all is well' }).click();
  const comparison = panel.getByRole('region', { name: 'Comparison' });
  await expect(comparison.locator('[data-parted]')).toContainText('They part at 2000.000 ms');
  await expect(comparison.locator('[data-side="ours"]')).toContainText(`n${lead} crashes`);
  await expect(comparison.locator('[data-side="theirs"]')).toContainText('Nothing else is done');
  await expect(comparison.getByRole('row', { name: `n${lead} state` })).toContainText('is down');

  await panel.getByRole('button', { name: 'Show all is well' }).click();
  await expect(page.locator('[data-time="2000000"]')).toBeVisible();
  await expect(server(page, lead)).toHaveAttribute('data-state', 'leader');
  await page.keyboard.press('End');
  await expect(page.locator('[data-time="4000000"]')).toBeVisible();
  await expect(leader(page)).toHaveAttribute('data-node', String(lead));
  const other = panel.locator('[data-branch="2"]');
  await other.getByRole('button', { name: /^Delete/ }).click();
  await expect(panel.locator('[data-branch]')).toHaveCount(1);
});

test('the history that was left is offered at once', async ({ page }) => {
  await begin(page);
  await stepUntil(page, '[data-state="leader"]');
  const [before, at] = [await step(page), await time(page)];
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('1');
  await page.keyboard.press('i');
  await page.getByRole('button', { name: 'Go back', exact: true }).click();
  await expect(notice(page)).toContainText('This is “Original”');
  await expect(page.locator('[data-cut]')).toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  expect([await step(page), await time(page)]).toEqual([before, at]);
  await expect(present(page)).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing about steps and branches, ${theme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 844 });
      const check = async (state: string) => {
        await accessible(page, state);
        await fits(page, state);
      };
      await begin(page);
      await page.getByRole('button', { name: 'Step to' }).click();
      await check('the menu of steps');
      await go(page, 'Next election');
      await page.keyboard.press('Escape');
      await stepUntil(page, '[data-state="leader"]');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('2');
      await page.keyboard.press('c');
      await expect(notice(page)).toContainText('The former history is kept');
      await check('a history that was left');
      await page.keyboard.press('p');
      await expect(page.locator('[data-branch]')).toHaveCount(2);
      await check('the branches');
      await page.getByRole('button', { name: 'Compare with Original' }).click();
      await expect(page.locator('[data-parted]')).toBeVisible();
      await check('two branches compared');
    });
  }
}
