//! What a flow's entry knows that its conversation asks for.

use std::sync::Arc;

use sekisho_model::app::{Event, FlowRef};
use sekisho_wire::app::End;

use super::{Blank, Entry};
use crate::community_id;
use crate::key::Side;
use crate::observation::Observation;

impl<T> Entry<'_, T> {
    /// Lets the conversation read a packet that it wants; `out` gets what it says.
    pub(crate) fn converse(
        &mut self,
        packet: &Observation<'_>,
        (sender, expected): (Side, [Option<u32>; 2]),
        out: &mut Vec<Event>,
    ) {
        let from = if sender == self.hot.orig {
            End::Orig
        } else {
            End::Resp
        };
        let (orig, resp) = self.ends();
        let place = ([orig.port, resp.port], expected);
        self.cold.talk.packet(from, packet.ip(), place, packet.at, out);
        self.hot.note_calm(self.cold.talk.is_calm());
        if self.cold.talk.is_over() {
            self.hot.be_quiet();
        }
    }

    /// The sequence numbers that the two streams go on with, originator first.
    pub(crate) fn expected(&self) -> [Option<u32>; 2] {
        let [orig, resp] = &self.tcp.streams;
        [orig.expected(), resp.expected()]
    }

    /// The number of the next event of the conversation.
    pub(crate) const fn next_said(&mut self) -> u64 {
        let number = self.cold.said;
        self.cold.said = number.saturating_add(1);
        number as u64
    }

    /// The flow as its events name it; the zones are the sink's to fill in.
    pub(crate) fn reference(&self, blank: &Blank, community_ids: bool) -> FlowRef {
        let key = &self.hot.key;
        let community_id = if community_ids {
            community_id::of(key, &community_id::digest(key))
        } else {
            String::new()
        };
        let (orig, resp) = self.ends();
        let [orig_mac, resp_mac] = self.cold.macs();
        let (vlan, inner_vlan) = self.cold.vlans();
        FlowRef {
            flow_id: self.cold.flow_id,
            orig,
            resp,
            protocol: key.protocol(),
            vlan,
            inner_vlan,
            orig_mac,
            resp_mac,
            community_id,
            orig_zone: Arc::clone(&blank.zone),
            resp_zone: Arc::clone(&blank.zone),
        }
    }
}
