import { expect, test } from 'vitest';

import type { BlindInterval, BlindKind } from '../../types';
import { strip } from './strip';

const kind = (name: string): BlindKind => ({ kind: name, label: { ja: name, en: name } });

const interval = (name: string, from: string, to: string): BlindInterval => ({
  id: 1,
  kind: name,
  input: '',
  from: `2026-11-04T${from}Z`,
  to: `2026-11-04T${to}Z`,
  open: false,
  figures: {},
});

test('intervals lie on the strip where they lie in time, and what overlaps is counted once', () => {
  const intervals = [interval('loss', '00:30:00', '00:40:00'), interval('gaps', '00:35:00', '00:45:00')];

  const result = strip(intervals, [kind('loss'), kind('gaps'), kind('clock')], '2026-11-04T00:00:00Z', '2026-11-04T01:00:00Z');

  expect(result?.rows.map(({ kind: { kind }, bars }) => [kind, bars.length])).toEqual([
    ['loss', 1],
    ['gaps', 1],
  ]);
  expect(result?.rows[0]?.bars[0]).toMatchObject({ x: 500, width: expect.closeTo(166.7, 1) });
  expect(result && result.seen / result.whole).toBeCloseTo(0.75);
});

test('a strip is a day at most, and its shortest interval can be seen within it', () => {
  const intervals = [interval('loss', '23:59:59', '23:59:59')];

  const result = strip(intervals, [kind('loss')], '2026-01-01T00:00:00Z', '2026-11-04T23:59:59Z');

  expect(result?.whole).toBe(24 * 3600 * 1000);
  expect(result?.rows[0]?.bars[0]).toMatchObject({ x: 997, width: 3 });
});

test('without a run there is no strip', () => {
  expect(strip([], [], null, null)).toBeNull();
  expect(strip([], [], '2026-11-04T00:00:00Z', '2026-11-04T00:00:00Z')).toBeNull();
});
