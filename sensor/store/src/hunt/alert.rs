//! Hits as alerts: one for each indicator and inside address that talked to it.
//!
//! Its number comes from the indicator's value and the address alone, so that looking back again, or
//! with a longer list, raises nothing twice. Where the flows of the time are still kept, the alert has
//! the ends of the newest of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use sekisho_filter::Filter;
use sekisho_model::indicator::{Indicator, Kind};
use sekisho_model::{Category, Explanation, Severity, Text, Timestamp, stable_id};
use serde_json::Value;

use super::hit::quoted;
use super::{Hit, Hunt, Unchecked};
use crate::{
    AlertEnd, AlertRow, DailyKind, DailyRow, FlowQuery, FlowRow, HostQuery, Store, StoreError, TimeRange,
};

/// Alerts that one hunt raises at most; further ones are counted.
pub const MAX_ALERTS: usize = 1_000;

/// Addresses that must have talked to an indicator before it may be to blame itself.
const PREVALENT_HOSTS: u64 = 10;

/// What came of raising the alerts of a hunt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raised {
    /// Alerts that are new.
    pub new: u64,
    /// Alerts that an earlier hunt had raised; they say what is known now.
    pub known: u64,
    /// Alerts that were not raised: beyond [`MAX_ALERTS`], or of addresses that are not named.
    pub left_out: u64,
}

impl Hunt {
    /// Raises an alert for each indicator that was found and each address that talked to it.
    ///
    /// # Errors
    ///
    /// What failed to be read or written.
    pub fn raise(&self, store: &dyn Store, hits: &[Hit]) -> Result<Raised, StoreError> {
        let (alerts, left_out) = self.alerts(store, hits)?;
        let new = store.raise(&alerts)?;
        let count = u64::try_from(alerts.len()).unwrap_or(u64::MAX);
        Ok(Raised {
            new,
            known: count.saturating_sub(new),
            left_out,
        })
    }

    /// The alerts, and how many there are beyond them.
    fn alerts(&self, store: &dyn Store, hits: &[Hit]) -> Result<(Vec<AlertRow>, u64), StoreError> {
        let mut alerts = Vec::new();
        let mut left_out = 0_u64;
        let devices = HostQuery {
            limit: 1,
            ..HostQuery::default()
        };
        let devices = store.hosts(&devices)?.total.unwrap_or(0);
        for hit in hits {
            let Some(indicator) = self.indicators.get(hit.indicator) else {
                continue;
            };
            let mut by_host: BTreeMap<IpAddr, Vec<&DailyRow>> = BTreeMap::new();
            let mut unnamed = 0_u64;
            for row in &hit.rows {
                let named = u64::try_from(row.sum.who.len()).unwrap_or(u64::MAX);
                unnamed = unnamed.max(row.sum.who_count.saturating_sub(named));
                for host in &row.sum.who {
                    by_host.entry(*host).or_default().push(row);
                }
            }
            left_out = left_out.saturating_add(unnamed);
            let others = hit.sum().map_or(0, |sum| sum.who_count);
            let is_prevalent = others >= PREVALENT_HOSTS && others.saturating_mul(2) >= devices;
            for (host, rows) in by_host {
                if alerts.len() >= MAX_ALERTS {
                    left_out = left_out.saturating_add(1);
                    continue;
                }
                let found = Found {
                    indicator,
                    unchecked: hit.unchecked,
                    host,
                    rows,
                    others,
                    is_prevalent,
                };
                alerts.extend(found.alert(store)?);
            }
        }
        Ok((alerts, left_out))
    }
}

/// One address that talked to one indicator.
struct Found<'a> {
    indicator: &'a Indicator,
    unchecked: Option<Unchecked>,
    host: IpAddr,
    /// Of the days on which it did; the newest first, not empty.
    rows: Vec<&'a DailyRow>,
    /// How many talked to it in all.
    others: u64,
    /// So many that the indicator is more likely wrong than they are.
    is_prevalent: bool,
}

impl Found<'_> {
    fn alert(&self, store: &dyn Store) -> Result<Option<AlertRow>, StoreError> {
        let Some(newest) = self.rows.first() else {
            return Ok(None);
        };
        let sum = |of: fn(&DailyRow) -> u64| self.rows.iter().map(|row| of(row)).fold(0, u64::saturating_add);
        let first = self.rows.iter().map(|row| row.sum.first).min();
        let last = self.rows.iter().map(|row| row.sum.last).max();
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let filter = filter(newest, self.host);
        let (flow, flows) = match &filter {
            Some(text) => self.flow(store, text, (first, last))?,
            None => (None, 0),
        };
        let kind = self.indicator.value.kind();
        let answered = sum(|row| row.sum.answered);
        let (orig, resp) = ends(flow.as_ref(), newest, self.host);
        let circumstances = Circumstances {
            is_answered: answered > 0,
            is_inward: self
                .rows
                .iter()
                .all(|row| row.sum.began > 0 && row.sum.began == row.sum.flows),
            is_vague: self.unchecked.is_some(),
            is_prevalent: self.is_prevalent,
        };
        let word = |column: &str| flow.as_ref().and_then(|flow| flow.0.get(column)?.as_str());
        let value = self.indicator.value.to_string();
        Ok(Some(AlertRow {
            id: stable_id(
                number(&["lookback", kind.name(), &value]),
                number(&[&self.host.to_string()]),
            ),
            rule: kind.rule().to_owned(),
            signature_id: signature(kind),
            title: title(kind),
            severity: severity(self.indicator, circumstances).number(),
            category: Category::ThreatIntel.name().to_owned(),
            first_seen: first,
            last_seen: last,
            // Those of this address where they are still kept, else those of everybody.
            count: match flows {
                0 => sum(|row| row.sum.flows.max(row.sum.mentions)).max(1),
                flows => flows,
            },
            packets: 0,
            octets: sum(|row| row.sum.octets_to.saturating_add(row.sum.octets_from)),
            orig: Some(orig),
            resp,
            protocol: word("protocol").unwrap_or_default().to_owned(),
            flow_id: flow.as_ref().and_then(|flow| flow.0.get("flow_id")?.as_u64()),
            community_id: word("community_id").unwrap_or_default().to_owned(),
            clause: String::new(),
            attack: attack(kind).iter().map(|id| (*id).to_owned()).collect(),
            policy_version: word("policy_version").unwrap_or_default().to_owned(),
            explanation: self.explanation(&value, (first, last), answered, &sum),
            lookback: true,
            flows_filter: filter.map(|filter| {
                let end = last.plus(Duration::from_micros(1));
                format!("{filter} and start >= \"{first}\" and start <= \"{end}\"")
            }),
            suppressed_by: None,
        }))
    }

    /// The newest flow behind it and how many there are, where they are still kept.
    fn flow(
        &self,
        store: &dyn Store,
        filter: &str,
        (first, last): (Timestamp, Timestamp),
    ) -> Result<(Option<FlowRow>, u64), StoreError> {
        let Ok(filter) = Filter::parse(filter) else {
            return Ok((None, 0));
        };
        let page = store.flows(&FlowQuery {
            range: TimeRange {
                since: Some(first),
                until: Some(last.plus(Duration::from_nanos(1))),
            },
            filter: Some(filter),
            limit: 1,
            cursor: None,
        })?;
        Ok((page.rows.into_iter().next(), page.total.unwrap_or(0)))
    }

    fn explanation(
        &self,
        value: &str,
        (first, last): (Timestamp, Timestamp),
        answered: u64,
        sum: &dyn Fn(fn(&DailyRow) -> u64) -> u64,
    ) -> Explanation {
        let Indicator {
            source,
            line,
            confidence,
            note,
            ..
        } = self.indicator;
        let mut seen: Vec<_> = self.rows.iter().map(|row| row.value.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        let more = seen.len().saturating_sub(5);
        seen.truncate(5);
        let seen = seen.join(", ");
        let (host, others) = (self.host, self.others);
        let flows = sum(|row| row.sum.flows);
        let mentions = sum(|row| row.sum.mentions);
        let (to, from) = (sum(|row| row.sum.octets_to), sum(|row| row.sum.octets_from));
        let note_ja = if note.is_empty() {
            String::new()
        } else {
            format!("、備考「{note}」")
        };
        let note_en = if note.is_empty() {
            String::new()
        } else {
            format!(", \"{note}\"")
        };
        let more_ja = if more == 0 {
            String::new()
        } else {
            format!("ほか{more}件")
        };
        let more_en = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        let (unchecked_ja, unchecked_en) = match self.unchecked {
            None => ("", ""),
            Some(Unchecked::Port) => (
                "日ごとの一覧にポートはないため、アドレスだけを照合しました。",
                " The daily sets have no ports: the address alone was compared.",
            ),
            Some(Unchecked::Path) => (
                "日ごとの一覧にパスはないため、ホストだけを照合しました。",
                " The daily sets have no paths: the host alone was compared.",
            ),
        };
        let (prevalent_ja, prevalent_en) = match self.is_prevalent {
            false => ("", ""),
            true => (
                "これは機器の半数以上に当たり、指標の誤りである疑いがあります。",
                " That is half of all devices or more: the indicator is likely wrong.",
            ),
        };
        Explanation {
            observed: Text::new(
                format!(
                    "{host} は、{first}から{last}までに、指標 {value}({source} の{line}番、確度{confidence}{note_ja})に当たる {seen}{more_ja} と通信していました。フロー{flows}件、うち応答あり{answered}件、名前の問い合わせや要求{mentions}回、送信{to}オクテット、受信{from}オクテット(その日にこの値と通信した全員の合計)。この指標と通信したアドレスは全部で{others}個です。{prevalent_ja}{unchecked_ja}遡り検索で見つけました。"
                ),
                format!(
                    "Between {first} and {last}, {host} talked to {seen}{more_en}, which the indicator {value} means ({source}, number {line}, confidence {confidence}{note_en}): {flows} flows, {answered} of them answered, {mentions} questions and requests, {to} octets sent and {from} received (of all who talked to the value on those days). {others} addresses talked to the indicator in all.{prevalent_en}{unchecked_en} Found by looking back."
                ),
            ),
            expected: Text::new(
                "脅威情報に載る相手とは通信しないこと。",
                "No communication with what others warn of.",
            ),
            silenced_by: Text::new(
                "この指標が一覧にないか、その時点で期限切れだったこと。または、この警報への例外。",
                "The indicator not being on the list, or expired by then; or an exception for this alert.",
            ),
            first_step: Text::new(
                "応答があったかどうかと通信量を見てください。応答があれば端末を調べ、この時刻より後の、その端末のほかの通信を確かめてください。",
                "See whether the other side answered and how much moved. If it answered, examine the device and what else it did after that time.",
            ),
            ..Explanation::default()
        }
    }
}

/// The flows behind a row, of one address.
fn filter(row: &DailyRow, host: IpAddr) -> Option<String> {
    let value = quoted(&row.value);
    Some(match row.kind {
        DailyKind::Address => format!("address == {host} and address == {}", row.value),
        DailyKind::Name => format!("orig.address == {host} and server_name == {value}"),
        DailyKind::Ja3 => format!("orig.address == {host} and ja3 == {value}"),
        DailyKind::Ja4 => format!("orig.address == {host} and ja4 == {value}"),
        DailyKind::CertificateSha256 => format!("orig.address == {host} and certificate_sha256 == {value}"),
        DailyKind::UserAgent => format!("orig.address == {host} and client_software == {value}"),
        DailyKind::CertificateSha1 => return None,
    })
}

/// Both ends: those of the flow; where it is not kept any more, what the row says of them.
fn ends(flow: Option<&FlowRow>, row: &DailyRow, host: IpAddr) -> (AlertEnd, Option<AlertEnd>) {
    let unknown = |address| AlertEnd {
        address,
        port: 0,
        zone: "unknown".to_owned(),
        mac: None,
    };
    let end = |flow: &FlowRow, side: &str| {
        let get = |what: &str| flow.0.get(&format!("{side}_{what}"));
        let word = |what: &str| get(what).and_then(Value::as_str);
        Some(AlertEnd {
            address: word("address")?.parse().ok()?,
            port: get("port")?.as_u64().and_then(|port| u16::try_from(port).ok())?,
            zone: word("zone")?.to_owned(),
            mac: word("mac").map(ToOwned::to_owned),
        })
    };
    if let Some(flow) = flow
        && let (Some(orig), resp @ Some(_)) = (end(flow, "orig"), end(flow, "resp"))
    {
        return (orig, resp);
    }
    let other = row.value.parse().ok().filter(|_| row.kind == DailyKind::Address);
    match other {
        Some(other) if row.sum.began > 0 && row.sum.began == row.sum.flows => {
            (unknown(other), Some(unknown(host)))
        }
        other => (unknown(host), other.map(unknown)),
    }
}

/// What the urgency of an alert depends on, besides the indicator.
#[derive(Debug, Clone, Copy)]
struct Circumstances {
    is_answered: bool,
    /// The listed address began.
    is_inward: bool,
    /// A port or a path was not compared.
    is_vague: bool,
    is_prevalent: bool,
}

/// As for indicators that traffic meets as it comes: the confidence, a step less urgent for each doubt.
fn severity(indicator: &Indicator, of: Circumstances) -> Severity {
    if of.is_prevalent {
        return Severity::Informational;
    }
    let base = match indicator.confidence {
        75.. => Severity::High,
        50..=74 => Severity::Medium,
        25..=49 => Severity::Low,
        _ => return Severity::Informational,
    };
    let kind = indicator.value.kind();
    let is_shared = matches!(kind, Kind::Ja4 | Kind::UserAgent);
    let doubts = [!of.is_answered, of.is_inward, is_shared];
    let doubts = doubts.into_iter().filter(|doubt| *doubt).count();
    match (base, doubts) {
        _ if of.is_vague || kind == Kind::Ja3 => Severity::Low,
        (Severity::High, 0) => Severity::High,
        (Severity::High, 1) | (Severity::Medium, 0) => Severity::Medium,
        _ => Severity::Low,
    }
}

fn title(kind: Kind) -> Text {
    let (ja, en) = match kind {
        Kind::Address | Kind::Network => (
            "脅威情報のアドレスとの過去の通信",
            "Past traffic with an address of threat intelligence",
        ),
        Kind::Domain => (
            "脅威情報の名前との過去の通信",
            "Past traffic with a name of threat intelligence",
        ),
        Kind::Url => (
            "脅威情報のURLのホストとの過去の通信",
            "Past traffic with the host of a URL of threat intelligence",
        ),
        Kind::Ja3 | Kind::Ja4 => (
            "脅威情報のTLS指紋を持つ過去の通信",
            "Past traffic with a TLS fingerprint of threat intelligence",
        ),
        Kind::CertificateSha1 | Kind::CertificateSha256 => (
            "脅威情報の証明書との過去の通信",
            "Past traffic with a certificate of threat intelligence",
        ),
        Kind::UserAgent => (
            "脅威情報のユーザーエージェントによる過去の通信",
            "Past traffic with a user agent of threat intelligence",
        ),
    };
    Text::new(ja, en)
}

const fn attack(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Url | Kind::UserAgent => &["T1071.001"],
        _ => &["T1071"],
    }
}

/// The number in `alert.signature_id`, by rule.
const fn signature(kind: Kind) -> u32 {
    match kind {
        Kind::Address | Kind::Network => 3_000_001,
        Kind::Domain => 3_000_002,
        Kind::Url => 3_000_003,
        Kind::Ja3 => 3_000_004,
        Kind::Ja4 => 3_000_005,
        Kind::CertificateSha1 | Kind::CertificateSha256 => 3_000_006,
        Kind::UserAgent => 3_000_007,
    }
}

/// The same number for the same words on every run (FNV-1a).
fn number(words: &[&str]) -> u64 {
    let octets = words.iter().flat_map(|word| word.bytes().chain([0]));
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}
