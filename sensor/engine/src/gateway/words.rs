//! What the alert about a leg without its other leg says.

use std::sync::Arc;

use sekisho_model::{Alert, Category, Explanation, Severity, Text, stable_id};
use sekisho_policy::{Leg, builtin};

use super::{About, Gap, Group};

/// ATT&CK: Network Boundary Bridging.
const ATTACK: &str = "T1599";

/// The alert.
pub(super) fn alert(gap: &Gap) -> Alert {
    let Gap { about, group, .. } = gap;
    let rule = builtin::GATEWAY_GAP;
    let names = about.gateway.id.bytes().chain([0]).chain(about.path.bytes());
    let sum = names.fold(u64::from(rule.signature_id), |sum, octet| {
        sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
    });
    let side = u64::from(about.leg == Leg::Far);
    let moment = group.flow.start.nanos().cast_unsigned();
    Alert {
        id: stable_id(stable_id(sum, side), moment),
        rule: Arc::from(rule.id),
        signature_id: rule.signature_id,
        title: title(about.leg),
        severity: Severity::Medium,
        category: Category::PolicyViolation,
        first_seen: group.flow.start,
        last_seen: group.last_seen,
        // A later record of a flow alone stands for a flow.
        count: group.flows.max(1),
        packets: group.packets,
        octets: group.octets,
        clause: Arc::clone(&about.clause),
        attack: vec![Arc::from(ATTACK)],
        explanation: explanation(about, group),
        // Of the hosts that talked over it the first alone is kept; the gateway is what they have in common.
        subject: Some(match about.leg {
            Leg::Far => group.flow.orig.address,
            Leg::Near | Leg::Whole => group.flow.resp.address,
        }),
        indicator: None,
        flow: Some((*group.flow).clone()),
    }
}

fn title(leg: Leg) -> Text {
    if leg == Leg::Far {
        Text::new(
            "ゲートウェイに入らずに出た通信",
            "A gateway passed on what was never handed to it",
        )
    } else {
        Text::new(
            "ゲートウェイから先へ続かない通信",
            "What was handed to a gateway did not go on from it",
        )
    }
}

fn explanation(about: &About, group: &Group) -> Explanation {
    let gateway = &about.gateway;
    let (label, path) = (&gateway.label, &about.path);
    let (flows, within) = (group.flows.max(1), gateway.pair_within.as_secs());
    let (orig, resp) = (group.flow.orig.address, group.flow.resp.address);
    let protocol = &group.flow.protocol;
    let port = group.flow.resp.port;
    let (near, far) = (addresses(&gateway.near), addresses(&gateway.far));
    let is_far = about.leg == Leg::Far;
    let (here_ja, there_ja) = if is_far {
        ("出口側", "入口側")
    } else {
        ("入口側", "出口側")
    };
    let (other_ja, other_en) = if is_far {
        (
            format!("入口 {near} への通信"),
            format!("a flow to its near side ({near})"),
        )
    } else {
        (
            format!("出口 {far} からの通信"),
            format!("a flow from its far side ({far})"),
        )
    };
    let (ja, en) = (&label.ja, &label.en);
    let answered = match flows {
        1 => "there is one answered flow".to_owned(),
        flows => format!("there are {flows} answered flows"),
    };
    Explanation {
        observed: Text::new(
            format!(
                "{ja} の{here_ja}で応答のある通信が {flows} 件あり({orig} から {resp} の {protocol}/{port} など)、前後 {within} 秒以内に{there_ja}の通信がありません。"
            ),
            format!(
                "On one side of {en} {answered}, such as {orig} to {resp} over {protocol}/{port}; and on its other side there is none within {within} s."
            ),
        ),
        expected: Text::new(
            format!("経路 {path} の通信には、{within} 秒以内に{other_ja}が伴います。"),
            format!("A flow of path {path} has {other_en} within {within} s."),
        ),
        nearest: Text::new(
            format!("{ja} の入口側と出口側の両方がそろえば、経路 {path} で許可される通信です。"),
            format!("With flows on both sides of {en}, this is what path {path} allows."),
        ),
        nearest_path: path.to_string(),
        silenced_by: Text::new(
            format!(
                "{other_ja}がミラーで見えること、または gateway.{} の pair_within を、経由に実際にかかる時間まで延ばすこと。",
                gateway.id
            ),
            format!(
                "That {other_en} is seen on the mirror, or a pair_within of gateway.{} as long as passing it takes.",
                gateway.id
            ),
        ),
        first_step: if is_far {
            Text::new(
                "ゲートウェイの管理者に、この時刻の処理の記録を確かめてください。記録がなければ、ゲートウェイ自身が乗っ取られているか、別の口から入っています。",
                "Ask who keeps the gateway for its log of that time. If it has none, the gateway itself may be taken over, or there is another way into it.",
            )
        } else {
            Text::new(
                "ゲートウェイの処理の記録で、この時刻のものが止められたか渡されたかを確かめてください。渡されたのに出口側にないなら、別の経路を通っています。",
                "See in the gateway's log whether what came at that time was held back or passed on. If it was passed on and is not on the far side, it took another way.",
            )
        },
        ..Explanation::default()
    }
}

/// Networks, those of one address without their length.
fn addresses(networks: &[impl ToString]) -> String {
    let words = networks.iter().map(|network| {
        let word = network.to_string();
        let length = if word.contains(':') { "/128" } else { "/32" };
        word.strip_suffix(length).map(ToOwned::to_owned).unwrap_or(word)
    });
    words.collect::<Vec<_>>().join(", ")
}
