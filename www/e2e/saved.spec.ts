/**
 * What a person did becomes a test. The file that the page saves here is part of the repository and
 * runs natively and in wasm with all others: `tests/scenarios/saved-from-the-page.toml`.
 */
import { readFile } from 'node:fs/promises';
import { alertOf, drop, expect, leader, open, stepUntil, test } from './cluster';

const BEGUN = `flotilla = 1
name = "Saved from the page"
about = """
A session that a person played in the page and saved as a test: the leader crashes, the next one is
asked to write, and the first comes back."""
seed = 5
end = "6s"
nodes = 3
`;
const KEPT = new URL('../../tests/scenarios/saved-from-the-page.toml', import.meta.url);

test('a session is saved as a test that is in the repository, byte for byte', async ({ page }) => {
  await open(page);
  await drop(page, 'begun.toml', BEGUN);
  await expect(page.locator('[data-seed]')).toHaveText('5');
  await stepUntil(page, '[data-state="leader"]');
  const first = (await leader(page).getAttribute('data-node')) ?? '';
  await page.keyboard.press(first);
  await page.keyboard.press('c');
  await expect(leader(page)).toHaveCount(0);
  await stepUntil(page, '[data-state="leader"]');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.keyboard.press(first);
  for (let steps = 0; steps < 30; steps += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('c');
  await expect(page.locator(`[data-node="${first}"][data-state="down"]`)).toHaveCount(0);

  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Save as test' }).click();
  const panel = page.getByRole('region', { name: 'A test' });
  await expect(panel.getByText('one leader of the newest term')).toBeVisible();
  await expect(panel.getByText('colour = blue on every running member')).toBeVisible();
  await expect(panel.getByText('tests/scenarios/')).toBeVisible();
  await expect(panel.getByText('"saved-from-the-page",')).toBeVisible();
  await expect(panel.getByText('cargo xtask bless')).toBeVisible();
  const saved = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Save saved-from-the-page.toml' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe('saved-from-the-page.toml');
  expect(await readFile(await download.path(), 'utf8')).toBe(await readFile(KEPT, 'utf8'));
});

test('a run that is too long to be a test is told so', async ({ page }) => {
  await open(page);
  const endless = BEGUN.replace('"6s"', '"604800s"');
  await drop(page, 'endless.toml', endless);
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Save as test' }).click();
  await expect(alertOf(page)).toHaveText(/end .* within 200000 events/, { timeout: 100_000 });
});
