/**
 * Pictures of the built page. `npm run shots` renews those of the README; `npm run shots:all`
 * writes the main states at three widths in both themes into SHOTS_FOLDER, to be looked at.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { BUSY, drop, SMALL, stepUntil } from './cluster';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
  { width: 2560, height: 1440 },
];
const THEMES = ['light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

async function open(browser: Browser, size: (typeof SIZES)[number], theme: Theme): Promise<Page> {
  const page = await browser.newPage({
    viewport: size,
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  await page.goto('./');
  await page.locator('[data-node="1"]').waitFor();
  return page;
}

async function steps(page: Page, many: number): Promise<void> {
  for (let step = 0; step < many; step += 1) await page.keyboard.press('ArrowRight');
}

async function chooseLeader(page: Page): Promise<void> {
  const leader = page.locator('[data-state="leader"]').first();
  await page.keyboard.press((await leader.getAttribute('data-node')) ?? '1');
}

/** A leader at work. */
async function atWork(page: Page): Promise<void> {
  await stepUntil(page, '[data-state="leader"]');
  await stepUntil(page, '.message.talk');
  await steps(page, 50);
  await chooseLeader(page);
}

/** The picture at the top of the README: a second leader commits while the first comes back. */
async function comeback(page: Page): Promise<void> {
  await atWork(page);
  await page.keyboard.press('c');
  await stepUntil(page, '[data-state="leader"]');
  await steps(page, 40);
  await page.keyboard.press('c');
  await stepUntil(page, '.message.append >> text=/\\+/');
  await steps(page, 30);
  await stepUntil(page, '[data-present="committed"]');
  await chooseLeader(page);
}

for (const theme of THEMES) {
  test(`README, ${theme}`, async ({ browser }) => {
    const page = await open(browser, { width: 1280, height: 800 }, theme);
    await comeback(page);
    await page.screenshot({ path: `../docs/playground-${theme}.png` });
    await page.close();
  });

  for (const size of SIZES) {
    test(`review, ${size.width} ${theme}`, async ({ browser }) => {
      const folder = process.env.SHOTS_FOLDER ?? join(tmpdir(), 'flotilla-shots');
      const page = await open(browser, size, theme);
      const shot = (state: string) =>
        page.screenshot({ path: join(folder, `${state}-${size.width}-${theme}.png`) });
      await shot('1-start');
      await stepUntil(page, '[data-state="candidate"]');
      await steps(page, 6);
      await shot('2-election');
      await atWork(page);
      await shot('3-leader');
      await page.keyboard.press('c');
      await page.keyboard.press('2');
      await page.keyboard.press('i');
      await shot('4-faults');
      await page.keyboard.press('?');
      await shot('5-help');
      await page.keyboard.press('Escape');
      await page.evaluate(() => {
        location.hash = '#s9=abc';
      });
      await page.getByRole('alert').waitFor();
      await shot('6-problem');
      await page.close();
    });
  }
}

/** The pictures of the tour: one state of the page each. */
const TOUR: Record<string, (page: Page) => Promise<void>> = {
  lesson: async (page) => {
    await page.goto('./?lesson=election');
    await expect(page.getByRole('region', { name: 'Lesson' })).toBeVisible();
  },
  why: async (page) => {
    await atWork(page);
    await page.keyboard.press('c');
    await stepUntil(page, '[data-state="leader"]');
    await page.keyboard.press('w');
    await expect(page.locator('[data-why]')).toBeVisible();
  },
  'space-time': async (page) => {
    await comeback(page);
    await page.getByRole('button', { name: 'Space-time' }).click();
    await expect(page.locator('[data-arrows]')).toBeVisible();
  },
  branches: async (page) => {
    await drop(page, 'small.toml', SMALL.replace('60s', '4s'));
    await end(page, 4_000_000);
    await page.getByRole('slider', { name: 'Moment' }).fill('2000000');
    await expect(page.locator('[data-time="2000000"]')).toBeVisible();
    await chooseLeader(page);
    await page.keyboard.press('c');
    await end(page, 4_000_000);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Compare with Original' }).click();
    await expect(page.locator('[data-parted]')).toBeVisible();
  },
  charts: async (page) => {
    await drop(page, 'busy.toml', BUSY);
    await end(page, 4_000_000);
    await page.keyboard.press('g');
    await expect(page.locator('[data-chart="commit"] canvas')).toBeVisible();
  },
  broken: async (page) => {
    await drop(page, 'writes.toml', WRITES);
    await page.keyboard.press('b');
    await page.locator('[data-mutant="answers-before-commit"]').getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Go to where it fails' }).click();
    await expect(page.locator('[data-standing="brokenHere"]').first()).toBeVisible();
  },
};

/** Writes of one client. */
const WRITES = `${SMALL.replace('60s', '4s')}actions = [
  { at = "1s", do = "write", client = 1, keys = 20, prefix = "k" },
]
`;

async function end(page: Page, time: number): Promise<void> {
  await page.keyboard.press('End');
  await expect(page.locator(`[data-time="${time}"]`)).toBeVisible();
}

for (const [name, arrive] of Object.entries(TOUR)) {
  test(`README tour: ${name}`, async ({ browser }) => {
    const page = await open(browser, { width: 1280, height: 800 }, 'light');
    await arrive(page);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: `../docs/tour-${name}.png` });
    await page.close();
  });
}
