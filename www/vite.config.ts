import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  // The site works from any folder of any static file server.
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // The core is a file of its own, so that the browser compiles it while it arrives.
    assetsInlineLimit: 0,
  },
  preview: { strictPort: true },
});
