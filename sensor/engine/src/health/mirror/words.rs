//! What is said of each finding: what was seen, why it matters, what to change on the switch or the network
//! card.
//!
//! Commands are for Linux (`ethtool`, `ip`); for switches they are given in the words of Cisco IOS, which most
//! makers follow, since a command of the wrong maker helps nobody.

use std::time::Duration;

use sekisho_model::blind::MirrorFinding;
use sekisho_model::{Text, Timestamp};

use super::TcpSample;
use super::copies::Kinds;

/// What a command says where no interface is known.
fn port(interface: &str) -> &str {
    if interface.is_empty() { "IFACE" } else { interface }
}

fn finding(
    id: &str,
    title: (&str, &str),
    words: [(String, String); 3],
    commands: Vec<String>,
) -> MirrorFinding {
    let [observed, matters, change] = words.map(|(ja, en)| Text::new(ja, en));
    MirrorFinding {
        id: id.to_owned(),
        title: Text::new(title.0, title.1),
        observed,
        matters,
        change,
        commands,
    }
}

fn both(ja: &str, en: &str) -> (String, String) {
    (ja.to_owned(), en.to_owned())
}

const SPAN: &str = "switch: monitor session 1 source interface PORT both";

pub(super) fn broadcast_only((group, all, share): (u64, u64, f64), interface: &str) -> MirrorFinding {
    finding(
        "broadcast_only",
        (
            "ブロードキャストとマルチキャストしか届いていない",
            "Only broadcast and multicast arrive",
        ),
        [
            (
                format!(
                    "{all}フレームのうち{group}フレーム({share:.1}%)がブロードキャストかマルチキャストです。"
                ),
                format!("{group} of {all} frames ({share:.1} %) are broadcast or multicast."),
            ),
            both(
                "スイッチのミラー設定が効いておらず、端末間の通信は何も見えていません。「通信がなかった」とは言えません。",
                "The switch mirrors nothing to this port, so that no communication between hosts is seen; of its absence nothing can be said.",
            ),
            both(
                "スイッチのミラーセッションが有効か、宛先ポートがこのケーブルの先か、送信元ポートまたはVLANが指定されているかを確かめてください。",
                "See whether the mirror session of the switch is on, whether its destination is the port of this cable, and whether it names source ports or VLANs.",
            ),
        ],
        vec![
            "switch: show monitor session all".to_owned(),
            SPAN.to_owned(),
            format!(
                "tcpdump -ni {} -c 20 not broadcast and not multicast",
                port(interface)
            ),
        ],
    )
}

pub(super) fn one_sided(sample: &TcpSample, interface: &str) -> MirrorFinding {
    let TcpSample {
        judged,
        one_sided,
        from_clients,
        ..
    } = *sample;
    let from_servers = one_sided.saturating_sub(from_clients);
    finding(
        "one_sided",
        ("片方向しか見えていない", "One direction only"),
        [
            (
                format!(
                    "判定できたTCP接続{judged}本のうち{one_sided}本で、片方の端が送るものしか見えません\
                     (クライアント側{from_clients}本、サーバー側{from_servers}本)。"
                ),
                format!(
                    "Of {one_sided} of the {judged} TCP connections that could be judged, only what one end sends is seen \
                     (the client's of {from_clients}, the server's of {from_servers})."
                ),
            ),
            both(
                "応答の量、接続の成否、証明書やサーバーの名前が欠け、大量の持ち出しと取り込みの区別もつきません。",
                "Answers, whether connections succeed, certificates and the names of servers are missing, and what leaves cannot be told from what comes in.",
            ),
            both(
                "ミラーの方向を rx や tx ではなく both にしてください。非対称経路やリンク集約なら、もう一方のリンクもミラーし、二股のTAPなら両方の口をセンサーにつないでください。",
                "Mirror both directions and not only rx or tx. Where routes are asymmetric or links bundled, mirror the other link too; of a TAP with two outputs, connect both.",
            ),
        ],
        vec![
            SPAN.to_owned(),
            format!("sekisho run --interface {} --interface OTHER", port(interface)),
        ],
    )
}

pub(super) fn oversubscribed(sample: &TcpSample, share: f64, interface: &str) -> MirrorFinding {
    let TcpSample {
        gaps,
        gappy,
        missed_octets,
        ..
    } = *sample;
    let port = port(interface);
    finding(
        "oversubscribed",
        (
            "センサーに届く前にパケットが失われている",
            "Packets are lost before they come to the sensor",
        ),
        [
            (
                format!(
                    "相手に届いたと確認されたTCPのデータのうち、およそ{share:.1}%が見えていません({gappy}接続、{gaps}か所、{missed_octets}オクテット)。"
                ),
                format!(
                    "About {share:.1} % of the TCP data that was acknowledged was never seen ({gaps} gaps of {gappy} connections, {missed_octets} octets)."
                ),
            ),
            both(
                "失われた部分のフロー、名前、警報は記録されません。ミラー先のポートの速さを、ミラー元の両方向の合計が超えているときの典型です。",
                "Flows, names and alerts of what was lost are not recorded. It is what a mirror port shows whose sources, both directions together, bring more than it can carry.",
            ),
            both(
                "ミラー先を速いポートに替えるか、ミラー元のポートやVLANを減らすか、セッションを複数の口に分けてください。リングやNICで失われているなら、受信リングを広げてください。",
                "Give the mirror a faster destination port, mirror fewer ports or VLANs, or split the session. Where the ring or the card loses them, give it more room.",
            ),
        ],
        vec![
            "switch: show interfaces PORT counters errors".to_owned(),
            format!("ethtool -S {port} | grep -i drop"),
            format!("ethtool -G {port} rx 4096"),
        ],
    )
}

pub(super) fn duplicates(
    (copies, compared, share): (u64, u64, f64),
    kinds: Kinds,
    interface: &str,
) -> MirrorFinding {
    let Kinds { same, vlans, routed } = kinds;
    finding(
        "duplicates",
        ("同じパケットが二度届いている", "Packets arrive twice"),
        [
            (
                format!(
                    "比べられた{compared}パケットのうち{copies}パケット({share:.1}%)は直前のものの写しです\
                     (まったく同じ{same}、VLANだけ違う{vlans}、ルーターの前後{routed})。"
                ),
                format!(
                    "{copies} of the {compared} packets that could be compared ({share:.1} %) are copies of one just before \
                     ({same} the same in all, {vlans} in another VLAN, {routed} before and behind a router)."
                ),
            ),
            both(
                "通信量が二倍に数えられ、ミラーの帯域も半分を無駄にします。",
                "Volumes count twice, and half of what the mirror can carry is wasted.",
            ),
            both(
                "ミラー元を受信(rx)だけにするか、両方向を写すポートを重ならないように減らしてください。ルーターの前後なら片側だけをミラーします。直せないときは --skip-duplicates で写しを除いて数えられます。",
                "Mirror only what source ports receive (rx), or leave out ports of which each packet passes two; of a router, mirror one side. Where that cannot be changed, --skip-duplicates counts without the copies.",
            ),
        ],
        vec![
            "switch: monitor session 1 source interface PORT rx".to_owned(),
            format!("sekisho run --interface {} --skip-duplicates", port(interface)),
        ],
    )
}

pub(super) fn wrong_checksums((wrong, checked, share): (u64, u64, f64), interface: &str) -> MirrorFinding {
    finding(
        "checksum_offload",
        ("チェックサムが正しくない", "Checksums are wrong"),
        [
            (
                format!(
                    "調べた{checked}パケットのうち{wrong}パケット({share:.1}%)のチェックサムが正しくありません。"
                ),
                format!(
                    "Of {checked} packets that could be checked, {wrong} ({share:.1} %) have a wrong checksum."
                ),
            ),
            both(
                "通信している機器の上で取ったキャプチャでは、ネットワークカードが後で計算するためこうなります(チェックサムオフロード)。ミラーポートなら、途中で壊れています。Sekisho は数え続けますが、ほかの道具は捨てることがあります。",
                "A capture taken on the host that sends shows this, since its network card fills the sums in later (checksum offload). On a mirror port it means damage on the way. Sekisho counts such packets; other tools may drop them.",
            ),
            both(
                "キャプチャを取る機器でオフロードを止めるか、ミラーポートで取ってください。ミラーポートなら、ケーブルと光モジュール、ポートのエラー計数を調べてください。",
                "Turn the offload off where the capture is taken, or capture at a mirror port. On a mirror port, look at cable, optics and the error counters of the port.",
            ),
        ],
        vec![
            format!("ethtool -K {} tx off rx off", port(interface)),
            format!("ethtool -S {} | grep -i err", port(interface)),
        ],
    )
}

pub(super) fn merged(
    (merged, segments, share, longest): (u64, u64, f64, u32),
    interface: &str,
) -> MirrorFinding {
    finding(
        "merged_frames",
        (
            "ネットワークカードがフレームをまとめている",
            "Frames were merged by the network card",
        ),
        [
            (
                format!(
                    "TCPセグメント{segments}個のうち{merged}個({share:.1}%)が、受け手の許す長さを超えています(最長{longest}オクテット)。"
                ),
                format!(
                    "{merged} of {segments} TCP segments ({share:.1} %) are longer than their receiver allows (up to {longest} octets)."
                ),
            ),
            both(
                "パケットの数と大きさが回線上のものと違い、パケット数による検知や証拠のキャプチャが実際と合いません。",
                "Numbers and sizes of packets differ from those on the wire, so that what counts packets, and captures kept as evidence, are not what was sent.",
            ),
            both(
                "キャプチャするインターフェースで GRO、LRO、GSO、TSO を止めてください。",
                "Turn GRO, LRO, GSO and TSO off on the interface that captures.",
            ),
        ],
        vec![format!(
            "ethtool -K {} gro off lro off gso off tso off",
            port(interface)
        )],
    )
}

pub(super) fn cut(
    (cut, packets, share, kept, longest): (u64, u64, f64, usize, u32),
    interface: &str,
) -> MirrorFinding {
    finding(
        "truncated",
        ("パケットが途中で切られている", "Packets are cut off"),
        [
            (
                format!(
                    "{packets}パケットのうち{cut}パケット({share:.1}%)が{kept}オクテットまでで切られています(回線上の最長は{longest}オクテット)。"
                ),
                format!(
                    "{cut} of {packets} packets ({share:.1} %) were cut to at most {kept} octets (the longest had {longest} on the wire)."
                ),
            ),
            both(
                "フローの数と量は正しく数えられますが、サーバーの名前、DNS、証明書などの内容が読めません。",
                "Flows and volumes are right, but names of servers, DNS, certificates and the like cannot be read.",
            ),
            both(
                "キャプチャの長さの制限を外してください。スイッチがミラーを切り詰めているなら、その設定(truncate、mtu)を外してください。",
                "Lift the limit on the length of packets. Where the switch cuts what it mirrors, take that setting (truncate, MTU) away.",
            ),
        ],
        vec![
            format!("tcpdump -i {} -s 0 -w FILE", port(interface)),
            "switch: no truncate (monitor session)".to_owned(),
        ],
    )
}

pub(super) fn no_vlan_tags(packets: u64, interface: &str) -> MirrorFinding {
    finding(
        "no_vlan_tags",
        ("VLANタグが届いていない", "VLAN tags are missing"),
        [
            (
                format!(
                    "ポリシーはネットワークをVLANで分けていますが、{packets}フレームのどれにもタグがありません。"
                ),
                format!("The policy tells networks apart by VLAN, and none of {packets} frames has a tag."),
            ),
            both(
                "同じアドレスを別のVLANで使うネットワークを区別できず、ゾーンの判定を誤ります。",
                "Networks that use the same addresses in other VLANs cannot be told apart, and zones are judged wrongly.",
            ),
            both(
                "ミラーの宛先でタグを残す設定(encapsulation replicate など)にし、ネットワークカードのタグ除去(rxvlan)も止めてください。",
                "Have the destination of the mirror keep tags (encapsulation replicate or the like), and turn off the card's taking off of tags (rxvlan).",
            ),
        ],
        vec![
            "switch: monitor session 1 destination interface PORT encapsulation replicate".to_owned(),
            format!("ethtool -K {} rxvlan off", port(interface)),
        ],
    )
}

pub(super) fn moved_tap((seen, familiar, known): (u64, u64, u64)) -> MirrorFinding {
    finding(
        "moved_tap",
        ("タップの場所が変わっている", "The tap was moved"),
        [
            (
                format!(
                    "通信している機器{seen}台のうち、これまでの一覧({known}台)にあるのは{familiar}台だけです。"
                ),
                format!(
                    "Of {seen} stations that speak, {familiar} are among the {known} that were there before."
                ),
            ),
            both(
                "別のネットワークを見ており、監視すべきネットワークが見えていないおそれがあります。",
                "Another network is seen, and the one that is to be watched perhaps is not.",
            ),
            both(
                "ケーブルの差し替えと、スイッチのミラー元の変更がなかったかを確かめてください。意図した変更なら、機器が一覧に載るまで待てば消えます。",
                "See whether a cable was moved or the sources of the mirror were changed. After a change that was meant, this ends when the devices are in the inventory.",
            ),
        ],
        vec!["switch: show monitor session all".to_owned()],
    )
}

const CLOCK_MATTERS: (&str, &str) = (
    "警報の時刻がほかの記録と合わず、時間帯の規則や順序の判定を誤ります。",
    "Times of alerts do not fit other records, and rules on hours or on the order of things are judged wrongly.",
);
const CLOCK_CHANGE: (&str, &str) = (
    "キャプチャする機器の時計をNTPまたはPTPで合わせ、起動直後の大きな補正が済んでから監視を始めてください。",
    "Set the clock of whatever captures by NTP or PTP, and begin to watch after the first large correction.",
);

fn clock(observed: (String, String)) -> MirrorFinding {
    finding(
        "clock",
        ("時刻が正しくない", "The clock is wrong"),
        [
            observed,
            both(CLOCK_MATTERS.0, CLOCK_MATTERS.1),
            both(CLOCK_CHANGE.0, CLOCK_CHANGE.1),
        ],
        vec![
            "timedatectl status".to_owned(),
            "timedatectl set-ntp true".to_owned(),
        ],
    )
}

pub(super) fn clock_steps(steps: u64, widest: Duration) -> MirrorFinding {
    let seconds = widest.as_secs_f64();
    clock((
        format!("パケットの時刻が{steps}回、後ろへ飛んでいます(最大{seconds:.1}秒)。"),
        format!("Packet time was set back by up to {seconds:.1} seconds (steps: {steps})."),
    ))
}

pub(super) fn clock_never_set(first: Timestamp) -> MirrorFinding {
    clock((
        format!("パケットの時刻が {first} です。時計が合わされていません。"),
        format!("Packets are of {first}: the clock was never set."),
    ))
}

pub(super) fn clock_skew(apart: Duration, ahead: bool) -> MirrorFinding {
    let seconds = apart.as_secs_f64();
    let (ja, en) = if ahead {
        ("進んで", "ahead of")
    } else {
        ("遅れて", "behind")
    };
    clock((
        format!("パケットの時刻が、この機器の時計より{seconds:.1}秒{ja}います。"),
        format!("Packet time is {seconds:.1} seconds {en} the clock of this machine."),
    ))
}
