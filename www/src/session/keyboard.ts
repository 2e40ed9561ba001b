/** The keys of the page, in one table: what they do and what the help says. */
import type { Session } from './session.svelte';

export const KEYS: [keys: string, what: string][] = [
  ['Space', 'play or pause'],
  ['← →', 'one event back or on'],
  ['Shift ← →', '20 ms of simulated time back or on'],
  ['Home End', 'to the beginning, to the end of the scenario'],
  ['1 … 9', 'select a server'],
  ['C', 'crash or restart the selected server'],
  ['I', 'isolate the selected server'],
  ['H', 'heal all cuts'],
  ['S', 'the selected server takes a snapshot'],
  [',', 'the settings'],
  ['?', 'this help'],
  ['Esc', 'close what is open'],
];

/** How far Shift and an arrow jump, in microseconds. */
const JUMP = 20_000;

/** What only the page itself can do. */
export interface Doors {
  help: () => void;
  settings: () => void;
  escape: () => void;
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
  const node = session.selectedNode;
  const jump = (by: number) => () => session.goTo(session.time + by);
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
    case ',':
      return doors.settings;
    case '?':
      return doors.help;
    case 'c':
    case 'C':
      return node && (() => session.crashOrRestart(node));
    case 'i':
    case 'I':
      return node && (() => session.act({ do: 'isolate', node: node.id }));
    case 's':
    case 'S':
      return node && (() => session.act({ do: 'take_snapshot', node: node.id }));
    case 'h':
    case 'H':
      return () => session.act({ do: 'heal' });
    default: {
      const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
      const chosen = session.nodes.find((known) => known.id === digit);
      return chosen && (() => session.select({ node: chosen.id }));
    }
  }
}
