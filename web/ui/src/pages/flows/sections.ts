// How the fields of a flow are grouped on its page.
//
// A field that no group names is shown under "other", so a new field of the server appears here
// without a change.

import type { Field } from '../../types';

export type SectionId = 'what' | 'app' | 'course' | 'other';

const SECTIONS: Record<Exclude<SectionId, 'other'>, string[]> = {
  what: ['verdict', 'rule', 'policy_version', 'protocol'],
  app: [
    'service',
    'service_by',
    'port_says',
    'app',
    'app_by',
    'service_version',
    'server_name',
    'alpn',
    'client_software',
    'server_software',
    'client_host',
    'user',
    'ja3',
    'ja3s',
    'ja4',
    'hassh',
    'hassh_server',
    'certificate_subject',
    'certificate_issuer',
    'certificate_sha256',
    'query_name',
    'risk',
  ],
  course: ['start', 'end', 'duration', 'conn_state', 'history', 'end_reason', 'direction_by'],
};

export interface Pair {
  /** The column without its `orig_` or `resp_`. */
  key: string;
  orig: Field | null;
  resp: Field | null;
}

export interface Sections {
  single: Record<SectionId, Field[]>;
  /** Fields that each end has, side by side. */
  pairs: Pair[];
  /** Sums over both ends: packets and octets. */
  both: Record<string, Field>;
}

export function sectionsOf(fields: Field[]): Sections {
  const byColumn = new Map(fields.map((field) => [field.column, field]));
  const keys = [
    ...new Set(fields.flatMap(({ column }) => (/^(orig|resp)_/.test(column) ? [column.slice(5)] : []))),
  ];
  const pairs = keys.map((key) => ({
    key,
    orig: byColumn.get(`orig_${key}`) ?? null,
    resp: byColumn.get(`resp_${key}`) ?? null,
  }));
  const both = Object.fromEntries(keys.flatMap((key) => (byColumn.has(key) ? [[key, byColumn.get(key)!]] : [])));
  const used = new Set([...Object.values(SECTIONS).flat(), ...keys, ...keys.flatMap((key) => [`orig_${key}`, `resp_${key}`])]);
  const named = (columns: string[]) => columns.flatMap((column) => byColumn.get(column) ?? []);
  return {
    single: {
      what: named(SECTIONS.what),
      app: named(SECTIONS.app),
      course: named(SECTIONS.course),
      other: fields.filter(({ column }) => !used.has(column)),
    },
    pairs,
    both,
  };
}

/** The label of a pair: what the two labels say once their "originator" and "responder" is gone. */
export function pairLabel(pair: Pair, label: (field: Field) => string): string {
  const text = pair.orig ? label(pair.orig) : pair.resp ? label(pair.resp) : pair.key;
  const bare = text
    .replace(/^(発信元|発信側の|発信|宛先|応答側の|応答)/, '')
    .replace(/^(Originator|Responder) /, '')
    .replace(/ from (originator|responder)$/, '');
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}
