// The sums behind the chart and the order of the matrix.

import { describe, expect, it } from 'vitest';

import type { MatrixCell, SeriesPoint } from '../../types';
import { matrixOf, shares, totalOfCell } from './matrix';
import { selectedRange, stacked, totalOf } from './stack';

const volume = (flows: number) => ({ flows, packets: flows * 2, octets: flows * 100 });
const counts = (allowed: number, denied: number, unknown: number) => ({
  allowed: volume(allowed),
  denied: volume(denied),
  unknown: volume(unknown),
});
const series: SeriesPoint[] = [
  { at: '2026-11-20T00:00:00Z', ...counts(5, 1, 2) },
  { at: '2026-11-20T00:01:00Z', ...counts(0, 0, 0) },
  { at: '2026-11-20T00:02:00Z', ...counts(3, 0, 0) },
];
const cell = (orig_zone: string, resp_zone: string): MatrixCell => ({ orig_zone, resp_zone, ...counts(9998, 2, 0) });

describe('the stack', () => {
  it('sums from the axis upwards, denied first', () => {
    expect(stacked(series, 'flows').sums).toEqual([
      [1, 0, 0],
      [3, 0, 0],
      [8, 0, 3],
    ]);
    expect(totalOf(series, 'allowed', 'octets')).toBe(800);
  });

  it('widens a selection to whole bars', () => {
    const { times } = stacked(series, 'flows');
    const start = times[0] ?? 0;

    expect(selectedRange(start + 10, start + 70, times, 60)).toEqual({
      since: '2026-11-20T00:00:00.000Z',
      until: '2026-11-20T00:02:00.000Z',
    });
  });

  it('takes a click for no selection', () => {
    const { times } = stacked(series, 'flows');

    expect(selectedRange((times[0] ?? 0) + 5, (times[0] ?? 0) + 6, times, 60)).toBeNull();
  });
});

describe('the matrix', () => {
  it('follows the policy, then the data, then the built-in zones', () => {
    const matrix = matrixOf([cell('joho', 'unknown'), cell('stray', 'gyomu')], ['gyomu', 'joho', 'link', 'unknown'], false);

    expect(matrix.zones).toEqual(['gyomu', 'joho', 'stray', 'unknown']);
    expect(matrix.rows[1]?.[3]?.denied.flows).toBe(2);
    expect(matrix.rows[0]?.[0]).toBeNull();
  });

  it('leaves out silent zones when asked to', () => {
    expect(matrixOf([cell('joho', 'unknown')], ['gyomu', 'joho'], true).zones).toEqual(['joho', 'unknown']);
  });

  it('shows a small denied part', () => {
    const parts = shares(cell('a', 'b'), 'flows');

    expect(parts.denied).toBeGreaterThan(5);
    expect(parts.allowed + parts.denied + parts.unknown).toBeCloseTo(100);
    expect(totalOfCell(cell('a', 'b'), 'flows')).toBe(10_000);
  });
});
