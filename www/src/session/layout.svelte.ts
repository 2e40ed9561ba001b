/** What is open on the page: kept in the address, beside a shared session and apart from it. */

/** The views of the middle, in the order of their switch. */
export const MIDDLE = [
  { id: 'cluster', name: 'Cluster' },
  { id: 'space-time', name: 'Space-time' },
  { id: 'clients', name: 'Clients’ history' },
] as const;
export type MiddleId = (typeof MIDDLE)[number]['id'];

/** `?view=space-time`; the fragment belongs to shared sessions. */
const QUERY = 'view';

function asked(): MiddleId {
  const wanted = new URLSearchParams(location.search).get(QUERY);
  return MIDDLE.find((view) => view.id === wanted)?.id ?? MIDDLE[0].id;
}

export class Layout {
  #middle: MiddleId = $state(asked());

  get middle(): MiddleId {
    return this.#middle;
  }

  /** The view that was left, unless the address asks for one. */
  resume(left: string | undefined): void {
    const known = MIDDLE.find((view) => view.id === left);
    if (known !== undefined && !new URLSearchParams(location.search).has(QUERY)) {
      this.show(known.id);
    }
  }

  show(middle: MiddleId): void {
    this.#middle = middle;
    const url = new URL(location.href);
    if (middle === MIDDLE[0].id) url.searchParams.delete(QUERY);
    else url.searchParams.set(QUERY, middle);
    history.replaceState(history.state, '', url);
  }
}
