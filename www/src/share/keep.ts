/**
 * The session outlives the page: what is on the screen is written down in the browser, twice a
 * second while it changes, so that a reload or a crash of the tab loses nothing older.
 *
 * Each tab keeps its own session; a new tab finds the newest one of all.
 */
import { createStore, delMany, entries, set, type UseStore } from 'idb-keyval';

/** A session as it was left. */
export interface Kept {
  toml: string;
  time: number;
  step: number;
  /** The scenario of the menu that it began as. */
  origin: string | undefined;
  /** The fragment of the address it was left at: a reload goes on, another link opens itself. */
  fragment: string;
  /** The view that was open, as the address says it; none for the usual one. */
  view: string | undefined;
  /** When it was left, for finding the newest. */
  at: number;
}

/** Between looks at whether there is something to write down, in milliseconds. */
const EVERY = 400;
/** Sessions of other tabs that are kept. */
const TABS = 5;
const TAB = 'flotilla.tab';

export class Keep {
  readonly #store: UseStore | undefined = store();
  readonly #tab = tabName();
  #written = '';
  #timer = 0;

  /** The session to go on with: that of this tab, else the newest, unless a link asks for another. */
  async find(fragment: string): Promise<Kept | undefined> {
    if (this.#store === undefined) return undefined;
    try {
      const all = (await entries<string, Kept>(this.#store)).sort(
        ([, one], [, other]) => other.at - one.at,
      );
      const old = all.filter(([tab]) => tab !== this.#tab).slice(TABS);
      await delMany(
        old.map(([tab]) => tab),
        this.#store,
      );
      const own = all.find(([tab]) => tab === this.#tab)?.[1];
      if (fragment.length > 1) return own?.fragment === fragment ? own : undefined;
      return own ?? all[0]?.[1];
    } catch {
      return undefined;
    }
  }

  /** Writes down from now on what `left` says, when it differs; undefined is nothing to keep. */
  begin(left: () => Omit<Kept, 'at'> | undefined): void {
    clearInterval(this.#timer);
    const write = (): void => this.#write(left());
    this.#timer = window.setInterval(write, EVERY);
    addEventListener('pagehide', write);
    document.addEventListener('visibilitychange', write);
  }

  /** What is on the screen now is as it was found, and need not be written down. */
  same(left: Omit<Kept, 'at'> | undefined): void {
    this.#written = JSON.stringify(left);
  }

  #write(left: Omit<Kept, 'at'> | undefined): void {
    const text = JSON.stringify(left);
    if (left === undefined || this.#store === undefined || text === this.#written) return;
    this.#written = text;
    set(this.#tab, { ...left, at: Date.now() } satisfies Kept, this.#store).catch(() => {
      // A full or forbidden store: the page goes on, and tries again when something changes.
    });
  }
}

/** Sites under other paths of the same origin have stores of their own. */
function store(): UseStore | undefined {
  try {
    const folder = location.pathname.replace(/[^/]*$/, '');
    return createStore(`flotilla ${folder}`, 'sessions');
  } catch {
    return undefined;
  }
}

/** A name of this tab that survives a reload. */
function tabName(): string {
  const fresh = crypto.getRandomValues(new Uint32Array(2)).join('-');
  try {
    const known = sessionStorage.getItem(TAB);
    if (known !== null) return known;
    sessionStorage.setItem(TAB, fresh);
  } catch {
    // Without storage each page is a tab of its own.
  }
  return fresh;
}
