//! Attaches a conversation to a flow: payload in order, metadata out.
//!
//! A flow gets an [`Attachment`] with its first payload and loses it once nothing more can be
//! learned; what is left is the [`App`] that its records carry. TCP is put in order by [`stream`];
//! datagrams go on as they come, and until one tells its protocol nothing is kept of them.

mod stream;
mod talk;

use sekisho_model::Timestamp;
use sekisho_model::app::{App, Event};
use sekisho_wire::IpPacket;
use sekisho_wire::app::{Chunk, Conversation, End, Start, Transport};

use stream::{Piece, Segment, Stream};
pub(crate) use talk::Talk;

/// What an attachment is reckoned to hold besides its buffers, octets.
pub(crate) const BASE_OCTETS: usize = 512;

/// The conversation of one flow.
#[derive(Debug)]
pub(crate) struct Attachment {
    conversation: Conversation,
    streams: Option<[Stream; 2]>,
}

impl Attachment {
    /// Of a flow between two ports. `expected` are the sequence numbers that the two streams go on
    /// with, where they are known.
    pub(crate) fn new(transport: Transport, ports: [u16; 2], expected: [Option<u32>; 2]) -> Self {
        Self {
            conversation: Conversation::new(Start { transport, ports }),
            streams: (transport == Transport::Tcp).then(|| expected.map(Stream::expecting)),
        }
    }

    /// Reads a packet that `from` sent; events go to `out`.
    pub(crate) fn packet(&mut self, from: End, packet: &IpPacket<'_>, at: Timestamp, out: &mut Vec<Event>) {
        let conversation = &mut self.conversation;
        let (Some(streams), Some(tcp)) = (&mut self.streams, packet.tcp) else {
            let declared = usize::try_from(packet.payload_octets).unwrap_or(usize::MAX);
            if self.streams.is_none() {
                conversation.read(
                    &Chunk {
                        from,
                        at,
                        octets: packet.payload,
                        cut: declared.saturating_sub(packet.payload.len()),
                    },
                    out,
                );
            }
            return;
        };
        let [orig, resp] = streams;
        let (own, other) = match from {
            End::Orig => (orig, resp),
            End::Resp => (resp, orig),
        };
        if tcp.flags.has(sekisho_model::TcpFlags::ACK) {
            other.acknowledged(tcp.acknowledgement, |piece| {
                hear(conversation, from.other(), piece, at, out);
            });
        }
        let segment = Segment {
            sequence: tcp.sequence,
            syn: tcp.flags.has(sekisho_model::TcpFlags::SYN),
            payload: packet.payload,
            declared: packet.payload_octets,
        };
        own.push(segment, |piece| hear(conversation, from, piece, at, out));
    }

    /// The flow is over.
    pub(crate) fn finish(&mut self, at: Timestamp, out: &mut Vec<Event>) {
        let conversation = &mut self.conversation;
        if let Some([orig, resp]) = &mut self.streams {
            orig.flush(|piece| hear(conversation, End::Orig, piece, at, out));
            resp.flush(|piece| hear(conversation, End::Resp, piece, at, out));
        }
        conversation.finish(at, out);
    }

    /// Whether a segment without payload would change nothing.
    pub(crate) fn is_calm(&self) -> bool {
        let streams = self.streams.as_ref();
        streams.is_some_and(|streams| streams.iter().all(Stream::is_calm))
    }

    /// Whether nothing more can be learned.
    pub(crate) const fn is_over(&self) -> bool {
        self.conversation.is_over()
    }

    /// Octets that it holds, about.
    pub(crate) fn held(&self) -> usize {
        let waiting: usize = self
            .streams
            .iter()
            .flat_map(|streams| streams.iter())
            .map(Stream::held)
            .sum();
        BASE_OCTETS
            .saturating_add(self.conversation.held())
            .saturating_add(waiting)
    }

    /// What is known so far.
    pub(crate) const fn app(&self) -> &App {
        self.conversation.app()
    }

    /// Marks what is known as partial.
    pub(crate) const fn mark_partial(&mut self) {
        self.conversation.mark_partial();
    }

    /// What is left of it.
    pub(crate) fn into_app(self) -> App {
        self.conversation.into_app()
    }
}

fn hear(conversation: &mut Conversation, from: End, piece: Piece<'_>, at: Timestamp, out: &mut Vec<Event>) {
    match piece {
        Piece::Octets(octets) => conversation.read(
            &Chunk {
                from,
                at,
                octets,
                cut: 0,
            },
            out,
        ),
        Piece::Gap(octets) => conversation.gap(from, octets, at, out),
    }
}
