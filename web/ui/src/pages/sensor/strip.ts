// A strip of time with the intervals in which the sensor did not see.

import type { BlindInterval, BlindKind } from '../../types';

/** The longest time that a strip shows: the day before the end. */
const DAY_MS = 24 * 3600 * 1000;

/** The least width of an interval, of 1000: so that one second of a day can be seen. */
const LEAST = 3;

export interface Bar {
  x: number;
  width: number;
  interval: BlindInterval;
}

export interface Row {
  kind: BlindKind;
  bars: Bar[];
}

export interface Strip {
  begin: string;
  end: string;
  rows: Row[];
  /** Milliseconds of the strip in which nothing was wrong, of all of them. */
  seen: number;
  whole: number;
}

/** The strip that ends with `until` and begins with the first of what is known, a day before at most. */
export function strip(
  intervals: BlindInterval[],
  kinds: BlindKind[],
  first: string | null,
  until: string | null,
): Strip | null {
  if (!until) return null;
  const end = Math.max(Date.parse(until), ...intervals.map(({ to }) => Date.parse(to)));
  const known = [first, ...intervals.map(({ from }) => from)].filter((time) => time !== null).map((time) => Date.parse(time));
  const begin = Math.max(Math.min(...known, end), end - DAY_MS);
  const whole = end - begin;
  if (whole <= 0) return null;
  const shown = intervals.filter(({ to }) => Date.parse(to) >= begin);
  const rows = kinds
    .map((kind) => ({ kind, bars: shown.filter((interval) => interval.kind === kind.kind).map(bar) }))
    .filter(({ bars }) => bars.length > 0);
  return { begin: iso(begin), end: iso(end), rows, seen: whole - covered(shown, begin), whole };

  function bar(interval: BlindInterval): Bar {
    const from = Math.max(Date.parse(interval.from), begin) - begin;
    const width = Math.max(((Date.parse(interval.to) - begin - from) * 1000) / whole, LEAST);
    return { x: Math.min((from * 1000) / whole, 1000 - width), width, interval };
  }
}

/** Milliseconds that intervals cover together, those that overlap counted once. */
function covered(intervals: BlindInterval[], begin: number): number {
  const spans = intervals
    .map(({ from, to }) => [Math.max(Date.parse(from), begin), Date.parse(to)] as const)
    .sort(([a], [b]) => a - b);
  let sum = 0;
  let reached = begin;
  for (const [from, to] of spans) {
    if (to > reached) {
      sum += to - Math.max(from, reached);
      reached = to;
    }
  }
  return sum;
}

const iso = (time: number): string => new Date(time).toISOString();
