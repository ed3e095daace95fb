//! Which flow was touched longest ago: a doubly linked list through the slots of the table.

/// No slot.
pub(crate) const NONE: u32 = u32::MAX;

/// The two neighbours of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    older: u32,
    newer: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            older: NONE,
            newer: NONE,
        }
    }
}

/// The two ends of the list.
#[derive(Debug)]
pub(crate) struct Recency {
    oldest: u32,
    newest: u32,
}

impl Default for Recency {
    fn default() -> Self {
        Self {
            oldest: NONE,
            newest: NONE,
        }
    }
}

/// Reaches the links of a slot.
pub(crate) trait Slots {
    /// The links of slot `index`; nothing for [`NONE`].
    fn links(&mut self, index: u32) -> Option<&mut Links>;
}

impl Recency {
    /// The slot touched longest ago.
    pub(crate) const fn oldest(&self) -> Option<u32> {
        if self.oldest == NONE {
            None
        } else {
            Some(self.oldest)
        }
    }

    /// Puts a slot that is not in the list at its newest end.
    pub(crate) fn push(&mut self, slots: &mut impl Slots, index: u32) {
        if let Some(links) = slots.links(index) {
            *links = Links {
                older: self.newest,
                newer: NONE,
            };
        }
        match slots.links(self.newest) {
            Some(links) => links.newer = index,
            None => self.oldest = index,
        }
        self.newest = index;
    }

    /// Takes a slot out of the list.
    pub(crate) fn remove(&mut self, slots: &mut impl Slots, index: u32) {
        let Some(&mut Links { older, newer }) = slots.links(index) else {
            return;
        };
        match slots.links(older) {
            Some(links) => links.newer = newer,
            None => self.oldest = newer,
        }
        match slots.links(newer) {
            Some(links) => links.older = older,
            None => self.newest = older,
        }
    }

    /// Moves a slot to the newest end.
    pub(crate) fn touch(&mut self, slots: &mut impl Slots, index: u32) {
        if self.newest != index {
            self.remove(slots, index);
            self.push(slots, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Slots for Vec<Links> {
        fn links(&mut self, index: u32) -> Option<&mut Links> {
            self.get_mut(index as usize)
        }
    }

    proptest::proptest! {
        #[test]
        fn gives_slots_back_in_the_order_of_their_last_touch(touches in proptest::collection::vec(0_u32..8, 0..60)) {
            let mut slots = vec![Links::default(); 8];
            let mut list = Recency::default();
            let mut expected: Vec<u32> = Vec::new();
            for index in touches {
                if let Some(at) = expected.iter().position(|other| *other == index) {
                    expected.remove(at);
                    list.touch(&mut slots, index);
                } else {
                    list.push(&mut slots, index);
                }
                expected.push(index);
            }

            let mut got = Vec::new();
            while let Some(index) = list.oldest() {
                got.push(index);
                list.remove(&mut slots, index);
            }

            proptest::prop_assert_eq!(got, expected);
        }
    }
}
