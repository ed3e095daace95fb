// What an exception covers: made from an alert, and said in one line.

import type { Alert, Covers } from '../../types';

/** How wide an exception made from an alert is. */
export interface Width {
  /** The two ends by address, or by zone. */
  ends: 'addresses' | 'zones';
  /** That port of the responder alone. */
  port: boolean;
  /** The other way round too. */
  either: boolean;
}

const one = (address: string) => `${address}/${address.includes(':') ? 128 : 32}`;

/** The alerts like one, as wide as asked. */
export function coversOf(alert: Alert, { ends, port, either }: Width): Covers {
  const byAddress = ends === 'addresses';
  return {
    rule: alert.rule,
    orig: byAddress && alert.orig ? one(alert.orig.address) : null,
    resp: byAddress && alert.resp ? one(alert.resp.address) : null,
    port: port && alert.resp && alert.resp.port > 0 ? alert.resp.port : null,
    protocol: alert.protocol || null,
    orig_zone: !byAddress && alert.orig ? alert.orig.zone : null,
    resp_zone: !byAddress && alert.resp ? alert.resp.zone : null,
    either_direction: either,
  };
}

/** One line: rule, ends, port. */
export function coversText(covers: Covers): string {
  const end = (network: string | null, zone: string | null) => {
    const short = network?.replace(/\/(32|128)$/, '') ?? '';
    if (short && zone) return `${short} (${zone})`;
    return short || zone || '*';
  };
  const arrow = covers.either_direction ? '↔' : '→';
  const port = `${covers.protocol ?? '*'}/${covers.port ?? '*'}`;
  return `${covers.rule}  ${end(covers.orig, covers.orig_zone)} ${arrow} ${end(covers.resp, covers.resp_zone)}  ${port}`;
}

/** The first instant after a date of the calendar, in the time zone of the browser. */
export function endOf(date: string): string | null {
  const [year, month, day] = date.split('-').map(Number);
  if (!year || !month || !day) return null;
  const end = new Date(year, month - 1, day + 1);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}
