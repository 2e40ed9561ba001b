import type { MembershipView, NodeView } from '../core/core';

/** Servers as a person would name them: `n1 n2 n3`, or `nobody`. */
export function names(ids: readonly number[]): string {
  return ids.length > 0 ? ids.map((id) => `n${id}`).join(' ') : 'nobody';
}

/** The leader of the newest term among those that run. */
export function leaderOf(nodes: readonly NodeView[]): NodeView | undefined {
  const leading = nodes.filter((node) => node.status === 'up' && node.role === 'leader');
  return leading.reduce<NodeView | undefined>(
    (newest, node) => (newest === undefined || node.term > newest.term ? node : newest),
    undefined,
  );
}

/** How far a change of members is, in a sentence; nothing when none is under way. */
export function changeText(members: MembershipView): string | undefined {
  if (members.outgoing.length > 0) {
    const stage = members.committed ? '' : ', not committed yet';
    return `Joint stage${stage}: ${names(members.outgoing)} and ${names(members.voters)} decide together.`;
  }
  if (members.vacant.length > 0) {
    const whose = members.vacant.length > 1 ? 'their seats' : 'its seat';
    return `${names(members.vacant)} may have forgotten what was promised, and must catch up to get ${whose} back.`;
  }
  if (members.wanted) {
    const coming = members.wanted.filter((id) => !members.voters.includes(id));
    return `${names(coming)} must catch up before the voters become ${names(members.wanted)}.`;
  }
  if (!members.committed && members.index > 0) {
    return `The members ${names(members.voters)} are not committed yet.`;
  }
  return undefined;
}

/** What a server is to be. */
export type Wish = 'voter' | 'learner' | 'outside';

/** The members that make one server what is wished for; the others stay as they are. */
export function wished(
  members: MembershipView,
  id: number,
  wish: Wish,
): { voters: number[]; learners: number[] } {
  const without = (ids: readonly number[]) => ids.filter((known) => known !== id);
  const voters = without(members.wanted ?? members.voters);
  const learners = without(members.learners).filter((known) => !voters.includes(known));
  if (wish === 'voter') voters.push(id);
  if (wish === 'learner') learners.push(id);
  return { voters: voters.sort((a, b) => a - b), learners: learners.sort((a, b) => a - b) };
}

/** Why nobody's membership can be changed now; nothing when it can. */
export function changeRefused(leader: NodeView | undefined): string | undefined {
  if (leader === undefined) return 'No server leads, and only a leader changes the members.';
  if (leader.membership.outgoing.length > 0) return 'The change before is still on its way.';
  if (!leader.membership.committed && leader.membership.index > 0) {
    return 'The change before is not committed yet.';
  }
  if (leader.handingOverTo) return 'Leadership is being handed over.';
  return undefined;
}
