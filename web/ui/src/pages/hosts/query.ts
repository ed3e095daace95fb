// The conditions of the device list as they stand in the address.

import { picked } from '../../lib/hash';
import type { StandingName } from '../../types';

export const KEYS = ['standing', 'zone', 'key', 'text'] as const;

export type Condition = (typeof KEYS)[number];

export const STANDINGS: readonly StandingName[] = ['unknown', 'known', 'retired'];

/** What is asked of the server; the time range of other pages is none of this list's. */
export function hostsQuery(params: URLSearchParams): Partial<Record<Condition, string>> {
  const { standing, ...rest } = picked(params, KEYS);
  return standing && isStanding(standing) ? { ...rest, standing } : rest;
}

/** What a person looks for: a whole address finds exactly its devices, anything else is a part of words. */
export function searched(words: string): { key: string | null; text: string | null } {
  const text = words.trim();
  return isAddress(text) ? { key: text, text: null } : { key: null, text };
}

/** Whether this is a whole IPv4, IPv6 or MAC address. */
function isAddress(text: string): boolean {
  if (/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) return true;
  const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  if (new RegExp(`^(${octet}[.]){3}${octet}$`).test(text)) return true;
  return /^[0-9a-f:.]+$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]`);
}

function isStanding(text: string): text is StandingName {
  return STANDINGS.some((standing) => standing === text);
}
