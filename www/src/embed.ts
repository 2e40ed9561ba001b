/** The page in its small form, for a frame in somebody else's. */
import { mount } from 'svelte';
import Embed from './views/Embed.svelte';

export const show = (target: HTMLElement): unknown => mount(Embed, { target });
