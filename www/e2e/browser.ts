/** How the browser is started, for tests and pictures alike. */
export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** No sandbox, as in containers; and nothing that would reach for a network. */
export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the built page is served by the tests themselves. */
export const PORT = process.env.FLOTILLA_PORT ?? '4713';
export const LOCAL = `http://localhost:${PORT}/`;
