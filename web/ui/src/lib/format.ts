// Numbers, octets, lengths of time and instants as a person reads them, through `Intl`.
//
// Pure functions of language and time zone; `i18n/index.svelte.ts` binds them to the choices in
// force. A zone of `undefined` is the browser's.

import type { Language } from '../types';

const DATE_LOCALE: Record<Language, string> = { ja: 'ja-JP', en: 'en-GB' };
const OCTET_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => T): T {
  const known = formats.get(key) as T | undefined;
  if (known) return known;
  const made = make();
  formats.set(key, made);
  return made;
}

export function number(value: number, language: Language, digits = 0): string {
  return cached(`n${language}${digits}`, () => new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(
    value,
  );
}

/** A share of 1; one that exists but would round to nothing says so: `<0.1%`. */
export function percent(share: number, language: Language): string {
  const format = cached(
    `p${language}`,
    () => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }),
  );
  return share > 0 && share < 0.0005 ? `<${format.format(0.001)}` : format.format(share);
}

/** Octets in the decimal unit that leaves one to four digits. */
export function octets(value: number, language: Language): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < OCTET_UNITS.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const unit = OCTET_UNITS[step] ?? 'byte';
  const digits = step === 0 || scaled >= 99.95 ? 0 : 1;
  const format = cached(
    `o${language}${unit}${digits}`,
    () =>
      new Intl.NumberFormat(language, {
        style: 'unit',
        unit,
        unitDisplay: step === 0 ? 'narrow' : 'short',
        maximumFractionDigits: digits,
      }),
  );
  return format.format(scaled);
}

/** Seconds: `0.004s`, `12.3s`, `3m 20s`, `2h 5m`. */
export function seconds(value: number, language: Language): string {
  const unit = (amount: number, name: string, digits = 0) =>
    cached(
      `s${language}${name}${digits}`,
      () =>
        new Intl.NumberFormat(language, {
          style: 'unit',
          unit: name,
          unitDisplay: language === 'ja' ? 'short' : 'narrow',
          maximumFractionDigits: digits,
        }),
    ).format(amount);
  if (value < 60) return unit(value, 'second', value < 10 ? 3 : 1);
  const whole = Math.round(value);
  const [big, bigUnit, small, smallUnit] =
    whole < 3600
      ? [Math.floor(whole / 60), 'minute', whole % 60, 'second']
      : whole < 86_400
        ? [Math.floor(whole / 3600), 'hour', Math.floor((whole % 3600) / 60), 'minute']
        : [Math.floor(whole / 86_400), 'day', Math.floor((whole % 86_400) / 3600), 'hour'];
  return small === 0 ? unit(big, bigUnit) : `${unit(big, bigUnit)} ${unit(small, smallUnit)}`;
}

/** An instant with as many digits of the second as asked for; the text itself where it is none. */
export function instant(text: string, language: Language, zone: string | undefined, digits: 0 | 3 | 6 = 0): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return text;
  const format = cached(
    `t${language}${zone}`,
    () =>
      new Intl.DateTimeFormat(DATE_LOCALE[language], {
        timeZone: zone,
        year: 'numeric',
        month: language === 'ja' ? '2-digit' : 'short',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
      }),
  );
  const whole = format.format(at).replace(',', '');
  if (digits === 0) return whole;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return `${whole}.${fraction.padEnd(digits, '0').slice(0, digits)}`;
}

/** Marks of a time axis: with the date only where the step is a day or the day is new. */
export function axisTimes(times: number[], step: number, language: Language, zone: string | undefined): string[] {
  const withSeconds = step < 60;
  const clock = cached(
    `a${language}${zone}${withSeconds}`,
    () =>
      new Intl.DateTimeFormat(DATE_LOCALE[language], {
        timeZone: zone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        ...(withSeconds ? { second: '2-digit' as const } : {}),
      }),
  );
  const day = cached(
    `d${language}${zone}`,
    () =>
      new Intl.DateTimeFormat(DATE_LOCALE[language], {
        timeZone: zone,
        month: language === 'ja' ? 'numeric' : 'short',
        day: 'numeric',
      }),
  );
  let before = '';
  return times.map((time) => {
    const date = day.format(time * 1000);
    if (step >= 86_400) return date;
    const text = clock.format(time * 1000);
    if (date === before) return text;
    before = date;
    return `${text}\n${date}`;
  });
}

/** `日本標準時 (Asia/Tokyo, GMT+9)`: the zone that instants are shown in, at the time given. */
export function zoneName(language: Language, zone: string | undefined, at = Date.now()): { long: string; short: string } {
  const part = (style: 'long' | 'shortOffset') =>
    new Intl.DateTimeFormat(language, { timeZone: zone, timeZoneName: style })
      .formatToParts(at)
      .find((item) => item.type === 'timeZoneName')?.value ?? '';
  const id = zone ?? new Intl.DateTimeFormat(language).resolvedOptions().timeZone;
  const offset = part('shortOffset');
  return { long: `${part('long')} (${id === offset ? id : `${id}, ${offset}`})`, short: zone ? id : offset };
}

/** The value of a `datetime-local` input for an instant; to the second. */
export function toInput(text: string, utc: boolean): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return '';
  const shifted = utc ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** The instant that a `datetime-local` input names; empty where it names none. */
export function fromInput(value: string, utc: boolean): string {
  const at = new Date(utc && value ? `${value}Z` : value);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString().replace('.000Z', 'Z');
}

const FLAGS: readonly [number, string][] = [
  [0x02, 'SYN'],
  [0x10, 'ACK'],
  [0x08, 'PSH'],
  [0x01, 'FIN'],
  [0x04, 'RST'],
  [0x20, 'URG'],
  [0x40, 'ECE'],
  [0x80, 'CWR'],
];

/** TCP flags as words. */
export function tcpFlags(value: number): string {
  return FLAGS.filter(([bit]) => value & bit)
    .map(([, name]) => name)
    .join(' ');
}

/**
 * Text from a network with what would not be seen, or would turn the words around it, spelled out:
 * control characters, marks of direction, and letters without width.
 */
export function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu,
    (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`,
  );
}

/** `10.0.0.1:443`, `[2001:db8::1]:443`; without port 0. */
export function endpoint(address: string, port: number | null | undefined): string {
  if (!port) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
