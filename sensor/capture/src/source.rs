//! The interface that every packet source implements.

use sekisho_model::summary::InputFile;

use crate::Batch;

/// What a call of [`Source::fill`] says about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The batch is full; there may be more packets.
    More,
    /// This source will give no further packet. The batch may still hold the last ones.
    End,
}

/// Something that packets come from.
pub trait Source: Send {
    /// Appends packets to `batch` until it is full or the source ends.
    ///
    /// The caller clears the batch. After [`Fill::End`] every further call answers the same and adds
    /// nothing.
    fn fill(&mut self, batch: &mut Batch) -> Fill;

    /// The inputs in the order given, with packets, format and damage as known so far.
    fn inputs(&self) -> Vec<InputFile>;

    /// Octets taken from the inputs so far, compressed octets where an input is compressed.
    fn octets_read(&self) -> u64;

    /// Octets of all inputs together; `None` where one of them has no known size.
    fn octets_total(&self) -> Option<u64>;
}
