/**
 * What a person has written into the settings and is not in effect yet. Settings that depend on
 * one another are tried together, so that a refused one takes effect as soon as the others suit it.
 */
import { SvelteMap } from 'svelte/reactivity';
import type { SettingView } from '../core/core';
import type { Session } from './session.svelte';

export class Settings {
  /** What is written but not in effect, by path. */
  readonly drafts = new SvelteMap<string, string>();
  /** What the core says against it, by the path of the setting that cannot be. */
  readonly refusals = new SvelteMap<string, string>();
  /** What became of the last change, for those who hear the page. */
  told = $state('');
  readonly #session: Session;
  #line: Promise<void> = Promise.resolve();

  constructor(session: Session) {
    this.#session = session;
  }

  readonly all = $derived.by(() => this.#session.settings.flatMap((table) => table.settings));
  readonly changed = $derived.by(() => this.all.filter((one) => one.given !== one.default));

  /** What stands in the field. */
  shown = (setting: SettingView): string => this.drafts.get(setting.path) ?? setting.given;

  write(setting: SettingView, text: string): void {
    if (text === setting.given) this.drafts.delete(setting.path);
    else this.drafts.set(setting.path, text);
  }

  /** Puts the field back to what is in effect; what waited for it is tried again. */
  discard(setting: SettingView): void {
    this.drafts.delete(setting.path);
    this.commit(setting.path);
  }

  reset(setting: SettingView): void {
    this.write(setting, setting.default);
    this.commit(setting.path);
  }

  resetAll(): void {
    this.drafts.clear();
    for (const setting of this.changed) this.drafts.set(setting.path, setting.default);
    this.commit('');
  }

  /**
   * Tries what is written, all together; `path` was written last. A draft that is itself at fault
   * holds back no other; when several are at odds, the last one gets a try by itself.
   */
  commit(path: string): Promise<void> {
    this.#line = this.#line.then(() => this.#commit(path));
    return this.#line;
  }

  async #commit(path: string): Promise<void> {
    this.refusals.clear();
    this.told = '';
    const together = new Set(this.drafts.keys());
    while (together.size > 0) {
      const refused = await this.#try([...together]);
      if (refused === undefined || !together.delete(refused)) break;
    }
    const waits = this.drafts.has(path) && !this.refusals.has(path);
    if (waits && this.drafts.size > 1) await this.#try([path]);
  }

  /** The path of what is refused, if anything is; of several reasons the first is told. */
  async #try(paths: string[]): Promise<string | undefined> {
    const changes = paths.map((path) => ({ path, value: this.drafts.get(path) ?? '' }));
    const refusal = await this.#session.configure(changes);
    if (refusal !== undefined) {
      const { path, sentence } = refusal;
      if (!this.refusals.has(path)) this.refusals.set(path, sentence);
      this.told ||= sentence;
      return path;
    }
    for (const { path, value } of changes) {
      // What was written meanwhile stays.
      if (this.drafts.get(path) === value) this.drafts.delete(path);
    }
    const [first] = changes;
    this.told ||=
      changes.length === 1
        ? `${first?.path} is now ${first?.value}.`
        : `${changes.length} settings are changed.`;
    return undefined;
  }

  /** Why a field's text is not in effect, or what it stands against. */
  against(setting: SettingView): string | undefined {
    const own = this.refusals.get(setting.path);
    if (own !== undefined || !this.drafts.has(setting.path)) return own;
    const [other] = this.refusals.values();
    return other;
  }
}
