// Compiler options shared by vite and svelte-check: runes everywhere, styles in files.
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess({ style: false }),
  compilerOptions: { runes: true, css: 'external' },
};
