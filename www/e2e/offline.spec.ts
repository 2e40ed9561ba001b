/** After the first visit the site needs no network; versions come whole, and are never mixed. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { expect, stepUntil, test } from './cluster';
import { Host } from './host';

test.use({ serviceWorkers: 'allow' });

/** The page, once its version is kept and in charge. */
async function visit(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((done) =>
      navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }),
    );
  });
}

const version = (page: Page) => page.locator('html').getAttribute('data-version');

/** Asks for a new version, as a browser does at each visit. */
const askForUpdate = (page: Page) =>
  page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });

/** Everything answers without a network. */
async function worksOffline(context: BrowserContext, page: Page, address: string): Promise<void> {
  await context.setOffline(true);
  await page.reload();
  await expect(page.locator('[data-node="1"]')).toBeVisible();
  await stepUntil(page, '[data-state="leader"]');
  await page.goto(`${address}?embed`);
  await expect(page.getByRole('link', { name: 'Open in Flotilla' })).toBeVisible();
  await context.setOffline(false);
}

for (const base of ['/', '/flotilla/', '/some/deep/path/']) {
  test(`it works offline after one visit, from ${base}`, async ({ page, context }) => {
    const host = await Host.open(base);
    try {
      await visit(page, host.address);
      host.asked.length = 0;
      await worksOffline(context, page, host.address);
      expect(host.asked.filter((path) => !path.endsWith('sw.js'))).toEqual([]);
    } finally {
      host.close();
    }
  });
}

test('a new version is told, shown at the next load, and never mixed with the old one', async ({
  page,
  context,
}) => {
  const host = await Host.open('/flotilla/');
  try {
    await visit(page, host.address);
    const other = await context.newPage();
    await visit(other, host.address);
    host.publish('second');
    await askForUpdate(page);
    const notice = page.getByText('A new version is ready.');
    await expect(notice).toBeVisible();
    await expect(other.getByText('A new version is ready.')).toBeVisible();

    // The old page goes on with its own files, though the host has them no more.
    expect(await version(page)).toBeNull();
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'A link' })).toBeVisible();

    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(page.locator('html[data-version="second"]')).toBeAttached();
    await expect(page.locator('[data-node="1"]')).toBeVisible();
    await expect(notice).toHaveCount(0);
    await worksOffline(context, page, host.address);
    expect(await version(page)).toBe('second');
  } finally {
    host.close();
  }
});

test('a version that does not arrive whole is not taken over', async ({ page, context }) => {
  const host = await Host.open('/flotilla/');
  try {
    await visit(page, host.address);
    host.publish('broken');
    const script = readdirSync(join(host.folder, 'assets')).find((name) => name.endsWith('.js'));
    writeFileSync(join(host.folder, 'assets', script ?? ''), 'half of it');
    await expect(askForUpdate(page)).resolves.toBeUndefined();
    const left = () =>
      page.evaluate(async () => {
        const { installing, waiting } = await navigator.serviceWorker.ready;
        return installing !== null || waiting !== null;
      });
    await expect.poll(left).toBe(false);
    await page.reload();
    await expect(page.locator('[data-node="1"]')).toBeVisible();
    expect(await version(page)).toBeNull();
    await worksOffline(context, page, host.address);
  } finally {
    host.close();
  }
});
