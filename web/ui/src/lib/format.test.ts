// Numbers and instants in both languages.

import { describe, expect, it } from 'vitest';

import { axisTimes, endpoint, fromInput, instant, number, octets, percent, plain, seconds, tcpFlags, toInput, zoneName } from './format';

const AT = '2026-11-20T00:15:03.123456Z';

describe('instant', () => {
  it('shows the zone that is asked for', () => {
    expect(instant(AT, 'ja', 'Asia/Tokyo')).toBe('2026/11/20 09:15:03');
    expect(instant(AT, 'ja', 'UTC')).toBe('2026/11/20 00:15:03');
    expect(instant(AT, 'en', 'Asia/Tokyo')).toBe('20 Nov 2026 09:15:03');
  });

  it('keeps the microseconds that a Date would lose', () => {
    expect(instant(AT, 'ja', 'UTC', 3)).toBe('2026/11/20 00:15:03.123');
    expect(instant(AT, 'ja', 'UTC', 6)).toBe('2026/11/20 00:15:03.123456');
    expect(instant('2026-11-20T09:15:03+09:00', 'ja', 'UTC', 6)).toBe('2026/11/20 00:15:03.000000');
  });

  it('writes midnight as 00', () => {
    expect(instant('2026-11-19T15:00:00Z', 'ja', 'Asia/Tokyo')).toBe('2026/11/20 00:00:00');
    expect(instant('2026-11-19T15:00:00Z', 'en', 'Asia/Tokyo')).toBe('20 Nov 2026 00:00:00');
  });

  it('gives back what is no instant', () => {
    expect(instant('yesterday', 'en', 'UTC')).toBe('yesterday');
  });
});

describe('numbers', () => {
  it('groups digits', () => {
    expect(number(1234567, 'ja')).toBe('1,234,567');
  });

  it('chooses the unit of octets', () => {
    expect(octets(0, 'en')).toBe('0B');
    expect(octets(999, 'en')).toBe('999B');
    expect(octets(1000, 'en')).toBe('1 kB');
    expect(octets(999_999, 'en')).toBe('1 MB');
    expect(octets(734_223_310, 'en')).toBe('734 MB');
    expect(octets(1.5e15, 'en')).toBe('1.5 PB');
  });

  it('never rounds a share that exists to nothing', () => {
    expect(percent(0, 'en')).toBe('0%');
    expect(percent(0.0001, 'en')).toBe('<0.1%');
    expect(percent(0.004, 'en')).toBe('0.4%');
  });

  it('splits long times into two units', () => {
    expect(seconds(0.0042, 'en')).toBe('0.004s');
    expect(seconds(173, 'en')).toBe('2m 53s');
    expect(seconds(7200, 'en')).toBe('2h');
    expect(seconds(90_000, 'en')).toBe('1d 1h');
  });
});

describe('time axis', () => {
  it('names the day once until it changes', () => {
    const start = Date.parse('2026-11-20T14:00:00Z') / 1000;

    const marks = axisTimes([start, start + 1800, start + 3600], 1800, 'ja', 'Asia/Tokyo');

    expect(marks).toEqual(['23:00\n11/20', '23:30', '00:00\n11/21']);
  });

  it('names only days where the step is a day', () => {
    expect(axisTimes([Date.parse('2026-11-20T00:00:00Z') / 1000], 86_400, 'en', 'UTC')).toEqual(['20 Nov']);
  });
});

describe('the time zone', () => {
  it('is named', () => {
    expect(zoneName('ja', 'Asia/Tokyo').long).toBe('日本標準時 (Asia/Tokyo, GMT+9)');
    expect(zoneName('en', 'UTC').short).toBe('UTC');
  });

  it('goes into inputs and back', () => {
    expect(toInput(AT, true)).toBe('2026-11-20T00:15:03');
    expect(fromInput('2026-11-20T00:15:03', true)).toBe('2026-11-20T00:15:03Z');
    expect(fromInput(toInput(AT, false), false)).toBe('2026-11-20T00:15:03Z');
    expect(fromInput('', true)).toBe('');
    expect(toInput('', true)).toBe('');
  });
});

describe('network words', () => {
  it('puts brackets around IPv6 beside a port', () => {
    expect(endpoint('10.0.0.1', 443)).toBe('10.0.0.1:443');
    expect(endpoint('2001:db8::1', 443)).toBe('[2001:db8::1]:443');
    expect(endpoint('2001:db8::1', 0)).toBe('2001:db8::1');
  });

  it('spells out letters that hide or turn what they stand in', () => {
    expect(plain('soumu-pc\u202egnp.exe')).toBe('soumu-pc\\u{202e}gnp.exe');
    expect(plain('a\u001b[31m\nb\u200bc')).toBe('a\\u{1b}[31m\\u{a}b\\u{200b}c');
    expect(plain('総務課 <PC> 🖨')).toBe('総務課 <PC> 🖨');
  });

  it('spells TCP flags', () => {
    expect(tcpFlags(0x12)).toBe('SYN ACK');
    expect(tcpFlags(0)).toBe('');
  });
});
