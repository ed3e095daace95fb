// Devices: their names, the order of their addresses, and the conditions of their list.

import { describe, expect, it } from 'vitest';

import type { RegisterEntry, Sighting } from '../../types';
import { addressesOf, flowsFilter, nameOf, registerLines, servicesOf, serviceText } from './device';
import { hostsQuery, searched } from './query';

const seen = (value: string, last = '2026-11-02T00:00:00.000000+00:00', count = 1): Sighting => ({
  value,
  from: 'arp',
  first: last,
  last,
  count,
});
const entry: RegisterEntry = { key: '192.0.2.1', name: '', owner: '', department: '総務課', retired: false, note: '' };

describe('the name of a device', () => {
  const names = [seen('old', '2026-11-01T00:00:00Z'), seen('new', '2026-11-02T00:00:00Z'), seen('mid', '2026-11-01T12:00:00Z')];

  it('is the one of the register where that has one', () => {
    expect(nameOf({ names, register: { ...entry, name: 'printer' } })).toBe('printer');
    expect(nameOf({ names, register: entry })).toBe('new');
  });

  it('is its own rather than one that others give it', () => {
    const given = { ...seen('evil.example', '2026-11-03T00:00:00Z'), from: 'dns.answers' };

    expect(nameOf({ names: [...names, given], register: null })).toBe('new');
    expect(nameOf({ names: [given], register: null })).toBe('evil.example');
  });

  it('is empty where nobody said one', () => {
    expect(nameOf({ names: [], register: null })).toBe('');
  });
});

describe('addresses', () => {
  it('come IPv4 first, those of the link last, the busiest of a kind first', () => {
    const addresses = [
      seen('fe80::1'),
      seen('169.254.3.4'),
      seen('2001:db8::1'),
      seen('192.0.2.9', undefined, 1),
      seen('192.0.2.10', undefined, 7),
    ];

    expect(addressesOf({ addresses }).map(({ value }) => value)).toEqual([
      '192.0.2.10',
      '192.0.2.9',
      '2001:db8::1',
      '169.254.3.4',
      'fe80::1',
    ]);
  });

  it('lead together to the flows, each once', () => {
    expect(flowsFilter({ addresses: [seen('2001:db8::1'), seen('192.0.2.9'), { ...seen('192.0.2.9'), from: 'dhcp' }] })).toBe(
      'address == 192.0.2.9 or address == 2001:db8::1',
    );
    expect(flowsFilter({ addresses: [] })).toBe('');
  });
});

describe('services', () => {
  it('are named by content and port, or by port alone', () => {
    expect(serviceText({ service: 'tls', port: 8443, protocol: 'tcp' })).toBe('tls 8443/tcp');
    expect(serviceText({ service: '', port: 161, protocol: 'udp' })).toBe('161/udp');
  });

  it('come the most used first', () => {
    const service = (port: number, count: number) => ({ service: '', protocol: 'tcp', port, first: '', last: '', count });

    expect(servicesOf([service(443, 1), service(22, 5), service(80, 1)]).map(({ port }) => port)).toEqual([22, 80, 443]);
  });
});

describe('a line of the register', () => {
  it('is shown without its empty cells', () => {
    expect(registerLines(entry)).toEqual([
      { item: 'department', value: '総務課' },
      { item: 'key', value: '192.0.2.1' },
    ]);
  });
});

describe('the conditions', () => {
  it('are sent without keys and words that the server does not know', () => {
    const params = new URLSearchParams('standing=unknown&zone=kokai&key=192.0.2.1&text=x&since=S&severity=1');

    expect(hostsQuery(params)).toEqual({ standing: 'unknown', zone: 'kokai', key: '192.0.2.1', text: 'x' });
    expect(hostsQuery(new URLSearchParams('standing=lost'))).toEqual({});
  });

  it('take a whole address as one, and anything else as words', () => {
    for (const address of ['192.0.2.1', '2001:db8::1', 'fe80::1', '::ffff:192.0.2.1', '52:54:00:38:02:4a', '52-54-00-38-02-4A']) {
      expect(searched(` ${address} `), address).toEqual({ key: address, text: null });
    }
    for (const words of ['', 'printer', '192.0.2.', '192.0.2.256', '192.0.2.01', '52:54:00', '192.0.2.0/24', '2001:db8:', 'cafe']) {
      expect(searched(words), words).toEqual({ key: null, text: words });
    }
  });
});
