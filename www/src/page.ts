/** The page in full. */
import { mount } from 'svelte';
import App from './views/App.svelte';

export const show = (target: HTMLElement): unknown => mount(App, { target });
