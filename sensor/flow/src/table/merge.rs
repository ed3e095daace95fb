//! Runs of packets that a source has counted.

use sekisho_model::{Protocol, Run};
use sekisho_wire::{IpPacket, Layer, TcpSegment};

use super::{Observed, Prepared, Sink, Table, arm};
use crate::entry::Phase;
use crate::key::FlowKey;
use crate::observation::Observation;

impl<T: Clone> Table<T> {
    /// Counts a run in its flow; in one that begins with it where the flow has been given up since.
    /// `ordinal` is the number of the next packet.
    pub fn merge<S: Sink<Tag = T>>(&mut self, run: &Run, ordinal: u64, sink: &mut S) -> Observed<'_, T> {
        let layer = layer_of(run);
        let packet = Observation::alone(&layer, run.last, ordinal);
        let (key, a) = FlowKey::of(&layer.ip);
        let key = match run.ends.vlan.filter(|_| self.config.by_vlan) {
            Some(vlan) => key.on_vlan(vlan),
            None => key,
        };
        let prepared = Prepared {
            key,
            sender: a,
            hash: self.hash(&key),
            slot: u32::MAX,
        };
        self.stamp = self.stamp.saturating_add(1);
        let slot = match self.find(&prepared) {
            Some(slot) if !self.is_ended(slot, &packet, a, sink) => slot,
            _ => self.begin(&prepared, &packet, sink),
        };
        let Some(mut entry) = self.slots.entry(slot) else {
            return Observed::LeftOut;
        };
        let (was_answered, phase) = (entry.hot.is_answered(), entry.hot.phase);
        entry.merge(run, a, &mut self.counters);
        let hot = &mut *entry.hot;
        hot.stamp = self.stamp;
        if hot.is_answered() != was_answered && hot.take_ticket(true) {
            self.answered.push(self.stamp, slot);
        }
        if hot.phase != phase && hot.phase == Phase::Over {
            let (deadline, _) = hot.idle_deadline(&self.timeouts);
            arm(&mut self.timers, hot, slot, deadline);
        }
        let is_set_aside = hot.is_set_aside();
        match self.slots.tag(slot) {
            Some(tag) if is_set_aside => Observed::SetAside(tag),
            Some(tag) => Observed::Counted(tag),
            None => Observed::LeftOut,
        }
    }
}

/// A packet from `a` without payload, as the flow of a run has them.
fn layer_of(run: &Run) -> Layer<'static> {
    let [by_a, _] = &run.sent;
    let blank = Layer::default();
    Layer {
        ip: IpPacket {
            source: run.ends.a.address,
            destination: run.ends.b.address,
            protocol: run.ends.protocol,
            source_port: run.ends.a.port,
            destination_port: run.ends.b.port,
            has_ports: true,
            tcp: (run.ends.protocol == Protocol::TCP).then_some(TcpSegment {
                sequence: by_a.next,
                acknowledgement: by_a.acknowledged,
                flags: by_a.flags,
                window: by_a.window,
            }),
            ..blank.ip
        },
        ..blank
    }
}
