/**
 * The service worker: keeps one whole version of the site, and serves it without a network.
 *
 * A version is kept only when every file of it arrived with the digest that the build wrote down.
 * Pages ask for everything but themselves by names that contain a digest, so a page that is open
 * goes on with its own version while the next one is already here; the version before is kept
 * for it. Which version a page is of is decided when it is loaded, by the worker alone.
 */
/// <reference lib="webworker" />
/** Written in front of this by the build: the version, and the SHA-256 of each file by its path. */
declare const SITE: { version: string; files: Record<string, string> };

const worker = self as unknown as ServiceWorkerGlobalScope;
const PAGE = 'index.html';
const scope = new URL(worker.registration.scope);
/** Sites under other paths of the same origin have caches of their own. */
const family = `flotilla ${scope.pathname} `;
const own = family + SITE.version;

worker.addEventListener('install', (event) => {
  // What is open keeps its files, so the new version need not wait until all of it is closed.
  event.waitUntil(keepAll().then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(forgetOld().then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const inside = url.origin === scope.origin && url.pathname.startsWith(scope.pathname);
  if (request.method !== 'GET' || !inside) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate') {
    if (path === '' || path === PAGE) event.respondWith(kept(PAGE, request));
  } else if (path in SITE.files || path.startsWith('assets/')) {
    event.respondWith(kept(path, request));
  }
});

const address = (path: string): URL => new URL(path === PAGE ? './' : path, scope);

async function kept(path: string, request: Request): Promise<Response> {
  const found = (await (await caches.open(own)).match(address(path))) ?? (await older(path));
  return found ?? fetch(request);
}

/** A file that only an earlier version has, for a page that is still open. */
async function older(path: string): Promise<Response | undefined> {
  if (path === PAGE) return undefined;
  for (const name of await versions()) {
    const found = await (await caches.open(name)).match(address(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The caches of this site, the oldest first. */
async function versions(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(family));
}

async function keepAll(): Promise<void> {
  const cache = await caches.open(own);
  try {
    await Promise.all(
      Object.entries(SITE.files).map(async ([path, digest]) => {
        const old = await older(path);
        const copy = old && (await whole(old, digest));
        const fresh = copy ?? (await whole(await ask(path), digest));
        if (fresh === undefined) throw new Error(`${path} is not of version ${SITE.version}`);
        await cache.put(address(path), fresh);
      }),
    );
  } catch (error) {
    await caches.delete(own);
    throw error;
  }
}

/** Files whose names contain a digest never change, so what the browser has of them is good. */
const ask = (path: string): Promise<Response> =>
  fetch(address(path), { cache: path.startsWith('assets/') ? 'default' : 'no-cache' });

/** The response, if it is exactly the file that was built. */
async function whole(response: Response, digest: string): Promise<Response | undefined> {
  if (!response.ok) return undefined;
  const content = await response.arrayBuffer();
  const found = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const hex = Array.from(found, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== digest) return undefined;
  const type = response.headers.get('Content-Type') ?? 'application/octet-stream';
  return new Response(content, { headers: { 'Content-Type': type } });
}

async function forgetOld(): Promise<void> {
  const others = (await versions()).filter((name) => name !== own);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}
