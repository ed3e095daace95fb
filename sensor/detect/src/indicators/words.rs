//! Alerts about indicators, in words.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::indicator::{Hit, Indicator, Kind};
use sekisho_model::{Alert, Category, Explanation, FlowRecord, Severity, Text, Timestamp, stable_id};

/// Number of the first of these rules in `alert.signature_id`; the others follow in the order of
/// [`RULES`].
const FIRST_SIGNATURE: u32 = 3_000_001;

/// Rule of the alert that an indicator is a bad one.
pub const PREVALENT: &str = "TI-PREVALENT";

/// Rule of the alert that changed lists could not be taken up.
pub const LISTS_RELOAD: &str = "LISTS-RELOAD";

/// Every rule that lists of indicators raise.
pub const RULES: [&str; 9] = [
    "TI-ADDRESS",
    "TI-DOMAIN",
    "TI-URL",
    "TI-JA3",
    "TI-JA4",
    "TI-CERTIFICATE",
    "TI-USERAGENT",
    PREVALENT,
    LISTS_RELOAD,
];

/// What an alert is made of.
pub(super) struct Told {
    pub(super) severity: Severity,
    pub(super) category: Option<Category>,
    /// The listed address began.
    pub(super) is_inward: bool,
    /// Of the value.
    pub(super) number: u64,
    pub(super) last_seen: Timestamp,
    pub(super) flows: u64,
    pub(super) packets: u64,
    pub(super) hit: Hit,
}

/// The alert of a host that met an indicator, first in `flow`.
pub(super) fn alert(told: Told, flow: FlowRecord) -> Alert {
    let Told { hit, is_inward, .. } = told;
    let kind = hit.indicator.value.kind();
    let rule = kind.rule();
    let host = hit.host.map_or(0, sum);
    Alert {
        id: stable_id(stable_id(told.number, host), flow.start.nanos().cast_unsigned()),
        rule: Arc::from(rule),
        signature_id: signature(rule),
        title: title(kind, is_inward),
        severity: told.severity,
        category: told.category.unwrap_or(Category::ThreatIntel),
        first_seen: flow.start,
        last_seen: told.last_seen,
        count: told.flows,
        packets: told.packets,
        octets: hit.octets_sent.saturating_add(hit.octets_received),
        clause: Arc::from(""),
        attack: techniques(kind, is_inward),
        explanation: Explanation {
            observed: observed(&hit, &flow, told.flows),
            expected: expected(is_inward),
            silenced_by: silenced_by(&hit.indicator),
            first_step: first_step(&hit, is_inward),
            ..Explanation::default()
        },
        subject: hit.host.or(Some(flow.orig.address)),
        flow: Some(flow),
        indicator: Some(Box::new(hit)),
    }
}

/// The alert that so many hosts met an indicator that it is to blame.
pub(super) fn prevalent(
    hit: Hit,
    flow: &FlowRecord,
    last_seen: Timestamp,
    (number, seen): (u64, u64),
) -> Alert {
    let about = about(&hit.indicator);
    let hosts = hit.hosts;
    Alert {
        id: stable_id(
            number,
            stable_id(u64::from(FIRST_SIGNATURE), flow.start.nanos().cast_unsigned()),
        ),
        rule: Arc::from(PREVALENT),
        signature_id: signature(PREVALENT),
        title: Text::new(
            "多くの端末が一致する脅威情報(誤りの疑い)",
            "An indicator that much of the network meets",
        ),
        severity: Severity::Informational,
        category: Category::ThreatIntel,
        first_seen: flow.start,
        last_seen,
        count: hosts,
        packets: 0,
        octets: 0,
        subject: None,
        flow: None,
        clause: Arc::from(""),
        attack: Vec::new(),
        explanation: Explanation {
            observed: Text::new(
                format!(
                    "{}。確認された端末{seen}台のうち{hosts}台が一致しました。",
                    about.ja
                ),
                format!(
                    "{}. Of {seen} hosts of ours that were seen, {hosts} met it.",
                    about.en
                ),
            ),
            expected: Text::new(
                "一致するのは少数の端末だけのはずです。半数以上が一致するものは、共用のアドレスや公開サービスなど、一覧の誤りであることがほとんどです。",
                "Few hosts should meet an indicator. One that half of them meet is nearly always a mistake of its list: a shared address, a public service.",
            ),
            silenced_by: silenced_by(&hit.indicator),
            first_step: Text::new(
                "一覧の提供元に確かめ、誤りならその行を外してください。誤りでなければ、広い範囲の感染を疑ってください。この指標の警報は参考情報として残っています。",
                "Ask the list's source and leave the line out if it is a mistake. If it is none, suspect that much of the network is infected: the alerts of this indicator are kept as informational ones.",
            ),
            ..Explanation::default()
        },
        indicator: Some(Box::new(hit)),
    }
}

/// The number of one of [`RULES`] in `alert.signature_id`.
#[must_use]
pub fn signature(rule: &str) -> u32 {
    let place = RULES
        .iter()
        .zip(FIRST_SIGNATURE..)
        .find(|(known, _)| **known == rule);
    place.map_or(0, |(_, number)| number)
}

fn sum(address: IpAddr) -> u64 {
    let bits = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let [high, low] = [bits >> 64, bits & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(0));
    stable_id(high, low)
}

fn title(kind: Kind, is_inward: bool) -> Text {
    match kind {
        Kind::Address | Kind::Network if is_inward => Text::new(
            "脅威情報にあるアドレスからの通信",
            "Communication from a listed address",
        ),
        Kind::Address | Kind::Network => Text::new(
            "脅威情報にあるアドレスとの通信",
            "Communication with a listed address",
        ),
        Kind::Domain => Text::new(
            "脅威情報にあるドメイン名への通信",
            "A listed domain was asked for",
        ),
        Kind::Url => Text::new("脅威情報にあるURLへの通信", "A listed URL was asked for"),
        Kind::Ja3 => Text::new("脅威情報にあるTLSの特徴(JA3)", "A TLS client with a listed JA3"),
        Kind::Ja4 => Text::new("脅威情報にあるTLSの特徴(JA4)", "A TLS client with a listed JA4"),
        Kind::CertificateSha1 | Kind::CertificateSha256 => {
            Text::new("脅威情報にある証明書", "A listed certificate")
        }
        Kind::UserAgent => Text::new("脅威情報にあるユーザーエージェント", "A listed user agent"),
    }
}

fn kind_words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Address => ("アドレス", "address"),
        Kind::Network => ("ネットワーク", "network"),
        Kind::Domain => ("ドメイン名", "domain"),
        Kind::Url => ("URL", "URL"),
        Kind::Ja3 => ("JA3", "JA3"),
        Kind::Ja4 => ("JA4", "JA4"),
        Kind::CertificateSha1 => ("証明書のSHA-1", "certificate's SHA-1"),
        Kind::CertificateSha256 => ("証明書のSHA-256", "certificate's SHA-256"),
        Kind::UserAgent => ("ユーザーエージェント", "user agent"),
    }
}

/// Which indicator, of which list.
fn about(indicator: &Indicator) -> Text {
    let Indicator {
        value,
        source,
        line,
        confidence,
        note,
        ..
    } = indicator;
    let (ja, en) = kind_words(value.kind());
    let (note_ja, note_en) = if note.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("、注記「{note}」"), format!(", noted as \"{note}\""))
    };
    Text::new(
        format!("一覧「{source}」{line}行目の{ja} {value}(信頼度{confidence}{note_ja})"),
        format!("the {en} {value} of the list \"{source}\", line {line} (confidence {confidence}{note_en})"),
    )
}

fn observed(hit: &Hit, flow: &FlowRecord, flows: u64) -> Text {
    let about = about(&hit.indicator);
    let host = hit.host.map(|host| host.to_string()).unwrap_or_default();
    let zone = if hit.host == Some(flow.orig.address) {
        &flow.orig_zone
    } else {
        &flow.resp_zone
    };
    let Hit {
        field,
        seen,
        octets_sent,
        octets_received,
        hosts,
        ..
    } = hit;
    let mut text = Text::new(
        format!(
            "{host}(ゾーン {zone})が{}に一致しました。一致した値: {field} = {seen}。",
            about.ja
        ),
        format!(
            "{host} (zone {zone}) met {}. What was seen: {field} = {seen}.",
            about.en
        ),
    );
    if hit.is_host_only {
        text.ja
            .push_str("暗号化のためパスは見えず、ホスト名だけの一致です。");
        text.en
            .push_str(" The path is encrypted: only the host is the same.");
    }
    let (ja, en) = if hit.is_answered {
        ("相手側の応答がありました", "There was an answer")
    } else {
        ("応答は確認されていません", "No answer was seen")
    };
    text.ja.push_str(&format!(
        "{ja}。フロー{flows}件、{host}からの送信{octets_sent}オクテット、受信{octets_received}オクテット。"
    ));
    text.en.push_str(&format!(
        " {en}. Flows: {flows}; {host} sent {octets_sent} octets and received {octets_received}."
    ));
    let others: Vec<_> = hit.others.iter().map(ToString::to_string).collect();
    if *hosts <= 1 || others.is_empty() {
        text.ja.push_str("ほかに一致した端末はありません。");
        text.en.push_str(" No other host of ours met it.");
    } else {
        let named = others.join(", ");
        let more = hosts.saturating_sub(1);
        text.ja
            .push_str(&format!("ほかに{more}台が一致しています({named} など)。"));
        text.en.push_str(&format!(
            " {more} other hosts of ours met it, {named} among them."
        ));
    }
    if hit.is_prevalent {
        text.ja
            .push_str("多くの端末が一致しているため、一覧の誤りとみて参考情報にしました。");
        text.en
            .push_str(" So many hosts met it that the list is taken to be wrong: this is informational.");
    }
    text
}

fn expected(is_inward: bool) -> Text {
    if is_inward {
        Text::new(
            "脅威情報にある相手からの通信は、境界で止められていること。",
            "What comes from listed addresses is stopped at the border.",
        )
    } else {
        Text::new(
            "脅威情報にある相手との通信や、その名前の問い合わせがないこと。",
            "No communication with what is listed, and no question for its names.",
        )
    }
}

fn silenced_by(indicator: &Indicator) -> Text {
    let (value, source) = (&indicator.value, &indicator.source);
    Text::new(
        format!("一覧「{source}」から {value} を外すこと、または期限(expires)を過ぎたものにすること。"),
        format!("Leaving {value} out of the list \"{source}\", or an end (expires) that has passed."),
    )
}

fn first_step(hit: &Hit, is_inward: bool) -> Text {
    let host = hit.host.map(|host| host.to_string()).unwrap_or_default();
    if is_inward {
        return Text::new(
            format!(
                "{host}が公開すべきサービスか、応答の内容が正当かを確かめ、不要なら境界で相手を遮断してください。"
            ),
            format!(
                "See whether {host} is to be reached from outside and what it answered; block the address at the border if it is not."
            ),
        );
    }
    if hit.is_answered {
        return Text::new(
            format!(
                "{host}の利用者と時刻を確かめ、同じ時間帯のフローを調べてください。心当たりがなければ端末をネットワークから切り離し、証拠を保全してください。"
            ),
            format!(
                "Ask who used {host} at that time and look at its flows around it. If nobody can explain it, take the host off the network and keep its evidence."
            ),
        );
    }
    Text::new(
        format!(
            "{host}で通信を試みたプログラムを調べ、境界やDNSでの遮断が効いていることを確かめてください。"
        ),
        format!("Find the program on {host} that tried, and see that the border or the resolver blocks it."),
    )
}

fn techniques(kind: Kind, is_inward: bool) -> Vec<Arc<str>> {
    let technique = match kind {
        _ if is_inward => return Vec::new(),
        Kind::Domain => "T1071.004",
        Kind::Url | Kind::UserAgent => "T1071.001",
        _ => "T1071",
    };
    vec![Arc::from(technique)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_rule_and_number() {
        for kind in Kind::ALL {
            assert!(signature(kind.rule()) >= FIRST_SIGNATURE, "{}", kind.name());
        }
        assert_eq!(
            (signature("TI-ADDRESS"), signature(PREVALENT)),
            (3_000_001, 3_000_008)
        );
    }
}
