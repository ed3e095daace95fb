//! The one table of limits: whatever a sender can grow, and what happens when it is full.
//!
//! Code, `sekisho replay --help`, the manual and the dashboard read this table.

/// One limit on state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Stable name.
    pub id: &'static str,
    /// The default value.
    pub default: u64,
    /// Unit of the value.
    pub unit: &'static str,
    /// The counter that moves when the limit is met.
    pub counter: &'static str,
    /// Rule of the alert that a run raises then; empty where the input is to blame, whose damage is
    /// reported. Limits that share a counter share the alert.
    pub alert: &'static str,
    /// What happens then: Japanese.
    pub effect_ja: &'static str,
    /// What happens then: English.
    pub effect_en: &'static str,
}

/// Flows tracked at once, over all partitions.
pub const FLOWS: Limit = Limit {
    id: "flows",
    default: 1_048_576,
    unit: "flows",
    counter: "flows_evicted",
    alert: "LIMIT-FLOWS",
    effect_ja: "アドレスの組で分けた16区画のそれぞれが16分の1を持つ。区画が一杯になると、応答のないもののうち最も長く通信のないフローから記録して閉じる",
    effect_en: "each of 16 partitions, by address pair, has a sixteenth; a full one records and closes the flow idle longest, those never answered first",
};
/// Octets of the ring in which frames of one interface wait to be read.
pub const RING_OCTETS: Limit = Limit {
    id: "ring_octets",
    default: 128 * 1024 * 1024,
    unit: "octets",
    counter: "ring_dropped",
    alert: "LIMIT-RING",
    effect_ja: "入りきらないフレームは失われ、数えられる。どのフローにも現れない",
    effect_en: "frames that find no room are lost and counted; they are in no flow",
};
/// Datagrams whose fragments wait for the rest.
pub const FRAGMENTED_DATAGRAMS: Limit = Limit {
    id: "fragmented_datagrams",
    default: 16_384,
    unit: "datagrams",
    counter: "fragments_evicted",
    alert: "LIMIT-FRAGMENTS",
    effect_ja: "最も古いデータグラムの組み立てをやめ、フラグメントを1つずつ扱う",
    effect_en: "the oldest datagram is not put together; its fragments are taken one by one",
};
/// Octets of fragments that wait for the rest.
pub const FRAGMENT_OCTETS: Limit = Limit {
    id: "fragment_octets",
    default: 32 * 1024 * 1024,
    unit: "octets",
    counter: "fragments_evicted",
    alert: "LIMIT-FRAGMENTS",
    effect_ja: "最も古いデータグラムの組み立てをやめ、フラグメントを1つずつ扱う",
    effect_en: "the oldest datagram is not put together; its fragments are taken one by one",
};
/// Octets that conversations hold: the state of their parsers and what waits to be read.
pub const CONVERSATION_OCTETS: Limit = Limit {
    id: "conversation_octets",
    default: 512 * 1024 * 1024,
    unit: "octets",
    counter: "conversations_cut",
    alert: "LIMIT-CONVERSATIONS",
    effect_ja: "16区画のそれぞれが16分の1を持つ。それを超えるときは、最も長く動きのない通信から内容の読み取りを打ち切り、フローに印を付ける(フローの計数は続く)",
    effect_en: "each of 16 partitions has a sixteenth; where more would be held, the conversations idle longest are read no further and marked, their flows are counted on",
};
/// Frames of one fragmented datagram.
pub const FRAGMENTS_A_DATAGRAM: Limit = Limit {
    id: "fragments_a_datagram",
    default: 128,
    unit: "frames",
    counter: "fragment_too_many",
    alert: "LIMIT-FRAGMENTS-A-DATAGRAM",
    effect_ja: "そのデータグラムの組み立てをやめ、フラグメントを1つずつ扱う",
    effect_en: "the datagram is not put together; its fragments are taken one by one",
};
/// Characters of a history string.
pub const HISTORY: Limit = Limit {
    id: "history",
    default: 32,
    unit: "characters",
    counter: "history_cut",
    alert: "LIMIT-HISTORY",
    effect_ja: "以降の文字を記録しない",
    effect_en: "further letters are not kept",
};
/// Alerts folded at once.
pub const ALERT_FOLDS: Limit = Limit {
    id: "alert_folds",
    default: 100_000,
    unit: "alerts",
    counter: "alerts_closed_early",
    alert: "LIMIT-ALERT-FOLDS",
    effect_ja: "最も古い警報を書き出して閉じる。同じ通信が続けば新しい警報になる",
    effect_en: "the oldest alert is written out and closed; more of the same opens a new one",
};
/// Alerts about indicators that are folded at once.
pub const INDICATOR_ALERTS: Limit = Limit {
    id: "indicator_alerts",
    default: 100_000,
    unit: "alerts",
    counter: "indicator_alerts_closed_early",
    alert: "LIMIT-INDICATOR-ALERTS",
    effect_ja: "最も古い脅威情報の警報を書き出して閉じる。同じ通信が続けば新しい警報になる",
    effect_en: "the oldest alert about an indicator is written out and closed; more of the same opens a new one",
};
/// Different indicators that one record of a flow may meet.
pub const INDICATORS_A_FLOW: Limit = Limit {
    id: "indicators_a_flow",
    default: 256,
    unit: "indicators",
    counter: "indicators_cut",
    alert: "LIMIT-INDICATORS-A-FLOW",
    effect_ja: "そのフローの、それ以降に一致した別の脅威情報を警報にしない(フローとその内容の記録は残る)",
    effect_en: "further indicators that the same flow meets raise no alert; the flow and what it says are recorded",
};
/// Addresses and MAC addresses that are inventoried.
pub const HOSTS: Limit = Limit {
    id: "hosts",
    default: 65_536,
    unit: "addresses",
    counter: "hosts_unlisted",
    alert: "LIMIT-HOSTS",
    effect_ja: "新しいアドレスを機器一覧に加えない(フローの記録は残る)",
    effect_en: "further addresses are not inventoried; their flows are still recorded",
};
/// Addresses, names and fingerprints of one day that are kept to be looked back for.
pub const DAILY_VALUES: Limit = Limit {
    id: "daily_values",
    default: 4_194_304,
    unit: "values a day",
    counter: "daily_values_missed",
    alert: "LIMIT-DAILY-VALUES",
    effect_ja: "その日の新しい値を日ごとの一覧に加えない(フローの記録は残る)",
    effect_en: "further values of that day are not in its daily set; their flows are still recorded",
};
/// Addresses ranked in the summary.
pub const TALKERS: Limit = Limit {
    id: "talkers",
    default: 100_000,
    unit: "addresses",
    counter: "talkers_unranked",
    alert: "LIMIT-TALKERS",
    effect_ja: "新しいアドレスを順位付けしない(フローの記録は残る)",
    effect_en: "further addresses are not ranked; their flows are still recorded",
};
/// Groups of flows over gateways that wait for their other leg.
pub const GATEWAY_LEGS: Limit = Limit {
    id: "gateway_legs",
    default: 65_536,
    unit: "groups",
    counter: "gateway_legs_undecided",
    alert: "LIMIT-GATEWAY-LEGS",
    effect_ja: "最も長く待ったまとまりは、対になる通信の有無を判定しない",
    effect_en: "the group that has waited longest is not asked for its other leg",
};
/// VLAN tags read from one frame.
pub const VLAN_TAGS: Limit = Limit {
    id: "vlan_tags",
    default: 3,
    unit: "tags",
    counter: "link_depth",
    alert: "LIMIT-LINK-HEADERS",
    effect_ja: "それより内側を読まず、段数超過として数える",
    effect_en: "what lies deeper is not read; the frame is counted as too deep",
};
/// Headers read below one IP packet; a stack of labels or tags is one.
pub const LINK_HEADERS: Limit = Limit {
    id: "link_headers",
    default: 16,
    unit: "headers",
    counter: "link_depth",
    alert: "LIMIT-LINK-HEADERS",
    effect_ja: "それより内側を読まず、段数超過として数える",
    effect_en: "what lies deeper is not read; the frame is counted as too deep",
};
/// Labels read from one MPLS stack; stacks in use have less than half.
pub const MPLS_LABELS: Limit = Limit {
    id: "mpls_labels",
    default: 16,
    unit: "labels",
    counter: "link_depth",
    alert: "LIMIT-LINK-HEADERS",
    effect_ja: "それより内側を読まず、段数超過として数える",
    effect_en: "what lies deeper is not read; the frame is counted as too deep",
};
/// IP layers read from one frame.
pub const TUNNEL_DEPTH: Limit = Limit {
    id: "tunnel_depth",
    default: 8,
    unit: "layers",
    counter: "tunnel_depth_met",
    alert: "LIMIT-TUNNEL-DEPTH",
    effect_ja: "それより内側は、読み取った最も内側のパケットのペイロードとして扱う",
    effect_en: "what lies deeper is payload of the innermost layer read",
};
/// How many times larger than the compressed file its content may be.
pub const DECOMPRESSION_RATIO: Limit = Limit {
    id: "decompression_ratio",
    default: 1_000,
    unit: "times",
    counter: "input_damage",
    alert: "",
    effect_ja: "その位置で読み込みを止め、理由を示す",
    effect_en: "reading stops there and says why",
};
/// Octets that one compressed file may become.
pub const DECOMPRESSED_OCTETS: Limit = Limit {
    id: "decompressed_octets",
    default: 1 << 40,
    unit: "octets",
    counter: "input_damage",
    alert: "",
    effect_ja: "その位置で読み込みを止め、理由を示す",
    effect_en: "reading stops there and says why",
};
/// Octets of one packet record of a capture file.
pub const RECORD_OCTETS: Limit = Limit {
    id: "record_octets",
    default: 16 * 1024 * 1024,
    unit: "octets",
    counter: "input_damage",
    alert: "",
    effect_ja: "その位置で読み込みを止め、理由を示す",
    effect_en: "reading stops there and says why",
};
/// Interfaces of one pcapng section.
pub const INTERFACES: Limit = Limit {
    id: "interfaces",
    default: 65_536,
    unit: "interfaces",
    counter: "input_damage",
    alert: "",
    effect_ja: "その位置で読み込みを止め、理由を示す",
    effect_en: "reading stops there and says why",
};

/// Every limit, in the order that tables show them.
pub const LIMITS: &[Limit] = &[
    FLOWS,
    RING_OCTETS,
    FRAGMENTED_DATAGRAMS,
    FRAGMENT_OCTETS,
    CONVERSATION_OCTETS,
    FRAGMENTS_A_DATAGRAM,
    HISTORY,
    ALERT_FOLDS,
    INDICATOR_ALERTS,
    INDICATORS_A_FLOW,
    HOSTS,
    DAILY_VALUES,
    TALKERS,
    GATEWAY_LEGS,
    VLAN_TAGS,
    LINK_HEADERS,
    MPLS_LABELS,
    TUNNEL_DEPTH,
    DECOMPRESSION_RATIO,
    DECOMPRESSED_OCTETS,
    RECORD_OCTETS,
    INTERFACES,
];
