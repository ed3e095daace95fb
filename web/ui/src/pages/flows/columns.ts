// The columns of the flow table: which exist (the server's field list), which are shown, how wide.

import type { Column } from '../../lib/column';
import type { Field, FieldKind } from '../../types';

/** Columns shown where nobody chose, in their order. */
export const STANDARD = [
  'start',
  'verdict',
  'orig_zone',
  'orig_address',
  'resp_zone',
  'resp_address',
  'resp_port',
  'protocol',
  'service',
  'server_name',
  'conn_state',
  'packets',
  'octets',
  'rule',
];

/** Of those, the ones that names of zones would be cut short for on a screen of 1366 pixels. */
const WIDE: readonly string[] = ['server_name', 'packets'];
const WIDE_FROM = 1600;

/** The standard columns of a screen as wide as this. */
export function standardFor(width: number): string[] {
  return width >= WIDE_FROM ? STANDARD : STANDARD.filter((column) => !WIDE.includes(column));
}

const WIDTHS: Record<string, [min: number, grow?: number]> = {
  start: [178],
  end: [164],
  verdict: [92],
  orig_zone: [105, 2],
  resp_zone: [105, 2],
  orig_port: [86],
  resp_port: [80],
  protocol: [74],
  service: [76],
  port_says: [96],
  app: [92],
  server_name: [112, 2],
  ja3: [248],
  ja3s: [248],
  ja4: [282],
  hassh: [248],
  hassh_server: [248],
  certificate_sha256: [280, 1],
  conn_state: [80],
  packets: [76],
  octets: [84],
  duration: [84],
  rule: [100, 0.4],
  part: [70],
  community_id: [240, 1],
  flow_id: [140],
  policy_version: [96],
  history: [110, 0.5],
};

const BY_KIND: Record<FieldKind, [min: number, grow?: number]> = {
  address: [124, 1],
  text: [130, 0.5],
  number: [104],
  time: [164],
  seconds: [92],
};

/** The chosen columns that exist, in the order of the field list but for the standard ones first. */
export function columnsOf(fields: Field[], chosen: string[], label: (field: Field) => string): Column[] {
  const place = (column: string) => {
    const standard = STANDARD.indexOf(column);
    return standard < 0 ? STANDARD.length + fields.findIndex((field) => field.column === column) : standard;
  };
  return fields
    .filter((field) => chosen.includes(field.column))
    .sort((a, b) => place(a.column) - place(b.column))
    .map((field) => {
      const [min, grow] = WIDTHS[field.column] ?? BY_KIND[field.kind] ?? BY_KIND.text;
      const end = field.kind === 'seconds' || (field.kind === 'number' && field.column !== 'flow_id');
      return { id: field.column, label: label(field), min, ...(grow === undefined ? {} : { grow }), end };
    });
}

/** The stored choice, or the standard one where there is none or it is empty. */
export function chosenFrom(stored: string | null, width: number): string[] {
  const columns = (stored ?? '').split(',').filter((column) => /^[a-z_]+$/.test(column));
  return columns.length > 0 ? columns : standardFor(width);
}
