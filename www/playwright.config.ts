import { defineConfig } from '@playwright/test';
import { args, executablePath, LOCAL, PORT } from './e2e/browser';

const given = process.env.FLOTILLA_URL;

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  retries: 0,
  timeout: 180_000,
  reporter: [['list']],
  use: {
    baseURL: given ?? LOCAL,
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath, args },
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
  ],
});
