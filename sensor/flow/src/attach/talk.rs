//! What a flow's entry holds of its conversation.

use sekisho_model::app::{App, Event};
use sekisho_model::{Protocol, Timestamp};
use sekisho_wire::IpPacket;
use sekisho_wire::app::{End, Transport};

use super::Attachment;

/// The conversation of a flow, from its first payload to what is left of it.
#[derive(Debug, Default)]
pub(crate) enum Talk {
    /// No payload yet.
    #[default]
    Silent,
    /// It is read.
    Open(Box<Attachment>),
    /// Nothing more can be learned, and this was.
    Known(Box<App>),
    /// Nothing was learned, and nothing can be.
    Nothing,
}

impl Talk {
    /// Whether a packet can say anything.
    pub(crate) fn wants(&self, packet: &IpPacket<'_>) -> bool {
        match self {
            Self::Open(_) => true,
            Self::Silent => {
                packet.payload_octets > 0
                    && packet.has_ports
                    && packet.fragment.is_none()
                    && matches!(packet.protocol, Protocol::TCP | Protocol::UDP)
            }
            Self::Known(_) | Self::Nothing => false,
        }
    }

    /// Whether it is read.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Whether a segment without payload would change nothing.
    pub(crate) fn is_calm(&self) -> bool {
        matches!(self, Self::Open(attachment) if attachment.is_calm())
    }

    /// Whether nothing more can be learned.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self, Self::Known(_) | Self::Nothing)
    }

    /// Octets held, about.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Open(attachment) => attachment.held(),
            Self::Known(app) => app.held(),
            Self::Silent | Self::Nothing => 0,
        }
    }

    /// Reads a packet that is wanted. `ports` are those of originator and responder; `expected` the
    /// sequence numbers that their streams go on with.
    pub(crate) fn packet(
        &mut self,
        from: End,
        packet: &IpPacket<'_>,
        (ports, expected): ([u16; 2], [Option<u32>; 2]),
        at: Timestamp,
        out: &mut Vec<Event>,
    ) {
        if let Self::Silent = self {
            let transport = if packet.protocol == Protocol::TCP {
                Transport::Tcp
            } else {
                Transport::Udp
            };
            *self = Self::Open(Box::new(Attachment::new(transport, ports, expected)));
        }
        if let Self::Open(attachment) = self {
            attachment.packet(from, packet, at, out);
            if attachment.is_over() {
                self.close();
            }
        }
    }

    /// The flow is over, or may hold no more.
    pub(crate) fn finish(&mut self, at: Timestamp, is_cut: bool, out: &mut Vec<Event>) {
        if let Self::Open(attachment) = self {
            attachment.finish(at, out);
            if is_cut {
                attachment.mark_partial();
            }
            self.close();
        }
    }

    /// What is known so far.
    pub(crate) fn app(&self) -> Option<Box<App>> {
        let app = match self {
            Self::Open(attachment) => attachment.app(),
            Self::Known(app) => app,
            Self::Silent | Self::Nothing => return None,
        };
        (!app.is_nothing()).then(|| Box::new(app.clone()))
    }

    /// What is known, of a flow that has ended.
    pub(crate) fn into_app(self) -> Option<Box<App>> {
        match self {
            Self::Known(app) => Some(app),
            other => other.app(),
        }
    }

    fn close(&mut self) {
        if let Self::Open(attachment) = std::mem::replace(self, Self::Nothing) {
            let app = attachment.into_app();
            if !app.is_nothing() {
                *self = Self::Known(Box::new(app));
            }
        }
    }
}
