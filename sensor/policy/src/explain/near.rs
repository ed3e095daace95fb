//! The paths that come near a flow without speaking of it, and in what it differs from each.

use std::fmt::Display;
use std::sync::Arc;

use sekisho_model::{Endpoint, FlowRecord, Text};

use super::nearest::{Difference, Nearest, ranked};
use crate::conditions::{End, Ports};
use crate::{Judgement, Policy, Question};

/// A path that comes near a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// Its id.
    pub id: Arc<str>,
    /// What people call it.
    pub title: Text,
    /// In what the flow differs, as [`sekisho_model::Explanation::differs`] names it.
    pub differs: Vec<&'static str>,
    /// The same in words: what the path says, and what the flow has.
    pub words: Text,
}

impl Policy {
    /// The paths that share an end with the flow and do not speak of it, the nearest first.
    #[must_use]
    pub fn near(&self, question: &Question<'_>, limit: usize) -> Vec<Near> {
        let judged = self.judge(question);
        let record = record(question);
        ranked(self, &record, judged.orig_zone, judged.resp_zone)
            .into_iter()
            .take(limit)
            .map(|nearest| near(self, question, &judged, &nearest))
            .collect()
    }
}

/// What of a record the neighbours are found by.
fn record(question: &Question<'_>) -> FlowRecord {
    FlowRecord {
        orig: Endpoint {
            address: question.orig,
            port: 0,
        },
        resp: Endpoint {
            address: question.resp,
            port: question.resp_port,
        },
        protocol: question.protocol,
        has_ports: question.has_ports,
        vlan: question.vlan,
        orig_mac: question.orig_mac,
        resp_mac: question.resp_mac,
        start: question.at,
        end: question.at,
        ..FlowRecord::example()
    }
}

fn near(policy: &Policy, question: &Question<'_>, judged: &Judgement, nearest: &Nearest<'_>) -> Near {
    let Nearest {
        path,
        service,
        hosts: [from_hosts, to_hosts],
        differs,
    } = nearest;
    let zone = |zone| policy.zone_name(zone);
    let (orig, resp) = (zone(judged.orig_zone), zone(judged.resp_zone));
    let (from, to) = (
        ends(policy, &path.conditions.from),
        ends(policy, &path.conditions.to),
    );
    let words = differs.iter().map(|difference| match difference {
        Difference::From => differ("発信元ゾーン", "originator's zone", &from, orig),
        Difference::To => differ("宛先ゾーン", "responder's zone", &to, resp),
        Difference::FromHosts => {
            let hosts = policy.hosts(*from_hosts).join(", ");
            differ("発信元ホスト", "originator", &hosts, &question.orig)
        }
        Difference::ToHosts => {
            let hosts = policy.hosts(*to_hosts).join(", ");
            differ("宛先ホスト", "responder", &hosts, &question.resp)
        }
        Difference::Protocol => {
            let protocols: Vec<_> = service.protocols.iter().map(|one| one.to_string()).collect();
            differ(
                "プロトコル",
                "protocol",
                &protocols.join(", "),
                &question.protocol,
            )
        }
        Difference::Ports => {
            let ports: Vec<_> = service.ports.iter().flat_map(Ports::words).collect();
            differ("ポート", "port", &ports.join(", "), &question.resp_port)
        }
        Difference::Direction => differ(
            "向き",
            "direction",
            &format!("{from} -> {to}"),
            &format!("{orig} -> {resp}"),
        ),
        Difference::Via => {
            let gateway = path.via.and_then(|via| policy.gateways.get(via));
            let id = gateway.map_or("", |gateway| &gateway.id);
            Text::new(
                format!("ゲートウェイ {id} を通っていない"),
                format!("past the gateway {id}"),
            )
        }
    });
    let (ja, en): (Vec<_>, Vec<_>) = words.map(|words| (words.ja, words.en)).unzip();
    Near {
        id: Arc::clone(&path.id),
        title: path.title.clone(),
        differs: differs.iter().map(|difference| difference.word()).collect(),
        words: Text::new(ja.join("、"), en.join("; ")),
    }
}

fn differ(ja: &str, en: &str, path: &str, flow: &impl Display) -> Text {
    Text::new(
        format!("{ja}が違う (経路: {path} / 通信: {flow})"),
        format!("another {en} (path: {path}; flow: {flow})"),
    )
}

fn ends(policy: &Policy, end: &End) -> String {
    match end {
        End::Any => "*".to_owned(),
        End::Zones(zones) => {
            let names: Vec<&str> = zones.iter().map(|zone| &**policy.zone_name(*zone)).collect();
            names.join(", ")
        }
    }
}
