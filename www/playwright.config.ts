import { defineConfig } from '@playwright/test';
import { args, executablePath, LOCAL, PORT } from './e2e/browser';

const given = process.env.FLOTILLA_URL;

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // One that passes only the second time is told as flaky, and is a defect of the page or of the test.
  retries: 1,
  timeout: 180_000,
  // A busy machine of two cores needs longer than a person would wait.
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    baseURL: given ?? LOCAL,
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath, args },
    // Tests that are about keeping the site allow what keeps it.
    serviceWorkers: 'block',
    // A visitor who was offered the first lesson before: nothing plays by itself.
    storageState: {
      cookies: [],
      origins: [
        {
          origin: new URL(given ?? LOCAL).origin,
          localStorage: [{ name: 'flotilla.lessons', value: '{"greeted":true}' }],
        },
      ],
    },
    permissions: ['clipboard-read', 'clipboard-write'],
  },
  // The built page: FLOTILLA_URL when somebody serves it already, else ../dist.
  ...(given
    ? {}
    : {
        webServer: {
          command: `npx vite preview --port ${PORT}`,
          url: LOCAL,
          reuseExistingServer: false,
        },
      }),
  projects: [
    { name: 'e2e', testMatch: '*.spec.ts' },
    { name: 'shots', testMatch: 'shots.ts' },
    { name: 'bench', testMatch: 'bench.ts' },
  ],
});
