//! What the machine says of its ports, its clock and its disk.
//!
//! Source: `/sys/class/net` of Linux (Documentation/ABI/testing/sysfs-class-net and -statistics).

use std::collections::BTreeMap;
use std::path::Path;

use sekisho_capture::choose::may_be_xdp;
use sekisho_capture::live::machine::{card, clock_is_synchronised};
use sekisho_capture::{BackEnd, Source};
use sekisho_model::Text;
use sekisho_model::blind::MirrorFinding;
use serde::Serialize;

use super::Examination;

/// Counters of frames that the card or its driver gave up.
const DROPS: [&str; 4] = [
    "rx_dropped",
    "rx_missed_errors",
    "rx_fifo_errors",
    "rx_over_errors",
];
/// Counters of frames that came damaged.
const ERRORS: [&str; 3] = ["rx_errors", "rx_crc_errors", "rx_frame_errors"];
/// Room that a data directory should have: a twentieth, or this.
const LEAST_ROOM: u64 = 1 << 30;

/// Something that the machine says.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    /// What of which port, as `eth1.mtu`.
    pub(super) name: String,
    pub(super) value: String,
}

/// The counters of ports before they were looked at.
pub(super) struct Counted(BTreeMap<String, [u64; 2]>);

impl Counted {
    pub(super) fn of(names: &[String]) -> Self {
        Self(names.iter().map(|name| (name.clone(), counted(name))).collect())
    }
}

/// Frames given up, and frames damaged.
fn counted(name: &str) -> [u64; 2] {
    [&DROPS[..], &ERRORS[..]].map(|counters| {
        let values = counters.iter().filter_map(|counter| {
            let path = format!("statistics/{counter}");
            attribute(name, &path)?.parse::<u64>().ok()
        });
        // The sum of errors counts some of the others again; the largest is what is certain.
        values.max().unwrap_or(0)
    })
}

fn attribute(name: &str, attribute: &str) -> Option<String> {
    let path = Path::new("/sys/class/net").join(name).join(attribute);
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

/// How the ports were looked at.
pub(super) struct Looked<'a> {
    pub(super) names: &'a [String],
    pub(super) before: &'a Counted,
    /// What reads them otherwise.
    pub(super) wanted: BackEnd,
    /// Frames with a VLAN tag, of all ports.
    pub(super) tagged: u64,
}

/// Adds what the machine says of these ports, and what of it is wrong.
pub(super) fn examine(looked: &Looked<'_>, source: &dyn Source, out: &mut Examination) {
    for name in looked.names {
        examine_port(name, looked, out);
    }
    for input in source.inputs() {
        let Some(port) = input.port else { continue };
        if let Some(trouble) = &input.damage {
            out.findings.push(port_down(&input.path, trouble));
        } else if input.packets == 0 {
            out.findings.push(silent(&input.path));
        }
        if port.ring_dropped > 0 {
            out.findings
                .push(ring_drops(&input.path, port.ring_dropped, input.packets));
        }
    }
    if let Some(is_synchronised) = clock_is_synchronised() {
        let value = if is_synchronised { "yes" } else { "no" };
        out.say("clock.synchronised", value);
        if !is_synchronised {
            out.findings.push(clock_alone());
        }
    }
}

fn examine_port(name: &str, looked: &Looked<'_>, out: &mut Examination) {
    for what in ["operstate", "speed", "duplex", "mtu"] {
        // A port without a carrier has no speed.
        if let Some(value) = attribute(name, what) {
            out.say(&format!("{name}.{what}"), value);
        }
    }
    let flags = attribute(name, "flags");
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
    if let Some(flags) = flags {
        const PROMISCUOUS: u32 = 0x100;
        let value = if flags & PROMISCUOUS == 0 { "no" } else { "yes" };
        out.say(&format!("{name}.promiscuous"), value);
    }
    let card = card(name).unwrap_or_default();
    for (what, is_on) in [
        ("gro", card.gro),
        ("lro", card.lro),
        ("rx_vlan_offload", card.rx_vlan),
    ] {
        if let Some(is_on) = is_on {
            out.say(&format!("{name}.{what}"), if is_on { "on" } else { "off" });
        }
    }
    if let Some((now, most)) = card.rx_ring {
        out.say(&format!("{name}.rx_ring"), format!("{now} of {most}"));
    }
    let merges = [("GRO", card.gro), ("LRO", card.lro)];
    let merging: Vec<_> = merges
        .into_iter()
        .filter_map(|(what, is_on)| (is_on == Some(true)).then_some(what))
        .collect();
    let is_seen = out.findings.iter().any(|finding| finding.id == "merged_frames");
    if !merging.is_empty() && !is_seen {
        out.findings.push(may_merge(name, &merging.join(", ")));
    }
    if card.rx_vlan == Some(true) && may_be_xdp(looked.wanted, name) {
        out.findings.push(hidden_tags(name, looked.tagged));
    }
    let [dropped_before, errors_before] = looked.before.0.get(name).copied().unwrap_or_default();
    let [dropped, errors] = counted(name);
    let (dropped, errors) = (
        dropped.saturating_sub(dropped_before),
        errors.saturating_sub(errors_before),
    );
    if dropped > 0 {
        out.findings.push(card_drops(name, dropped, card.rx_ring));
    }
    if errors > 0 {
        out.findings.push(card_errors(name, errors));
    }
}

/// Adds whether the disk of a data directory has room.
pub(super) fn examine_disk(data: Option<&Path>, out: &mut Examination) {
    let Some(data) = data else { return };
    let Ok(disk) = rustix::fs::statvfs(data) else {
        return;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    out.say("data.free_mib", (free >> 20).to_string());
    if free < LEAST_ROOM || free < all / 20 {
        out.findings.push(little_room(free >> 20));
    }
}

impl Examination {
    fn say(&mut self, name: &str, value: impl Into<String>) {
        self.machine.push(Fact {
            name: name.to_owned(),
            value: value.into(),
        });
    }
}

fn finding(
    id: &str,
    title: Text,
    [observed, matters, change]: [Text; 3],
    commands: &[String],
) -> MirrorFinding {
    MirrorFinding {
        id: id.to_owned(),
        title,
        observed,
        matters,
        change,
        commands: commands.to_vec(),
    }
}

fn silent(name: &str) -> MirrorFinding {
    finding(
        "silent",
        Text::new("1フレームも届いていない", "Not one frame arrives"),
        [
            Text::new(
                format!("{name} は動いていますが、調べている間に1フレームも届きませんでした。"),
                format!("{name} is up, and not one frame came while it was looked at."),
            ),
            Text::new("何も見えていません。", "Nothing is seen."),
            Text::new(
                "ミラーの宛先がこのポートのケーブルの先か、ミラーセッションが有効かを確かめてください。",
                "See whether this cable leads to the destination of the mirror, and whether the session is on.",
            ),
        ],
        &[
            "switch: show monitor session all".to_owned(),
            format!("ip -s link show {name}"),
        ],
    )
}

fn port_down(name: &str, trouble: &str) -> MirrorFinding {
    finding(
        "port_down",
        Text::new("ポートが止まっている", "The port is down"),
        [
            Text::new(
                format!("{name} は止まっているか、リンクがありません({trouble})。"),
                format!("{name}: {trouble}."),
            ),
            Text::new("何も見えていません。", "Nothing is seen."),
            Text::new(
                "ケーブルと光モジュールを確かめ、ポートを有効にしてください。",
                "Check cable and optics, and bring the port up.",
            ),
        ],
        &[format!("ip link set {name} up")],
    )
}

fn ring_drops(name: &str, lost: u64, read: u64) -> MirrorFinding {
    finding(
        "ring_drops",
        Text::new("リングでフレームが失われた", "Frames found no room in the ring"),
        [
            Text::new(
                format!("{name} で{lost}フレームが失われ、{read}フレームが読まれました。"),
                format!("On {name} {lost} frames were lost and {read} read."),
            ),
            Text::new(
                "失われたフレームはどのフローにもありません。",
                "The frames lost are in no flow.",
            ),
            Text::new(
                "リングを大きくし、ワーカーを増やすか、ミラーする範囲を減らしてください。",
                "Give a larger ring and more workers, or mirror less.",
            ),
        ],
        &[format!(
            "sekisho run --interface {name} --ring-mib 512 --workers 4"
        )],
    )
}

fn card_drops(name: &str, dropped: u64, ring: Option<(u32, u32)>) -> MirrorFinding {
    let most = ring.map_or(4_096, |(_, most)| most);
    let (now_ja, now_en) = ring.map_or_else(Default::default, |(now, most)| {
        (
            format!("受信リングは{now}(最大{most})です。"),
            format!(" Its ring for received frames has {now} of {most} descriptors."),
        )
    });
    finding(
        "card_drops",
        Text::new(
            "ネットワークカードがフレームを捨てている",
            "The network card drops frames",
        ),
        [
            Text::new(
                format!("{name} は調べている間に{dropped}フレームを捨てました。{now_ja}"),
                format!("{name} dropped {dropped} frames while it was looked at.{now_en}"),
            ),
            Text::new(
                "捨てられたフレームは見えていません。",
                "The frames dropped are not seen.",
            ),
            Text::new(
                "受信リングを広げ、受信の割り込みをほかのCPUに分けてください。",
                "Widen its ring, and spread its interrupts over further processors.",
            ),
        ],
        &[
            format!("ethtool -G {name} rx {most}"),
            format!("ethtool -S {name} | grep -i drop"),
        ],
    )
}

fn card_errors(name: &str, errors: u64) -> MirrorFinding {
    finding(
        "card_errors",
        Text::new("フレームが壊れて届いている", "Frames arrive damaged"),
        [
            Text::new(
                format!("{name} は調べている間に{errors}フレームを壊れたものとして数えました。"),
                format!("{name} counted {errors} damaged frames while it was looked at."),
            ),
            Text::new("壊れたフレームは見えていません。", "Damaged frames are not seen."),
            Text::new(
                "ケーブルと光モジュールを替え、速度とデュプレックスの設定をスイッチと合わせてください。",
                "Exchange cable and optics, and have speed and duplex agree with the switch.",
            ),
        ],
        &[
            format!("ethtool {name}"),
            format!("ethtool -S {name} | grep -i err"),
        ],
    )
}

fn may_merge(name: &str, what: &str) -> MirrorFinding {
    finding(
        "receive_offload",
        Text::new(
            "ネットワークカードがフレームをまとめる設定になっている",
            "The network card is set to merge frames",
        ),
        [
            Text::new(
                format!("{name} の {what} が有効です。"),
                format!("{what} of {name} is on."),
            ),
            Text::new(
                "まとめられると、パケットの数と大きさが回線上のものと違います。",
                "Once merged, numbers and sizes of packets differ from those on the wire.",
            ),
            Text::new(
                "キャプチャするポートでは無効にしてください。",
                "Turn it off on a port that captures.",
            ),
        ],
        &[format!("ethtool -K {name} gro off lro off")],
    )
}

fn hidden_tags(name: &str, tagged: u64) -> MirrorFinding {
    finding(
        "hidden_vlan_tags",
        Text::new(
            "ネットワークカードがVLANタグを外すため、XDPからは見えない",
            "The network card takes VLAN tags off, so that XDP does not see them",
        ),
        [
            Text::new(
                format!(
                    "{name} の rxvlan が有効です。調べている間に届いたタグ付きフレームは{tagged}個です。"
                ),
                format!("rxvlan of {name} is on. Frames with a tag while it was looked at: {tagged}."),
            ),
            Text::new(
                "XDPで読むと(--capture auto または xdp)、タグのないフレームとして数えられます。フローにVLANが付かず、VLANによるゾーンの判定を誤り、別のVLANの同じアドレスを区別できません。リングと libpcap はタグを元に戻します。",
                "Read through XDP (--capture auto or xdp), frames count as untagged: flows have no VLAN, zones by VLAN are judged wrongly, and the same addresses in other VLANs are one. The ring and libpcap put tags back.",
            ),
            Text::new(
                "キャプチャするポートでは、タグをフレームに残してください。",
                "Have tags stay in frames on a port that captures.",
            ),
        ],
        &[format!("ethtool -K {name} rxvlan off")],
    )
}

fn clock_alone() -> MirrorFinding {
    finding(
        "clock_unsynchronised",
        Text::new(
            "時計がほかの時計に合わせられていない",
            "The clock follows no other clock",
        ),
        [
            Text::new(
                "この機器の時計は同期していないとカーネルが言っています。",
                "The kernel says that the clock of this machine is not synchronised.",
            ),
            Text::new(
                "警報の時刻が、ほかの機器の記録と合わなくなります。",
                "Times of alerts drift from those of other records.",
            ),
            Text::new(
                "NTPまたはPTPで時計を合わせてください。",
                "Have it follow NTP or PTP.",
            ),
        ],
        &[
            "timedatectl set-ntp true".to_owned(),
            "chronyc tracking".to_owned(),
        ],
    )
}

fn little_room(free_mib: u64) -> MirrorFinding {
    finding(
        "disk_low",
        Text::new("ディスクの空きが少ない", "The disk is nearly full"),
        [
            Text::new(
                format!("データフォルダーのディスクの空きは{free_mib} MiBです。"),
                format!("The disk of the data directory has {free_mib} MiB left."),
            ),
            Text::new(
                "空きがなくなると、フローも警報も書けません。",
                "Once it is full, neither flows nor alerts are written.",
            ),
            Text::new(
                "古い記録を別の場所へ移すか、ディスクを広げてください。",
                "Move old records elsewhere, or give it a larger disk.",
            ),
        ],
        &["df -h".to_owned()],
    )
}
