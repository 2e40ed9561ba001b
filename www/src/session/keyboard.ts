/** The keys of the page, in one table: what they do and what the help says. */

import type { Interest } from '../core/core';
import { TIMERS, TOOLS } from '../drawing/tools';
import type { PanelId } from './panels.svelte';
import { seekNext, seekPrevious, settle } from './search';
import type { Session } from './session.svelte';
import type { Tray } from './tray.svelte';

export const KEYS: [keys: string, what: string][] = [
  ['Space', 'play or pause'],
  ['← →', 'one event back or on'],
  ['Shift ← →', '20 ms of simulated time back or on'],
  ['Home End', 'to the beginning, to the end of the scenario'],
  ['N', 'to the next election, commit, fault or broken rule; with Shift to the one before'],
  ['M', 'to the next message; with Shift to the one before'],
  ['J', 'to what happens next to the selected server; with Shift to what happened before'],
  ['Q', 'run until all is quiet'],
  ['+ − 0', 'show less of the timeline, more of it, the whole run'],
  ['P', 'branches: histories that were left for others'],
  ['1 … 9', 'select a server'],
  ['H', 'heal all cuts'],
  ['W', 'why? what led to the event that is shown or has the focus'],
  [',', 'the settings'],
  ['V', 'compare all servers'],
  ['G', 'charts of all servers over time'],
  ['B', 'break Raft on purpose'],
  ['F', 'find a failure'],
  ['?', 'this help'],
  ['Esc', 'put the tool down, close what is open'],
];

/** The keys of the tools: some are used at once on a selected server, all can be picked up. */
export const TOOL_KEYS: [keys: string, what: string][] = [...TOOLS, ...TIMERS].map((tool) => [
  tool.key,
  `${tool.name}: ${tool.about}`,
]);

/** How far Shift and an arrow jump, in microseconds. */
const JUMP = 20_000;
/** How much closer one press comes to the timeline. */
export const CLOSER = 0.5;

/** What only the page itself can do. */
export interface Doors {
  help: () => void;
  panel: (id: PanelId) => void;
  /** Opens the causes of an event; of the one shown when none has the focus. */
  why: (event: number | undefined) => void;
  escape: () => void;
  /** Shows less or more of the timeline, by a factor; without one the whole run. */
  zoom?: (factor?: number) => void;
  /** Where there are tools. */
  tray?: Tray;
}

export function onKey(event: KeyboardEvent, session: Session, doors: Doors): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    doors.escape();
    return;
  }
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest('input:not([data-transport]), select, textarea, dialog')) return;
  // A focused control keeps the keys that work it; all others are the page's.
  const pressable = target?.closest('button, a, summary, [role="button"], [role="tab"]');
  if (pressable && (event.key === ' ' || event.key === 'Enter')) return;
  if (target?.closest('[role="tab"]') && event.key.startsWith('Arrow')) return;
  const act = action(event, session, doors);
  if (act === undefined) return;
  event.preventDefault();
  act();
}

function action(event: KeyboardEvent, session: Session, doors: Doors): (() => void) | undefined {
  const jump = (by: number) => () => session.jump(by);
  const seek = (interest: Interest) => () => {
    void (event.shiftKey ? seekPrevious : seekNext)(session, interest);
  };
  switch (event.key) {
    case ' ':
      return () => session.togglePlay();
    case 'ArrowRight':
      return event.shiftKey ? jump(JUMP) : () => session.stepForward();
    case 'ArrowLeft':
      return event.shiftKey ? jump(-JUMP) : () => session.stepBack();
    case 'Home':
      return () => session.goTo(0);
    case 'End':
      return () => session.goTo(session.endTime);
    case 'n':
    case 'N':
      return seek('turn');
    case 'm':
    case 'M':
      return seek('message');
    case 'j':
    case 'J': {
      const node = session.selectedNode;
      return node && seek({ node: node.id });
    }
    case 'q':
    case 'Q':
      return () => void settle(session);
    case '+':
      return doors.zoom && (() => doors.zoom?.(CLOSER));
    case '-':
      return doors.zoom && (() => doors.zoom?.(1 / CLOSER));
    case '0':
      return doors.zoom && (() => doors.zoom?.());
    case 'p':
    case 'P':
      return () => doors.panel('branches');
    case 'w':
    case 'W':
      return () => doors.why(focused(event));
    case ',':
      return () => doors.panel('settings');
    case 'v':
    case 'V':
      return () => doors.panel('compare');
    case 'g':
    case 'G':
      return () => doors.panel('charts');
    case 'b':
    case 'B':
      return () => doors.panel('break');
    case 'f':
    case 'F':
      return () => doors.panel('hunt');
    case '?':
      return doors.help;
    case 'h':
    case 'H':
      return () => session.act({ do: 'heal' });
    default: {
      const timers = TIMERS.find((known) => known.key === event.key.toUpperCase());
      if (timers && doors.tray) return () => session.act({ do: timers.act });
      const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
      const chosen = session.nodes.find((known) => known.id === digit);
      if (chosen === undefined) return doors.tray?.onKey(event.key);
      return () => {
        if (!doors.tray?.useOnServer(chosen)) session.select({ node: chosen.id });
      };
    }
  }
}

/** The event whose row has the focus. */
function focused(event: KeyboardEvent): number | undefined {
  const target = event.target instanceof Element ? event.target : undefined;
  const id = target?.closest('[data-event]')?.getAttribute('data-event');
  return id ? Number(id) : undefined;
}
