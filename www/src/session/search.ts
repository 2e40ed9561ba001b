/** Finding one's way in time: to the next thing of a kind, to the one before, and to rest. */
import type { Interest } from '../core/core';
import type { Session } from './session.svelte';

const LOOKING = 'Looking …';

export const seekNext = (session: Session, interest: Interest): Promise<void> =>
  told(session, session.way('seekNext', interest));

export const seekPrevious = (session: Session, interest: Interest): Promise<void> =>
  told(session, session.way('seekPrevious', interest));

/** Runs until nothing is on its way and nobody waits. */
export const settle = (session: Session): Promise<void> => told(session, session.way('settle'));

/** Tells what came of a search, unless something else ended it. */
async function told(session: Session, search: Promise<boolean>): Promise<void> {
  session.notice = LOOKING;
  if (await search) session.notice = (await session.ask('sought'))?.sentence ?? '';
  else if (session.notice === LOOKING) session.notice = '';
}
