//! A limit that was met is an alert: one for each counter of [`sekisho_model::limits`] that moved,
//! written at the end of a run after all others.
//!
//! It is about the sensor and not about a flow, so it has no ends. Limits on damaged input are not
//! here: the damage is reported with its place in the file.

use std::sync::Arc;

use sekisho_model::limits::{LIMITS, Limit};
use sekisho_model::{Alert, Category, Explanation, Severity, Text, Timestamp, limits, stable_id};

use crate::spans::{Span, Spans};

/// Number of the first of these rules in `alert.signature_id`; the others follow in the order below.
const FIRST_SIGNATURE: u32 = 2_000_001;

/// What is said of the limits that share a counter.
struct Words {
    rule: &'static str,
    category: Category,
    ja: [&'static str; 3],
    en: [&'static str; 3],
}

/// For each rule: its title, what was lost, what to do first.
const RULES: [Words; 15] = [
    Words {
        rule: limits::FLOWS.alert,
        category: Category::Blind,
        ja: [
            "フローの上限に達した",
            "追い出されたフローは途中で記録され、続きは別のフローになっています。パケットは失われていません。",
            "この時間帯に応答のないフロー(conn_state == S0)を発信元ごとに数え、スキャンやSYNフラッドを探してください。正当な通信なら、ミラーを複数のセンサーに分けてください。",
        ],
        en: [
            "The limit on flows was met",
            "The flows that were evicted are recorded up to then, and what followed is in other flows. No packet was lost.",
            "Count the unanswered flows of that time (conn_state == S0) by originator and look for a scan or a SYN flood. If the traffic is honest, split the mirror over several sensors.",
        ],
    },
    Words {
        rule: limits::FRAGMENTED_DATAGRAMS.alert,
        category: Category::Blind,
        ja: [
            "フラグメントの上限に達した",
            "組み立てをやめたデータグラムのフラグメントは1つずつフローに数えられ、2番目以降はポートが分かりません。",
            "この時間帯にフラグメントを多く送った相手を探してください。フラグメントは正当な通信では少なく、多ければ攻撃か、MTUの設定の誤りです。",
        ],
        en: [
            "A limit on fragments was met",
            "Fragments of the datagrams that were given up are counted in flows one by one; after the first of each, ports are not known.",
            "Look for who sent many fragments at that time. Honest traffic has few; many are an attack or a wrong MTU.",
        ],
    },
    Words {
        rule: limits::FRAGMENTS_A_DATAGRAM.alert,
        category: Category::Blind,
        ja: [
            "1つのデータグラムに多すぎるフラグメント",
            "そのデータグラムは組み立てられず、フラグメントは1つずつフローに数えられています。",
            "この時間帯にフラグメントを多く送った相手を探してください。これほど細かく分ける機器は正当な通信にはありません。",
        ],
        en: [
            "Too many fragments of one datagram",
            "Such datagrams were not put together; their fragments are counted in flows one by one.",
            "Look for who sent many fragments at that time. No honest device cuts a datagram into so many.",
        ],
    },
    Words {
        rule: limits::HISTORY.alert,
        category: Category::Health,
        ja: [
            "経過の文字列の上限に達した",
            "該当するフローの history は途中までです。接続状態と数は正しく記録されています。",
            "history が32文字のフローを見てください。リセットやSYNを繰り返す通信です。",
        ],
        en: [
            "The limit on history strings was met",
            "The history of these flows ends early. Their states and counts are right.",
            "Look at the flows whose history has 32 letters: they repeat resets or SYNs.",
        ],
    },
    Words {
        rule: limits::ALERT_FOLDS.alert,
        category: Category::Health,
        ja: [
            "同時にまとめられる警報の上限に達した",
            "早く閉じた警報の続きは、別の警報になっています。失われた警報はありません。",
            "警報を規則と発信元ごとに数え、最も多いものから対処してください。正当な通信なら、経路としてポリシーに書いてください。",
        ],
        en: [
            "The limit on alerts that are folded at once was met",
            "What followed on the alerts that were closed early is in further alerts. No alert was lost.",
            "Count alerts by rule and originator and begin with the most frequent. If the traffic is honest, write it into the policy as a path.",
        ],
    },
    Words {
        rule: limits::TALKERS.alert,
        category: Category::Health,
        ja: [
            "順位付けするアドレスの上限に達した",
            "要約の通信量の順位は、後から現れたアドレスを含みません。フローの記録はすべてあります。",
            "アドレスの数が組織の規模に見合うか確かめてください。見合わなければ、発信元を偽る通信かスキャンです。",
        ],
        en: [
            "The limit on ranked addresses was met",
            "The summary's ranking leaves out addresses that came later. All flow records are there.",
            "See whether so many addresses fit the size of the network. If not, someone forges originators or scans.",
        ],
    },
    Words {
        rule: limits::LINK_HEADERS.alert,
        category: Category::Blind,
        ja: [
            "リンクヘッダーの段数の上限に達した",
            "該当するフレームの中のパケットは読まれず、フローになっていません。",
            "この時間帯のパケットを保存し、VLANタグやMPLSラベルの重なりを調べてください。これほど重ねる機器は正当な通信にはありません。",
        ],
        en: [
            "A limit on link headers was met",
            "The packets in these frames were not read and are in no flow.",
            "Capture packets and look at their stacks of VLAN tags and MPLS labels. No honest device stacks so many.",
        ],
    },
    Words {
        rule: limits::TUNNEL_DEPTH.alert,
        category: Category::Blind,
        ja: [
            "トンネルの深さの上限に達した",
            "それより内側のパケットは読まれず、読み取った最も内側のフローに数えられています。内側の通信は判定されていません。",
            "トンネルを運ぶフロー(tunnel.carries)を調べてください。これほど重ねたトンネルは、監視を避けるためのものと考えられます。",
        ],
        en: [
            "The limit on tunnels in tunnels was met",
            "What lies deeper was not read: it counts in the innermost flow that was, and was not judged.",
            "Look at the flows that carry tunnels (tunnel.carries). Tunnels stacked so deep are likely there to escape a monitor.",
        ],
    },
    Words {
        rule: limits::CONVERSATION_OCTETS.alert,
        category: Category::Blind,
        ja: [
            "通信の内容の読み取りの上限に達した",
            "打ち切られたフローは、サービス名やサーバー名などの一部が欠けています。数と判定は正しく記録されています。",
            "この時間帯に新しいフローを多く始めた発信元を探してください。正当な通信なら、ミラーを複数のセンサーに分けてください。",
        ],
        en: [
            "The limit on what conversations hold was met",
            "The flows whose reading was cut short lack names or fingerprints. Their counts and verdicts are right.",
            "Look for who began many flows at that time. If the traffic is honest, split the mirror over several sensors.",
        ],
    },
    Words {
        rule: limits::HOSTS.alert,
        category: Category::Health,
        ja: [
            "機器一覧に載せるアドレスの上限に達した",
            "後から現れたアドレスは機器一覧にありません。フローの記録はすべてあります。",
            "アドレスの数が組織の規模に見合うか確かめてください。外部のアドレスがゾーンに含まれていないかも確かめてください。",
        ],
        en: [
            "The limit on inventoried addresses was met",
            "Addresses that came later are not among the hosts. All flow records are there.",
            "See whether so many addresses fit the size of the network, and whether a zone takes in addresses of others.",
        ],
    },
    Words {
        rule: limits::GATEWAY_LEGS.alert,
        category: Category::Blind,
        ja: [
            "ゲートウェイを経由する通信の照合の上限に達した",
            "照合されなかった通信については、ゲートウェイの片側だけだったとしても警報がありません。フローの記録はすべてあります。",
            "この時間帯にゲートウェイへの通信を多く始めた発信元を探してください。正当な通信なら、ゲートウェイをポリシーの経路に分けて書いてください。",
        ],
        en: [
            "The limit on flows that wait for their other leg over a gateway was met",
            "Of the flows that were not compared no alert is raised even if they had one leg only. All flow records are there.",
            "Look for who began many flows to a gateway at that time. If the traffic is honest, write its paths over the gateway apart.",
        ],
    },
    Words {
        rule: limits::RING_OCTETS.alert,
        category: Category::Blind,
        ja: [
            "届いたパケットを受け取りきれなかった",
            "この間に失われたフレームはどのフローにもなく、判定もされていません。「通信がなかった」とは言えない時間帯です。",
            "センサーの負荷を確かめ、--ring-mib を増やすか、--workers を増やすか、ミラーする範囲を減らしてください。",
        ],
        en: [
            "Packets arrived faster than they were taken",
            "The frames lost in that time are in no flow and were not judged: of that time nobody can say that there was no communication.",
            "Look at the load of the sensor; give it a larger ring (--ring-mib), more workers (--workers), or mirror less to it.",
        ],
    },
    Words {
        rule: limits::INDICATOR_ALERTS.alert,
        category: Category::Health,
        ja: [
            "同時にまとめられる脅威情報の警報の上限に達した",
            "早く閉じた警報の続きは、別の警報になっています。失われた警報はありません。",
            "どの一覧(リスト)の警報が最も多いかを数え、正当な相手を広く含む一覧を外すか、信頼度を下げてください。",
        ],
        en: [
            "The limit on alerts about indicators that are folded at once was met",
            "What followed on the alerts that were closed early is in further alerts. No alert was lost.",
            "Count alerts by list and begin with the most frequent: leave out a list that takes in honest hosts, or trust it less.",
        ],
    },
    Words {
        rule: limits::INDICATORS_A_FLOW.alert,
        category: Category::Blind,
        ja: [
            "1つのフローに一致した脅威情報の上限に達した",
            "該当するフローには、警報にならなかった脅威情報があります。フローとその内容の記録はすべてあります。",
            "この時間帯にDNSの問い合わせを1つのフローで多く送った発信元を調べてください。一覧に正当な名前が多く含まれていないかも確かめてください。",
        ],
        en: [
            "The limit on indicators that one flow meets was met",
            "Some indicators that these flows met raised no alert. The flows and what they say are recorded.",
            "Look for who sent many DNS queries in one flow at that time, and whether a list takes in many honest names.",
        ],
    },
    Words {
        rule: limits::DAILY_VALUES.alert,
        category: Category::Health,
        ja: [
            "遡り検索用の一覧に載せる値の上限に達した",
            "後から現れたアドレスや名前は、その日の遡り検索では見つかりません。フローの記録はすべてあります。",
            "この時間帯に多くのアドレスや名前を使った相手を探してください。スキャンか、名前に載せたデータの持ち出しが考えられます。",
        ],
        en: [
            "The limit on the values of a daily set was met",
            "Looking back on that day does not find the addresses and names that came later. All flow records are there.",
            "Look for who used many addresses or names at that time: a scan, or data carried out in names.",
        ],
    },
];

/// The alerts for what `spans` says, within the time of the input. `flows` is the limit on flows, which
/// a run may set.
pub(crate) fn of(spans: &Spans, (first, last): (Timestamp, Timestamp), flows: u64) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (words, signature_id) in RULES.iter().zip(FIRST_SIGNATURE..) {
        let met: Vec<&Limit> = LIMITS.iter().filter(|limit| limit.alert == words.rule).collect();
        let Some(span) = met.first().and_then(|limit| spans.get(limit.counter)) else {
            continue;
        };
        let span = Span {
            first: span.first.clamp(first, last),
            last: span.last.clamp(first, last),
            ..span
        };
        alerts.push(alert(words, signature_id, &met, span, flows));
    }
    alerts
}

fn alert(words: &Words, signature_id: u32, met: &[&Limit], span: Span, flows: u64) -> Alert {
    let value = |limit: &Limit| {
        if limit.id == limits::FLOWS.id {
            flows
        } else {
            limit.default
        }
    };
    let names = |between: &str| {
        let each = met.iter().map(|limit| format!("{} ({})", limit.id, value(limit)));
        each.collect::<Vec<_>>().join(between)
    };
    let counter = met.first().map_or("", |limit| limit.counter);
    let [title_ja, lost_ja, first_ja] = words.ja;
    let [title_en, lost_en, first_en] = words.en;
    let Span { count, first, last } = span;
    let explanation = Explanation {
        observed: Text::new(
            format!(
                "{first}から{last}までの間に、上限 {} に{count}回達しました。{lost_ja}",
                names("、")
            ),
            format!(
                "Between {first} and {last} the limit {} was met {count} times. {lost_en}",
                names(" or ")
            ),
        ),
        expected: Text::new(
            "どの上限にも達せず、流れるものがすべて追跡されること。",
            "That no limit is met, so that everything that passes is tracked.",
        ),
        silenced_by: Text::new(
            format!("計数 {counter} が動かないこと。"),
            format!("A counter {counter} that does not move."),
        ),
        first_step: Text::new(first_ja, first_en),
        ..Explanation::default()
    };
    Alert {
        id: stable_id(u64::from(signature_id), first.nanos().cast_unsigned()),
        rule: Arc::from(words.rule),
        signature_id,
        title: Text::new(title_ja, title_en),
        severity: Severity::Low,
        category: words.category,
        first_seen: first,
        last_seen: last,
        count,
        packets: 0,
        octets: 0,
        subject: None,
        flow: None,
        clause: Arc::from(""),
        attack: Vec::new(),
        explanation,
        indicator: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_but_those_on_damaged_input_has_its_words() {
        for limit in LIMITS {
            let rules = RULES.iter().filter(|words| words.rule == limit.alert).count();
            let is_damage = limit.counter == "input_damage";

            assert_eq!(rules, usize::from(!is_damage), "{}", limit.id);
        }
    }

    #[test]
    fn limits_share_an_alert_exactly_where_they_share_a_counter() {
        for one in LIMITS {
            for other in LIMITS {
                assert_eq!(
                    one.alert == other.alert,
                    one.counter == other.counter,
                    "{} {}",
                    one.id,
                    other.id
                );
            }
        }
    }

    #[test]
    fn an_alert_says_which_limit_how_often_and_when_within_the_input() {
        let at = |seconds| Timestamp::from_seconds(seconds, 0);
        let mut spans = Spans::default();
        spans.note(limits::FLOWS.counter, 7, Timestamp::MIN, at(200));
        spans.note(limits::LINK_HEADERS.counter, 1, at(150), at(160));

        let alerts = of(&spans, (at(100), at(190)), 32);

        let rules: Vec<_> = alerts.iter().map(|alert| &*alert.rule).collect();
        assert_eq!(rules, ["LIMIT-FLOWS", "LIMIT-LINK-HEADERS"]);
        assert_eq!((alerts[0].first_seen, alerts[0].last_seen), (at(100), at(190)));
        assert_eq!((alerts[0].count, alerts[0].category.name()), (7, "blind"));
        let observed = &alerts[0].explanation.observed;
        assert!(
            observed.en.contains("the limit flows (32) was met 7 times"),
            "{}",
            observed.en
        );
        assert!(observed.ja.contains("上限 flows (32) に7回"), "{}", observed.ja);
        let links = &alerts[1].explanation.observed.en;
        assert!(
            links.contains("vlan_tags (3) or link_headers (16) or mpls_labels (16)"),
            "{links}"
        );
    }
}
