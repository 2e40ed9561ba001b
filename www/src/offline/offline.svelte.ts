/** The site without a network, and the arrival of new versions. The work is in the worker. */

/** How long a page may be open before it asks whether there is a new version, in milliseconds. */
const ASK_EVERY = 3_600_000;

export class Offline {
  /** A newer version than that of this page is here, and is shown when it is loaded again. */
  newer = $state(false);
  #asked = 0;

  /** Called once the page is alive: keeping files for later must not delay the first sight. */
  async begin(): Promise<void> {
    // A part of this version is gone from the host: only a newer page can go on.
    addEventListener('vite:preloadError', () => {
      this.newer = true;
    });
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    this.#watch(navigator.serviceWorker);
    try {
      const kept = await navigator.serviceWorker.register('./sw.js', { updateViaCache: 'none' });
      this.#asked = Date.now();
      document.addEventListener('visibilitychange', () => this.#ask(kept));
    } catch {
      // Without a place to keep files, the page works as long as there is a network.
    }
  }

  #watch(container: ServiceWorkerContainer): void {
    let known = container.controller;
    container.addEventListener('controllerchange', () => {
      if (known !== null) this.newer = true;
      known = container.controller;
    });
  }

  #ask(kept: ServiceWorkerRegistration | undefined): void {
    if (document.hidden || Date.now() - this.#asked < ASK_EVERY) return;
    this.#asked = Date.now();
    // Without a network there is nothing new to be heard of.
    kept?.update().catch(() => undefined);
  }
}
