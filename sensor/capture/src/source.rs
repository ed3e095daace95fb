//! The interface that every packet source implements.

use std::net::IpAddr;
use std::sync::mpsc::SyncSender;

use sekisho_model::summary::InputFile;
use sekisho_model::{Settled, Timestamp};

use crate::Batch;

/// What a call of [`Source::fill`] says about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The batch is full; there may be more packets.
    More,
    /// This source will give no further packet. The batch may still hold the last ones.
    End,
}

/// A network of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// Bits that its addresses share.
    pub prefix: u8,
    /// Whether it is excluded; one that is not may lie inside of one that is. The longest prefix decides.
    pub excluded: bool,
}

/// Frames of excluded networks that were counted and not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Excluded {
    /// How many.
    pub frames: u64,
    /// Their octets on the wire.
    pub octets: u64,
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

    /// Until when it is known that nothing came, where the last batch was empty: packet time goes on by
    /// it when a port is silent. A file knows no time but that of its packets.
    fn now(&self) -> Option<Timestamp> {
        None
    }

    /// Frames that came and were lost before they could be given, so far.
    fn lost(&self) -> u64 {
        0
    }

    /// Where to say of flows that they are settled: a source that can count their packets by itself takes
    /// them from there and gives [runs](crate::Batch::push_run). What does not fit is said again later.
    fn hears_of_settled(&self) -> Option<SyncSender<Settled>> {
        None
    }

    /// Replaces the networks of which nothing is to be known. A source that can tell frames by their
    /// addresses counts those with an end in one and need not give them; one that cannot gives them all.
    fn exclude(&mut self, networks: &[Network]) {
        let _ = networks;
    }

    /// Frames of excluded networks that it did not give, so far.
    fn excluded(&self) -> Excluded {
        Excluded::default()
    }

    /// Whether it ends of itself when its [`Stop`](crate::Stop) is asked, once what has arrived is given.
    fn ends_when_asked(&self) -> bool {
        false
    }

    /// Octets taken from the inputs so far, compressed octets where an input is compressed.
    fn octets_read(&self) -> u64;

    /// Octets of all inputs together; `None` where one of them has no known size.
    fn octets_total(&self) -> Option<u64>;
}
