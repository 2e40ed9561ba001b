/** The share panel: links, the small form for articles, files, pictures, and what is pasted. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import {
  accessible,
  alertOf,
  expect,
  open,
  picture,
  SMALL,
  step,
  stepUntil,
  test,
  time,
} from './cluster';

const share = (page: Page) => page.getByRole('button', { name: 'Share', exact: true }).click();
const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

async function copyLink(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied')).toBeVisible();
  return clipboard(page);
}

async function download(page: Page, button: string): Promise<{ name: string; content: Buffer }> {
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const file = await saved;
  return { name: file.suggestedFilename(), content: await readFile(await file.path()) };
}

test('the snippet shows the cluster in a frame of 400 by 300, and leads to the whole', async ({
  page,
  context,
}) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await stepUntil(page, '.message');
  await share(page);
  await page.getByRole('button', { name: 'Copy embed snippet' }).click();
  await expect(page.getByText('Copied')).toBeVisible();
  const snippet = await clipboard(page);
  expect(snippet).toContain('width="400" height="300"');
  const drawnUntil = await step(page);

  // Somebody else's page.
  const article = await context.newPage();
  const blog = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>An article</title><p>Look:</p>${snippet}`);
  });
  await new Promise<void>((ready) => blog.listen(0, '127.0.0.1', ready));
  await article.goto(`http://127.0.0.1:${(blog.address() as AddressInfo).port}/`);
  const frame = article.frameLocator('iframe');
  await expect(frame.locator('[data-state="leader"]')).toBeVisible();
  await expect(frame.getByRole('banner')).toHaveCount(0);
  await expect(frame.getByRole('button', { name: 'Share' })).toHaveCount(0);
  const inside = article.frames()[1];
  const size = await inside?.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.scrollHeight,
  ]);
  expect(size).toEqual([400, 300]);

  await frame.getByRole('button', { name: 'Step', exact: true }).click();
  await frame.getByRole('button', { name: 'Play' }).click();
  await frame.getByRole('button', { name: 'Pause', exact: true }).click();
  const moment = frame.getByRole('slider', { name: 'Moment' });
  // What was being drawn when it was told to pause is drawn still.
  let before = -1;
  await expect
    .poll(async () => {
      const last = before;
      before = Number(await moment.inputValue());
      return before === last;
    })
    .toBe(true);
  await moment.press('ArrowLeft');
  await expect.poll(async () => Number(await moment.inputValue())).toBeLessThan(before);

  const arrives = context.waitForEvent('page');
  await frame.getByRole('link', { name: 'Open in Flotilla' }).click();
  const whole = await arrives;
  await expect(whole.getByRole('button', { name: 'Share', exact: true })).toBeVisible();
  await expect.poll(() => time(whole)).toBe(Number(await moment.inputValue()));
  expect(await step(whole)).toBeGreaterThanOrEqual(drawnUntil);
  blog.closeAllConnections();
  blog.close();
});

test('a link or a scenario can be pasted, and what is wrong with it is told', async ({ page }) => {
  await open(page);
  await stepUntil(page, '[data-state="leader"]');
  await share(page);
  const link = await copyLink(page);
  const [at, drawn] = [await step(page), await picture(page)];
  const field = page.getByRole('textbox', { name: 'A link, or the text of a scenario' });
  const go = page.getByRole('button', { name: 'Open this' });

  await field.fill(SMALL);
  await go.click();
  await expect(page.locator('[data-seed]')).toHaveText('5');
  await field.fill(`Look at this: ${link} (a crash)`);
  await go.click();
  await expect.poll(() => step(page)).toBe(at);
  await expect.poll(() => picture(page)).toBe(drawn);

  await field.fill('flotilla = 1\nnodes = 0');
  await go.click();
  await expect(alertOf(page)).toContainText('cannot be opened');
  await expect(field).toHaveValue(/nodes = 0/);
  await page.getByRole('button', { name: 'Dismiss' }).click();

  // Anywhere else on the page, a paste opens as well.
  await page.evaluate((text) => navigator.clipboard.writeText(text), SMALL);
  await page.locator('svg[aria-label="The cluster"]').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('ControlOrMeta+v');
  await expect(page.locator('[data-seed]')).toHaveText('5');
});

/** The commonest colours of the picture, or of a part of it, as a browser shows it by itself. */
async function colours(page: Page, svg: string, part: number[] = []): Promise<number[][]> {
  return page.evaluate(
    async ([text, [x, y, width, height]]) => {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const pen = canvas.getContext('2d');
      pen?.drawImage(image, 0, 0);
      const { data } = pen?.getImageData(
        x ?? 0,
        y ?? 0,
        width ?? canvas.width,
        height ?? canvas.height,
      ) ?? { data: [] };
      const seen = new Map<string, number>();
      for (let at = 0; at < data.length; at += 4) {
        const key = `${data[at]},${data[at + 1]},${data[at + 2]},${data[at + 3]}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
      const sorted = [...seen].sort((one, other) => other[1] - one[1]).slice(0, 12);
      return sorted.map(([key]) => key.split(',').map(Number));
    },
    [svg, part] as const,
  );
}

const hex = (page: Page, token: string) =>
  page.evaluate((name) => {
    const probe = document.createElement('i');
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? [];
    probe.remove();
    return found;
  }, token);

for (const theme of ['light', 'dark'] as const) {
  test(`the drawing is saved as SVG and PNG in the colours of the ${theme} theme`, async ({
    page,
  }) => {
    await page.emulateMedia({ colorScheme: theme });
    await open(page);
    await stepUntil(page, '[data-state="leader"]');
    await stepUntil(page, '.message');
    await share(page);
    const svg = await download(page, 'Save SVG');
    expect(svg.name).toBe('leader-crash.svg');
    const text = svg.content.toString('utf8');
    // It stands alone: no classes, styles, variables or links.
    expect(text).not.toMatch(/class=|style=|<style|var\(|url\(|href=|https?:(?!\/\/www\.w3\.org)/);
    const servers = await page.locator('[data-node]').count();
    expect(text.match(/>n\d</g)?.length).toBeGreaterThanOrEqual(servers);
    const found = await colours(page, text);
    const [surface, term] = [await hex(page, '--surface'), await hex(page, '--term-0')];
    expect(found[0]).toEqual([...surface, 255]);
    expect(found).toContainEqual([...term, 255]);

    // Words stand before what is behind them.
    const where = await page.evaluate(() => {
      const drawn = document.querySelector('[data-picture]')?.getBoundingClientRect();
      const label = [...document.querySelectorAll('[data-picture] text')]
        .find((one) => one.textContent?.trim() === 'leader')
        ?.getBoundingClientRect();
      if (drawn === undefined || label === undefined) return [];
      return [label.x - drawn.x, label.y - drawn.y, label.width, label.height];
    });
    expect(await colours(page, text, where)).toContainEqual([...(await hex(page, '--ink')), 255]);

    const png = await download(page, 'Save PNG');
    expect(png.name).toBe('leader-crash.png');
    expect(png.content.subarray(1, 4).toString()).toBe('PNG');
    const box = await page.locator('svg[aria-label="The cluster"]').boundingBox();
    expect(png.content.readUInt32BE(16)).toBe(Math.round((box?.width ?? 0) * 2));
    expect(png.content.readUInt32BE(20)).toBe(Math.round((box?.height ?? 0) * 2));
  });
}

test('the panel is for everyone: axe, keyboard, small screens', async ({ page }) => {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await open(page, width === 360 ? '?narrow' : '');
    await page.getByRole('button', { name: 'Share', exact: true }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Copy link' })).toBeVisible();
    await accessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: 'Copy link' })).toHaveCount(0);
  }
});

/** The page with the space-time diagram of a leader at work in it. */
async function openDiagram(page: Page): Promise<void> {
  await page.goto('./?view=space-time');
  await expect(page.locator('[data-arrows]')).toBeVisible();
  for (let steps = 0; steps < 60; steps += 1) await page.keyboard.press('ArrowRight');
  await expect(page.locator('[data-arrows]:not([data-arrows="0"])')).toBeVisible();
}

test('a link opens the view that was open', async ({ page }) => {
  await openDiagram(page);
  await share(page);
  expect(await copyLink(page)).toContain('?view=space-time#s1=');
  await page.getByRole('button', { name: 'Copy embed snippet' }).click();
  await expect(page.getByText('Copied', { exact: true })).toBeVisible();
  expect(await clipboard(page)).toContain('?embed&view=space-time#s1=');
});

test('the space-time diagram is saved as a picture made of lines', async ({ page }) => {
  await openDiagram(page);
  await share(page);
  const svg = await download(page, 'Save SVG');
  const text = svg.content.toString('utf8');
  expect(text).not.toMatch(/class=|style=|<style|var\(|href=/);
  for (const name of ['n1', 'n2', 'n3']) expect(text).toContain(`>${name}</text>`);
  const arrows = Number(await page.locator('[data-arrows]').getAttribute('data-arrows'));
  expect(arrows).toBeGreaterThan(0);
  expect(text.match(/L[\d.-]+ [\d.-]+/g)?.length ?? 0).toBeGreaterThanOrEqual(arrows);
  expect((await colours(page, text))[0]).toEqual([...(await hex(page, '--surface')), 255]);
});
