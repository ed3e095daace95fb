//! Lines of what conversations say, written where it is said and put in order later.
//!
//! What a message says is a few dozen short values. Writing them at once, while they are at hand, and
//! handing on nothing but octets costs less than handing on the values to whoever writes lines: other
//! threads' memory is far away, and what one thread makes and another drops is dear to make again.

use sekisho_model::Timestamp;
use sekisho_model::app::Said;

use super::app;
use crate::line::Line;

/// Octets of lines that are kept together: few enough that the memory is used again soon.
const OCTETS: usize = 96 << 10;
/// Room beyond that, for the line that goes over it.
const LAST: usize = 32 << 10;
/// Octets of a short line.
const SHORT: usize = 512;

/// Lines in the order in which they were said.
#[derive(Debug, Default)]
pub struct SaidLines {
    lines: Line,
    places: Vec<Place>,
}

/// A line and what puts it in order.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: Timestamp,
    flow_id: u64,
    ordinal: u64,
    begin: usize,
    end: usize,
}

impl SaidLines {
    /// Writes the line of what was said.
    pub fn write(&mut self, said: &Said) {
        if self.places.capacity() == 0 {
            self.lines = Line::with_capacity(OCTETS + LAST);
            self.places.reserve(OCTETS / SHORT);
        }
        let begin = self.lines.octets().len();
        app::write(&mut self.lines, said);
        self.places.push(Place {
            at: said.event.at(),
            flow_id: said.flow.as_ref().map_or(0, |flow| flow.flow_id),
            ordinal: said.ordinal,
            begin,
            end: self.lines.octets().len(),
        });
    }

    /// How many lines there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it is better to begin another one than to write more here.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.lines.octets().len() >= OCTETS
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Gives on the lines of several, in the order of time, flow and number in the flow.
    ///
    /// # Errors
    ///
    /// The first that `give` has.
    pub fn in_order<E>(parts: &[Self], mut give: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut all: Vec<_> = parts
            .iter()
            .flat_map(|part| part.places.iter().map(move |place| (place, part.lines.octets())))
            .collect();
        all.sort_by_key(|(place, _)| (place.at, place.flow_id, place.ordinal));
        all.into_iter()
            .try_for_each(|(place, octets)| give(&octets[place.begin..place.end]))
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::app::{Event, Facts, Transaction};

    use super::*;

    fn said(seconds: i64, ordinal: u64) -> Said {
        let mut facts = Facts::new();
        facts.put("opcode", "request");
        Said {
            flow: None,
            mac: None,
            ordinal,
            event: Event::Transaction(Transaction {
                protocol: "arp",
                at: Timestamp::from_seconds(seconds, 0),
                facts,
                also: None,
            }),
        }
    }

    #[test]
    fn lines_of_several_come_in_order_and_whole() {
        let (mut one, mut other) = (SaidLines::default(), SaidLines::default());
        let [first, second, third] = [said(1, 9), said(2, 4), said(2, 5)];
        one.write(&first);
        one.write(&third);
        other.write(&second);
        let mut expected = Line::default();
        for said in [&first, &second, &third] {
            app::write(&mut expected, said);
        }

        let mut octets = Vec::new();
        let given: Result<(), ()> = SaidLines::in_order(&[one, other], |line| {
            octets.extend_from_slice(line);
            Ok(())
        });

        assert_eq!((given, &octets[..]), (Ok(()), expected.octets()));
    }
}
