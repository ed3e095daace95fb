// The two dictionaries say the same things, with the same values, and nothing that nobody reads.

import { describe, expect, it } from 'vitest';

import { fill, known } from './dictionary';
import { en } from './en';
import { ja } from './ja';

const sources = import.meta.glob(['../**/*.svelte', '../**/*.ts', '!./ja.ts', '!./en.ts', '!../**/*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
}) as Record<string, string>;

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('the dictionaries', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ja).sort());
  });

  it('ask for the same values', () => {
    for (const key of Object.keys(ja) as (keyof typeof ja)[]) {
      expect(names(en[key]), key).toEqual(names(ja[key]));
    }
  });

  it('have no empty text, and Japanese is Japanese', () => {
    const shared = ['UTC', 'ATT&CK', 'VLAN', '{name} {version}'];
    for (const [key, text] of Object.entries(ja)) {
      expect(text.trim(), key).not.toBe('');
      if (!shared.includes(text)) expect(text, key).toMatch(/[\p{scx=Hira}\p{scx=Kana}\p{scx=Han}]/u);
    }
    for (const [key, text] of Object.entries(en)) {
      expect(text.trim(), key).not.toBe('');
      expect(text, key).not.toMatch(/[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}]/u);
    }
  });

  it('have no key that no page uses', () => {
    const code = Object.values(sources).join('\n');
    const built = [...code.matchAll(/(?:t\(`|word\('|: ')([a-z_]+\.(?:[a-z_]+\.)*)(?:\$\{|')/g)].map((match) => match[1] ?? '');

    const unused = Object.keys(ja).filter(
      (key) => !code.includes(`'${key}'`) && !built.some((prefix) => key.startsWith(prefix)),
    );

    expect(unused).toEqual([]);
  });
});

describe('filling in', () => {
  it('puts values in their places and leaves unknown braces alone', () => {
    expect(fill('{count} of {total} {other}', { count: 1, total: '2' })).toBe('1 of 2 {other}');
  });

  it('does not read a value as a pattern', () => {
    expect(fill('{message}', { message: '$& {count}' })).toBe('$& {count}');
  });

  it('finds words of closed sets only by their own key', () => {
    expect(known(en, 'verdict.', 'denied')).toBe('verdict.denied');
    expect(known(en, '', 'constructor')).toBeNull();
  });
});
