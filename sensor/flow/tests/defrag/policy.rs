//! What is made of fragments that fit together and of those that do not.

use sekisho_flow::defrag::{Anomalies, Anomaly, Cause, Config, FRAGMENTS, Refusal};
use sekisho_model::Timestamp;

use crate::support::{Outcome, Play, Whole, locate, v4, v6};

/// Ninety-two octets, no two runs of them the same.
const DATA: &[u8; 92] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/ the rest comes only once: !";

/// One hundred octets that can be cut.
fn both() -> [Whole; 2] {
    [v4(0x1234, false, false, DATA), v6(0x1234_5678, false, DATA)]
}

fn play() -> Play {
    Play::new(Config::default())
}

fn set(anomalies: &[Anomaly]) -> Anomalies {
    let mut set = Anomalies::default();
    for anomaly in anomalies {
        set.insert(*anomaly);
    }
    set
}

#[test]
fn fragments_make_the_frame_that_was_cut_octet_by_octet() {
    let payload = [7; 3000];
    for whole in [
        v4(1, false, false, &payload),
        v4(2, true, true, &payload),
        v6(3, false, &payload),
        v6(4, true, &payload),
    ] {
        let mut play = play();
        let end = whole.octets();
        let frames = [
            whole.fragment(2960, end),
            whole.fragment(0, 1480),
            whole.fragment(1480, 2960),
        ];

        assert_eq!(play.frame(0, &frames[0]), Outcome::Held);
        assert_eq!(play.frame(1, &frames[1]), Outcome::Held);
        assert_eq!(play.frame(2, &frames[2]), Outcome::Complete);

        let rebuilt = &play.rebuilt[0];
        assert_eq!(rebuilt.octets, whole.frame);
        assert_eq!(
            (rebuilt.frames, rebuilt.time),
            (3, Timestamp::from_nanos(2_000_000))
        );
        assert_eq!(
            rebuilt.len,
            frames.iter().map(|frame| frame.len() as u64).sum::<u64>()
        );
        assert!(rebuilt.anomalies.is_empty());
        play.drain();
        assert!(play.released.is_empty());
    }
}

#[test]
fn a_duplicate_is_part_of_the_datagram_and_changes_nothing() {
    for whole in both() {
        let mut play = play();
        play.frame(0, &whole.fragment(0, 48));
        assert_eq!(play.frame(0, &whole.fragment(0, 48)), Outcome::Held);
        assert_eq!(play.frame(0, &whole.fragment(48, 100)), Outcome::Complete);

        assert_eq!(play.rebuilt[0].octets, whole.frame);
        assert_eq!(play.rebuilt[0].frames, 3);
        assert_eq!(play.rebuilt[0].anomalies, set(&[Anomaly::Duplicate]));
    }
}

#[test]
fn in_an_ipv4_overlap_the_octets_that_came_first_stay() {
    let [whole, _] = both();
    for (data, anomaly) in [
        (&whole.frame[whole.data + 40..whole.data + 80], Anomaly::Overlap),
        (&[0xee; 40][..], Anomaly::Conflict),
    ] {
        let mut play = play();
        play.frame(0, &whole.fragment(0, 48));
        play.frame(0, &whole.fragment(72, 100));
        assert_eq!(play.frame(0, &whole.piece(40, data, true)), Outcome::Complete);

        let mut expected = whole.frame.clone();
        expected[whole.data + 48..whole.data + 72].copy_from_slice(&data[8..32]);
        assert_eq!(play.rebuilt[0].octets, expected);
        assert_eq!(play.rebuilt[0].anomalies, set(&[anomaly]));
        assert_eq!(play.defragmenter.counters().anomalies.get(anomaly), 1);
    }
}

#[test]
fn a_part_of_a_fragment_is_an_overlap_and_no_duplicate() {
    for (from, to) in [(8, 40), (8, 48), (16, 56)] {
        let [whole, v6] = both();
        let mut play = play();
        play.frame(0, &whole.fragment(8, 56));
        play.frame(0, &whole.fragment(from, to));
        play.frame(0, &v6.fragment(8, 56));
        let refusal = Refusal::Anomaly(Anomaly::Overlap);
        assert_eq!(play.frame(0, &v6.fragment(from, to)), Outcome::NotHeld(refusal));
        assert_eq!(play.defragmenter.counters().anomalies.get(Anomaly::Overlap), 2);
    }
}

#[test]
fn an_ipv6_overlap_ends_the_datagram_and_its_later_fragments_stay_alone() {
    let [_, whole] = both();
    for (data, anomaly) in [
        (&whole.frame[whole.data + 40..whole.data + 80], Anomaly::Overlap),
        (&[0xee; 40][..], Anomaly::Conflict),
    ] {
        let mut play = play();
        let first = whole.fragment(0, 48);
        play.frame(5, &first);
        let refusal = Refusal::Anomaly(anomaly);
        assert_eq!(
            play.frame(6, &whole.piece(40, data, true)),
            Outcome::NotHeld(refusal)
        );

        assert_eq!(play.released.len(), 1);
        let released = &play.released[0];
        assert_eq!((&released.octets, released.cause), (&first, Cause::Abandoned));
        assert_eq!(released.time, Timestamp::from_nanos(5_000_000));
        assert_eq!(released.anomalies, set(&[anomaly]));
        for fragment in [whole.fragment(0, 48), whole.fragment(48, 100)] {
            assert_eq!(play.frame(7, &fragment), Outcome::NotHeld(Refusal::Abandoned));
        }
        assert_eq!(play.defragmenter.counters().abandoned, 1);

        play.expire(30_005);
        play.frame(30_006, &whole.fragment(0, 48));
        assert_eq!(play.frame(30_007, &whole.fragment(48, 100)), Outcome::Complete);
        assert_eq!(play.defragmenter.counters().timed_out, 0);
    }
}

#[test]
fn in_a_teardrop_the_end_that_came_first_stays() {
    let [whole, v6] = both();
    // The last fragment ends inside the first.
    let mut inside = play();
    inside.frame(0, &whole.piece(0, &[1; 40], true));
    inside.frame(0, &whole.piece(0, &[1; 8], true));
    assert_eq!(
        inside.frame(0, &whole.piece(24, &[1; 4], false)),
        Outcome::Complete
    );
    assert_eq!(inside.rebuilt[0].octets[whole.data..], [1; 28]);
    let anomalies = set(&[Anomaly::Overlap, Anomaly::EndsDiffer]);
    assert_eq!(inside.rebuilt[0].anomalies, anomalies);

    // Data past the end, and a second end.
    let mut past = play();
    past.frame(0, &whole.piece(16, &[2; 8], false));
    assert_eq!(past.frame(0, &whole.piece(24, &[3; 8], true)), Outcome::Held);
    assert_eq!(past.frame(0, &whole.piece(32, &[4; 8], false)), Outcome::Held);
    let counted = past.defragmenter.counters().anomalies;
    assert_eq!(counted.get(Anomaly::EndsDiffer), 2);
    assert_eq!(past.frame(0, &whole.piece(0, &[1; 16], true)), Outcome::Complete);
    assert_eq!(
        past.rebuilt[0].octets[whole.data..],
        [[1; 8], [1; 8], [2; 8]].concat()
    );
    assert_eq!(
        (past.rebuilt[0].frames, past.rebuilt[0].anomalies),
        (4, set(&[Anomaly::EndsDiffer]))
    );

    let mut abandoned = play();
    abandoned.frame(0, &v6.piece(16, &[2; 8], false));
    let refusal = Refusal::Anomaly(Anomaly::EndsDiffer);
    assert_eq!(
        abandoned.frame(0, &v6.piece(24, &[3; 8], true)),
        Outcome::NotHeld(refusal)
    );
    assert_eq!(abandoned.released.len(), 1);
}

#[test]
fn a_second_end_that_is_nearer_is_no_end() {
    let [whole, _] = both();
    let mut play = play();
    play.frame(0, &whole.fragment(72, 100));
    assert_eq!(play.frame(0, &whole.piece(8, &[9; 8], false)), Outcome::Held);
    assert_eq!(play.frame(0, &whole.fragment(0, 8)), Outcome::Held);
    assert_eq!(play.frame(0, &whole.fragment(16, 72)), Outcome::Complete);

    assert_eq!(play.rebuilt[0].octets.len(), whole.frame.len());
    assert_eq!(play.rebuilt[0].anomalies, set(&[Anomaly::EndsDiffer]));
}

#[test]
fn the_header_is_that_of_the_first_fragment_that_came_first() {
    let [whole, _] = both();
    let mut play = play();
    play.frame(0, &whole.fragment(48, 100));
    let with_option = v4(0x1234, false, true, DATA);
    for other in [with_option.fragment(0, 40), whole.fragment(0, 40)] {
        play.frame(0, &other);
    }
    play.frame(0, &whole.fragment(40, 48));

    let header = with_option.data;
    assert_eq!(play.rebuilt[0].octets[header..], whole.frame[whole.data..]);
    assert_eq!(play.rebuilt[0].octets[..header], with_option.frame[..header]);
}

#[test]
fn the_longest_datagram_is_whole_and_one_octet_more_is_refused() {
    // 65,535 octets with the IPv4 header, without the IPv6 header.
    for (whole, most) in [(v4(9, false, false, DATA), 65_515), (v6(9, false, DATA), 65_535)] {
        let refusal = Refusal::Anomaly(Anomaly::TooLong);
        let start = most / 8 * 8 - 8;
        let tail = most - start;
        let mut play = play();
        assert_eq!(
            play.frame(0, &whole.piece(start, &vec![5; tail + 1], false)),
            Outcome::NotHeld(refusal)
        );
        assert_eq!(
            play.frame(0, &whole.piece(start, &vec![5; tail], false)),
            Outcome::Held
        );
        let mut at = 0;
        while at < start {
            let to = (at + 32_000).min(start);
            play.frame(0, &whole.piece(at, &vec![5; to - at], true));
            at = to;
        }

        assert_eq!(play.rebuilt.len(), 1);
        assert_eq!(play.rebuilt[0].octets.len(), whole.data + most);
        assert_eq!(play.defragmenter.counters().anomalies.get(Anomaly::TooLong), 1);
    }
}

#[test]
fn a_first_fragment_with_options_can_make_the_datagram_too_long() {
    let (plain, options) = (v4(9, false, false, DATA), v4(9, false, true, DATA));
    let mut play = play();
    for at in (16..65_488).step_by(32) {
        let to = (at + 32_736).min(65_488);
        if (at - 16) % 32_736 == 0 {
            play.frame(0, &plain.piece(at, &vec![5; to - at], true));
        }
    }
    play.frame(0, &plain.piece(65_488, &[5; 27], false));
    assert_eq!(play.frame(0, &options.piece(0, &[5; 16], true)), Outcome::Held);

    assert!(play.rebuilt.is_empty());
    assert_eq!(play.released.len(), 4);
    assert!(play.released[3].anomalies.has(Anomaly::TooLong));
    assert_eq!(play.defragmenter.held(), 0);
}

#[test]
fn an_identification_can_be_used_again_at_once() {
    for whole in both() {
        let mut play = play();
        for _ in 0..3 {
            assert_eq!(play.frame(0, &whole.fragment(48, 100)), Outcome::Held);
            assert_eq!(play.frame(0, &whole.fragment(0, 48)), Outcome::Complete);
        }
        assert_eq!(play.rebuilt.len(), 3);
        assert!(play.rebuilt.iter().all(|rebuilt| rebuilt.octets == whole.frame));
    }
}

#[test]
fn lengths_that_add_up_do_not_hide_a_hole() {
    let [whole, _] = both();
    let mut play = play();
    play.frame(0, &whole.fragment(0, 40));
    play.frame(0, &whole.fragment(8, 40));
    play.frame(0, &whole.fragment(16, 40));
    // 40 + 32 + 24 + 28 octets came, and 40..72 did not.
    assert_eq!(play.frame(0, &whole.fragment(72, 100)), Outcome::Held);

    play.drain();

    assert!(play.rebuilt.is_empty());
    assert!(
        play.released
            .iter()
            .all(|released| released.cause == Cause::EndOfInput)
    );
    let anomalies = set(&[Anomaly::Overlap, Anomaly::Gap]);
    assert!(
        play.released
            .iter()
            .all(|released| released.anomalies == anomalies)
    );
    assert_eq!(play.defragmenter.counters().anomalies.get(Anomaly::Gap), 1);
    assert_eq!(play.defragmenter.counters().unfinished, 1);
}

#[test]
fn a_first_fragment_without_its_transport_header_is_tiny() {
    let mut whole = v4(5, false, false, DATA);
    for (protocol, is_tiny) in [(6, true), (17, false)] {
        whole.frame[23] = protocol;
        let mut play = play();
        play.frame(0, &whole.fragment(0, 16));
        play.frame(0, &whole.fragment(16, 100));
        assert_eq!(play.rebuilt[0].anomalies.has(Anomaly::TinyFirst), is_tiny);
    }
}

#[test]
fn a_length_that_is_no_multiple_of_eight_is_cut_for_ipv4_and_refused_for_ipv6() {
    let [whole, v6] = both();
    let mut play = play();
    play.frame(0, &whole.piece(0, &[1; 21], true));
    assert_eq!(play.frame(0, &whole.piece(16, &[2; 8], false)), Outcome::Complete);
    assert_eq!(
        play.rebuilt[0].octets[whole.data..],
        [[1; 8], [1; 8], [2; 8]].concat()
    );
    assert_eq!(play.rebuilt[0].anomalies, set(&[Anomaly::Misaligned]));

    let refusal = Refusal::Anomaly(Anomaly::Misaligned);
    assert_eq!(
        play.frame(0, &v6.piece(0, &[1; 21], true)),
        Outcome::NotHeld(refusal)
    );
}

#[test]
fn a_fragment_without_data_is_refused() {
    for whole in both() {
        let mut play = play();
        let refusal = Refusal::Anomaly(Anomaly::Empty);
        assert_eq!(
            play.frame(0, &whole.piece(8, &[], true)),
            Outcome::NotHeld(refusal)
        );
    }
}

#[test]
fn a_fragment_that_the_snap_length_cut_ends_its_datagram() {
    for whole in both() {
        let mut play = play();
        let tail = whole.fragment(48, 100);
        play.frame(0, &tail);
        let head = whole.fragment(0, 48);
        let len = u32::try_from(head.len()).unwrap();
        let at = Timestamp::from_nanos(1);
        let cut = locate(&head[..head.len() - 1], len, at).unwrap();

        assert_eq!(play.add(&cut), Outcome::NotHeld(Refusal::CutOff));
        assert_eq!(
            (play.released.len(), play.released[0].cause),
            (1, Cause::Abandoned)
        );
        assert_eq!(play.frame(2, &tail), Outcome::NotHeld(Refusal::Abandoned));
    }
}

#[test]
fn what_contradicts_itself_is_left_alone_and_does_no_harm() {
    for whole in both() {
        let mut play = play();
        let frame = whole.fragment(0, 48);
        let len = u32::try_from(frame.len()).unwrap();
        let good = locate(&frame, len, Timestamp::default()).unwrap();
        play.add(&good);

        let mut bad = [good; 6];
        bad[0].payload_octets += 1_000;
        bad[1].ip_start += 1;
        bad[2].payload_start -= 8;
        bad[3].payload_start = usize::MAX;
        bad[4].ip_start = usize::MAX - 3;
        bad[5].source = [10, 0, 0, 1].into();
        bad[5].destination = "2001:db8::1".parse().unwrap();
        for fragment in bad {
            assert_eq!(play.add(&fragment), Outcome::NotHeld(Refusal::Malformed));
        }

        assert_eq!(play.frame(0, &whole.fragment(48, 100)), Outcome::Complete);
        assert_eq!(play.rebuilt[0].octets, whole.frame);
    }
}

#[test]
fn a_fragment_that_is_a_whole_datagram_is_not_held() {
    let [_, whole] = both();
    let frame = whole.fragment(0, 96);
    let mut atomic = locate(&frame, 200, Timestamp::default()).unwrap();
    atomic.more = false;
    let mut play = play();
    play.frame(0, &frame);

    assert_eq!(play.add(&atomic), Outcome::NotHeld(Refusal::Whole));

    assert_eq!(play.frame(0, &whole.fragment(96, 100)), Outcome::Complete);
}

#[test]
fn a_datagram_of_too_many_frames_is_abandoned() {
    for whole in both() {
        let mut play = play();
        for _ in 0..FRAGMENTS {
            assert_eq!(play.frame(0, &whole.fragment(0, 48)), Outcome::Held);
        }
        let refusal = Refusal::Anomaly(Anomaly::TooMany);
        assert_eq!(play.frame(0, &whole.fragment(0, 48)), Outcome::NotHeld(refusal));
        assert_eq!(play.released.len(), FRAGMENTS);
        assert_eq!(
            play.frame(0, &whole.fragment(48, 100)),
            Outcome::NotHeld(Refusal::Abandoned)
        );
    }
}

#[test]
fn only_ipv4_fragments_must_agree_on_the_protocol() {
    let mut play = play();
    for (whole, outcome) in both().iter().zip([Outcome::Held, Outcome::Complete]) {
        play.frame(0, &whole.fragment(0, 48));
        let frame = whole.fragment(48, 100);
        let mut other = locate(&frame, 200, Timestamp::default()).unwrap();
        other.protocol = 99;
        assert_eq!(play.add(&other), outcome);
    }
}

#[test]
fn an_ipv4_header_of_four_words_is_none() {
    let [whole, _] = both();
    let mut frame = whole.fragment(0, 48);
    frame[14] = 0x44;
    let mut fragment = locate(&frame, 200, Timestamp::default()).unwrap();
    fragment.payload_octets = 48;
    assert_eq!(play().add(&fragment), Outcome::NotHeld(Refusal::Malformed));
}
