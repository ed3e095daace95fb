//! What holds for any datagram, any cuts and any fragments.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use sekisho_flow::defrag::{Anomaly, Config, FragmentIn};
use sekisho_model::{Linktype, Timestamp};

use crate::support::{Outcome, Play, Whole, locate, v4, v6};

fn whole() -> impl Strategy<Value = Whole> {
    (0..4, any::<u16>(), vec(any::<u8>(), 9..3_000)).prop_map(|(kind, id, payload)| match kind {
        0 => v4(id, false, false, &payload),
        1 => v4(id, true, true, &payload),
        2 => v6(u32::from(id) << 9, false, &payload),
        _ => v6(u32::from(id), true, &payload),
    })
}

/// Cuts a datagram at some multiples of eight.
fn cut(whole: &Whole, cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let end = whole.octets();
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(end.div_ceil(8)) * 8).collect();
    at.extend([0, 8, end]);
    at.sort_unstable();
    at.dedup();
    at.windows(2)
        .map(|pair| whole.fragment(pair[0], pair[1]))
        .collect()
}

proptest! {
    #[test]
    fn cutting_anywhere_in_any_order_with_duplicates_gives_the_same_octets_back(
        whole in whole(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
        order in vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let frames = cut(&whole, &cuts);
        // Any choice with repetition, then whatever it left out.
        let mut numbers: Vec<usize> = order.iter().map(|number| number.index(frames.len())).collect();
        numbers.extend((0..frames.len()).rev());
        let mut play = Play::new(Config::default());
        let mut given = 0;
        for number in numbers {
            given += 1;
            if play.frame(0, &frames[number]) == Outcome::Complete {
                break;
            }
        }

        prop_assert_eq!(play.rebuilt.len(), 1);
        prop_assert_eq!(&play.rebuilt[0].octets, &whole.frame);
        prop_assert_eq!(play.rebuilt[0].frames, given);
        for anomaly in play.rebuilt[0].anomalies.iter() {
            prop_assert_eq!(anomaly, Anomaly::Duplicate);
        }
        prop_assert_eq!(play.defragmenter.octets(), 0);
    }

    #[test]
    fn what_comes_first_stays_octet_by_octet(
        pieces in vec((0_usize..12, 1_usize..40, any::<bool>()), 1..40),
    ) {
        let whole = v4(1, false, false, &[0; 8]);
        let mut play = Play::new(Config::default());
        let mut octets = [None; 200];
        let mut total = None;
        for (number, (unit, length, last)) in pieces.into_iter().enumerate() {
            if unit == 0 && last {
                continue;
            }
            let data = vec![u8::try_from(number).unwrap(); if last { length } else { length.div_ceil(8) * 8 }];
            let outcome = play.frame(0, &whole.piece(unit * 8, &data, !last));
            for (octet, value) in octets[unit * 8..].iter_mut().zip(&data) {
                octet.get_or_insert(*value);
            }
            if last {
                total.get_or_insert(unit * 8 + length);
            }

            let expected: Option<Vec<u8>> = total.and_then(|end| octets[..end].iter().copied().collect());
            prop_assert_eq!(outcome == Outcome::Complete, expected.is_some());
            if let Some(expected) = expected {
                prop_assert_eq!(&play.rebuilt[0].octets[whole.data..], &expected[..]);
                break;
            }
        }
    }

    #[test]
    fn no_fragments_make_it_panic_lose_a_frame_or_pass_its_limits(
        fragments in vec(fragment(), 0..200),
        datagrams in 0_usize..6,
        octets in 0_usize..12_000,
        timeout in 0_u64..40,
    ) {
        let mut play = Play::new(Config { datagrams, octets, timeout: Duration::from_secs(timeout) });
        for (fragment, frame) in &fragments {
            // The sums are looked at after each step.
            play.add(&FragmentIn { frame, ..*fragment });
        }
        play.drain();
    }

    #[test]
    fn damaged_frames_never_panic(
        whole in whole(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
        damage in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut frames = cut(&whole, &cuts);
        let mut play = Play::new(Config::default());
        let parts: Vec<_> = frames
            .iter()
            .map(|frame| locate(frame, 2_000, Timestamp::default()).map(|part| FragmentIn { frame: &[], ..part }))
            .collect();
        for (number, at, octet) in damage {
            let number = number.index(frames.len());
            let at = at.index(frames[number].len());
            frames[number][at] = octet;
        }
        for (part, frame) in parts.into_iter().zip(&frames) {
            if let Some(part) = part {
                play.add(&FragmentIn { frame, ..part });
            }
        }
        play.drain();
    }
}

/// Any numbers, with a bias to those that are nearly right. The frame comes beside it.
fn fragment() -> impl Strategy<Value = (FragmentIn<'static>, Vec<u8>)> {
    let place = (
        0_u32..3,
        prop_oneof![0_u32..20, 8_180_u32..8_192, any::<u32>()],
        any::<bool>(),
    );
    let frame = (0_usize..3, vec(any::<u8>(), 0..400), any::<bool>());
    let declared = prop_oneof![9 => Just(None), 1 => any::<(u32, usize, usize, u32)>().prop_map(Some)];
    let time = prop_oneof![20 => 0_i64..60_000_000_000, 1 => any::<i64>()];
    (place, frame, declared, time).prop_map(|(place, frame, declared, time)| {
        let ((identification, units, more), (ip_start, mut octets, is_v6)) = (place, frame);
        let header = if is_v6 { 48 } else { 20 };
        octets.resize(octets.len().max(ip_start + header), 0);
        octets[ip_start] = if is_v6 { 0x60 } else { 0x45 };
        octets[ip_start + if is_v6 { 6 } else { 9 }] = if is_v6 { 44 } else { 17 };
        let address = |last: u8| match is_v6 {
            true => std::net::IpAddr::from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]),
            false => std::net::IpAddr::from([192, 0, 2, last]),
        };
        let len = u32::try_from(octets.len()).unwrap();
        let rest = octets.len() - ip_start - header;
        let mut fragment = FragmentIn {
            source: address(1),
            destination: address(2),
            protocol: 17,
            identification,
            offset: units.wrapping_mul(8),
            more,
            frame: &[],
            ip_start,
            payload_start: ip_start + header,
            payload_octets: u32::try_from(if more { rest / 8 * 8 } else { rest }).unwrap(),
            len,
            linktype: Linktype::ETHERNET,
            time: Timestamp::from_nanos(time),
        };
        if let Some((payload_octets, ip_start, payload_start, len)) = declared {
            fragment = FragmentIn {
                payload_octets,
                ip_start,
                payload_start,
                len,
                ..fragment
            };
        }
        (fragment, octets)
    })
}
