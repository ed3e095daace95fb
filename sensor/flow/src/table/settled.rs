//! Which flows a source may count by itself.
//!
//! One that says nothing more: its payload has been read as far as anybody wants it, its connection
//! stands, it is no tunnel and in none, and none of its packets came twice: which packet is a copy can
//! only be told by who has seen the one before. What is yet to come of it that is more than a number
//! (an end, a gap, a kind of packet that it has not had) the source still gives.

use sekisho_model::run::{Ends, Kinds};
use sekisho_model::{Protocol, Settled};

use super::{Sink, Table};
use crate::entry::{Entry, Phase};
use crate::key::Side;
use crate::observation::Observation;

/// Packets between two sayings that a flow is settled: the first time it has had as many, and a source
/// that has not heard, or has taken it back meanwhile, hears it again.
const EVERY: u32 = 16;

impl<T: Clone> Table<T> {
    /// Says so where the flow in a slot, which has just had this packet, is settled.
    #[inline]
    pub(super) fn let_go<S: Sink<Tag = T>>(&mut self, slot: u32, packet: &Observation<'_>, sink: &mut S) {
        let Some(entry) = self.slots.entry(slot) else {
            return;
        };
        if !entry.hot.has_packets_by(EVERY) || !packet.is_whole() {
            return;
        }
        if self.config.conversations && !entry.hot.is_quiet() && !entry.hot.is_set_aside() {
            return;
        }
        let vlan = packet.layer().link.vlan.filter(|_| self.config.by_vlan);
        if let Some(settled) = entry.settled(vlan) {
            sink.settled(&settled);
        }
    }
}

impl<T> Entry<'_, T> {
    fn settled(&self, vlan: Option<u16>) -> Option<Settled> {
        let hot = &self.hot;
        if !hot.key.has_ports() || hot.carries() || hot.has_copies() {
            return None;
        }
        let (kinds, next) = match hot.key.protocol() {
            Protocol::TCP if hot.phase == Phase::Answered => (hot.kinds(), self.next()?),
            Protocol::UDP => {
                let any = |kinds: Kinds| Kinds {
                    empty: kinds.payload,
                    ..kinds
                };
                (hot.kinds().map(any), [0; 2])
            }
            _ => return None,
        };
        let ends = Ends {
            a: hot.key.endpoint(Side::Lower),
            b: hot.key.endpoint(Side::Upper),
            protocol: hot.key.protocol(),
            vlan,
        };
        Some(Settled { ends, kinds, next })
    }
}
