/** Ways in and out of the page: the menu, links, files. What cannot come in is told, not lost. */
import { builtIn, type ScenarioInfo } from '../core/core';
import type { Session } from '../session/session.svelte';
import { copy, read, save } from './files';
import { fromFragment, toFragment } from './link';

/** How long it is said that a link was copied, in milliseconds. */
const TOLD = 4_000;

export class Doors {
  menu: readonly ScenarioInfo[] = $state.raw([]);
  /** What became of the link that was asked for. */
  shared = $state('');
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Shows what the address asks for, else the first scenario; something is always shown. */
  begin(menu: readonly ScenarioInfo[]): void {
    this.menu = menu;
    if (this.openLink()) return;
    const { problem } = this.#session;
    this.openBuiltIn(menu[0]?.id ?? '');
    this.#session.problem ??= problem;
  }

  openBuiltIn(id: string): void {
    this.#tell('This scenario cannot be opened', () => {
      if (this.#session.open(builtIn(id), undefined, id) && location.hash !== '') {
        history.replaceState(null, '', location.pathname + location.search);
      }
    });
  }

  /** True when the address holds a session and it could be opened. */
  openLink(): boolean {
    let opened = false;
    this.#tell('This link cannot be opened', () => {
      const found = fromFragment(location.hash);
      if (found !== undefined) opened = this.#session.open(found.toml, found);
    });
    return opened;
  }

  async openFile(file: File): Promise<void> {
    try {
      this.#session.open(await read(file));
    } catch (error) {
      this.#session.problem = { title: `${file.name} cannot be opened`, text: words(error) };
    }
  }

  /** Puts a link to this moment of this session into the address and the clipboard. */
  async share(): Promise<void> {
    let made = false;
    this.#tell('This session cannot be shared', () => {
      const { time, step } = this.#session;
      history.replaceState(null, '', toFragment({ toml: this.#session.toml(), time, step }));
      made = true;
    });
    if (!made) return;
    this.shared = (await copy(location.href)) ? 'Link copied' : 'The link is in the address bar';
    setTimeout(() => {
      this.shared = '';
    }, TOLD);
  }

  save(): void {
    save(this.#session.scenario?.name ?? 'scenario', this.#session.toml());
  }

  #tell(title: string, go: () => void): void {
    try {
      go();
    } catch (error) {
      this.#session.problem = { title, text: words(error) };
    }
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
