//! Where the flows of a table lie: slots by number, each in three parts.
//!
//! Room for the flows that the table may hold is set aside at the begin, as addresses: the system gives
//! memory where a slot is first used. A vector that grew would be copied, and for a moment be there twice.

use sekisho_model::Protocol;

use super::Sink;
use super::connections::Connections;
use crate::entry::{Cold, Entry, Hot};

/// Slots that room is set aside for, at most.
const ROOM: usize = 65_536;

/// How many flows begin before one takes the slot that is loaded for it.
const SOON: usize = 8;

/// The slots.
pub(super) struct Slots<T> {
    hot: Vec<Hot>,
    tcp: Connections,
    cold: Vec<Cold<T>>,
    /// Slots of ended flows, the one that is used next last. They keep what they held.
    free: Vec<u32>,
}

impl<T> Slots<T> {
    /// Octets that so many slots take.
    #[cfg(test)]
    pub(super) const fn octets(slots: usize) -> usize {
        slots * (size_of::<Hot>() + size_of::<crate::entry::Tcp>() + size_of::<Cold<T>>() + size_of::<u32>())
    }

    /// No slots yet, and room for those of so many flows.
    pub(super) fn new(flows: usize) -> Self {
        let room = flows.min(ROOM);
        Self {
            hot: Vec::with_capacity(room),
            tcp: Connections::default(),
            cold: Vec::with_capacity(room),
            free: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn hot(&self, slot: u32) -> Option<&Hot> {
        self.hot.get(slot as usize)
    }

    #[inline]
    pub(super) fn hot_mut(&mut self, slot: u32) -> Option<&mut Hot> {
        self.hot.get_mut(slot as usize)
    }

    /// Has loaded what a packet of a flow touches.
    #[inline]
    pub(super) fn ahead<S: Sink>(&self, slot: u32, is_tcp: bool) {
        let at = slot as usize;
        if let Some(hot) = self.hot.get(at) {
            hot.ahead::<S>();
        }
        if is_tcp {
            if let Some(tcp) = self.tcp.get(slot) {
                S::ahead(tcp);
            }
            if let Some(cold) = self.cold.get(at) {
                S::ahead(cold);
            }
        }
    }

    /// Has loaded all that is there of a flow.
    #[inline]
    pub(super) fn ahead_all<S: Sink>(&self, slot: u32) {
        self.ahead::<S>(slot, true);
        if let Some(cold) = self.cold.get(slot as usize) {
            cold.ahead_rest::<S>();
        }
    }

    /// Has a slot loaded that a flow will take soon, where that was used before.
    #[inline]
    pub(super) fn ahead_free<S: Sink>(&self) {
        let soon = self.free.len().checked_sub(SOON);
        if let Some(slot) = soon.and_then(|soon| self.free.get(soon)) {
            self.ahead_all::<S>(*slot);
        }
    }

    #[inline]
    pub(super) fn entry(&mut self, slot: u32) -> Option<Entry<'_, T>> {
        let at = slot as usize;
        Some(Entry {
            hot: self.hot.get_mut(at)?,
            tcp: self.tcp.get_mut(slot),
            cold: self.cold.get_mut(at)?,
        })
    }

    /// How many there are, used and free.
    pub(super) fn len(&self) -> usize {
        self.hot.len()
    }

    /// Stamp and slot of every flow that `is_open` and whose conversation holds something that is given
    /// back when it ends.
    pub(super) fn talks(&self, is_open: impl Fn(&Hot) -> bool) -> Vec<(u64, u32)> {
        (0_u32..)
            .zip(self.hot.iter().zip(&self.cold))
            .filter(|(_, (hot, cold))| is_open(hot) && cold.talk.is_open())
            .map(|(slot, (hot, _))| (hot.stamp, slot))
            .collect()
    }

    pub(super) fn tag(&self, slot: u32) -> Option<&T> {
        self.cold.get(slot as usize).map(|cold| &cold.tag)
    }

    /// What [`Recency`](crate::recency::Recency) asks for, for flows of one kind.
    pub(super) fn stamp_of(&mut self, slot: u32, answered: bool) -> Option<u64> {
        self.hot_mut(slot)?.stamp_of(answered)
    }

    /// Puts a flow that begins into a slot.
    #[inline]
    pub(super) fn take(&mut self, hot: Hot, cold: Cold<T>) -> u32 {
        let is_connection = hot.key.protocol() == Protocol::TCP;
        if let Some(slot) = self.free.pop() {
            self.tcp.begin(slot, is_connection);
            if let Some(entry) = self.entry(slot) {
                entry.hot.settle(hot);
                *entry.cold = cold;
            }
            return slot;
        }
        let slot = u32::try_from(self.hot.len()).unwrap_or(u32::MAX);
        self.hot.push(hot);
        self.tcp.begin(slot, is_connection);
        self.cold.push(cold);
        slot
    }

    /// Frees a slot whose flow has ended.
    pub(super) fn free(&mut self, slot: u32) {
        if let Some(entry) = self.entry(slot) {
            entry.hot.free();
            entry.cold.empty();
            self.free.push(slot);
        }
    }
}
