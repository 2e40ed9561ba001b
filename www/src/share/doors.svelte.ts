/** Ways in and out of the page: the menu, links, files. What cannot come in is told, not lost. */
import type { ScenarioInfo } from '../core/core';
import type { Session } from '../session/session.svelte';
import { copy, read, saveToml, stem } from './files';
import { Keep, type Kept } from './keep';
import { checkFileSize, fromFragment, toFragment } from './link';

export class Doors {
  menu: readonly ScenarioInfo[] = $state.raw([]);
  /** The moment that the page goes on from, if it was left with a session. */
  #left = $state<number | undefined>();
  readonly #session: Session;
  readonly #keep = new Keep();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The page shows what it was left with, and nothing has been done since. */
  get continued(): boolean {
    return (
      this.#left !== undefined && [this.#session.time, this.#session.target].includes(this.#left)
    );
  }

  dismiss(): void {
    this.#left = undefined;
  }

  /** The session to go on with, if there is one. */
  find(): Promise<Kept | undefined> {
    return this.#keep.find(location.hash);
  }

  /** Shows what was left, what the address asks for, else the first scenario; always something. */
  async begin(menu: readonly ScenarioInfo[], kept: Kept | undefined): Promise<void> {
    this.menu = menu;
    if (kept !== undefined && (await this.#session.open(kept.toml, kept, kept.origin))) {
      this.#left = kept.time;
    } else {
      const told = this.#session.problem;
      await this.startFresh();
      this.#session.problem ??= told;
    }
    this.#keep.same(this.#now());
    this.#keep.begin(() => this.#now());
  }

  /** What the address asks for, else the first scenario. */
  async startFresh(): Promise<void> {
    this.dismiss();
    if (await this.openLink()) return;
    const told = this.#session.problem;
    await this.openBuiltIn(this.menu[0]?.id ?? '');
    this.#session.problem ??= told;
  }

  async openBuiltIn(id: string): Promise<void> {
    const text = this.#session.library('scenarioText', id);
    if (await this.#session.open(text, undefined, id)) this.#leaveAddress();
  }

  /** True when the address holds a session and it could be opened. */
  async openLink(fragment = location.hash): Promise<boolean> {
    let opened = false;
    await this.#tell('This link cannot be opened', async () => {
      const found = fromFragment(fragment);
      if (found !== undefined) opened = await this.#session.open(found.toml, found);
    });
    if (opened) this.dismiss();
    return opened;
  }

  async openFile(file: File): Promise<void> {
    const title = `${file.name} cannot be opened`;
    if (await this.#session.open(read(file), undefined, undefined, title)) this.#leaveAddress();
  }

  /** Opens what somebody pasted: a link to a session, or the text of a scenario. */
  async openText(text: string): Promise<boolean> {
    const link = /#s\d+=\S*/.exec(text)?.[0];
    if (link !== undefined) {
      const opened = await this.openLink(link);
      if (opened) this.#leaveAddress();
      return opened;
    }
    let opened = false;
    await this.#tell('This text cannot be opened', async () => {
      checkFileSize('The text', new Blob([text]).size);
      opened = await this.#session.open(text);
    });
    if (opened) this.#leaveAddress();
    return opened;
  }

  /** The address of this moment, in the view that is open; with `embed`, of its small form. */
  link(embed = false): string {
    const { time, step } = this.#session;
    const fragment = toFragment({ toml: this.#session.toml(), time, step });
    const query = new URLSearchParams(location.search);
    query.delete('embed');
    const asked = [embed ? 'embed' : '', query.toString()].filter((part) => part !== '');
    const search = asked.length > 0 ? `?${asked.join('&')}` : '';
    return `${location.origin}${location.pathname}${search}${fragment}`;
  }

  /**
   * Puts a link to this moment into the address and the clipboard.
   * @returns what became of it, in words; undefined when the problem is told elsewhere.
   */
  async share(): Promise<string | undefined> {
    let told: string | undefined;
    await this.#tell('This session cannot be shared', async () => {
      const link = this.link();
      history.replaceState(null, '', link);
      told = (await copy(link)) ? 'Link copied' : 'The link is in the address bar';
    });
    return told;
  }

  save(): void {
    saveToml(this.stem, this.#session.toml());
  }

  /** The session's name as the stem of a file's. */
  get stem(): string {
    return stem(this.#session.scenario?.name ?? 'scenario');
  }

  /** What to write down of the session; nothing while it is on its way to a moment. */
  #now(): Omit<Kept, 'at'> | undefined {
    const session = this.#session;
    if (session.scenario === undefined || session.panic || session.target !== undefined) {
      return undefined;
    }
    const { time, step, origin } = session;
    const view = new URLSearchParams(location.search).get('view') ?? undefined;
    return { toml: session.toml(), time, step, origin, fragment: location.hash, view };
  }

  /** What is open is no longer what the address says. */
  #leaveAddress(): void {
    this.dismiss();
    if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  }

  async #tell(title: string, go: () => Promise<void>): Promise<void> {
    try {
      await go();
    } catch (error) {
      this.#session.problem = { title, text: words(error) };
    }
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
