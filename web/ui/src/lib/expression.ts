// Small pieces of the filter language that the dashboard writes itself, and places within it.
//
// The language is the server's; here are only quoting, joining, and the way between octet offsets
// (the server's) and UTF-16 offsets (the browser's).

import type { FieldKind } from '../types';

/** Text as a quoted literal. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** `field == value` with the literal that the kind of field takes. */
export function equals(name: string, kind: FieldKind, value: string | number): string {
  const bare = kind === 'number' || kind === 'seconds' || kind === 'address';
  return `${name} == ${bare ? String(value) : quoted(String(value))}`;
}

/** Both must hold; an empty side is no condition. */
export function both(left: string, right: string): string {
  if (!left.trim()) return right;
  if (!right.trim()) return left;
  return `${guarded(left)} and ${guarded(right)}`;
}

function guarded(text: string): string {
  return /\bor\b|\|\|/i.test(text) && !/^\([^()]*\)$/.test(text.trim()) ? `(${text.trim()})` : text.trim();
}

/** Octets before a UTF-16 offset. */
export function toOctets(text: string, units: number): number {
  return new TextEncoder().encode(text.slice(0, units)).length;
}

/** UTF-16 offset of an octet offset; at the end where the text is shorter. */
export function fromOctets(text: string, octets: number): number {
  let units = 0;
  let seen = 0;
  for (const letter of text) {
    if (seen >= octets) break;
    seen += new TextEncoder().encode(letter).length;
    units += letter.length;
  }
  return units;
}

/** Cuts a text into what is before, in and after the place of an error; the middle is never empty. */
export function marked(text: string, at: number, len: number): [string, string, string] {
  const start = fromOctets(text, at);
  const end = Math.max(fromOctets(text, at + len), start);
  return [text.slice(0, start), text.slice(start, end) || ' ', text.slice(end)];
}

/**
 * Puts a suggestion in the place of the word at the cursor.
 *
 * An operator follows a complete word in place of replacing it, unless it completes that word.
 */
export function accepted(
  text: string,
  cursor: number,
  suggestion: { text: string; kind: string },
): { text: string; cursor: number } {
  const before = text.slice(0, cursor);
  const after = text.slice(cursor);
  const word = /("[^"]*|[^\s(){},=!<>"]*)$/.exec(before)?.[0] ?? '';
  const symbol = /[=!<>]+$/.exec(before)?.[0] ?? '';
  const isOperator = suggestion.kind === 'operator';
  const keeps = isOperator && !suggestion.text.toLowerCase().includes(word.toLowerCase());
  const cut = isOperator && symbol ? symbol : keeps ? '' : word;
  const rest = cut === word && !word.startsWith('"') ? after.replace(/^[^\s(){},=!<>"]+/, '') : after;
  const head = before.slice(0, before.length - cut.length);
  const gap = head && !/[\s(]$/.test(head) ? ' ' : '';
  const tail = rest.startsWith(' ') ? '' : ' ';
  const done = head + gap + suggestion.text;
  return { text: done + tail + rest, cursor: done.length + 1 };
}
