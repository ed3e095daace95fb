// The traffic series as the chart wants it: x in seconds, and running sums so that bars drawn one
// over the other look stacked.

import type { Measure, SeriesPoint, VerdictName } from '../../types';

/** From the axis upwards: denied stands at the bottom, where small amounts are still seen. */
export const ORDER: readonly VerdictName[] = ['denied', 'unknown', 'allowed'];

export interface Stack {
  times: number[];
  /** Running sums, one list a verdict of `ORDER`; the last is the total. */
  sums: number[][];
}

export function stacked(series: SeriesPoint[], measure: Measure): Stack {
  const times = series.map((point) => Date.parse(point.at) / 1000);
  const sums: number[][] = [];
  let below: number[] = series.map(() => 0);
  for (const verdict of ORDER) {
    below = series.map((point, index) => (below[index] ?? 0) + point[verdict][measure]);
    sums.push(below);
  }
  return { times, sums };
}

/** The total of one verdict. */
export function totalOf(series: SeriesPoint[], verdict: VerdictName, measure: Measure): number {
  return series.reduce((sum, point) => sum + point[verdict][measure], 0);
}

/** The selected stretch widened to whole bars, as since and until; null where it is too narrow. */
export function selectedRange(
  from: number,
  to: number,
  times: number[],
  step: number,
): { since: string; until: string } | null {
  const covered = times.filter((time) => time + step > from && time < to);
  const first = covered[0];
  const last = covered.at(-1);
  if (first === undefined || last === undefined || to - from < step / 4) return null;
  return { since: iso(first), until: iso(last + step) };
}

function iso(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString();
}
