// What a hunt asks of the server.

import { picked } from '../../lib/hash';
import type { HuntRequest } from '../../types';

/** Octets of a list; the server's limit on a request, with room for what JSON adds. */
export const MAX_LIST = 4 * 1024 * 1024;

export interface Input {
  list: string;
  name: string;
  filter: string;
}

/** Indicators become alerts where `raise` says so; what an expression finds never does. */
export function requestOf(
  by: 'list' | 'expression',
  { list, name, filter }: Input,
  params: URLSearchParams,
  raise: boolean,
): HuntRequest {
  const range = picked(params, ['since', 'until'] as const);
  if (by === 'expression') return { expression: filter, ...range, raise: false };
  return { list, ...(name.trim() ? { name: name.trim() } : {}), ...range, raise };
}
