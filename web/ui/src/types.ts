// The shapes of /api/v1, as the server writes them.
//
// Only `api.ts` receives them; every string in them came from a network or a file and is shown as
// text.

export type Language = 'ja' | 'en';
export type Text = Record<Language, string>;
export type VerdictName = 'allowed' | 'denied' | 'unknown';
export type SeverityNumber = 1 | 2 | 3 | 4;
export type Measure = 'flows' | 'packets' | 'octets';

export type Volume = Record<Measure, number>;
export type ByVerdict = Record<VerdictName, Volume>;

export interface Page<T> {
  rows: T[];
  next: string | null;
  total: number | null;
}

export interface SeriesPoint extends ByVerdict {
  at: string;
}

export interface MatrixCell extends ByVerdict {
  orig_zone: string;
  resp_zone: string;
}

export interface Talker {
  address: string;
  zone: string;
  volume: Volume;
}

export interface AlertTotals {
  total: number;
  by_severity: Record<string, number>;
  by_rule: Record<string, number>;
}

export interface Overview {
  span: { first: string; last: string } | null;
  since: string;
  until: string;
  step_s: number;
  totals: Volume;
  series: SeriesPoint[];
  zones: MatrixCell[];
  talkers: Talker[];
  alerts: AlertTotals;
}

export interface AlertEnd {
  address: string;
  port: number;
  zone: string;
  mac: string | null;
}

export interface Explanation {
  observed: Text;
  expected: Text;
  nearest: Text;
  nearest_path: string;
  differs: string[];
  silenced_by: Text;
  first_step: Text;
}

export interface Alert {
  id: number;
  rule: string;
  signature_id: number;
  title: Text;
  severity: number;
  category: string;
  first_seen: string;
  last_seen: string;
  count: number;
  packets: number;
  octets: number;
  /** Null where the alert is about the sensor itself, as `resp` and `flow_id`. */
  orig: AlertEnd | null;
  resp: AlertEnd | null;
  protocol: string;
  flow_id: number | null;
  community_id: string;
  clause: string;
  attack: string[];
  policy_version: string;
  explanation: Explanation;
}

export interface AlertDetail extends Alert {
  /** Null where the alert is about the sensor itself. */
  flows_filter: string | null;
}

/** Something that was seen of a device, and where it was read: `dhcp.hostname`. */
export interface Sighting {
  value: string;
  from: string;
  first: string;
  last: string;
  count: number;
}

/** A service that a device offers or uses; `service` is empty where only the port is known. */
export interface ServiceSeen {
  service: string;
  protocol: string;
  port: number;
  first: string;
  last: string;
  count: number;
}

export interface RegisterEntry {
  key: string;
  name: string;
  owner: string;
  department: string;
  retired: boolean;
  note: string;
}

export type StandingName = 'known' | 'unknown' | 'retired';

export interface Host {
  id: number;
  mac: string | null;
  mac_is_random: boolean;
  maker: string | null;
  addresses: Sighting[];
  names: Sighting[];
  fingerprints: Sighting[];
  offers: ServiceSeen[];
  uses: ServiceSeen[];
  zones: string[];
  forwards: boolean;
  several: Text[];
  first_seen: string;
  last_seen: string;
  flows: number;
  standing: StandingName;
  register: RegisterEntry | null;
}

/** One flow record, keyed by column name; a field that it does not have is null or left out. */
export type FlowRow = Record<string, string | number | null>;

export type FieldKind = 'address' | 'text' | 'number' | 'time' | 'seconds';

export interface Field {
  name: string;
  column: string;
  kind: FieldKind;
  label: Text;
}

export interface Suggestion {
  text: string;
  label: Text;
  kind: string;
}

export interface Zone {
  id: string;
  label: Text;
  networks: string[];
  vlans: number[];
  intra: string;
  classification: number | null;
  clause: string;
  department: string;
  owner: string;
  excluded: boolean;
}

export interface PolicyPath {
  id: string;
  from: string[];
  to: string[];
  protocol: string[];
  ports: string[];
  title: Text;
  clause: string;
  owner: string;
  approver: string;
  contract: string;
  review: string;
  /** Allowed for a while, on application. */
  exception: boolean;
  application: string;
  applicant: string;
  purpose: string;
  /** Hosts that it is narrowed to; empty: all of the zones. */
  from_hosts: string[];
  to_hosts: string[];
  /** Application protocols; empty: any. */
  services: string[];
  tunnel: string[];
  /** The gateway between its two legs; empty: none. */
  via: string;
  next_hops: string[];
  /** Empty: always. */
  window: string;
  starts: string | null;
  /** The first instant after its term. */
  expires: string | null;
}

export interface Boundary {
  id: string;
  from: string[];
  to: string[];
  protocol: string[];
  ports: string[];
  clause: string;
  /** `high`, `medium`, `low`, or empty. */
  severity: string;
  title: Text;
}

export interface PolicyVersion {
  hash: string;
  name: string;
  version: string;
  mode: string;
  since: string | null;
  until: string | null;
  runs: number;
}

export interface Policy {
  name: string;
  version: string;
  mode: string;
  hash: string;
  since: string | null;
  versions: PolicyVersion[];
  source: string;
  label: Text;
  zones: Zone[];
  paths: PolicyPath[];
  boundaries: Boundary[];
}

export interface InputFile {
  path: string;
  format: string;
  packets: number;
  damage?: string | null;
}

export interface Summary {
  packets: number;
  frame_octets: number;
  flows: number;
  flow_records: number;
  first_packet: string | null;
  last_packet: string | null;
  seconds: number;
  packets_per_second: number;
  losses: Record<string, number>;
  input: { files: InputFile[]; damaged: number };
  policy_name: string;
  policy_version: string;
  policy_mode: string;
  policy_hash: string;
  policy_changes: { taken_up: number; refused: number; standing_refusal?: string };
  lists: {
    lists: number;
    indicators: number;
    by_kind: Record<string, number>;
    version: string;
    changes: { taken_up: number; refused: number; standing_refusal?: string };
  };
  rules: { used: Record<string, number>; unused_paths: string[]; unused_exceptions: string[] };
  workers: number;
}

export type BucketClass = 'processed' | 'dropped' | 'filtered';

export interface Bucket {
  id: string;
  class: BucketClass;
  label: Text;
  frames: number;
}

export interface Limit {
  id: string;
  value: number;
  unit: string;
  counter: string;
  met: number;
  effect: Text;
}

export interface Sensor {
  version: string;
  summary: Summary | null;
  buckets: Bucket[];
  limits: Limit[];
}
