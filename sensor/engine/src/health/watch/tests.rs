//! The watch over ports that are told second by second, and over batches of files.

use sekisho_capture::Packet;
use sekisho_kit::{Conversation, Endpoint, Random};
use sekisho_model::summary::PortCounters;
use sekisho_model::{Alert, Linktype};

use super::*;
use crate::health::alert;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_793_750_400 + second, 0)
}

/// A port that has counted so much.
fn port(packets: u64, ring_dropped: u64, is_up: bool) -> InputFile {
    InputFile {
        path: "eth1".to_owned(),
        format: "ring".to_owned(),
        packets,
        damage: (!is_up).then(|| "down".to_owned()),
        port: Some(PortCounters {
            filtered: 0,
            ring_dropped,
            received: packets,
            dropped: 0,
        }),
    }
}

fn batch(times: impl IntoIterator<Item = Timestamp>) -> Batch {
    let mut batch = Batch::with_capacity(1 << 16, 1 << 20);
    for time in times {
        batch.push(Packet {
            time,
            len: 60,
            linktype: Linktype::ETHERNET,
            data: &[0; 14],
        });
    }
    batch
}

/// A live watch that looks each second at what `port` says of it.
fn live(seconds: std::ops::Range<i64>, stopped: Option<Timestamp>, port: impl Fn(i64) -> InputFile) -> Watch {
    let mut watch = Watch::new(Settings::default(), &[port(seconds.start)], stopped);
    for second in seconds {
        let empty = batch([]);
        if watch.batch(&empty, (Timestamp::MAX, Timestamp::MIN), at(second), false) {
            watch.look(&[port(second)]);
        }
    }
    watch
}

fn file(watch: &mut Watch, times: &[Timestamp]) {
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    let batch = batch(times.iter().copied());
    assert!(!watch.batch(&batch, (*first, *last), *last, false));
}

fn of_file() -> Watch {
    let input = InputFile {
        port: None,
        ..port(0, 0, true)
    };
    Watch::new(Settings::default(), &[input], None)
}

fn alerts(watch: &Watch) -> Vec<Alert> {
    let report = watch.report();
    let alerts = report.episodes.iter().map(|one| alert(one, &Settings::default()));
    alerts.collect()
}

fn unsigned(second: i64) -> u64 {
    u64::try_from(second).unwrap()
}

#[test]
fn a_port_that_falls_silent_is_an_alert_within_its_time_and_goes_on_until_a_frame_comes() {
    let quiet = |second: i64| port(unsigned(second.min(400)) * 50, 0, true);

    assert!(alerts(&live(0..430, None, quiet)).is_empty());
    let watch = live(0..434, None, quiet);
    let [alert] = &alerts(&watch)[..] else {
        panic!("one alert")
    };
    assert_eq!(
        (&*alert.rule, alert.category.name()),
        ("BLIND-SILENCE", "silence")
    );
    assert!(watch.report().intervals[0].open);

    let back = |second: i64| match second {
        ..500 => quiet(second),
        _ => port(20_000 + unsigned(second), 0, true),
    };
    let watch = live(0..510, None, back);
    let intervals = watch.report().intervals;
    let [silence] = &intervals[..] else {
        panic!("one interval")
    };
    assert_eq!(
        (silence.from, silence.to, silence.open),
        (at(400), at(500), false)
    );
    assert_eq!(alerts(&watch)[0].count, 1);
}

#[test]
fn lost_frames_are_kept_to_the_last_and_a_share_of_a_hundredth_is_an_alert() {
    let few = |second: i64| {
        port(
            unsigned(second) * 1_000,
            unsigned(second.clamp(100, 103)) - 100,
            true,
        )
    };
    let watch = live(0..200, None, few);
    let intervals = watch.report().intervals;
    let [loss] = &intervals[..] else {
        panic!("one interval")
    };
    assert_eq!((loss.from, loss.to), (at(100), at(103)));
    assert_eq!((loss.figures["lost"], loss.figures["read"]), (3, 3_000));
    assert!(alerts(&watch).is_empty());

    let many = |second: i64| {
        port(
            unsigned(second) * 1_000,
            unsigned((second - 100).clamp(0, 60)) * 150,
            true,
        )
    };
    let watch = live(0..200, None, many);
    let [alert] = &alerts(&watch)[..] else {
        panic!("one alert")
    };
    assert_eq!((&*alert.rule, alert.severity.number()), ("BLIND-LOSS", 2));
    let lost: i64 = watch
        .report()
        .intervals
        .iter()
        .map(|loss| loss.figures["lost"])
        .sum();
    assert_eq!(lost, 60 * 150);
    assert!((watch.report().health().blind["loss"].seconds - 60.0).abs() < 0.1);
}

#[test]
fn a_port_that_is_down_is_blind_for_as_long_as_it_is() {
    let flaps = |second: i64| port(unsigned(second) * 10, 0, !(50..70).contains(&second));

    let watch = live(0..100, None, flaps);

    let intervals = watch.report().intervals;
    let [down] = &intervals[..] else {
        panic!("one interval")
    };
    assert_eq!(
        (down.kind, down.from, down.to),
        (BlindKind::PortDown, at(49), at(70))
    );
    assert!(!down.open);
    assert_eq!(&*alerts(&watch)[0].rule, "BLIND-PORT");
}

#[test]
fn the_time_between_two_runs_is_blind_and_a_short_restart_pages_nobody() {
    let healthy = |second: i64| port(unsigned(second), 0, true);

    for (stopped, severity) in [(-3_600, 3), (-5, 4)] {
        let watch = live(0..10, Some(at(stopped)), healthy);
        let intervals = watch.report().intervals;
        assert_eq!(
            (intervals[0].kind, intervals[0].from, intervals[0].to),
            (BlindKind::Stopped, at(stopped), at(0))
        );
        assert_eq!(alerts(&watch)[0].severity.number(), severity);
    }
    assert!(live(0..10, Some(at(99)), healthy).report().intervals.is_empty());
}

#[test]
fn a_file_shows_silence_and_steps_of_its_clock_however_it_is_cut_into_batches() {
    // Ten packets a second, a pause of ten minutes, and then an hour back.
    let times: Vec<_> = (0..400)
        .chain(1_000..1_100)
        .chain(-2_500..-2_400)
        .flat_map(|second| (0..10).map(move |tenth| at(second).plus(Duration::from_millis(tenth * 100))))
        .collect();
    let mut reports = Vec::new();
    for size in [1, 7, 1_000, 6_000] {
        let mut watch = of_file();
        for times in times.chunks(size) {
            file(&mut watch, times);
        }
        watch.finish(&[], false);
        reports.push(watch.report().intervals);
    }

    for intervals in &reports {
        let kinds: Vec<_> = intervals
            .iter()
            .map(|one| (one.kind, one.to.since(one.from).as_secs()))
            .collect();
        assert_eq!(kinds, [(BlindKind::Silence, 600), (BlindKind::Clock, 3_599)]);
    }
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_mirror_of_one_direction_is_found_each_minute_and_a_short_capture_says_nothing() {
    let play = |seconds: u64| {
        let (mut watch, mut random) = (of_file(), Random::new(3));
        for number in 0..seconds {
            let client = Endpoint::new("192.0.2.1", 10_000 + u16::try_from(number).unwrap());
            let talk = Conversation::new(client, Endpoint::new("198.51.100.2", 80))
                .request(b"q")
                .response(&[b'a'; 40_000]);
            let begin = at(0).nanos().cast_unsigned() + number * 1_000_000_000;
            let mut batch = Batch::with_capacity(1 << 16, 1 << 20);
            for packet in talk.play(begin, &mut random) {
                if packet.octets[14 + 12] == 192 {
                    batch.push(Packet {
                        time: Timestamp::from_nanos(packet.time_ns.cast_signed()),
                        len: packet.original_len,
                        linktype: Linktype::ETHERNET,
                        data: &packet.octets,
                    });
                }
            }
            let times = || batch.iter().map(|packet| packet.time);
            let (first, last) = (times().min().unwrap(), times().max().unwrap());
            watch.batch(&batch, (first, last), last, false);
        }
        watch
    };

    let watch = play(300);
    let [alert] = &alerts(&watch)[..] else {
        panic!("one alert: {:?}", watch.report().intervals)
    };
    assert_eq!(&*alert.rule, "BLIND-ONESIDED");
    let health = watch.report().health();
    assert!(health.blind["one_sided"].seconds > 200.0, "{health:?}");
    assert_eq!(health.mirror.unwrap().findings[0].id, "one_sided");
    let mut short = play(40);
    short.finish(&[], false);
    assert!(alerts(&short).is_empty());
}
