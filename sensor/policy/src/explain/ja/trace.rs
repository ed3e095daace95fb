//! The steps of a judgement, in Japanese.

use std::net::IpAddr;

use sekisho_model::Verdict;

use super::{condition, named, when};
use crate::builtin;
use crate::entry::{Entry, Leg, Path};
use crate::matcher::Failure;
use crate::trace::PlacedBy;
use crate::zones::Zone;
use crate::{Gateway, Judgement, Policy};

pub(in crate::explain) fn placed(zone: &Zone, by: PlacedBy, address: IpAddr, orig: bool) -> String {
    let end = if orig { "発信元" } else { "宛先" };
    let zone = super::zone(zone);
    match by {
        PlacedBy::Network(network) => format!("{end} {address} は、{network} により {zone} に属します。"),
        PlacedBy::Mac(mac) => format!("{end} {address} は、MAC アドレス {mac} により {zone} に属します。"),
        PlacedBy::Vlan(vlan) => format!("{end} {address} は、VLAN {vlan} により {zone} に属します。"),
        PlacedBy::Nothing => format!("{end} {address} は、どのゾーンにも登録されていません ({zone})。"),
    }
}

pub(in crate::explain) fn asked(
    policy: &Policy,
    path: &Path,
    entry: &Entry,
    gateway: Option<&Gateway>,
    failure: Option<Failure>,
) -> String {
    let name = named(path);
    let leg = match (entry.id.leg, gateway) {
        (Leg::Near, Some(gateway)) => format!(" ({} まで)", gateway.label.ja),
        (Leg::Far, Some(gateway)) => format!(" ({} から)", gateway.label.ja),
        _ => String::new(),
    };
    let at = |at: Option<_>| at.map_or_else(String::new, |at| when(policy, at));
    let why = match failure {
        None => "許可します".to_owned(),
        Some(Failure::Service) => format!("サービスが違います (許可: {})", condition::services(path, entry)),
        Some(Failure::Tunnel) => format!("トンネルの条件に合いません (許可: {})", condition::tunnels(path)),
        Some(Failure::Mac) => "登録された MAC アドレスではありません".to_owned(),
        Some(Failure::NextHop) => "決められた次の中継先を通りません".to_owned(),
        Some(Failure::Early) => format!("{} に始まります", at(path.starts)),
        Some(Failure::Expired) => format!("{} に終わっています", at(path.expires)),
        Some(Failure::Window) => format!(
            "時間帯の外です (許可: {})",
            path.window.as_ref().map_or("", |window| window.text())
        ),
    };
    format!("{name}{leg}: {why}")
}

pub(in crate::explain) fn verdict(judgement: &Judgement, path: Option<&Path>) -> String {
    let rule = &*judgement.rule;
    match (judgement.verdict, path) {
        (Verdict::Unknown, _) if judgement.excluded => "判定の対象から除外されています。".to_owned(),
        (Verdict::Unknown, _) => "判定できません。".to_owned(),
        (Verdict::Allowed, Some(path)) => format!("許可: {} によります。", named(path)),
        (Verdict::Allowed, None) if rule == builtin::INTRA_ALLOW.id => {
            format!("許可: 同じゾーンの中の通信です ({rule})。")
        }
        (Verdict::Allowed, None) if rule == builtin::LINK_LOCAL.id => {
            format!("許可: ルーターを越えない通信です ({rule})。")
        }
        (Verdict::Allowed, None) => format!("許可: 別の通信についての ICMP エラーです ({rule})。"),
        (Verdict::Denied, Some(path)) => {
            format!(
                "拒否: {} の条件を満たさず、ほかに許可する経路がありません ({rule})。",
                named(path)
            )
        }
        (Verdict::Denied, None) => format!("拒否: 許可する経路がありません ({rule})。"),
    }
}
