//! Conversations step by step, against the model: what is absorbed, what goes up and in which order, and
//! what the slot says after each step.

use sekisho_ebpf_abi::{NO_VLAN, Slot, allow, setup, state};

use super::model::{Fate, seen};
use super::{ACK, PORT, PSH_ACK, Packet, Random, Told, kernel, settled, setup, told};

const STEPS: u32 = 60_000;

#[test]
fn random_conversations_go_as_the_model_says() {
    let setup = setup(setup::BY_VLAN);
    let Some(mut kernel) = kernel(&setup, 1 << 20) else {
        return;
    };
    let mut random = Random(11);
    let mut slots: Vec<(u32, Slot)> = Vec::new();
    // Where each end of each flow stands.
    let mut stands = [[[0xffff_fa00_u32, 0xffff_ff00]; 4], [[5, 9]; 4]];
    let (mut absorbed, mut released, mut snapshots) = (0, 0, 0);
    for step in 0..STEPS {
        let (flow, is_v6) = (random.below(4), random.once_in(2));
        let by = random.below(2);
        let ends = &mut stands[usize::from(is_v6)][flow];
        let mut packet = a_packet(&mut random, flow, is_v6, ends, by);
        if by == 1 {
            packet = packet.back();
        }
        let frame = packet.frame();
        let seen = seen(&frame, setup.flags).unwrap();
        let found = slots.iter().position(|(_, slot)| seen.is_of(slot));
        let is_armed = found.is_some_and(|found| slots[found].1.state & state::MASK == state::ARMED);
        if !is_armed && random.once_in(3) {
            if let Some(found) = found {
                kernel.free(slots.swap_remove(found).0);
            }
            let mut slot = seen.slot(random.once_in(2));
            slot.generation = step + 1;
            slot.begun = [0; 2];
            if random.once_in(4) {
                slot.state &= !random.one_of(&[allow::A_PAYLOAD, allow::B_EMPTY, allow::A_EMPTY]);
            }
            // One of the two ways that no other flow has.
            let group = seen.place(&setup);
            let is_free = |place: &u32| slots.iter().all(|(taken, _)| taken != place);
            if let Some(place) = [group, group + 1].into_iter().find(is_free) {
                kernel.arm(place, &slot);
                slots.push((place, slot));
            }
        }

        kernel.test_run(&frame, 1).unwrap();

        let up = Told::Frame(frame);
        let armed = slots
            .iter_mut()
            .find(|(_, slot)| seen.is_of(slot) && slot.state & state::MASK == state::ARMED);
        let (mut place, mut expected) = (None, vec![]);
        if let Some((number, slot)) = armed {
            place = Some((*number, slot));
            let slot = &mut place.as_mut().unwrap().1;
            match seen.meet(slot) {
                Fate::Absorbed => absorbed += 1,
                Fate::HandedUp => expected.push(up),
                Fate::AfterRelease(before) => {
                    released += 1;
                    expected.extend([Told::Released(*number, before), up]);
                }
                Fate::AfterSnapshot(before) => {
                    snapshots += 1;
                    expected.extend([Told::Snapshot(*number, before), up]);
                }
            }
        } else {
            expected.push(up);
        }
        assert_eq!(told(&mut kernel), expected, "{step}: {packet:?}");
        if let Some((number, slot)) = place {
            assert_eq!(settled(kernel.read(number)), *slot, "{step}: {packet:?}");
        }
    }
    assert!(
        absorbed > STEPS / 8 && released > 1_000 && snapshots > 100,
        "{absorbed} {released} {snapshots}"
    );
    let counters = kernel.counters(PORT).unwrap();
    assert_eq!(counters.received, u64::from(STEPS));
    assert_eq!(counters.absorbed, u64::from(absorbed));
    assert_eq!(counters.absorbed + counters.handed_up, counters.received);
}

/// A packet that goes on where its flow stands, mostly.
fn a_packet(random: &mut Random, flow: usize, is_v6: bool, ends: &mut [u32; 2], by: usize) -> Packet {
    let payload = random.one_of(&[0, 0, 1, 100, 1400]);
    let mut packet = Packet::udp(0, payload);
    if is_v6 {
        packet.source = "2001:db8::1".parse().unwrap();
        packet.destination = "2001:db8::2".parse().unwrap();
    }
    packet.identification = random.one_of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    packet.checksum = random.one_of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    packet.from = 40_000 + u16::try_from(flow / 2).unwrap();
    packet.tags = random.one_of(&[&[][..], &[0], &[7], &[7, 8]]).to_vec();
    if flow.is_multiple_of(2) {
        let (mut sequence, mut acknowledgement) = (ends[by], ends[1 - by]);
        if random.once_in(20) {
            sequence = sequence.wrapping_add(random.one_of(&[1, u32::MAX, 1 << 31]));
        }
        if random.once_in(20) {
            acknowledgement = acknowledgement.wrapping_add(random.one_of(&[1, u32::MAX]));
        }
        let mut flags = random.one_of(&[ACK, ACK, PSH_ACK]);
        if random.once_in(40) {
            flags = random.one_of(&[ACK | 1, ACK | 2, ACK | 4, ACK | 0x20, ACK | 0x40, 0]);
        }
        let window = if random.once_in(40) { 0 } else { 512 };
        packet.tcp = Some((sequence, acknowledgement, flags, window));
        ends[by] = sequence.wrapping_add(u32::try_from(payload).unwrap());
    }
    packet
}

#[test]
fn vlans_tell_flows_apart_only_where_asked_to() {
    for (flags, absorbed) in [(setup::BY_VLAN, 0), (0, 1)] {
        let setup = setup(flags);
        let Some(mut kernel) = kernel(&setup, 1 << 17) else {
            return;
        };
        let packet = Packet::udp(1, 10);
        let tagged = Packet {
            tags: vec![5],
            ..packet.clone()
        };
        let plain = seen(&packet.frame(), flags).unwrap();
        assert_eq!(plain.vlan, NO_VLAN);
        kernel.arm(plain.place(&setup), &plain.slot(true));

        kernel.test_run(&tagged.frame(), 1).unwrap();

        assert_eq!(kernel.counters(PORT).unwrap().absorbed, absorbed);
        let slot = kernel.read(plain.place(&setup));
        assert_eq!(u64::from(slot.sums[0].packets), absorbed);
        assert_eq!(slot.state & state::MASK, state::ARMED);
    }
}

#[test]
fn sequence_numbers_go_on_past_their_end() {
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 1 << 17) else {
        return;
    };
    let first = Packet::tcp(u32::MAX - 99, 1, 100);
    let packet = seen(&first.frame(), 0).unwrap();
    let place = packet.place(&setup);
    kernel.arm(place, &packet.slot(true));

    for frame in [first, Packet::tcp(0, 1, 50), Packet::tcp(50, 1, 0)] {
        kernel.test_run(&frame.frame(), 1).unwrap();
    }

    let slot = kernel.read(place);
    assert_eq!((slot.sums[0].packets, slot.sums[0].payload_octets), (3, 150));
    assert_eq!(slot.sums[0].next, 50);
    // 100 + 50 + 0 octets in three frames with headers of 54, the last one padded to 60.
    assert_eq!(slot.sums[0].frame_octets, 154 + 104 + 60);
    assert_eq!(slot.sums[0].ip_octets, 140 + 90 + 40);
    assert!(slot.last > 0);
    assert!(told(&mut kernel).is_empty());
}
