/** The page is its own site's files and nothing else, under a strict policy. */
import { test as loud, type Page } from '@playwright/test';
import { drop, expect, open, SMALL, stepUntil, test } from './cluster';

/** What the policy refused, as the browser reports it. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const refused: string[] = [];
    Object.assign(window, { refused });
    document.addEventListener('securitypolicyviolation', (event) => {
      refused.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  return () => page.evaluate(() => (window as Window & { refused?: string[] }).refused ?? []);
}

test('the policy allows no inline code or style, and nothing of other origins', async ({
  page,
}) => {
  await open(page);
  const policy = await page
    .locator('meta[http-equiv="Content-Security-Policy"]')
    .getAttribute('content');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
  expect(policy).not.toMatch(/https?:|\*/);
});

test('nothing that the page does is refused, and nothing is asked of another origin', async ({
  page,
  baseURL,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const refused = await watch(page);
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await page.keyboard.press('1');
  for (const tab of ['State', 'Log', 'Cache', 'Disk', 'Recovery', 'Links', 'Clock']) {
    await page.getByRole('tab', { name: tab, exact: true }).click();
  }
  await page.keyboard.press(',');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save PNG' }).click();
  await saved;
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  await drop(page, 'small.toml', SMALL);
  await page.keyboard.press('Space');
  await stepUntil(page, '.message');
  await page.goto('./?embed');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  expect(await refused()).toEqual([]);
  const { origin } = new URL(baseURL ?? '');
  const foreign = asked.filter((url) => /^\w+:\/\//.test(url) && new URL(url).origin !== origin);
  expect(foreign).toEqual([]);
});

// A refusal is told to the console, which no other test may do.
loud('an inline style, an inline script and another origin are refused', async ({ page }) => {
  await page.goto('./');
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  const refused = await page.evaluate(async () => {
    const seen: string[] = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      seen.push(event.effectiveDirective);
    });
    const style = document.createElement('style');
    style.textContent = 'body { color: red }';
    const script = document.createElement('script');
    script.textContent = 'window.bad = 1';
    document.head.append(style, script);
    await fetch('https://example.com/').catch(() => undefined);
    while (seen.length < 3) await new Promise((next) => setTimeout(next, 5));
    return { seen, bad: 'bad' in window };
  });
  expect(refused.seen.sort()).toEqual(['connect-src', 'script-src-elem', 'style-src-elem']);
  expect(refused.bad).toBe(false);
});
