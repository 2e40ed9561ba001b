/**
 * The panels that open in the place of the right column, one at a time; on small screens they take the
 * whole page. What there is stands in `views/panels.ts`.
 */
export type PanelId = 'branches' | 'settings' | 'compare' | 'charts' | 'break' | 'hunt' | 'share';

export class Panels {
  open: PanelId | undefined = $state();

  toggle(id: PanelId): void {
    this.open = this.open === id ? undefined : id;
  }

  close = (): void => {
    this.open = undefined;
  };
}
