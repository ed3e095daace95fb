//! The protocols that share DNS's message.

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Dns,
    Mdns,
    Llmnr,
    Nbns,
}

impl Dialect {
    /// The port that stands for it.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Dns => 53,
            Self::Mdns => 5353,
            Self::Llmnr => 5355,
            Self::Nbns => 137,
        }
    }

    /// The one that the ports of a flow stand for. The messages of the first three are alike, so
    /// that only the port tells them apart; DNS is what is spoken at 53 and at all other ports.
    pub(super) fn at(ports: [u16; 2]) -> Self {
        let is_at = |dialect: &Self| ports.contains(&dialect.port());
        [Self::Dns, Self::Mdns, Self::Llmnr, Self::Nbns]
            .into_iter()
            .find(is_at)
            .unwrap_or(Self::Dns)
    }

    /// Whether answers come in the flow of their query. Those of mDNS go to everyone.
    pub(super) const fn pairs(self) -> bool {
        !matches!(self, Self::Mdns)
    }

    /// Operations that it knows.
    pub(super) const fn knows(self, opcode: u8) -> bool {
        match self {
            // Query, inverse query, status, notify, update, stateful operations.
            Self::Dns => matches!(opcode, 0 | 1 | 2 | 4 | 5 | 6),
            Self::Mdns | Self::Llmnr => opcode == 0,
            // Query, registration, release, wait, refresh (two numbers), registration of several.
            Self::Nbns => matches!(opcode, 0 | 5..=9 | 15),
        }
    }
}
