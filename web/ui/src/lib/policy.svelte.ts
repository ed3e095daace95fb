// The policy in force, loaded once for the names of zones and for the bar at the top.
//
// Where it cannot be had, zones are shown by their ids; the sensor page reports the failure.

import * as api from '../api';
import { said, word } from '../i18n/index.svelte';
import type { Policy } from '../types';

class PolicyNames {
  data = $state.raw<Policy | null>(null);

  async load(): Promise<void> {
    try {
      this.data = await api.policy(new AbortController().signal);
    } catch {
      this.data = null;
    }
  }

  /** Whether denied flows raise alerts. */
  get alerts(): boolean {
    return this.data?.mode !== 'learn';
  }

  /** The name of a zone in the chosen language. */
  zone(id: string): string {
    const zone = this.data?.zones.find((item) => item.id === id);
    if (zone) return said(zone.label) || id;
    return id === '*' ? word('zone.', 'any') : word('zone.', id);
  }

  zoneList(ids: string[]): string {
    return ids.map((id) => this.zone(id)).join(', ');
  }

  /** Ids of every zone that a flow can have, built-in ones last. */
  get zoneIds(): string[] {
    const declared = this.data?.zones.filter((zone) => !zone.excluded).map((zone) => zone.id) ?? [];
    return [...declared, 'link', 'unknown'];
  }
}

export const policy = new PolicyNames();
