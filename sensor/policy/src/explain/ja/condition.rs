//! Conditions that were not met, in Japanese.

use sekisho_model::Timestamp;

pub(super) use super::super::condition::services;
use super::super::condition::{Failed, listed};
use super::super::facts::Facts;
use super::super::template::{Slot, Template};
use super::named;
use crate::conditions::Tunnels;
use crate::entry::Path;
use crate::matcher::Failure;

pub(super) fn title(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let what = match failed.what {
        Failure::Service => "許可された経路での許可されていないサービス",
        Failure::Tunnel => "許可と異なる運び方 (トンネル) の通信",
        Failure::Mac => "登録と異なる機器による特定通信",
        Failure::NextHop => "決められた次の中継先を通らない通信",
        Failure::Early if failed.is_exception() => "例外措置の開始前の通信",
        Failure::Early => "許可経路の開始前の通信",
        Failure::Expired if failed.is_exception() => "期限の切れた例外措置の通信",
        Failure::Expired => "期限の切れた経路の通信",
        Failure::Window if failed.is_exception() => "例外措置の時間帯から外れた通信",
        Failure::Window => "許可された時間帯から外れた通信",
    };
    format!(
        "{what} ({} → {})",
        facts.orig.zone.label.ja, facts.resp.zone.label.ja
    )
}

/// Goes on with what was seen of the condition.
pub(super) fn observed(said: Template, failed: &Failed<'_>, facts: &Facts<'_>) -> Template {
    match failed.what {
        Failure::Service => said.say(&format!(
            "通信の内容から判明したサービスは {} です。",
            facts.service()
        )),
        Failure::Tunnel => match facts.tunnel() {
            Some(kind) => said.say(&format!("この通信は {kind} のトンネルで運ばれていました。")),
            None => said.say("この通信はトンネルで運ばれていませんでした。"),
        },
        Failure::Mac => {
            let [orig, resp] = failed.differing(facts.record);
            let said = if orig {
                said.say("発信元の MAC アドレスは ")
                    .slot(Slot::OrigMac)
                    .say(" でした。")
            } else {
                said
            };
            if resp {
                said.say("宛先の MAC アドレスは ")
                    .slot(Slot::RespMac)
                    .say(" でした。")
            } else {
                said
            }
        }
        Failure::NextHop => said
            .say("フレームの送り先 (次の中継先) の MAC アドレスは ")
            .slot(Slot::RespMac)
            .say(" でした。"),
        Failure::Early | Failure::Expired | Failure::Window => {
            said.say("通信の開始は ").slot(Slot::When).say(" でした。")
        }
    }
}

pub(super) fn expected(failed: &Failed<'_>) -> String {
    let path = called(failed);
    let asked = match failed.what {
        Failure::Service => format!(
            "{path}が許可するサービスは {} だけです。",
            services(failed.path, failed.entry)
        ),
        Failure::Tunnel if failed.wants_no_tunnel() => {
            format!("{path}の通信は、トンネルで運ばれてはなりません。")
        }
        Failure::Tunnel => format!("{path}が許可する運び方は、{} だけです。", tunnels(failed.path)),
        Failure::Mac => {
            let [orig, resp] = &failed.macs;
            let mut ends = Vec::new();
            for (what, macs) in [("発信元", orig), ("宛先", resp)] {
                if !macs.is_empty() {
                    ends.push(format!("{what}は {}", listed(macs)));
                }
            }
            format!("{path}に登録された MAC アドレスは、{} です。", ends.join("、"))
        }
        Failure::NextHop => format!(
            "{path}の通信は、次の中継先 {} を通らなければなりません。",
            failed.next_hops()
        ),
        Failure::Early => format!("{path}は {} に始まります。", date(failed, failed.path.starts)),
        Failure::Expired => format!(
            "{path}は {} に終わっています。",
            date(failed, failed.path.expires)
        ),
        Failure::Window => format!(
            "{path}が許可する時間帯は「{}」({}) です。",
            failed.window(),
            failed.policy.calendar.timezone()
        ),
    };
    format!("{asked}{}", responsible(failed))
}

pub(super) fn nearest(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let differs = match failed.what {
        Failure::Service => format!(
            "サービス (許可: {}、実際: {})",
            services(failed.path, failed.entry),
            facts.service()
        ),
        Failure::Tunnel => format!(
            "トンネル (許可: {}、実際: {})",
            tunnels(failed.path),
            facts.tunnel().unwrap_or("なし")
        ),
        Failure::Mac => format!("機器の MAC アドレス (登録: {})", listed(&failed.macs.concat())),
        Failure::NextHop => format!("次の中継先 (許可: {})", failed.next_hops()),
        Failure::Early => format!("開始日時 ({})", date(failed, failed.path.starts)),
        Failure::Expired => format!("終了日時 ({})", date(failed, failed.path.expires)),
        Failure::Window => format!("時間帯 (許可: {})", failed.window()),
    };
    format!(
        "最も近い許可経路は {} です。この通信との違いは、{differs} だけです。",
        named(failed.path)
    )
}

pub(super) fn silenced_by(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let id = &failed.path.id;
    let change = match failed.what {
        Failure::Service => format!("{id} の services に \"{}\" があれば", facts.service()),
        Failure::Tunnel => format!(
            "{id} の tunnel が \"{}\" を許していれば",
            facts.tunnel().unwrap_or("none")
        ),
        Failure::Mac => format!("{id} の from_hosts、to_hosts にこの機器の MAC アドレスが登録されていれば"),
        Failure::NextHop => format!("{id} の next_hops にこの中継先があれば"),
        Failure::Early => format!("{id} の starts がこの通信より前であれば"),
        Failure::Expired => format!("{id} の expires がこの通信より後であれば"),
        Failure::Window => format!("{id} の window がこの時刻を含んでいれば"),
    };
    let how = how_to_change(failed.path);
    format!("{change}、この警告は出ません。{how}")
}

pub(super) const fn how_to_change(path: &Path) -> &'static str {
    if path.exception.is_some() {
        "例外措置は、あらためて申請し承認を受けた場合に限って変更してください。"
    } else {
        "変更は、業務上の必要が承認された場合に限ります。"
    }
}

pub(super) fn first_step(failed: &Failed<'_>) -> Template {
    let ask = whom(failed);
    let step = Template::default();
    match failed.what {
        Failure::Service => step
            .slot(Slot::Orig)
            .say(" で動いているプログラムを確認してください。許可された宛先ポートを別の通信の抜け道に使うのは、")
            .say("持ち出しや遠隔操作でよく見られる手口です。")
            .say(&format!("{ask}に心当たりがなければ、記録を保全したうえで機器をネットワークから切り離してください。")),
        Failure::Tunnel if failed.wants_a_tunnel() => step
            .slot(Slot::Orig)
            .say(" からの通信がトンネルを通らなくなった原因を、トンネルの機器の設定と記録で確認してください。")
            .say(&format!("{ask}に変更の予定がなければ、通信を止め、記録を保全してください。")),
        Failure::Tunnel => step
            .say("トンネルの両端の機器を特定し、")
            .say(&format!("{ask}に、このトンネルが承認されたものかを確認してください。"))
            .say("承認されていなければトンネルを止め、中を通った通信の記録を保全してください。"),
        Failure::Mac => step
            .say("MAC アドレスとスイッチの接続ポートから、実際に通信した機器を特定してください。")
            .say(&format!("{ask}に機器の交換の予定を確認し、予定がなければ、なりすましとして切り離してください。")),
        Failure::NextHop => step
            .slot(Slot::Orig)
            .say(" の既定の経路と、MAC アドレス ")
            .slot(Slot::RespMac)
            .say(" の機器を確認してください。")
            .say(&format!("経路の変更について{ask}に心当たりがなければ、その機器を切り離してください。")),
        Failure::Early => step.say(&format!(
            "{ask}に、開始を早めることが承認されているかを確認してください。承認されていなければ通信を止めてください。"
        )),
        Failure::Expired => step.say(&format!(
            "{ask}に、まだ必要かを確認してください。不要であれば接続を外し、必要であれば承認を受け直してください。\
             承認があるまでは通信を止めてください。"
        )),
        Failure::Window => step.say(&format!(
            "{ask}に、この時刻の作業の予定を確認してください。予定がなければ、記録を保全したうえで通信を止めてください。"
        )),
    }
}

fn called(failed: &Failed<'_>) -> String {
    let what = if failed.is_exception() {
        "例外措置"
    } else {
        "経路"
    };
    let leg = failed
        .gateway
        .map_or_else(String::new, |gateway| format!(" ({} を経由)", gateway.label.ja));
    format!("{what} {}{leg} ", named(failed.path))
}

pub(super) fn tunnels(path: &Path) -> String {
    let words = path.tunnel.as_ref().map_or_else(Vec::new, Tunnels::words);
    let words: Vec<_> = words
        .into_iter()
        .map(|word| match word {
            "none" => "トンネルなし",
            "any" => "任意のトンネル",
            kind => kind,
        })
        .collect();
    words.join("、")
}

fn date(failed: &Failed<'_>, at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| super::when(failed.policy, at))
}

/// Who owns, applied for and approved it, and under which contract.
fn responsible(failed: &Failed<'_>) -> String {
    let path = failed.path;
    let mut parts = Vec::new();
    if let Some(exception) = &path.exception {
        parts.push(format!("申請 {}", exception.application));
        parts.push(format!("申請者 {}", exception.applicant));
    }
    for (what, who) in [
        ("所管", &path.owner),
        ("承認", &path.approver),
        ("契約", &path.contract),
    ] {
        if !who.is_empty() {
            parts.push(format!("{what} {who}"));
        }
    }
    let purpose = path.exception.as_ref().map_or_else(String::new, |exception| {
        format!("目的は「{}」です。", exception.purpose)
    });
    let basis = if path.clause.is_empty() {
        String::new()
    } else {
        format!("根拠となる条項は {} です。", path.clause)
    };
    if parts.is_empty() {
        format!("{purpose}{basis}")
    } else {
        format!("({}) {purpose}{basis}", parts.join("、"))
    }
}

fn whom(failed: &Failed<'_>) -> String {
    let path = failed.path;
    if !path.owner.is_empty() {
        return format!("所管の{}", path.owner);
    }
    let applicant = path.exception.as_ref().map(|exception| &exception.applicant);
    match applicant {
        Some(applicant) => format!("申請者の{applicant}"),
        None if !path.approver.is_empty() => format!("承認した{}", path.approver),
        None => "経路の管理者".to_owned(),
    }
}
