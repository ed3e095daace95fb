// An alert beside the nearest allowed path, item by item.

import type { Alert, PolicyPath } from '../../types';

export type Item = 'from' | 'to' | 'protocol' | 'ports' | 'direction';

export interface Line {
  item: Item;
  /** What was seen, as the policy would write it. */
  seen: string;
  /** What the path allows; empty where it sets no limit. */
  allowed: string[];
  differs: boolean;
}

/** Direction has a line only where it is what differs; then the path's ends stand in it. */
export function compared(alert: Alert, path: PolicyPath): Line[] {
  const differs = (item: Item) => alert.explanation.differs.includes(item);
  const line = (item: Item, seen: string, allowed: string[]): Line => ({ item, seen, allowed, differs: differs(item) });
  const { orig, resp } = alert;
  if (!orig || !resp) return [];
  const lines = [
    line('from', orig.zone, path.from),
    line('to', resp.zone, path.to),
    line('protocol', alert.protocol, path.protocol),
    line('ports', resp.port ? String(resp.port) : '', path.ports),
  ];
  if (differs('direction')) {
    lines.push(line('direction', `${orig.zone} → ${resp.zone}`, [`${path.from.join(', ')} → ${path.to.join(', ')}`]));
  }
  return lines;
}
