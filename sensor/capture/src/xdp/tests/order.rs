//! A full ring, networks that are excluded, frames of other interfaces, long frames.

use std::net::IpAddr;

use sekisho_ebpf_abi::{self as abi, setup, state};

use super::model::seen;
use super::{DROP, PASS, PORT, Packet, Told, kernel, setup, told};
use crate::Network;

#[test]
fn a_full_ring_loses_nothing_uncounted_and_releases_nothing() {
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };
    let known = Packet::tcp(100, 1, 10);
    let flow = seen(&known.frame(), 0).unwrap();
    let place = flow.place(&setup);
    kernel.arm(place, &flow.slot(true));
    // The smallest ones: what goes up before a frame needs more room than they do.
    let other = Packet::udp(1, 4).frame();
    while kernel.counters(PORT).unwrap().lost == 0 {
        kernel.test_run(&other, 1).unwrap();
    }
    let full = kernel.counters(PORT).unwrap();

    // Not plain: it would release the slot, for which there is no room.
    let ends = Packet {
        tcp: Some((100, 1, 0x11, 512)),
        ..known.clone()
    };
    kernel.test_run(&ends.frame(), 1).unwrap();
    kernel.test_run(&known.frame(), 1).unwrap();

    let slot = kernel.read(place);
    assert_eq!(
        (slot.state & state::MASK, slot.sums[0].packets),
        (state::ARMED, 1)
    );
    let after = kernel.counters(PORT).unwrap();
    assert_eq!((after.lost, after.absorbed), (full.lost + 1, 1));
    let lost = u64::try_from(other.len() + ends.frame().len()).unwrap();
    assert_eq!(after.lost_octets, lost);
    assert_eq!(after.received, after.handed_up + after.absorbed + after.lost);
    let events = told(&mut kernel);
    assert_eq!(u64::try_from(events.len()).unwrap(), after.handed_up);
    assert!(
        events
            .into_iter()
            .all(|event| event == Told::Frame(other.clone()))
    );

    // There is room again.
    let goes_on = Packet {
        tcp: Some((110, 1, 0x11, 512)),
        ..known
    };
    kernel.test_run(&goes_on.frame(), 1).unwrap();
    let events = told(&mut kernel);
    assert!(
        matches!(&events[..], [Told::Released(number, slot), Told::Frame(frame)]
            if *number == place && slot.sums[0].packets == 1 && *frame == goes_on.frame()),
        "{events:?}"
    );
}

#[test]
fn a_snapshot_without_room_leaves_the_direction_where_it_was() {
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };
    let there = Packet::tcp(100, 1, 10);
    let flow = seen(&there.frame(), 0).unwrap();
    let place = flow.place(&setup);
    let mut slot = flow.slot(true);
    slot.begun = [1, 0];
    kernel.arm(place, &slot);
    kernel.test_run(&there.frame(), 1).unwrap();
    let other = Packet::udp(1, 4).frame();
    while kernel.counters(PORT).unwrap().lost == 0 {
        kernel.test_run(&other, 1).unwrap();
    }
    let back = Packet::tcp(1, 110, 10).back().frame();

    kernel.test_run(&back, 1).unwrap();
    assert_eq!(kernel.read(place).begun, [1, 0]);
    assert_eq!(kernel.counters(PORT).unwrap().lost, 2);

    assert!(!told(&mut kernel).is_empty());
    kernel.test_run(&back, 1).unwrap();
    let events = told(&mut kernel);
    assert!(
        matches!(&events[..], [Told::Snapshot(number, slot), Told::Frame(frame)]
            if *number == place && slot.sums[0].packets == 1 && *frame == back),
        "{events:?}"
    );
    assert_eq!(kernel.read(place).begun, [1, 1]);
}

#[test]
fn the_longest_prefix_decides_what_is_excluded_and_either_end_is_enough() {
    let setup = setup(setup::EXCLUDES);
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };
    let network = |address: &str, prefix, excluded| Network {
        address: address.parse().unwrap(),
        prefix,
        excluded,
    };
    let networks = [
        network("192.0.2.0", 24, true),
        network("192.0.2.128", 25, false),
        network("2001:db8:a::", 48, true),
    ];
    kernel.exclude(&networks).unwrap();
    let between = |source: &str, destination: &str| Packet {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        ..Packet::udp(1, 10)
    };
    let is_excluded = |packet: &Packet| {
        let before = kernel.counters(PORT).unwrap().excluded;
        assert_eq!(kernel.test_run(&packet.frame(), 1).unwrap().verdict, DROP);
        kernel.counters(PORT).unwrap().excluded > before
    };

    for (ends, excluded) in [
        (("192.0.2.1", "198.51.100.1"), true),
        (("198.51.100.1", "192.0.2.127"), true),
        (("198.51.100.1", "192.0.2.129"), false),
        (("198.51.100.1", "203.0.113.1"), false),
        (("2001:db8:a::1", "2001:db8:b::1"), true),
        (("2001:db8:b::1", "2001:db8:a:ffff::1"), true),
        (("2001:db8:b::1", "2001:db8:c::1"), false),
    ] {
        assert_eq!(is_excluded(&between(ends.0, ends.1)), excluded, "{ends:?}");
        // What may be a tunnel may carry what is not excluded.
        let tunnel = Packet {
            to: 4789,
            ..between(ends.0, ends.1)
        };
        assert!(!is_excluded(&tunnel), "{ends:?}");
    }

    kernel.exclude(&networks[1..]).unwrap();
    let packet = between("192.0.2.1", "198.51.100.1");
    kernel.test_run(&packet.frame(), 1).unwrap();
    let counters = kernel.counters(PORT).unwrap();
    assert_eq!(
        (counters.excluded, counters.excluded_octets),
        (4, 2 * 60 + 2 * 72)
    );
    assert_eq!(counters.excluded + counters.handed_up, counters.received);
}

#[test]
fn frames_of_other_interfaces_are_passed_on_and_not_counted() {
    let mut setup = setup(0);
    setup.ports = [0; abi::PORTS];
    setup.ports[0] = 7_777;
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };

    let run = kernel.test_run(&Packet::udp(1, 10).frame(), 3).unwrap();

    assert_eq!(run.verdict, PASS);
    for port in 0..u32::try_from(abi::PORTS).unwrap() {
        assert_eq!(kernel.counters(port).unwrap(), abi::Counters::default());
    }
    assert!(told(&mut kernel).is_empty());
}

#[test]
fn a_shared_port_passes_its_frames_on() {
    let Some(kernel) = kernel(&setup(setup::PASS), 1 << 17) else {
        return;
    };

    let run = kernel.test_run(&Packet::udp(1, 10).frame(), 1).unwrap();

    assert_eq!(run.verdict, PASS);
    assert_eq!(kernel.counters(PORT).unwrap().handed_up, 1);
}

#[test]
fn a_long_frame_goes_up_whole_or_as_long_as_asked_for() {
    for snap in [abi::LONGEST, 9_000, 256, 100, 14] {
        let setup = abi::Setup { snap, ..setup(0) };
        let Some(mut kernel) = kernel(&setup, 1 << 20) else {
            return;
        };
        // A frame of more than a page comes in pieces.
        for payload in [
            0, 22, 23, 86, 87, 200, 500, 1_000, 1_400, 3_000, 4_100, 9_000, 16_000,
        ] {
            let mut frame = Packet::udp(1, payload).frame();
            for (index, octet) in frame.iter_mut().enumerate().skip(60) {
                *octet = u8::try_from(index % 251).unwrap();
            }
            kernel.test_run(&frame, 1).unwrap();
            let event = kernel.next().unwrap();
            assert_eq!(event.head.len as usize, frame.len());
            let captured = frame.len().min(snap as usize);
            assert_eq!(event.frame(), Some(&frame[..captured]), "{snap} {payload}");
        }
    }
}

#[test]
fn an_address_of_a_network_says_nothing_below_its_prefix() {
    let setup = setup(setup::EXCLUDES);
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };
    let address: IpAddr = "192.0.2.77".parse().unwrap();
    let network = |prefix| Network {
        address,
        prefix,
        excluded: true,
    };

    kernel.exclude(&[network(24)]).unwrap();
    kernel.exclude(&[network(25), network(0)]).unwrap();
    kernel.exclude(&[network(25)]).unwrap();
    for (to, excluded) in [("192.0.2.1", 1), ("192.0.2.200", 1)] {
        let packet = Packet {
            source: "198.51.100.1".parse().unwrap(),
            destination: to.parse().unwrap(),
            ..Packet::udp(1, 10)
        };
        kernel.test_run(&packet.frame(), 1).unwrap();
        assert_eq!(kernel.counters(PORT).unwrap().excluded, excluded, "{to}");
    }
}
