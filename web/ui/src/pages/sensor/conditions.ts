/** What a path asks of a flow beside its ends, protocol and ports, in words. */
import { instant, t } from '../../i18n/index.svelte';
import type { PolicyPath } from '../../types';

export function conditions(path: PolicyPath): string[] {
  const list = (words: string[]) => words.join(', ');
  const said: [string, (words: string) => string][] = [
    [path.via, (gateway) => t('sensor.paths.via', { gateway })],
    [list(path.from_hosts), (hosts) => t('sensor.paths.from_hosts', { hosts })],
    [list(path.to_hosts), (hosts) => t('sensor.paths.to_hosts', { hosts })],
    [list(path.services), (services) => t('sensor.paths.services', { services })],
    [list(path.tunnel), (tunnels) => t('sensor.paths.tunnel', { tunnels })],
    [list(path.next_hops), (hops) => t('sensor.paths.next_hops', { hops })],
    [path.window, (window) => t('sensor.paths.window', { window })],
    [path.starts ?? '', (time) => t('sensor.paths.starts', { time: instant(time) })],
    [path.expires ?? '', (time) => t('sensor.paths.expires', { time: instant(time) })],
    [path.application, (number) => t('sensor.paths.application', { number })],
    [path.purpose, (purpose) => t('sensor.paths.purpose', { purpose })],
  ];
  return said.filter(([words]) => words !== '').map(([words, say]) => say(words));
}
