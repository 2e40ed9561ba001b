/** Of the build: the preloading of the core, and the service worker with the list of all files. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

const WORKER = 'sw.js';
/** The line in front of the worker. */
const LINE = /^const SITE=.*\n/;

/**
 * Writes into the site's service worker what belongs to this version. To be done last, and again
 * by whoever changes a file of a finished site.
 */
export function seal(folder: string): void {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path !== WORKER)
    .sort();
  const digest = (content: string | Buffer): string =>
    createHash('sha256').update(content).digest('hex');
  const files = Object.fromEntries(
    paths.map((path) => [path, digest(readFileSync(join(folder, path)))]),
  );
  const version = digest(JSON.stringify(files)).slice(0, 16);
  const worker = join(folder, WORKER);
  const code = readFileSync(worker, 'utf8').replace(LINE, '');
  writeFileSync(worker, `const SITE=${JSON.stringify({ version, files })};\n${code}`);
}

/** The page's own part, which `main.ts` asks for. */
const PAGE = 'src/page.ts';

/** The service worker is built beside the page, under a name that never changes. */
export const WORKER_ENTRY = 'offline/worker.ts';

export function site(): Plugin {
  let folder = '';
  return {
    name: 'flotilla-site',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    // The page is asked for by a script; its own files are asked for before that has arrived.
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
        const page = chunks.find((one) => one.facadeModuleId?.endsWith(PAGE));
        if (page === undefined) throw new Error(`the build has no ${PAGE}`);
        return [page.fileName, ...page.imports].map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `./${file}` },
          injectTo: 'head' as const,
        }));
      },
    },
    closeBundle: {
      order: 'post',
      handler: () => seal(folder),
    },
  };
}

/** While the page is worked on, Vite puts styles into it that the policy would refuse. */
export function withoutPolicy(): Plugin {
  return {
    name: 'flotilla-without-policy',
    apply: 'serve',
    transformIndexHtml: (html) =>
      html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
  };
}
