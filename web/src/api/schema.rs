//! What the OpenAPI document says of types that other crates define.
//!
//! Those crates know nothing of the API; these describe their JSON. `tests/api.rs` holds every
//! answer against the document, so a description that is wrong fails there.
#![expect(dead_code, reason = "read by utoipa's derive, never built")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// A sentence in both languages.
#[derive(ToSchema)]
pub(super) struct Text {
    ja: String,
    en: String,
}

/// Flows, packets and IP octets together.
#[derive(ToSchema)]
pub(super) struct Volume {
    flows: u64,
    packets: u64,
    octets: u64,
}

/// One cell of the zone matrix.
#[derive(ToSchema)]
pub(super) struct MatrixCell {
    orig_zone: String,
    resp_zone: String,
    allowed: Volume,
    denied: Volume,
    unknown: Volume,
}

/// One address and what it moved.
#[derive(ToSchema)]
pub(super) struct Talker {
    address: String,
    zone: String,
    volume: Volume,
}

/// Alerts by severity (1 to 4) and by rule.
#[derive(ToSchema)]
pub(super) struct AlertTotals {
    total: u64,
    by_severity: BTreeMap<String, u64>,
    by_rule: BTreeMap<String, u64>,
    /// Those that an exception silences; not among the others.
    suppressed: u64,
}

/// One end of the first flow behind an alert.
#[derive(ToSchema)]
pub(super) struct AlertEnd {
    address: String,
    port: u16,
    zone: String,
    #[schema(required = true)]
    mac: Option<String>,
}

/// Why an alert was raised.
#[derive(ToSchema)]
pub(super) struct Explanation {
    /// Who, in which zone, talked to whom, over what.
    observed: Text,
    /// What the policy expects in its place.
    expected: Text,
    /// The nearest allowed path and in what it differs.
    nearest: Text,
    /// Id of that path; empty where there is none.
    nearest_path: String,
    /// In what the flow differs from it.
    differs: Vec<String>,
    /// What it looks like where it is right; empty where the rule does not say.
    legitimate: Text,
    /// What would have silenced the alert.
    silenced_by: Text,
    /// What to do first.
    first_step: Text,
    /// Where what the rule compares with comes from, and of when it is; empty where it does not say.
    source: String,
    /// The value that would have silenced it in a list of the policy, where one would.
    sanction: Option<Sanctionable>,
}

/// A value of a list of the policy.
#[derive(ToSchema)]
pub(super) struct Sanctionable {
    list: String,
    value: String,
}

/// Flows that break the same rule between the same ends, folded into one.
#[derive(ToSchema)]
pub(super) struct Alert {
    id: u64,
    /// Stable text id of the rule.
    rule: String,
    /// `alert.signature_id` in EVE.
    signature_id: u32,
    title: Text,
    /// 1 high, 2 medium, 3 low, 4 informational.
    severity: u8,
    category: String,
    #[schema(format = DateTime)]
    first_seen: String,
    #[schema(format = DateTime)]
    last_seen: String,
    /// Flows behind it; of an alert about the sensor itself, how often it happened.
    count: u64,
    packets: u64,
    octets: u64,
    /// `null` where the alert is about the sensor itself, as `resp` and `flow_id`.
    #[schema(required = true)]
    orig: Option<AlertEnd>,
    #[schema(required = true)]
    resp: Option<AlertEnd>,
    protocol: String,
    /// The first flow behind it.
    #[schema(required = true)]
    flow_id: Option<u64>,
    community_id: String,
    /// Clause of the written policy; empty where none is named.
    clause: String,
    /// MITRE ATT&CK techniques.
    attack: Vec<String>,
    policy_version: String,
    explanation: Explanation,
    /// Whether it was found looking back, in what was kept.
    lookback: bool,
    /// Filter expression that finds the flows behind it; `null` where it is about the sensor itself.
    #[schema(required = true)]
    flows_filter: Option<String>,
    /// Number of the exception that silences it.
    #[schema(required = true)]
    suppressed_by: Option<u64>,
}

/// Which alerts an exception covers: all that is said must hold.
#[derive(ToSchema)]
pub(super) struct Covers {
    /// Id of the rule.
    rule: String,
    /// Network of the originator: `10.40.1.0/24`, `10.40.1.7/32`.
    orig: Option<String>,
    /// Network of the responder.
    resp: Option<String>,
    /// Port of the responder.
    port: Option<u16>,
    protocol: Option<String>,
    orig_zone: Option<String>,
    resp_zone: Option<String>,
    /// Whether originator and responder may stand the other way round.
    #[schema(required = false)]
    either_direction: bool,
}

/// What is known and accepted, by whom, why and until when.
#[derive(ToSchema)]
pub(super) struct Exception {
    id: u64,
    covers: Covers,
    reason: String,
    owner: String,
    #[schema(format = DateTime)]
    until: String,
    #[schema(required = true)]
    from_alert: Option<u64>,
    created_by: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(required = true, format = DateTime)]
    ended: Option<String>,
    #[schema(required = true)]
    ended_by: Option<String>,
    /// Alerts that it silences.
    silenced: u64,
    /// `active`, `expired` or `ended`.
    state: String,
}

/// Something that was seen of a device.
#[derive(ToSchema)]
pub(super) struct Sighting {
    value: String,
    /// Where it was read: protocol and field, as `dhcp.hostname`.
    from: String,
    #[schema(format = DateTime)]
    first: String,
    #[schema(format = DateTime)]
    last: String,
    /// How often.
    count: u64,
}

/// A service that a device offers, or uses.
#[derive(ToSchema)]
pub(super) struct ServiceSeen {
    /// The application protocol; empty where only the port is known.
    service: String,
    /// Transport protocol.
    protocol: String,
    /// Port of the responder.
    port: u16,
    #[schema(format = DateTime)]
    first: String,
    #[schema(format = DateTime)]
    last: String,
    /// Flows.
    count: u64,
}

/// One line of the register of devices.
#[derive(ToSchema)]
pub(super) struct RegisterEntry {
    /// MAC address or IP address.
    key: String,
    name: String,
    owner: String,
    department: String,
    /// Whether it is no longer in use.
    retired: bool,
    note: String,
}

/// One device, as traffic shows it, and what the register says of it.
#[derive(ToSchema)]
pub(super) struct Host {
    id: u64,
    /// Absent where only a router's is known.
    #[schema(required = true)]
    mac: Option<String>,
    /// Whether the MAC address is made up by the device (locally administered).
    mac_is_random: bool,
    /// Who made its network card.
    #[schema(required = true)]
    maker: Option<String>,
    addresses: Vec<Sighting>,
    names: Vec<Sighting>,
    /// What its software shows of itself.
    fingerprints: Vec<Sighting>,
    offers: Vec<ServiceSeen>,
    uses: Vec<ServiceSeen>,
    /// Zones that it was seen in.
    zones: Vec<String>,
    /// Whether it forwards for others: a router, a gateway.
    forwards: bool,
    /// Why several devices are believed to stand behind it.
    several: Vec<Text>,
    #[schema(format = DateTime)]
    first_seen: String,
    #[schema(format = DateTime)]
    last_seen: String,
    /// Flows that it took part in.
    flows: u64,
    /// `known`, `unknown` or `retired`, by the register.
    standing: String,
    /// Its line of the register.
    #[schema(required = true)]
    register: Option<RegisterEntry>,
}

/// The policy of the last run.
#[derive(ToSchema)]
pub(super) struct Policy {
    /// Empty where there is no policy.
    name: String,
    version: String,
    /// `enforce`, `learn`, or empty.
    mode: String,
    /// SHA-256 over its files, as hexadecimal digits; empty where it is not known.
    hash: String,
    /// First packet that this version judged.
    #[schema(format = DateTime, required = true)]
    since: Option<String>,
    /// Every version that is kept, the one used last first.
    versions: Vec<PolicyVersion>,
    source: String,
    label: Text,
    /// The catalogues that the policy stands on.
    catalogues: Vec<Catalogue>,
    zones: Vec<Zone>,
    groups: Vec<Group>,
    gateways: Vec<Gateway>,
    lists: Vec<PolicyList>,
    calendar: Calendar,
    /// Paths and exceptions.
    paths: Vec<PolicyPath>,
    rules: Vec<Rule>,
    tests: Vec<PolicyTest>,
    boundaries: Vec<Boundary>,
}

/// A policy as it was in force for some time.
#[derive(ToSchema)]
pub(super) struct PolicyVersion {
    /// SHA-256 over its files, as hexadecimal digits.
    hash: String,
    name: String,
    version: String,
    /// `enforce` or `learn`.
    mode: String,
    /// First packet that it judged.
    #[schema(format = DateTime, required = true)]
    since: Option<String>,
    /// Last packet that it judged.
    #[schema(format = DateTime, required = true)]
    until: Option<String>,
    /// Runs that ended under it.
    runs: u64,
}

/// A part of the network.
#[derive(ToSchema)]
pub(super) struct Zone {
    id: String,
    label: Text,
    networks: Vec<String>,
    vlans: Vec<u16>,
    macs: Vec<String>,
    /// `allow` or `deny`: whether hosts of the zone may talk to each other.
    intra: String,
    #[schema(required = true)]
    classification: Option<u8>,
    clause: String,
    department: String,
    owner: String,
    review: String,
    /// Counted, never stored.
    excluded: bool,
}

/// Zones under one name.
#[derive(ToSchema)]
pub(super) struct Group {
    id: String,
    label: Text,
    zones: Vec<String>,
}

/// A host that takes communication apart and sends it on.
#[derive(ToSchema)]
pub(super) struct Gateway {
    id: String,
    label: Text,
    /// What the originators talk to.
    near: Vec<String>,
    /// From where it goes on.
    far: Vec<String>,
    /// How long after one leg the other may begin.
    pair_within_s: u64,
    owner: String,
}

/// A list of the policy, without its values.
#[derive(ToSchema)]
pub(super) struct PolicyList {
    name: String,
    /// Empty where its members have none.
    role: String,
    kind: String,
    /// How many values it has.
    count: u64,
    source: String,
    owner: String,
    review: String,
}

/// The calendar of the policy.
#[derive(ToSchema)]
pub(super) struct Calendar {
    /// Empty where there is no policy.
    timezone: String,
    windows: Vec<NamedWindow>,
}

/// A window that paths name.
#[derive(ToSchema)]
pub(super) struct NamedWindow {
    name: String,
    label: Text,
    /// People work by it.
    shift: bool,
    /// The window as a path would write it.
    text: String,
}

/// A rule of the policy: an expression over the fields of a flow.
#[derive(ToSchema)]
pub(super) struct Rule {
    id: String,
    title: Text,
    /// Empty where none is given.
    severity: String,
    /// Severities that count where an expression holds; the first that does.
    severity_by: Vec<SeverityBy>,
    /// Which flows are one alert: `pair`, `originator` or `responder`.
    fold: String,
    /// Lists without whose values it is not asked.
    needs: Vec<String>,
    /// Those of them that hold no value.
    empty_lists: Vec<String>,
    /// A catalogue that the policy stands on declares it, and not the policy itself.
    catalogue: bool,
    when: String,
    except: String,
    why: Text,
    /// What it looks like where it is right.
    legitimate: Text,
    first_step: Text,
    source: String,
    version: String,
    clause: String,
    category: String,
    attack: Vec<String>,
    enabled: bool,
    /// Signature id, where the policy gives one.
    #[schema(required = true)]
    number: Option<u32>,
}

/// A severity of a rule, and when it counts.
#[derive(ToSchema)]
pub(super) struct SeverityBy {
    when: String,
    severity: String,
}

/// A catalogue of rules that the policy stands on.
#[derive(ToSchema)]
pub(super) struct Catalogue {
    name: String,
    version: String,
    label: Text,
}

/// A flow and what the policy is expected to say of it.
#[derive(ToSchema)]
pub(super) struct PolicyTest {
    /// The path, exception or rule that it stands under; empty where under none.
    of: String,
    /// Fields by name.
    flow: BTreeMap<String, String>,
    expect: String,
}

/// The second leg over a gateway, where it differs from the first.
#[derive(ToSchema)]
pub(super) struct Onward {
    protocol: Vec<String>,
    ports: Vec<String>,
    services: Vec<String>,
}

/// Communication that is allowed.
#[derive(ToSchema)]
#[schema(as = Path)]
pub(super) struct PolicyPath {
    id: String,
    /// Allowed for a while, on application.
    exception: bool,
    application: String,
    applicant: String,
    purpose: String,
    /// Hosts that it is narrowed to; empty: all of the zones.
    from_hosts: Vec<String>,
    to_hosts: Vec<String>,
    /// Application protocols; empty: any.
    services: Vec<String>,
    /// The gateway between its two legs; empty: none.
    via: String,
    onward: Onward,
    /// MAC addresses that the originator's frames must go to; empty: any.
    next_hops: Vec<String>,
    /// Tunnels that may carry it; empty: it does not matter.
    tunnel: Vec<String>,
    /// Empty: always.
    window: String,
    #[schema(format = DateTime, required = true)]
    starts: Option<String>,
    /// The first instant after its term.
    #[schema(format = DateTime, required = true)]
    expires: Option<String>,
    from: Vec<String>,
    to: Vec<String>,
    /// Empty: any.
    protocol: Vec<String>,
    /// Responder ports and ranges; empty: any.
    ports: Vec<String>,
    title: Text,
    clause: String,
    owner: String,
    approver: String,
    contract: String,
    review: String,
}

/// Communication that is denied, with the clause that it breaks.
#[derive(ToSchema)]
pub(super) struct Boundary {
    id: String,
    from: Vec<String>,
    to: Vec<String>,
    /// Empty: any.
    protocol: Vec<String>,
    /// Responder ports and ranges; empty: any.
    ports: Vec<String>,
    clause: String,
    /// `high`, `medium`, `low`, or empty where the zones decide.
    severity: String,
    title: Text,
    /// What to do first.
    first_step: Text,
    /// MITRE ATT&CK techniques.
    attack: Vec<String>,
}

/// One run of the sensor.
#[derive(ToSchema)]
pub(super) struct Summary {
    packets: u64,
    /// Octets on the wire.
    frame_octets: u64,
    flows: u64,
    flow_records: u64,
    alerts: AlertTotals,
    zones: Vec<MatrixCell>,
    talkers: Vec<Talker>,
    #[schema(format = DateTime, required = true)]
    first_packet: Option<String>,
    #[schema(format = DateTime, required = true)]
    last_packet: Option<String>,
    /// Wall time of the run.
    seconds: f64,
    packets_per_second: f64,
    /// Frames by bucket.
    frames: BTreeMap<String, u64>,
    /// One number a cause of loss.
    losses: BTreeMap<String, u64>,
    input: Input,
    policy_name: String,
    policy_version: String,
    policy_mode: String,
    /// SHA-256 over the files of the policy that judged last.
    policy_hash: String,
    /// Version of the catalogue beneath the policy; empty where none.
    catalogue_version: String,
    policy_changes: PolicyChanges,
    lists: ListTotals,
    /// Days whose daily sets were removed for their age.
    forgotten_days: u64,
    rules: RuleUse,
    health: SummaryHealth,
    /// The last packet, or later where a port has been silent since.
    #[schema(format = DateTime, required = true)]
    watched_until: Option<String>,
    workers: u64,
    /// What the process may still do; absent of a run over files.
    #[schema(nullable = false, required = false)]
    protection: Option<Protection>,
    /// Whether the run goes on: these are its counts so far.
    ongoing: bool,
}

/// What a sensor may still do once it watches.
#[derive(ToSchema)]
pub(super) struct Protection {
    /// Capabilities in effect.
    capabilities: Vec<String>,
    /// Whether none can be gained.
    no_new_privileges: bool,
    /// Whether system calls are fenced in: `on`, or `off:` and why.
    seccomp: String,
    /// Whether files are fenced in: `on`, or `in part:` or `off:` and why.
    landlock: String,
}

/// How well a run could see.
#[derive(ToSchema)]
pub(super) struct SummaryHealth {
    /// Intervals of blindness by kind.
    blind: BTreeMap<String, BlindTotals>,
    /// The newest look at the mirror that had enough packets.
    #[schema(required = true)]
    mirror: Option<MirrorReport>,
}

/// How long a run was blind for one reason.
#[derive(ToSchema)]
pub(super) struct BlindTotals {
    intervals: u64,
    seconds: f64,
}

/// An interval in which the sensor did not see, or saw in part.
#[derive(ToSchema)]
pub(super) struct BlindInterval {
    id: u64,
    /// `loss`, `gaps`, `silence`, `one_sided`, `clock`, `stopped` or `port_down`.
    kind: String,
    /// The port; empty where it is about the whole input.
    input: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// Whether it goes on.
    open: bool,
    /// Numbers behind it, by name.
    figures: BTreeMap<String, i64>,
}

/// What a look at the mirror found.
#[derive(ToSchema)]
pub(super) struct MirrorReport {
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// Packets that were looked at.
    packets: u64,
    findings: Vec<MirrorFinding>,
}

/// Something that is wrong with the mirror or the port, and what to do about it.
#[derive(ToSchema)]
pub(super) struct MirrorFinding {
    id: String,
    title: Text,
    observed: Text,
    matters: Text,
    change: Text,
    commands: Vec<String>,
}

/// What came of a policy folder that was followed while a run went on.
#[derive(ToSchema)]
pub(super) struct PolicyChanges {
    taken_up: u64,
    refused: u64,
    /// Why what is in the folder now is not in force.
    #[schema(nullable = false, required = false)]
    standing_refusal: Option<String>,
}

/// The lists of indicators that were looked for.
#[derive(ToSchema)]
pub(super) struct ListTotals {
    lists: u64,
    indicators: u64,
    by_kind: BTreeMap<String, u64>,
    /// As their manifest has it; empty where none is said.
    version: String,
    changes: PolicyChanges,
}

/// What of the policy was met by traffic.
#[derive(ToSchema)]
pub(super) struct RuleUse {
    /// Flow records by the path, exception or built-in rule that gave their verdict.
    used: BTreeMap<String, u64>,
    unused_paths: Vec<String>,
    unused_exceptions: Vec<String>,
}

/// What a run read.
#[derive(ToSchema)]
pub(super) struct Input {
    files: Vec<InputFile>,
    damaged: u64,
}

/// One capture file or network interface.
#[derive(ToSchema)]
pub(super) struct InputFile {
    path: String,
    format: String,
    packets: u64,
    /// Where and why reading stopped early.
    #[schema(nullable = false, required = false)]
    damage: Option<String>,
    /// What the system counted of an interface; absent for a file.
    #[schema(nullable = false, required = false)]
    port: Option<PortCounters>,
}

/// What the system counted of an interface while it was read.
#[derive(ToSchema)]
pub(super) struct PortCounters {
    /// Frames that found no room in the ring.
    ring_dropped: u64,
    /// Frames that the capture filter left out.
    filtered: u64,
    /// Frames that the interface received.
    received: u64,
    /// Frames that the interface or its driver dropped.
    dropped: u64,
}
