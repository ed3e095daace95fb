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
  /** Those that an exception silences; not among the others. */
  suppressed: number;
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
  ongoing: boolean;
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
  /** What it looks like where it is right; empty where the rule does not say. */
  legitimate: Text;
  silenced_by: Text;
  first_step: Text;
  /** Where what the rule compares with comes from; empty where it does not say. */
  source: string;
  /** The value that would have silenced it in a list of the policy, where one would. */
  sanction?: Sanctionable;
}

export interface Sanctionable {
  list: string;
  value: string;
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
  /** Whether it was found looking back, in what was kept. */
  lookback: boolean;
  /** Finds the flows behind it; null where it is about the sensor itself. */
  flows_filter: string | null;
  /** The exception that silences it. */
  suppressed_by: number | null;
}

/** Which alerts an exception covers: all that is said must hold. */
export interface Covers {
  rule: string;
  orig: string | null;
  resp: string | null;
  port: number | null;
  protocol: string | null;
  orig_zone: string | null;
  resp_zone: string | null;
  either_direction: boolean;
}

export interface NewException {
  covers: Covers;
  reason: string;
  owner: string;
  until: string;
  from_alert: number | null;
}

export interface Exception extends NewException {
  id: number;
  created_by: string;
  created: string;
  ended: string | null;
  ended_by: string | null;
  silenced: number;
  state: 'active' | 'expired' | 'ended';
}

export interface NewSanction {
  alert: number;
  reason: string;
  owner: string;
  /** The last date on which it holds. */
  expires: string;
}

/** The lines of the policy, and the file that they stand in; null where the server has no policy folder. */
export interface Sanctioned {
  text: string;
  file: string | null;
}

/** A value that the policy sanctions. */
export interface Sanction extends Sanctionable {
  reason: string;
  owner: string;
  until: string | null;
  from_alert: number | null;
  place: string;
  state: 'active' | 'expired';
}

export interface Silenced {
  alerts: number;
  flows: number;
  days: { day: string; alerts: number; flows: number }[];
}

/** A list or an expression to look back for. */
export interface HuntRequest {
  list?: string;
  name?: string;
  expression?: string;
  since?: string;
  until?: string;
  raise: boolean;
}

/** How often something would have been told on a UTC day. */
export interface ToldDay {
  day: string;
  alerts: number;
  indicators: number;
  flows: number;
}

export interface HuntHit {
  /** Null for an expression. */
  indicator: {
    value: string;
    kind: string;
    rule: string;
    source: string;
    line: number;
    confidence: number;
    note: string;
  } | null;
  unchecked: string | null;
  values: string[];
  values_total: number;
  first: string;
  last: string;
  flows: number;
  answered: number;
  mentions: number;
  octets_to: number;
  octets_from: number;
  who: string[];
  who_count: number;
  who_is_estimate: boolean;
  days: { day: string; flows: number; answered: number; mentions: number; who_count: number }[];
  flows_filter: string | null;
}

export interface HuntAnswer {
  indicators: number;
  kinds: Record<string, number>;
  bad: number;
  first_bad: { line: number; what: string; text: string }[];
  passed_over: number;
  is_partial: boolean;
  without_set: string[];
  left_out: number;
  preview: ToldDay[];
  hits: HuntHit[];
  hits_total: number;
  raised: { new: number; known: number; left_out: number } | null;
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

export interface Catalogue {
  name: string;
  version: string;
  label: Text;
}

export interface PolicyRule {
  id: string;
  enabled: boolean;
  /** A catalogue that the policy stands on declares it. */
  catalogue: boolean;
  /** Lists that it waits for, being empty. */
  empty_lists: string[];
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
  catalogues: Catalogue[];
  rules: PolicyRule[];
  zones: Zone[];
  paths: PolicyPath[];
  boundaries: Boundary[];
}

export interface InputFile {
  path: string;
  format: string;
  packets: number;
  damage?: string | null;
  port?: PortCounters;
}

export interface PortCounters {
  ring_dropped: number;
  filtered: number;
  received: number;
  dropped: number;
}

export interface Protection {
  capabilities: string[];
  no_new_privileges: boolean;
  seccomp: string;
  landlock: string;
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
  catalogue_version: string;
  policy_changes: { taken_up: number; refused: number; standing_refusal?: string };
  lists: {
    lists: number;
    indicators: number;
    by_kind: Record<string, number>;
    version: string;
    changes: { taken_up: number; refused: number; standing_refusal?: string };
  };
  forgotten_days: number;
  rules: { used: Record<string, number>; unused_paths: string[]; unused_exceptions: string[] };
  health: { blind: Record<string, BlindTotals>; mirror: MirrorReport | null };
  watched_until: string | null;
  workers: number;
  protection?: Protection;
  ongoing: boolean;
}

export interface BlindTotals {
  intervals: number;
  seconds: number;
}

/** An interval in which the sensor did not see, or saw in part. */
export interface BlindInterval {
  id: number;
  kind: string;
  /** The port; empty where it is about the whole input. */
  input: string;
  from: string;
  to: string;
  open: boolean;
  figures: Record<string, number>;
}

export interface BlindKind {
  kind: string;
  label: Text;
}

export interface CaptureHealth {
  intervals: BlindInterval[];
  more: boolean;
  totals: Record<string, BlindTotals>;
  kinds: BlindKind[];
  watched_until: string | null;
}

export interface MirrorFinding {
  id: string;
  title: Text;
  observed: Text;
  matters: Text;
  change: Text;
  commands: string[];
}

export interface MirrorReport {
  from: string;
  to: string;
  packets: number;
  findings: MirrorFinding[];
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
