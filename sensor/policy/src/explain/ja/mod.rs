//! The explanation in Japanese.

mod condition;
pub(super) mod trace;

use sekisho_model::Timestamp;

use super::facts::{Facts, LISTED, Openness, Stranger};
use super::nearest::{Difference, Nearest};
use super::template::{Slot, Template, wanted};
use super::{moment, service};
use crate::Policy;
use crate::conditions::{End, Ports};
use crate::entry::{Host, Path};
use crate::zones::Zone;

pub(super) fn title(facts: &Facts<'_>) -> String {
    if let Some(failed) = &facts.failed {
        return condition::title(failed, facts);
    }
    let what = match facts.past() {
        Some((_, gateway)) => format!("{} を経由しない通信", gateway.label.ja),
        None => "許可されていない経路の通信".to_owned(),
    };
    format!(
        "{what} ({} → {})",
        facts.orig.zone.label.ja, facts.resp.zone.label.ja
    )
}

pub(super) fn observed(facts: &Facts<'_>) -> Template {
    let answer = if facts.answered {
        "相手は応答しています。"
    } else {
        "相手の応答は確認されていません。"
    };
    let (orig, resp) = (zone(facts.orig.zone), zone(facts.resp.zone));
    let said = Template::default()
        .say(&format!("{orig} の "))
        .slot(Slot::Orig)
        .say(&format!(" から{} の ", after_words(&resp)))
        .slot(Slot::Resp)
        .say(" へ、")
        .then(&over(facts))
        .say(" の通信がありました。")
        .say(answer);
    match &facts.failed {
        Some(failed) => condition::observed(said, failed, facts),
        None => said,
    }
}

pub(super) fn expected(facts: &Facts<'_>) -> String {
    if let Some(failed) = &facts.failed {
        return condition::expected(failed);
    }
    let orig = zone(facts.orig.zone);
    let between = if facts.inside {
        format!("{orig} の機器どうし")
    } else {
        format!("{orig} から{} へ", after_words(&zone(facts.resp.zone)))
    };
    let basis = if facts.clause.is_empty() {
        String::new()
    } else {
        format!("根拠となる条項は {} です。", facts.clause)
    };
    if facts.between.is_empty() {
        return format!("ポリシーは、{between}の通信を一切許可していません。{basis}");
    }
    let paths: Vec<_> = facts
        .between
        .iter()
        .map(|path| over_gateway(path, facts))
        .collect();
    let more = if facts.more > 0 {
        format!("ほか {} 件", facts.more)
    } else {
        String::new()
    };
    format!(
        "ポリシーが{}の通信に許可している経路は、{} {more}だけです。{basis}",
        after_words(&between),
        paths.join("、")
    )
}

pub(super) fn nearest(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::nearest(failed, facts).into();
    }
    let Some(nearest) = &facts.nearest else {
        let (orig, resp) = (zone(facts.orig.zone), zone(facts.resp.zone));
        return Template::from(if facts.inside {
            format!("{orig} に関わる許可経路はありません。")
        } else {
            format!("{orig} を発信元とする経路も、{resp} を宛先とする経路も許可されていません。")
        });
    };
    let differs: Vec<_> = nearest
        .differs
        .iter()
        .map(|what| difference(*what, nearest, facts))
        .collect();
    Template::from(format!("最も近い許可経路は {} です。", named(nearest.path)))
        .say("この通信との違いは、")
        .list(&differs, "、")
        .say(" です。")
}

pub(super) fn silenced_by(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::silenced_by(failed, facts).into();
    }
    if let Some((path, gateway)) = facts.past() {
        return Template::from(format!(
            "{} のとおり {} を経由した通信であれば、この警告は出ません。",
            path.id, gateway.label.ja
        ));
    }
    if let Some((path, ends)) = facts.unnamed() {
        let added = [("from_hosts", Slot::Orig), ("to_hosts", Slot::Resp)];
        let added: Vec<_> = (added.into_iter().zip(ends))
            .filter(|(_, lacks)| *lacks)
            .map(|((key, slot), _)| Template::from(format!("{key} に ")).slot(slot))
            .collect();
        return Template::from(format!("{} の ", path.id))
            .list(&added, "、")
            .say(" が登録されていれば、この警告は出ません。")
            .say(condition::how_to_change(path));
    }
    let inside = if facts.inside && facts.narrowed() == [false; 2] {
        format!("[zone.{}] が intra = \"allow\" であるか、", facts.orig.zone.id)
    } else {
        String::new()
    };
    Template::from(inside)
        .then(&wanted(facts, "、"))
        .say(" の [[path]] がポリシーにあれば、この警告は出ません。")
        .say(match facts.openness() {
            Openness::Hosts => {
                "最も近い経路と同じく機器を限った経路です。業務上の必要が承認された場合に限って追加してください。"
            }
            Openness::Zones => {
                "経路はゾーン内のすべての機器に開かれるため、業務上の必要が承認された場合に限って追加してください。"
            }
            Openness::Unregistered => {
                "ただし unknown を含む経路は未登録のあらゆるアドレスに開かれるため、\
                 先にアドレスをゾーンとして登録し、業務上の必要が承認された場合に限って追加してください。"
            }
        })
}

pub(super) fn first_step(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::first_step(failed);
    }
    if let Some((_, gateway)) = facts.past() {
        return Template::default().slot(Slot::Orig).say(&format!(
            " が {} を経由せずに通信できた理由を、ファイアウォールの規則と機器の設定で確認してください。\
                 経由しない経路を塞ぎ、やり取りされた内容の記録を保全してください。",
            gateway.label.ja
        ));
    }
    let address = Template::default().slot(Slot::Orig);
    match facts.stranger {
        Some(Stranger::Inside) => {
            let unregistered = address.say(" はどのゾーンにも登録されていません。");
            let mac = if facts.record.orig_mac.is_some() {
                unregistered.say("MAC アドレス ").slot(Slot::OrigMac).say(" ")
            } else {
                unregistered.say("フレームの MAC アドレス")
            };
            mac.say(
                "とスイッチの接続ポートから機器を特定し、\
                 管理外の機器であればネットワークから切り離してください。",
            )
        }
        Some(Stranger::Outside) => address.say(
            " は組織のネットワークに属さないアドレスです。この通信を通した境界の機器 \
             (ファイアウォールやルーター) の設定と記録を確認し、必要のない通信であれば遮断してください。",
        ),
        None => address.say(&format!(
            " の利用者または管理者{}に、この通信の目的を確認してください。\
             必要な業務であれば経路の承認を受けてポリシーに追加し、心当たりがなければ、\
             記録を保全したうえで機器をネットワークから切り離してください。",
            keeper(facts.orig.zone)
        )),
    }
}

fn keeper(zone: &Zone) -> String {
    let words = zone.keepers().join("、");
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({}の所管: {words}) ", zone.label.ja)
    }
}

/// `業務系 (gyomu)`.
fn zone(zone: &Zone) -> String {
    if zone.label.ja == *zone.id {
        zone.id.to_string()
    } else {
        format!("{} ({})", zone.label.ja, zone.id)
    }
}

/// A space stands between Japanese words and Latin letters.
fn after_words(text: &str) -> String {
    if text.starts_with(|c: char| c.is_ascii()) {
        format!(" {text}")
    } else {
        text.to_owned()
    }
}

fn over(facts: &Facts<'_>) -> Template {
    let record = facts.record;
    if service::is_icmp(record) {
        let word = service::icmp(record.protocol, record.orig.port)
            .map_or_else(String::new, |(ja, _)| format!(" ({ja})"));
        return Template::from(format!("{} タイプ {} コード ", record.protocol, record.orig.port))
            .slot(Slot::RespPort)
            .say(&word);
    }
    if !record.protocol.has_ports() {
        return Template::from(match record.protocol.name() {
            Some(name) => format!("プロトコル {name}"),
            None => format!("IP プロトコル番号 {}", record.protocol),
        });
    }
    let word = service::word(record.protocol, record.resp.port)
        .map_or_else(String::new, |word| format!(" ({word})"));
    Template::from(format!("{}/", record.protocol))
        .slot(Slot::RespPort)
        .say(&word)
}

/// `PATH-0002「業務端末から共有サーバー」(tcp/443)`.
fn named(path: &Path) -> String {
    let title = if path.title.ja.is_empty() {
        " ".to_owned()
    } else {
        format!("「{}」", path.title.ja)
    };
    format!("{}{title}({})", path.id, service_of(path))
}

/// The path with the gateway that it leads over.
fn over_gateway(path: &Path, facts: &Facts<'_>) -> String {
    match path.via {
        Some(_) => format!("{} ({} を経由)", named(path), via(path, facts)),
        None => named(path),
    }
}

fn service_of(path: &Path) -> String {
    let service = path.conditions.service.to_string();
    if service.is_empty() {
        "すべてのプロトコル".to_owned()
    } else {
        service
    }
}

fn difference(what: Difference, nearest: &Nearest<'_>, facts: &Facts<'_>) -> Template {
    let conditions = &nearest.path.conditions;
    let record = facts.record;
    let is = Template::from;
    let [from_hosts, to_hosts] = nearest.hosts;
    let hosts = |hosts: Option<&[Host]>| some_of(&facts.policy.hosts(hosts));
    let (name, allowed, seen) = match what {
        Difference::From => (
            "発信元のゾーン",
            end(&conditions.from, facts),
            is(label(facts.orig.zone)),
        ),
        Difference::To => (
            "宛先のゾーン",
            end(&conditions.to, facts),
            is(label(facts.resp.zone)),
        ),
        Difference::FromHosts => return is(format!("発信元の機器 (許可: {})", hosts(from_hosts))),
        Difference::ToHosts => return is(format!("宛先の機器 (許可: {})", hosts(to_hosts))),
        Difference::Via => {
            return is(format!(
                "ゲートウェイ (許可: {} を経由、実際: 直接)",
                via(nearest.path, facts)
            ));
        }
        Difference::Protocol => {
            let allowed: Vec<_> = nearest
                .service
                .protocols
                .iter()
                .map(|protocol| protocol.to_string())
                .collect();
            ("プロトコル", allowed.join("、"), is(record.protocol.to_string()))
        }
        Difference::Ports => {
            let allowed: Vec<_> = nearest.service.ports.iter().flat_map(Ports::words).collect();
            (
                "宛先ポート",
                allowed.join("、"),
                Template::default().slot(Slot::RespPort),
            )
        }
        Difference::Direction => {
            let (one, other) = (label(facts.orig.zone), label(facts.resp.zone));
            (
                "通信の向き",
                format!("{other} → {one}"),
                is(format!("{one} → {other}")),
            )
        }
    };
    is(format!("{name} (許可: {allowed}、実際: "))
        .then(&seen)
        .say(")")
}

/// What people call the gateway of a path.
fn via(path: &Path, facts: &Facts<'_>) -> String {
    let gateway = path.via.and_then(|via| facts.policy.gateways.get(via));
    gateway.map_or_else(String::new, |gateway| gateway.label.ja.clone())
}

fn some_of(words: &[String]) -> String {
    let first: Vec<_> = words.iter().take(LISTED).map(String::as_str).collect();
    if words.len() > LISTED {
        format!("{} ほか", first.join("、"))
    } else {
        first.join("、")
    }
}

fn label(zone: &Zone) -> String {
    zone.label.ja.clone()
}

fn end(end: &End, facts: &Facts<'_>) -> String {
    match end {
        End::Any => "すべてのゾーン".to_owned(),
        End::Zones(zones) => {
            let labels: Vec<_> = zones
                .iter()
                .filter_map(|zone| facts.zones.get(*zone))
                .map(label)
                .collect();
            labels.join("、")
        }
    }
}

/// `2026-11-04 (水) 10:00`.
pub(super) fn when(policy: &Policy, at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
    moment(policy, at, DAYS)
}
