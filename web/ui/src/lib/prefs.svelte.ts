// What the person chose: language, theme, time zone, columns. Kept in this browser only.
//
// A browser that forbids storage still works; the choice then lasts until the page is closed.

import type { Language } from '../types';

export type Theme = 'auto' | 'light' | 'dark';
export type Clock = 'local' | 'utc';

const PREFIX = 'sekisho.';

class Preferences {
  language = $state<Language>(oneOf(read('language'), ['ja', 'en']) ?? spoken());
  theme = $state<Theme>(oneOf(read('theme'), ['auto', 'light', 'dark']) ?? 'auto');
  clock = $state<Clock>(oneOf(read('clock'), ['local', 'utc']) ?? 'local');

  constructor() {
    this.#showTheme();
  }

  setLanguage(language: Language): void {
    this.language = language;
    write('language', language);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#showTheme();
    write('theme', theme);
  }

  setClock(clock: Clock): void {
    this.clock = clock;
    write('clock', clock);
  }

  /** At once and not in an effect: whoever draws on a canvas reads the colours right after. */
  #showTheme(): void {
    if (this.theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }
}

export const prefs = new Preferences();

export function read(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage is forbidden or full: the choice lasts for this page.
  }
}

function spoken(): Language {
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

function oneOf<T extends string>(value: string | null, known: readonly T[]): T | null {
  return known.find((item) => item === value) ?? null;
}
