//! Notes, each kept once: lists say the same few hundred things of a million indicators.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher as _;

use super::meta::NO_NOTE;

/// Octets of one note that are kept.
pub const MAX_NOTE: usize = 200;
/// Octets of all notes together that are kept; indicators whose note found no room have none.
pub const MAX_NOTES: usize = 16 << 20;

/// The notes.
#[derive(Debug, Default)]
pub(super) struct Notes {
    table: HashTable<u32>,
    text: String,
    ends: Vec<u32>,
    /// How many found no room.
    pub(super) dropped: u64,
}

impl Notes {
    /// The number of a note, cut to [`MAX_NOTE`].
    pub(super) fn add(&mut self, note: &str) -> u32 {
        let note = note.trim();
        let note = note.get(..note.floor_char_boundary(MAX_NOTE)).unwrap_or_default();
        if note.is_empty() {
            return NO_NOTE;
        }
        let sum = FixedState::default().hash_one(note);
        let known = self
            .table
            .iter_hash(sum)
            .copied()
            .find(|number| self.get(*number) == note);
        if let Some(number) = known {
            return number;
        }
        let end = self.text.len().saturating_add(note.len());
        let (Ok(number), Ok(place)) = (u32::try_from(self.ends.len()), u32::try_from(end)) else {
            return NO_NOTE;
        };
        if end > MAX_NOTES {
            self.dropped = self.dropped.saturating_add(1);
            return NO_NOTE;
        }
        self.text.push_str(note);
        self.ends.push(place);
        let (text, ends) = (&self.text, &self.ends);
        self.table.insert_unique(sum, number, |number| {
            FixedState::default().hash_one(slice(text, ends, *number))
        });
        number
    }

    pub(super) fn get(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    pub(super) fn fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        // Nothing is added any more, so nothing is looked up.
        self.table = HashTable::new();
    }

    pub(super) fn octets(&self) -> usize {
        self.text
            .capacity()
            .saturating_add(self.ends.capacity().saturating_mul(size_of::<u32>()))
            .saturating_add(self.table.allocation_size())
    }
}

fn slice<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let index = number as usize;
    let begin = index
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .copied()
        .unwrap_or(0);
    let end = ends.get(index).copied().unwrap_or(begin);
    text.get(begin as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_note_is_kept_once_and_a_long_one_is_cut_between_letters() {
        let mut notes = Notes::default();
        let first = notes.add(" Emotet ");

        assert_eq!(notes.add("Emotet"), first);
        assert_eq!(notes.get(first), "Emotet");
        assert_eq!(notes.add("  "), NO_NOTE);
        assert_eq!(notes.get(NO_NOTE), "");
        let long = notes.add(&"関".repeat(100));
        assert_eq!(notes.get(long).chars().count(), MAX_NOTE / "関".len());
    }
}
