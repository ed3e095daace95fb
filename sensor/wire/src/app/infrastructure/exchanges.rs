//! Requests with their answers, and which of them are written.
//!
//! A controller is polled with the same request for months. The first [`MAX_WRITTEN`] exchanges of a
//! flow are written whatever they are; after those each kind (function and unit, say) is written
//! until it was seen [`MAX_OF_A_KIND`] times, so that what is new is never lost in what repeats, and
//! a flow writes at most `MAX_WRITTEN + MAX_KINDS * MAX_OF_A_KIND`.

use arrayvec::ArrayVec;
use sekisho_model::Timestamp;
use sekisho_model::app::Facts;

use crate::app::held::Held;
use crate::app::sheet::Sheet;

/// Requests that wait for their answer; the oldest is written without it.
pub(in crate::app) const MAX_OPEN: usize = 16;
/// Exchanges of a flow that are written whatever they are.
pub(in crate::app) const MAX_WRITTEN: usize = 256;
/// Times that a kind is written.
pub(in crate::app) const MAX_OF_A_KIND: u8 = 16;
/// Kinds that a flow may show.
pub(in crate::app) const MAX_KINDS: usize = 64;

/// One exchange that waits for its answer.
#[derive(Debug)]
pub(in crate::app) struct Open {
    /// What pairs the answer with it.
    pub(in crate::app) key: u64,
    /// What is the same in repeated ones.
    pub(in crate::app) kind: u64,
    /// When it began.
    pub(in crate::app) at: Timestamp,
    /// What it says.
    pub(in crate::app) facts: Facts,
}

/// The exchanges of one flow.
#[derive(Debug, Default)]
pub(in crate::app) struct Exchanges {
    open: ArrayVec<Open, MAX_OPEN>,
    written: usize,
    kinds: Vec<(u64, u8)>,
}

impl Exchanges {
    /// A request; one that has the same key and no answer yet is written as it is.
    pub(in crate::app) fn ask(&mut self, open: Open, sheet: &mut Sheet<'_>) {
        if let Some(older) = self.answer(open.key) {
            self.write(older, sheet);
        }
        if self.open.is_full()
            && let Some(oldest) = self.open.pop_at(0)
        {
            self.write(oldest, sheet);
        }
        // There is room now.
        let _ = self.open.try_push(open);
    }

    /// The request that an answer belongs to.
    pub(in crate::app) fn answer(&mut self, key: u64) -> Option<Open> {
        let at = self.open.iter().position(|open| open.key == key)?;
        self.open.pop_at(at)
    }

    /// The oldest request that waits.
    pub(in crate::app) fn oldest(&mut self) -> Option<Open> {
        self.open.pop_at(0)
    }

    /// Writes an exchange, if it is one of those that are.
    pub(in crate::app) fn write(&mut self, open: Open, sheet: &mut Sheet<'_>) {
        let has_room = self.kinds.len() < MAX_KINDS;
        let kind = self.kinds.iter_mut().find(|(kind, _)| *kind == open.kind);
        let seen = match kind {
            Some((_, seen)) => {
                *seen = seen.saturating_add(1);
                *seen
            }
            None if has_room => {
                self.kinds.push((open.kind, 1));
                1
            }
            None => u8::MAX,
        };
        if self.written < MAX_WRITTEN || seen <= MAX_OF_A_KIND {
            self.written = self.written.saturating_add(1);
            sheet.transaction(open.at, open.facts);
        } else {
            sheet.partial();
        }
    }

    /// Writes what never got an answer.
    pub(in crate::app) fn finish(&mut self, sheet: &mut Sheet<'_>) {
        while let Some(open) = self.oldest() {
            self.write(open, sheet);
        }
    }

    /// Octets that it holds besides its own size.
    pub(in crate::app) fn held(&self) -> usize {
        let kinds = self.kinds.capacity().saturating_mul(size_of::<(u64, u8)>());
        let open = self.open.iter().map(|open| open.facts.held());
        open.fold(kinds, usize::saturating_add)
    }

    /// Whether so many are written that a protocol without repetition stops.
    pub(in crate::app) const fn is_enough(&self) -> bool {
        self.written >= MAX_WRITTEN
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::app::App;

    use super::*;

    #[test]
    fn what_is_new_is_written_after_much_of_the_same() {
        let (mut app, mut events) = (App::default(), Vec::new());
        let mut sheet = Sheet::new(&mut app, &mut events, "modbus", Timestamp::MIN);
        let mut exchanges = Exchanges::default();
        let mut one = |kind: u64| {
            let facts = Facts::new();
            let open = Open {
                key: 0,
                kind,
                at: Timestamp::MIN,
                facts,
            };
            exchanges.write(open, &mut sheet);
        };
        (0..1000).for_each(|_| one(3));
        (0..1000).for_each(|_| one(16));
        (1000..3000).for_each(&mut one);

        let expected = MAX_WRITTEN + usize::from(MAX_OF_A_KIND) + MAX_KINDS - 2;
        assert_eq!(events.len(), expected);
        assert!(app.is_partial);
    }
}
