// The zone matrix as rows and columns: which zones, in which order, and the cell of each pair.

import type { ByVerdict, MatrixCell, Measure } from '../../types';

export interface Matrix {
  zones: string[];
  /** One row an originator zone, one column a responder zone; null where nothing passed. */
  rows: (MatrixCell | null)[][];
}

/** Zones in the order of the policy; those that only the data knows come after them. */
export function matrixOf(cells: MatrixCell[], declared: string[], activeOnly: boolean): Matrix {
  const byPair = new Map(cells.map((cell) => [pair(cell.orig_zone, cell.resp_zone), cell]));
  const active = new Set(cells.flatMap((cell) => [cell.orig_zone, cell.resp_zone]));
  const builtIn = ['link', 'unknown'];
  const others = [...active].filter((zone) => !declared.includes(zone) && !builtIn.includes(zone)).sort();
  const zones = [
    ...declared.filter((zone) => !builtIn.includes(zone) && (!activeOnly || active.has(zone))),
    ...others,
    ...builtIn.filter((zone) => active.has(zone)),
  ];
  const rows = zones.map((from) => zones.map((to) => byPair.get(pair(from, to)) ?? null));
  return { zones, rows };
}

export function totalOfCell(cell: ByVerdict, measure: Measure): number {
  return cell.allowed[measure] + cell.denied[measure] + cell.unknown[measure];
}

/** Widths of the three parts of a cell's bar in percent; a part that exists is never thinner than 6. */
export function shares(cell: ByVerdict, measure: Measure): { allowed: number; denied: number; unknown: number } {
  const total = totalOfCell(cell, measure) || 1;
  const raw = [cell.allowed, cell.denied, cell.unknown].map((volume) =>
    volume.flows === 0 ? 0 : Math.max(6, (100 * volume[measure]) / total),
  );
  const sum = raw.reduce((a, b) => a + b, 0) || 1;
  const [allowed = 0, denied = 0, unknown = 0] = raw.map((part) => (100 * part) / sum);
  return { allowed, denied, unknown };
}

function pair(from: string, to: string): string {
  return `${from}\n${to}`;
}
