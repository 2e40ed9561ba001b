import './engine/start';
import './style/tokens.css';
import './style/base.css';

const target = document.getElementById('page');
if (target === null) throw new Error('index.html has no element #page');
const small = new URLSearchParams(location.search).has('embed');
const { show } = await (small ? import('./embed') : import('./page'));
target.replaceChildren();
show(target);
