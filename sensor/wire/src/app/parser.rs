//! What a protocol's reader is given and what it answers.

use sekisho_model::Timestamp;

use super::sheet::Sheet;

/// Who sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The originator of the flow: the client, where the first packets were seen.
    Orig,
    /// The responder.
    Resp,
}

impl End {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Orig => Self::Resp,
            Self::Resp => Self::Orig,
        }
    }

    /// 0 for the originator, 1 for the responder.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Orig => 0,
            Self::Resp => 1,
        }
    }
}

/// Octets of one end, in order.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// Who sent them.
    pub from: End,
    /// Time of the packet that completed them.
    pub at: Timestamp,
    /// TCP: what was not taken before, and what came since. UDP: one datagram.
    pub octets: &'a [u8],
    /// Octets that `octets` lacks at its end because they were not captured: a datagram cut off by
    /// the snap length. 0 for TCP, where that is a gap.
    pub cut: usize,
}

/// What a parser made of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Took so many octets from its start; the rest comes again with more behind it. Of a datagram
    /// nothing comes again.
    Took(usize),
    /// Took nothing and knows that it needs so many octets in all, the ones at hand among them; it
    /// is not asked again before they are there. [`Read::Took`]`(0)` asks again with any octet more.
    Need(usize),
    /// Took `took` octets and has no use for the `skip` octets that follow: a body.
    Skip {
        /// Octets read.
        took: usize,
        /// Octets after those to pass over, in this chunk and later ones.
        skip: u64,
    },
    /// Took `took` octets; what follows, of both ends, speaks another protocol: the one named, or
    /// whatever its content says.
    Became {
        /// Octets read.
        took: usize,
        /// Name of the protocol, where it is agreed (STARTTLS).
        protocol: Option<&'static str>,
    },
    /// Nothing further can be learned from this flow: it is encrypted from here on, or all that is
    /// kept was read.
    Done,
    /// This is not the protocol after all.
    NotMine,
}

/// What a parser does after octets were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// It cannot find its place again; the flow's metadata ends here and is marked partial.
    Stop,
    /// It goes on with the next octets, having thrown away what it waited for.
    Resume,
}

/// Reads one flow's conversation in one protocol.
pub trait Parser: Send {
    /// Reads a chunk. It is called again at once while it takes something and something is left.
    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read;

    /// Octets of one end were lost, and these, which waited, are all that there is of what they belong
    /// to: reads what can be read of them. [`Parser::gap`] comes next.
    fn cut(&mut self, from: End, octets: &[u8], sheet: &mut Sheet<'_>) {
        let _ = (from, octets, sheet);
    }

    /// Octets of one end were lost and will not come.
    fn gap(&mut self, from: End, octets: u64, sheet: &mut Sheet<'_>) -> Gap {
        let _ = (from, octets, sheet);
        Gap::Stop
    }

    /// Octets that it holds besides its own size, about: what counts against the limit on conversations.
    fn held(&self) -> usize {
        0
    }

    /// The flow is over: whatever waits for an answer is written as it is.
    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let _ = sheet;
    }
}
