//! From an entry to a flow record, whole or in brief.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Carrier, ConnState, Counts, EndReason, FlowRecord, Protocol, TcpFlags, Verdict};
use sekisho_wire::tunnel::Tunnel;

use super::{BOTH_HEARD, Blank, Entry, Handshake, ORIG_HEARD, RESP_FIRST, RESP_HEARD, letter_bit};
use crate::brief::Brief;
use crate::community_id;
use crate::history::History;
use crate::key::FlowKey;
use crate::quality::Faults;
use crate::volume::Volume;

impl<T> Entry<'_, T> {
    /// Writes the record filled so far and begins the next one.
    pub(crate) fn record(&mut self, end_reason: EndReason, blank: &Blank, community_ids: bool) -> FlowRecord {
        let community_id = |key: &FlowKey| {
            if community_ids {
                community_id::of(key, &community_id::digest(key))
            } else {
                String::new()
            }
        };
        let app = match end_reason {
            EndReason::Active => self.cold.talk.app(),
            // Nothing comes after the last record.
            _ => std::mem::take(&mut self.cold.talk).into_app(),
        };
        let (hot, cold) = (&*self.hot, &*self.cold);
        let (orig, resp) = self.ends();
        let (to_resp, to_orig) = self.counts();
        let [orig_mac, resp_mac] = cold.macs();
        let (vlan, inner_vlan) = cold.vlans();
        let rare = cold.rare_if_any();
        let record = FlowRecord {
            flow_id: cold.flow_id,
            part: cold.part,
            orig,
            resp,
            protocol: hot.key.protocol(),
            has_ports: hot.key.has_ports(),
            vlan,
            inner_vlan,
            orig_mac,
            resp_mac,
            start: hot.start,
            end: hot.last,
            to_resp,
            to_orig,
            conn_state: self.conn_state(),
            history: self.history().text(),
            end_reason,
            direction_by: cold.direction_by,
            community_id: community_id(&hot.key),
            carrier: rare.and_then(|rare| rare.carried_in.as_ref()).map(|carrier| {
                let (kind, key) = &**carrier;
                Carrier {
                    kind: kind.name(),
                    community_id: community_id(key),
                }
            }),
            carries: rare.and_then(|rare| rare.carries).map_or("", Tunnel::name),
            handshake_rtt: (hot.handshake == Handshake::Took).then(|| nanos(cold.handshake.unsigned_abs())),
            data_rtt: (self.tcp.data_rtt != u64::MAX).then(|| nanos(self.tcp.data_rtt)),
            icmp_errors: rare.map_or(0, |rare| rare.icmp_errors),
            app,
            orig_zone: Arc::clone(&blank.zone),
            resp_zone: Arc::clone(&blank.zone),
            verdict: Verdict::Unknown,
            rule: Arc::clone(&blank.nothing),
            policy_version: Arc::clone(&blank.nothing),
        };
        self.turn_page();
        record
    }

    /// The least of the record filled so far; begins the next one.
    pub(crate) fn brief(&mut self) -> Brief {
        let (orig, resp) = self.ends();
        let (packets, octets) = self.volume();
        let brief = Brief {
            flow_id: self.cold.flow_id,
            part: self.cold.part,
            start: self.hot.start,
            end: self.hot.last,
            orig: orig.address,
            resp: resp.address,
            packets,
            octets,
        };
        self.turn_page();
        brief
    }

    fn turn_page(&mut self) {
        self.cold.turn_page();
        self.hot.sent = [Volume::default(); 2];
        self.hot.duplicates = [0; 2];
        self.hot.tcp_flags = [TcpFlags::default(); 2];
    }

    /// Originator and responder.
    pub(super) fn ends(&self) -> (sekisho_model::Endpoint, sekisho_model::Endpoint) {
        let (key, side) = (&self.hot.key, self.hot.orig);
        let (mut orig, mut resp) = (key.endpoint(side), key.endpoint(side.other()));
        if key.is_icmp() {
            // The key has the type at the originator's end; a type has eight bits.
            (orig.port, resp.port) = (orig.port.min(255), u16::from(self.cold.icmp_code));
        }
        (orig, resp)
    }

    /// Packets and octets in both directions.
    fn volume(&self) -> (u64, u64) {
        if self.has_spilled() {
            let (there, back) = self.counts();
            return (
                there.packets.saturating_add(back.packets),
                there.octets.saturating_add(back.octets),
            );
        }
        let [there, back] = &self.hot.sent;
        (
            u64::from(there.packets).saturating_add(u64::from(back.packets)),
            u64::from(there.octets).saturating_add(u64::from(back.octets)),
        )
    }

    fn has_spilled(&self) -> bool {
        self.cold.rare_if_any().is_some_and(|rare| rare.spilled.is_some())
    }

    /// What went to the responder, and to the originator.
    fn counts(&self) -> (Counts, Counts) {
        let [there, back] = self.hot.sent;
        let [orig_flags, resp_flags] = self.hot.tcp_flags;
        let rare = self.cold.rare_if_any();
        let [mut orig, mut resp] = rare.map_or_else(Default::default, |rare| rare.faults);
        for (faults, duplicates) in [&mut orig, &mut resp].into_iter().zip(self.hot.duplicates) {
            faults.duplicates = faults.duplicates.saturating_add(u32::from(duplicates));
        }
        let (mut there, mut back) = (counts(there, orig_flags, &orig), counts(back, resp_flags, &resp));
        if let Some(spilled) = rare.and_then(|rare| rare.spilled.as_ref()) {
            spilled.add_to(&mut there, &mut back);
        }
        (there, back)
    }

    /// What happened so far; of a flow of datagrams the letters are noted only here.
    fn history(&self) -> History {
        let mut history = self.cold.history;
        if self.hot.key.protocol() == Protocol::UDP {
            let orig_first = self.hot.noted & RESP_FIRST == 0;
            for by_originator in [orig_first, !orig_first] {
                if self.hot.noted & letter_bit(true, by_originator) != 0 {
                    history.note(b'D', by_originator);
                }
            }
        }
        history
    }

    /// Zeek's word for the whole flow so far; for UDP it says who was heard.
    fn conn_state(&self) -> Option<ConnState> {
        match self.hot.key.protocol() {
            Protocol::TCP => Some(self.tcp.connection.conn_state(&self.cold.history)),
            Protocol::UDP => Some(match self.hot.flags & BOTH_HEARD {
                BOTH_HEARD => ConnState::SF,
                ORIG_HEARD => ConnState::S0,
                RESP_HEARD => ConnState::Shr,
                _ => ConnState::Oth,
            }),
            _ => None,
        }
    }
}

fn counts(sent: Volume, tcp_flags: TcpFlags, faults: &Faults) -> Counts {
    let Volume {
        packets,
        octets,
        payload_octets,
        frame_octets,
    } = sent;
    Counts {
        packets: u64::from(packets),
        octets: u64::from(octets),
        payload_octets: u64::from(payload_octets),
        frame_octets: u64::from(frame_octets),
        tcp_flags,
        retransmitted: faults.retransmitted,
        out_of_order: faults.out_of_order,
        zero_windows: faults.zero_windows,
        duplicates: faults.duplicates,
        missed_octets: faults.missed_octets,
    }
}

const fn nanos(count: u64) -> Duration {
    Duration::from_nanos(count)
}
