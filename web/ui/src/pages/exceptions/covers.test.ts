import { describe, expect, test } from 'vitest';

import type { Alert } from '../../types';
import { coversOf, coversText, endOf } from './covers';

const alert = {
  rule: 'PATH-DENY',
  protocol: 'tcp',
  orig: { address: '10.40.1.7', port: 50000, zone: 'office', mac: null },
  resp: { address: '2001:db8::1', port: 443, zone: 'internet', mac: null },
} as unknown as Alert;

describe('an exception from an alert', () => {
  test('is as narrow as its ends unless it is widened', () => {
    const covers = coversOf(alert, { ends: 'addresses', port: true, either: false });

    expect(covers).toMatchObject({ orig: '10.40.1.7/32', resp: '2001:db8::1/128', port: 443, orig_zone: null });
    expect(coversText(covers)).toBe('PATH-DENY  10.40.1.7 → 2001:db8::1  tcp/443');
  });

  test('covers zones in the place of addresses', () => {
    const covers = coversOf(alert, { ends: 'zones', port: false, either: true });

    expect(covers).toMatchObject({ orig: null, resp: null, port: null, orig_zone: 'office', resp_zone: 'internet' });
    expect(coversText(covers)).toBe('PATH-DENY  office ↔ internet  tcp/*');
  });

  test('an alert without a responder has no such end', () => {
    const covers = coversOf({ ...alert, resp: null, protocol: '' }, { ends: 'addresses', port: true, either: false });

    expect(covers).toMatchObject({ resp: null, port: null, protocol: null });
    expect(coversText(covers)).toBe('PATH-DENY  10.40.1.7 → *  */*');
  });

  test('holds until the end of its last day', () => {
    expect(endOf('2026-12-31')).toBe(new Date(2027, 0, 1).toISOString());
    expect(endOf('')).toBeNull();
  });
});
