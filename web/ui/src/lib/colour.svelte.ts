// Colours of the style sheet for drawing on a canvas, and a sign that they have changed.

import { MediaQuery } from 'svelte/reactivity';

import { prefs } from './prefs.svelte';

const dark = new MediaQuery('(prefers-color-scheme: dark)');

/** Reads whatever decides the theme; an effect that calls it runs again after a switch. */
export function themeStamp(): string {
  return `${prefs.theme} ${dark.current}`;
}

/** The colour that a custom property has now, `light-dark()` resolved. */
export function colour(property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
