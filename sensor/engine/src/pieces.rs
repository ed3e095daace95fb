//! A sequence that grows without being moved: pieces of one size, each a vector.
//!
//! What a worker gathers in a batch is handed to another thread and freed there. In one piece it would be
//! moved whenever it grows, and as it is large the system would take its memory back each time and give
//! it again empty.

/// Octets of a piece.
const OCTETS: usize = 128 << 10;

/// The pieces. All but the last are full.
#[derive(Debug)]
pub(crate) struct Pieces<T>(Vec<Vec<T>>);

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Pieces<T> {
    /// Values of a piece.
    const LEN: usize = match OCTETS.checked_div(size_of::<T>()) {
        Some(len) if len > 0 => len,
        _ => 1,
    };

    /// Adds a value at the end.
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        if let Some(last) = self.0.last_mut()
            && last.len() < last.capacity()
        {
            last.push(value);
            return;
        }
        let mut piece = Vec::with_capacity(Self::LEN);
        piece.push(value);
        self.0.push(piece);
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Adds the values of another one.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// The values in order, each with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ((u32, u32), &T)> {
        (0..).zip(&self.0).flat_map(|(piece, values)| {
            let places = (0..).map(move |index| (piece, index));
            places.zip(values)
        })
    }

    /// The value at a place.
    pub(crate) fn get_mut(&mut self, (piece, index): (u32, u32)) -> Option<&mut T> {
        self.0.get_mut(piece as usize)?.get_mut(index as usize)
    }

    /// Forgets the values.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_several_come_in_order_and_are_found_at_their_places() {
        let (mut one, mut other) = (Pieces::default(), Pieces::default());
        (0..20_000_u64).for_each(|number| one.push(number));
        (20_000..30_000).for_each(|number| other.push(number));

        one.append(&mut other);

        assert_eq!((one.len(), other.len()), (30_000, 0));
        let all: Vec<_> = one.iter().map(|(place, number)| (place, *number)).collect();
        assert!(all.iter().map(|(_, number)| *number).eq(0..30_000));
        for (place, number) in all {
            assert_eq!(one.get_mut(place).copied(), Some(number));
        }
        assert!(one.0.iter().all(|piece| piece.capacity() * 8 <= OCTETS));
        one.clear();
        assert_eq!(one.len(), 0);
    }
}
