import { mount } from 'svelte';
import './style/tokens.css';
import './style/base.css';
import App from './views/App.svelte';

const target = document.getElementById('page');
if (target === null) throw new Error('index.html has no element #page');
mount(App, { target });
