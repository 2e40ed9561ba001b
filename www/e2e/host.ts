/** A static host of the test's own: a copy of the built site that can be replaced while it runs. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { seal } from '../offline/site';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};
/** Where the finished site is. */
const SITE = join(import.meta.dirname, '../../dist');

export class Host {
  readonly folder = mkdtempSync(join(tmpdir(), 'flotilla-host-'));
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(readonly base: string) {
    cpSync(SITE, this.folder, { recursive: true });
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://host').pathname;
      this.asked.push(path);
      const inner = path.startsWith(base) ? path.slice(base.length) : undefined;
      const file = inner === undefined ? undefined : this.#read(inner || 'index.html');
      if (file === undefined) response.writeHead(404).end('Nothing is here.');
      else response.writeHead(200, { 'Content-Type': file.type }).end(file.content);
    });
  }

  static async open(base: string): Promise<Host> {
    const host = new Host(base);
    await new Promise<void>((ready) => host.#server.listen(0, '127.0.0.1', ready));
    return host;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.base}`;
  }

  /** The next version: every script has another name, and the page says which version it is. */
  publish(version: string): void {
    const assets = join(this.folder, 'assets');
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const renamed = (name: string): string => name.replace(/\.js$/, `.${version}.js`);
    const files = [join(this.folder, 'index.html'), ...scripts.map((name) => join(assets, name))];
    for (const file of files) {
      let text = readFileSync(file, 'utf8');
      for (const name of scripts) text = text.replaceAll(name, renamed(name));
      writeFileSync(file, text.replace('<html ', `<html data-version="${version}" `));
    }
    for (const name of scripts) renameSync(join(assets, name), join(assets, renamed(name)));
    seal(this.folder);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.folder, { recursive: true });
  }

  #read(inner: string): { content: Buffer; type: string } | undefined {
    const path = normalize(inner);
    if (path.startsWith('..')) return undefined;
    try {
      const content = readFileSync(join(this.folder, path));
      return { content, type: TYPES[extname(path)] ?? 'application/octet-stream' };
    } catch {
      return undefined;
    }
  }
}
