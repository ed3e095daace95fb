//! The connections of a table, by the slot of their flow: in blocks, of which those are there that a
//! connection needed. Flows that are no connections bring none.

use crate::entry::Tcp;

/// Slots of a block.
const BLOCK: usize = 64;

/// The connections.
#[derive(Default)]
pub(super) struct Connections {
    blocks: Vec<Option<Box<[Tcp; BLOCK]>>>,
    /// What stands for the connection of a flow that is none: nothing of it is ever noted.
    none: Tcp,
}

impl Connections {
    /// Nothing is known of the flow that begins in a slot.
    #[inline]
    pub(super) fn begin(&mut self, slot: u32, is_connection: bool) {
        let (block, place) = place(slot);
        if is_connection && self.blocks.len() <= block {
            self.blocks.resize_with(block.saturating_add(1), || None);
        }
        let Some(held) = self.blocks.get_mut(block) else {
            return;
        };
        if let Some(tcp) = held.as_mut().and_then(|held| held.get_mut(place)) {
            *tcp = Tcp::default();
        } else if is_connection {
            *held = Some(Box::new([Tcp::default(); BLOCK]));
        }
    }

    #[inline]
    pub(super) fn get(&self, slot: u32) -> Option<&Tcp> {
        let (block, place) = place(slot);
        self.blocks.get(block)?.as_ref()?.get(place)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Tcp {
        let (block, place) = place(slot);
        let held = self.blocks.get_mut(block).and_then(Option::as_mut);
        held.and_then(|held| held.get_mut(place))
            .unwrap_or(&mut self.none)
    }
}

#[inline]
const fn place(slot: u32) -> (usize, usize) {
    (slot as usize / BLOCK, slot as usize % BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_with_the_first_connection_in_them() {
        let mut connections = Connections::default();
        connections.begin(1_000, false);
        assert!(connections.blocks.is_empty() && connections.get(1_000).is_none());

        connections.begin(1_000, true);
        connections.begin(1_001, false);

        assert!(connections.get(1_000).is_some() && connections.get(1_001).is_some());
        let there = connections.blocks.iter().flatten().count();
        assert_eq!((connections.blocks.len(), there), (16, 1));
    }
}
