// The types of the dictionaries and the filling-in of values: no state, no DOM.
//
// A key that is missing in one language, a key that does not exist and a value that was forgotten
// are errors of the compiler.

import type { ja } from './ja';

export type Key = keyof typeof ja;
export type Dictionary = Record<Key, string>;

/** The names between braces in a text. */
export type Variables<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Variables<Rest>
  : never;

/** What `t` takes after the key: nothing, or a value for every name. */
export type Values<K extends Key> =
  Variables<(typeof ja)[K]> extends never ? [] : [values: Record<Variables<(typeof ja)[K]>, string | number>];

export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The key `prefix + word` where the dictionary has it: for words of the server's closed sets. */
export function known(dictionary: Dictionary, prefix: string, word: string): Key | null {
  const key = prefix + word;
  return Object.hasOwn(dictionary, key) ? (key as Key) : null;
}
