// The conditions of the alert list as they stand in the address, and the flows under the same ones.

import { both, equals } from '../../lib/expression';
import { picked } from '../../lib/hash';

export const KEYS = [
  'severity',
  'orig_zone',
  'resp_zone',
  'address',
  'rule',
  'text',
  'suppressed',
  'exception',
  'lookback',
] as const;

export type Condition = (typeof KEYS)[number];

/** What is asked of the server: the conditions and the time range. */
export function alertQuery(params: URLSearchParams) {
  return picked(params, [...KEYS, 'since', 'until']);
}

/** The severities that are asked for; none means all. */
export function severitiesOf(params: URLSearchParams): string[] {
  return (params.get('severity') ?? '').split(',').filter((level) => /^[1-4]$/.test(level));
}

/** The list with one severity switched, as the address has it. */
export function switched(severities: string[], level: string): string {
  const next = severities.includes(level) ? severities.filter((item) => item !== level) : [...severities, level];
  return next.sort().join(',');
}

/** The filter expression for flows under the conditions that flows have too. */
export function flowsFilter(params: URLSearchParams): string {
  const { orig_zone, resp_zone, address, rule } = picked(params, KEYS);
  const parts = [
    orig_zone && equals('orig.zone', 'text', orig_zone),
    resp_zone && equals('resp.zone', 'text', resp_zone),
    address && equals('address', 'address', address),
    rule && equals('rule', 'text', rule),
  ];
  return parts.reduce<string>((sum, part) => both(sum, part || ''), '');
}
