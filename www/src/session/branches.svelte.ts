/** Ways that the run has taken, and how two of them differ. The core keeps them; this shows them. */
import type { BranchComparison, BranchView } from '../core/core';
import type { Session } from './session.svelte';

export class Branches {
  list: readonly BranchView[] = $state.raw([]);
  /** The way shown beside another, as of the moment at which they were compared. */
  comparison: BranchComparison | undefined = $state.raw();
  /** The branch that was left just now by doing something in the past. */
  readonly left = $derived.by(() => this.list.find((branch) => branch.name === this.session.left));

  constructor(private readonly session: Session) {}

  /** Another run has none of them. */
  forget(): void {
    this.list = [];
    this.comparison = undefined;
  }

  async refresh(): Promise<void> {
    this.list = await this.session.ask('branches');
  }

  /** Takes another way, up to the moment at which it was left. */
  async show(id: number): Promise<void> {
    const { session } = this;
    session.playing = false;
    const branch = await session.go('switchBranch', id);
    if (branch === undefined) return;
    this.comparison = undefined;
    await this.refresh();
    await session.goTo(branch.head);
    // Somebody may have gone elsewhere meanwhile.
    if (session.time !== branch.head) return;
    await session.goTo(branch.left, branch.leftStep);
    session.notice = `This is “${branch.name}”, where it was left.`;
  }

  /** @returns why the name cannot be. */
  async rename(id: number, name: string): Promise<string | undefined> {
    try {
      await this.session.ask('renameBranch', id, name);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    await this.refresh();
    return undefined;
  }

  async delete(id: number): Promise<void> {
    await this.session.ask('deleteBranch', id);
    await this.refresh();
  }

  async compare(id: number): Promise<void> {
    this.comparison = undefined;
    if (!(await this.session.way('compare', id))) return;
    this.comparison = await this.session.ask('branchComparison');
  }
}
