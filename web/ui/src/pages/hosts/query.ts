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

function isStanding(text: string): text is StandingName {
  return STANDINGS.some((standing) => standing === text);
}
