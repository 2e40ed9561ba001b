/** A person takes the trace to another program. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { drop, expect, open, SMALL, step, stepUntil, test } from './cluster';

async function saved(page: Page, name: string): Promise<{ file: string; text: string }> {
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name }).click();
  const download = await coming;
  return {
    file: download.suggestedFilename(),
    text: await readFile(await download.path(), 'utf8'),
  };
}

test('the trace is saved as lines of JSON and as a log for ShiViz', async ({ page }) => {
  await open(page);
  await drop(page, 'small.toml', SMALL);
  await stepUntil(page, '[data-state="leader"]');
  await page.getByRole('button', { name: 'Share', exact: true }).click();

  const json = await saved(page, 'Save JSON lines');
  expect(json.file).toBe('small.jsonl');
  const lines = json.text.trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.at(-1)?.step).toBe(await step(page));
  const elected = events.find((event) => event.kind === 'leader');
  expect(elected?.rule).toEqual({
    name: 'Election by majority',
    source: 'Raft paper, section 5.2',
  });
  expect(events.some((event) => Array.isArray(event.causes) && event.causes.length > 1)).toBe(true);

  const log = await saved(page, 'Save for ShiViz');
  expect(log.file).toBe('small.shiviz.log');
  const [parser = '', ...rest] = log.text.split('\n');
  // ShiViz reads the log by its own first line.
  const read = [...rest.slice(1).join('\n').matchAll(new RegExp(parser, 'g'))];
  expect(read).toHaveLength(events.length);
  const clock = JSON.parse(read.at(-1)?.groups?.clock ?? '{}') as Record<string, number>;
  expect(clock[read.at(-1)?.groups?.host ?? '']).toBeGreaterThan(1);
});
