// Columns and sections of flows, and the alerts that speak of one.

import { describe, expect, it } from 'vitest';

import type { Alert, Field } from '../../types';
import { about } from './about';
import { chosenFrom, columnsOf, STANDARD, standardFor } from './columns';
import { pairLabel, sectionsOf } from './sections';

const field = (name: string, kind: Field['kind'], en: string, ja = en): Field => ({
  name,
  column: name.replace('.', '_'),
  kind,
  label: { ja, en },
});
const fields = [
  field('flow_id', 'number', 'Flow ID'),
  field('start', 'time', 'Start'),
  field('orig.address', 'address', 'Originator address', '発信元アドレス'),
  field('resp.address', 'address', 'Responder address', '宛先アドレス'),
  field('verdict', 'text', 'Verdict'),
  field('packets', 'number', 'Packets'),
  field('orig.packets', 'number', 'Packets from originator', '発信パケット数'),
  field('resp.packets', 'number', 'Packets from responder', '応答パケット数'),
  field('orig.duplicates', 'number', 'Duplicates from originator', '発信側の重複パケット'),
  field('service', 'text', 'Service'),
  field('ja4', 'text', 'JA4'),
  field('brand_new', 'text', 'Brand new'),
];

describe('columns', () => {
  it('stand in the standard order, others after them', () => {
    const columns = columnsOf(fields, ['brand_new', 'packets', 'verdict', 'start', 'gone'], (item) => item.label.en);

    expect(columns.map(({ id }) => id)).toEqual(['start', 'verdict', 'packets', 'brand_new']);
    expect(columns.find(({ id }) => id === 'packets')?.end).toBe(true);
  });

  it('come from storage only when that makes sense', () => {
    expect(chosenFrom(null, 1920)).toEqual(STANDARD);
    expect(chosenFrom('', 1920)).toEqual(STANDARD);
    expect(chosenFrom('start,<b>,octets', 1366)).toEqual(['start', 'octets']);
  });
});

describe('the standard columns', () => {
  it('leave names of zones their room on a narrow screen', () => {
    expect(standardFor(1920)).toEqual(STANDARD);
    expect(standardFor(1366)).not.toContain('server_name');
    expect(standardFor(1366)).toContain('service');
  });
});

describe('sections', () => {
  it('show every field once', () => {
    const { single, pairs, both } = sectionsOf(fields);
    const shown = [
      ...Object.values(single).flat(),
      ...pairs.flatMap(({ orig, resp }) => [orig, resp]),
      ...Object.values(both),
    ].filter((item) => item !== null);

    expect(shown.map(({ column }) => column).sort()).toEqual(fields.map(({ column }) => column).sort());
    expect(single.app.map(({ column }) => column)).toEqual(['service', 'ja4']);
    expect(single.other.map(({ column }) => column)).toEqual(['flow_id', 'brand_new']);
  });

  it('name a pair without its end', () => {
    const { pairs } = sectionsOf(fields);

    expect(pairs.map((pair) => pairLabel(pair, (item) => item.label.en))).toEqual(['Address', 'Packets', 'Duplicates']);
    expect(pairs.map((pair) => pairLabel(pair, (item) => item.label.ja))).toEqual([
      'アドレス',
      'パケット数',
      '重複パケット',
    ]);
  });
});

describe('alerts about a flow', () => {
  const flow = { rule: 'PATH-DENY', orig_address: '10.0.0.1', resp_address: '10.0.0.2', resp_port: 22, protocol: 'tcp' };
  const alert = {
    rule: 'PATH-DENY',
    orig: { address: '10.0.0.1' },
    resp: { address: '10.0.0.2', port: 22 },
    protocol: 'tcp',
  } as Alert;

  it('share rule, ends, port and protocol', () => {
    expect(about(alert, flow)).toBe(true);
    expect(about(alert, { ...flow, resp_port: 23 })).toBe(false);
    expect(about(alert, { ...flow, rule: 'INTRA-DENY' })).toBe(false);
  });

  it('are of a rule whatever judged the flow', () => {
    const ofRule = { ...alert, rule: 'UNAUTH-TOR', signature_id: 3_000_007 };
    expect(about(ofRule, { ...flow, rule: 'PATH-0001' })).toBe(true);
    expect(about(ofRule, { ...flow, resp_port: 23 })).toBe(false);
  });
});
