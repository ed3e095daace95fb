// What a device is called, which of its addresses comes first, and where it leads.

import { equals } from '../../lib/expression';
import type { Host, RegisterEntry, ServiceSeen, Sighting } from '../../types';

/** Part of a device that its names come from. */
export type Named = Pick<Host, 'names' | 'register'>;

/** Where names are read that others give to a device, whoever they are. */
const OF_OTHERS = ['dns.answers', 'http.hostname', 'quic.sni', 'tls.sni'];

/**
 * What it is called: as the register has it, or else as it called itself last, or else as others did; empty where
 * nobody said.
 */
export function nameOf({ names, register }: Named): string {
  if (register?.name) return register.name;
  const own = names.filter(({ from }) => !OF_OTHERS.includes(from));
  const last = (own.length > 0 ? own : names).reduce<Sighting | null>(
    (best, name) => (best && best.last >= name.last ? best : name),
    null,
  );
  return last?.value ?? '';
}

/** A heading for it: its name, or an address, or its MAC address. */
export function titleOf(host: Host): string {
  return nameOf(host) || addressTexts(host)[0] || host.mac || String(host.id);
}

/** Its addresses, IPv4 first, those of the link last, and of each kind the one seen most often first. */
export function addressesOf({ addresses }: Pick<Host, 'addresses'>): Sighting[] {
  return [...addresses].sort((a, b) => rank(a.value) - rank(b.value) || b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** The same as texts, each once: one address can be known from several sources. */
export function addressTexts(host: Pick<Host, 'addresses'>): string[] {
  return [...new Set(addressesOf(host).map(({ value }) => value))];
}

function rank(address: string): number {
  if (!address.includes(':')) return address.startsWith('169.254.') ? 2 : 0;
  return /^fe[89ab]/i.test(address) ? 3 : 1;
}

/** Services, the most used first. */
export function servicesOf(list: ServiceSeen[]): ServiceSeen[] {
  return [...list].sort((a, b) => b.count - a.count || a.port - b.port);
}

/** `443/tcp`. */
export function portOf({ port, protocol }: Pick<ServiceSeen, 'port' | 'protocol'>): string {
  return `${port}/${protocol}`;
}

/** `tls 443/tcp`; the port alone where its content was not recognised. */
export function serviceText(seen: Pick<ServiceSeen, 'service' | 'port' | 'protocol'>): string {
  return seen.service ? `${seen.service} ${portOf(seen)}` : portOf(seen);
}

/** The filter expression for the flows of every address of a device. */
export function flowsFilter(host: Pick<Host, 'addresses'>): string {
  return addressTexts(host)
    .map((address) => equals('address', 'address', address))
    .join(' or ');
}

/** The cells of a line of the register that say something. */
export function registerLines(entry: RegisterEntry): { item: 'name' | 'department' | 'owner' | 'note' | 'key'; value: string }[] {
  return (['name', 'department', 'owner', 'note', 'key'] as const)
    .map((item) => ({ item, value: entry[item] }))
    .filter(({ value }) => value !== '');
}
