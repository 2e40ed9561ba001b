import type { Frame, MessageView } from '../core/core';

/**
 * The messages in flight after a frame, by their numbers. One that flies on as before keeps its
 * identity, so that nothing of it is drawn anew but its place.
 */
export function fly(
  known: readonly MessageView[],
  { messages, messagesGone }: Pick<Frame, 'messages' | 'messagesGone'>,
): readonly MessageView[] {
  if (messages.length === 0 && messagesGone.length === 0) return known;
  const moved = new Set([...messagesGone, ...messages.map(({ id }) => id)]);
  const rest = known.filter(({ id }) => !moved.has(id));
  return [...rest, ...messages].sort((one, other) => one.id - other.id);
}
