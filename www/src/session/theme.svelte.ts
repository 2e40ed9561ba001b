/** Light or dark: as the system says, until a person chooses. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'flotilla.theme';
const ORDER: Theme[] = ['system', 'light', 'dark'];

export class ThemeChoice {
  theme: Theme = $state(stored());

  constructor() {
    this.#show();
  }

  next(): void {
    this.theme = ORDER[(ORDER.indexOf(this.theme) + 1) % ORDER.length] ?? 'system';
    this.#show();
    try {
      localStorage.setItem(KEY, this.theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  #show(): void {
    const root = document.documentElement;
    if (this.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = this.theme;
  }
}

function stored(): Theme {
  try {
    return ORDER.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}
