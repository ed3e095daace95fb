//! The alert of an episode of blindness, in both languages.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Alert, BlindKind, Category, Explanation, Severity, Text, stable_id};

use super::Settings;
use super::episodes::Episode;

/// Number of the first of these rules in `alert.signature_id`; the others follow in the order of
/// [`BlindKind::ALL`].
const FIRST_SIGNATURE: u32 = 2_100_001;
/// Thousandths lost from which on it is urgent.
const MUCH: u64 = 100;
/// A restart that takes less pages nobody.
const RESTART: Duration = Duration::from_secs(60);

/// What is said of a kind: its rule, its title, what to do first.
struct Words {
    rule: &'static str,
    title: (&'static str, &'static str),
    expected: (&'static str, &'static str),
    first_step: (&'static str, &'static str),
}

const fn words(kind: BlindKind) -> Words {
    match kind {
        BlindKind::Loss => Words {
            rule: "BLIND-LOSS",
            title: ("フレームを受け取りきれていない", "Frames are lost at the sensor"),
            expected: (
                "届いたフレームがすべて読まれること。",
                "That every frame that arrives is read.",
            ),
            first_step: (
                "sekisho doctor でリングの大きさとCPUの負荷を確かめ、--ring-mib か --workers を増やすか、ミラーする範囲を減らしてください。",
                "Run sekisho doctor on the port, look at the load of the machine; give a larger ring (--ring-mib) or more workers, or mirror less.",
            ),
        },
        BlindKind::Gaps => Words {
            rule: "BLIND-GAPS",
            title: (
                "センサーに届く前にパケットが失われている",
                "Packets are lost before they come to the sensor",
            ),
            expected: (
                "相手に届いたTCPのデータが、センサーにも見えること。",
                "That TCP data which came to its receiver was seen here too.",
            ),
            first_step: (
                "スイッチのミラー先ポートの破棄の計数を見てください。ミラー元の両方向の合計がミラー先の速さを超えていれば、ミラー元を減らすか、速いポートに替えてください。",
                "Look at the drop counters of the mirror's destination port. Where its sources bring more than it can carry, mirror less or take a faster port.",
            ),
        },
        BlindKind::Silence => Words {
            rule: "BLIND-SILENCE",
            title: ("通信が途絶えた", "The port fell silent"),
            expected: (
                "これまでのように、フレームが届き続けること。",
                "That frames keep coming, as they did before.",
            ),
            first_step: (
                "ミラーセッションとケーブルを確かめてください。監視対象のネットワーク自体が止まっていないかも確かめてください。",
                "Check the mirror session and the cable, and whether the network that is watched stands still itself.",
            ),
        },
        BlindKind::OneSided => Words {
            rule: "BLIND-ONESIDED",
            title: ("片方向しか見えていない", "One direction only is seen"),
            expected: (
                "TCP接続の両方向が見えること。",
                "That both directions of TCP connections are seen.",
            ),
            first_step: (
                "ミラーの方向が both か、二股のTAPの両方の口がつながっているか、非対称経路のもう一方もミラーしているかを確かめてください。",
                "See whether the mirror copies both directions, both outputs of a TAP are connected, and the other path of an asymmetric route is mirrored.",
            ),
        },
        BlindKind::Clock => Words {
            rule: "BLIND-CLOCK",
            title: ("時計が飛んだ", "The clock was set"),
            expected: (
                "パケットの時刻が途切れずに進むこと。",
                "That packet time goes on steadily.",
            ),
            first_step: (
                "キャプチャする機器のNTPまたはPTPの状態を確かめてください。この時間帯の警報の時刻は、ほかの記録と照らし合わせてください。",
                "Check NTP or PTP of whatever captures, and hold the times of alerts of that interval against other records.",
            ),
        },
        BlindKind::Stopped => Words {
            rule: "BLIND-STOPPED",
            title: ("センサーが止まっていた", "The sensor did not run"),
            expected: ("センサーが動き続けること。", "That the sensor keeps running."),
            first_step: (
                "再起動が意図したものかを確かめてください。意図していなければ、サービスの記録(journalctl -u sekisho)を見てください。",
                "See whether the restart was meant; if not, read the log of the service (journalctl -u sekisho).",
            ),
        },
        BlindKind::PortDown => Words {
            rule: "BLIND-PORT",
            title: ("キャプチャポートが止まっている", "The capture port is down"),
            expected: (
                "キャプチャポートが動いており、リンクがあること。",
                "That the capture port is up and has a carrier.",
            ),
            first_step: (
                "ケーブル、光モジュール、スイッチのポートの状態を確かめてください。",
                "Check the cable, the optics and the port of the switch.",
            ),
        },
    }
}

/// The alert of an episode.
pub(crate) fn alert(episode: &Episode, settings: &Settings) -> Alert {
    let Episode {
        kind,
        input,
        from,
        to,
        intervals,
        blind,
        ..
    } = episode;
    let Words {
        rule,
        title,
        expected,
        first_step,
    } = words(*kind);
    let place = BlindKind::ALL.iter().position(|one| one == kind).unwrap_or(0);
    let signature_id = FIRST_SIGNATURE.saturating_add(u32::try_from(place).unwrap_or(0));
    let (figures_ja, figures_en) = figures(episode);
    let (on_ja, on_en) = if input.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("{input} で、"), format!(" on {input}"))
    };
    let seconds = blind.as_secs_f64();
    let input_sum = input.bytes().fold(u64::from(signature_id), |sum, octet| {
        sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
    });
    Alert {
        id: stable_id(input_sum, from.nanos().cast_unsigned()),
        rule: Arc::from(rule),
        signature_id,
        title: Text::new(title.0, title.1),
        severity: severity(episode),
        category: match kind {
            BlindKind::Silence => Category::Silence,
            _ => Category::Blind,
        },
        first_seen: *from,
        last_seen: *to,
        count: *intervals,
        packets: 0,
        octets: 0,
        subject: None,
        flow: None,
        clause: Arc::from(""),
        attack: Vec::new(),
        explanation: Explanation {
            observed: Text::new(
                format!("{on_ja}{from}から{to}までの間に{intervals}回、合わせて{seconds:.1}秒。{figures_ja}"),
                format!(
                    "Between {from} and {to}{on_en}, {seconds:.1} seconds together (intervals: {intervals}). {figures_en}"
                ),
            ),
            expected: Text::new(expected.0, expected.1),
            silenced_by: silenced_by(*kind, settings),
            first_step: Text::new(first_step.0, first_step.1),
            ..Explanation::default()
        },
        indicator: None,
    }
}

fn severity(episode: &Episode) -> Severity {
    match episode.kind {
        BlindKind::Loss | BlindKind::Gaps if episode.worst_per_mille >= MUCH => Severity::Medium,
        BlindKind::Silence | BlindKind::OneSided | BlindKind::PortDown => Severity::Medium,
        BlindKind::Stopped if episode.blind < RESTART => Severity::Informational,
        BlindKind::Loss | BlindKind::Gaps | BlindKind::Clock | BlindKind::Stopped => Severity::Low,
    }
}

/// The numbers of the newest interval.
fn figures(episode: &Episode) -> (String, String) {
    let of = |name: &str| episode.figures.get(name).copied().unwrap_or(0);
    let tenths = |per_mille: u64| {
        let (whole, rest) = (per_mille / 10, per_mille % 10);
        format!("{whole}.{rest}")
    };
    let worst = tenths(episode.worst_per_mille);
    match episode.kind {
        BlindKind::Loss => {
            let (lost, read) = (of("lost"), of("read"));
            (
                format!(
                    "最後の区間で{lost}フレームが失われ、{read}フレームが読まれました(1分あたり最大{worst}%)。この間の「通信がなかった」は言えません。"
                ),
                format!(
                    "In the last interval {lost} frames were lost and {read} read (up to {worst} % in a minute). Of that time nobody can say that there was no communication."
                ),
            )
        }
        BlindKind::Gaps => {
            let (gaps, missed) = (of("gaps"), of("missed_octets"));
            (
                format!(
                    "最後の区間の標本で、届いたと確認されたTCPのデータのうち{gaps}か所、{missed}オクテットが見えませんでした(最大およそ{worst}%)。"
                ),
                format!(
                    "In the sample of the last interval {gaps} runs of acknowledged TCP data, {missed} octets, were never seen (up to about {worst} %)."
                ),
            )
        }
        BlindKind::Silence => {
            let usual = Duration::from_millis(u64::try_from(of("usual_ms")).unwrap_or(0)).as_secs_f64();
            (
                format!("それまでの1時間の最も長い途切れは{usual:.1}秒でした。"),
                format!("The longest pause of the hour before was {usual:.1} seconds."),
            )
        }
        BlindKind::OneSided => {
            let (connections, one_sided) = (of("connections"), of("one_sided"));
            (
                format!(
                    "最後の区間の標本で、判定できたTCP接続{connections}本のうち{one_sided}本が片方向でした。"
                ),
                format!(
                    "In the sample of the last interval {one_sided} of {connections} TCP connections that could be judged showed one direction."
                ),
            )
        }
        BlindKind::Clock => {
            let step = of("step_ms");
            (
                format!("時刻が合わせて{step}ミリ秒ずれました(負は後ろ)。"),
                format!("Time was set by {step} milliseconds in all (negative: back)."),
            )
        }
        BlindKind::Stopped => (
            "この間の通信は、どの記録にもありません。".to_owned(),
            "What passed in that time is in no record.".to_owned(),
        ),
        BlindKind::PortDown => (
            "この間の通信は見えていません。".to_owned(),
            "What passed in that time was not seen.".to_owned(),
        ),
    }
}

fn silenced_by(kind: BlindKind, settings: &Settings) -> Text {
    let share = settings.loss_per_mille;
    match kind {
        BlindKind::Loss => Text::new(
            format!("1分間の損失が{share}‰に満たないこと(health.loss_per_mille)。"),
            format!("A loss of less than {share} in a thousand in each minute (health.loss_per_mille)."),
        ),
        BlindKind::Gaps => Text::new(
            format!("見えないデータが{share}‰に満たないこと(health.loss_per_mille)。"),
            format!("Less than {share} in a thousand octets missed (health.loss_per_mille)."),
        ),
        BlindKind::Silence => {
            let seconds = settings.silence.as_secs();
            Text::new(
                format!(
                    "途切れが{seconds}秒(health.silence_s)と、それまでの最も長い途切れの10倍のどちらかを超えないこと。"
                ),
                format!(
                    "A pause no longer than {seconds} seconds (health.silence_s), or than ten times the longest before."
                ),
            )
        }
        BlindKind::OneSided => {
            let percent = settings.one_sided_percent;
            Text::new(
                format!("片方向の接続が{percent}%に満たないこと(health.one_sided_percent)。"),
                format!(
                    "Less than {percent} % of connections with one direction (health.one_sided_percent)."
                ),
            )
        }
        BlindKind::Clock => Text::new(
            "パケットの時刻が1秒を超えて戻らないこと。",
            "Packet time that is not set back by more than a second.",
        ),
        BlindKind::Stopped => Text::new("停止しないこと。", "A sensor that is not stopped."),
        BlindKind::PortDown => Text::new(
            "ポートのリンクが途切れないこと。",
            "A port whose carrier is not lost.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::episodes::Episodes;
    use super::*;
    use sekisho_model::{BlindInterval, Timestamp};

    #[test]
    fn every_kind_has_words_of_its_own_in_both_languages() {
        let mut rules = std::collections::BTreeSet::new();
        for kind in BlindKind::ALL {
            let at = |second| Timestamp::from_seconds(second, 0);
            let mut episodes = Episodes::default();
            episodes.note(&BlindInterval::new(kind, "eth1", at(10), at(20)), 15);
            let alert = alert(&episodes.all()[0], &Settings::default());

            assert!(alert.rule.starts_with("BLIND-") && rules.insert(alert.rule.clone()));
            let explanation = &alert.explanation;
            for text in [
                &explanation.observed,
                &explanation.expected,
                &explanation.silenced_by,
            ] {
                assert!(
                    !text.en.is_empty() && text.ja.chars().any(|c| c > '\u{3000}'),
                    "{text:?}"
                );
            }
            assert!(explanation.observed.en.contains("eth1, 10.0 seconds together"));
        }
    }

    #[test]
    fn intervals_of_a_day_are_one_alert_that_grows() {
        let at = |second| Timestamp::from_seconds(second, 0);
        let interval = |from, to| BlindInterval::new(BlindKind::Silence, "", at(from), at(to));
        let mut episodes = Episodes::default();
        for (from, to) in [(0, 10), (0, 20), (100, 105), (200_000, 200_001)] {
            episodes.note(&interval(from, to), 0);
        }

        let alerts: Vec<_> = episodes
            .all()
            .iter()
            .map(|one| alert(one, &Settings::default()))
            .collect();

        let counts: Vec<_> = alerts
            .iter()
            .map(|alert| (alert.count, alert.last_seen))
            .collect();
        assert_eq!(counts, [(2, at(105)), (1, at(200_001))]);
        assert!(alerts[0].explanation.observed.en.contains(" 25.0 seconds"));
        assert_ne!(alerts[0].id, alerts[1].id);
    }
}
