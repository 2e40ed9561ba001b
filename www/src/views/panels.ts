/** The panels of the side, in the order of their buttons. To add one: an entry here, and its id. */
import type { Component } from 'svelte';
import type { PanelId, Panels } from '../session/panels.svelte';
import type { Session } from '../session/session.svelte';
import type { Doors } from '../share/doors.svelte';
import BranchesPanel from './BranchesPanel.svelte';
import BreakPanel from './BreakPanel.svelte';
import ChartsPanel from './ChartsPanel.svelte';
import ComparePanel from './ComparePanel.svelte';
import HuntPanel from './HuntPanel.svelte';
import type { IconName } from './Icon.svelte';
import SettingsPanel from './SettingsPanel.svelte';
import SharePanel from './SharePanel.svelte';

/** What every panel is given. */
export interface PanelProps {
  session: Session;
  doors: Doors;
  panels: Panels;
  onclose: () => void;
}

export interface Panel {
  id: PanelId;
  /** Its name, on its button and for those who hear the page. */
  name: string;
  /** What it is for, as a hint. */
  title: string;
  icon: IconName;
  view: Component<PanelProps>;
  /** Where its button stands: with what concerns the cluster, with time, or with the ways in and out. */
  place: 'cluster' | 'time' | 'doors';
  /** Whether it begins anew with every scenario that is opened. */
  anew: boolean;
}

export const PANELS: readonly Panel[] = [
  {
    id: 'branches',
    name: 'Branches',
    title: 'Histories that were left for others (P)',
    icon: 'branch',
    view: BranchesPanel,
    place: 'time',
    anew: true,
  },
  {
    id: 'settings',
    name: 'Settings',
    title: 'What can be set about the cluster (,)',
    icon: 'settings',
    view: SettingsPanel,
    place: 'cluster',
    anew: true,
  },
  {
    id: 'compare',
    name: 'Compare',
    title: 'All servers side by side, number by number (V)',
    icon: 'compare',
    view: ComparePanel,
    place: 'cluster',
    anew: true,
  },
  {
    id: 'charts',
    name: 'Charts',
    title: 'How each server stood over time (G)',
    icon: 'charts',
    view: ChartsPanel,
    place: 'cluster',
    anew: true,
  },
  {
    id: 'break',
    name: 'Break Raft',
    title: 'Known ways to get Raft wrong, as switches (B)',
    icon: 'broken',
    view: BreakPanel,
    place: 'cluster',
    anew: false,
  },
  {
    id: 'hunt',
    name: 'Find a failure',
    title: 'Look through many seeds for one that breaks a rule (F)',
    icon: 'find',
    view: HuntPanel,
    place: 'cluster',
    anew: false,
  },
  {
    id: 'share',
    name: 'Share',
    title: 'Links, pictures and tests of this session',
    icon: 'share',
    view: SharePanel,
    place: 'doors',
    anew: false,
  },
];
