import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { site, WORKER_ENTRY, withoutPolicy } from './offline/site.ts';

export default defineConfig({
  // The site works from any folder of any static file server.
  base: './',
  plugins: [svelte(), withoutPolicy(), site()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // The core is a file of its own, so that the browser compiles it while it arrives.
    assetsInlineLimit: 0,
    // One sheet of styles, known from the start.
    cssCodeSplit: false,
    rolldownOptions: {
      input: { index: 'index.html', sw: WORKER_ENTRY },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
  preview: { strictPort: true },
});
