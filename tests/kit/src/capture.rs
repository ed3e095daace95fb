//! A capture in memory: packets with time, interface, octets and length on the wire.

/// One packet as a capture file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub time_ns: u64,
    /// Index of the interface; a pcap file has only 0.
    pub interface: u32,
    /// Captured octets.
    pub octets: Vec<u8>,
    /// Octets on the wire; more than `octets` where the snap length cut.
    pub original_len: u32,
}

impl Packet {
    /// A whole packet on interface 0.
    ///
    /// # Panics
    ///
    /// When it is longer than 4 GiB.
    #[must_use]
    pub fn new(time_ns: u64, octets: Vec<u8>) -> Self {
        let original_len = u32::try_from(octets.len()).expect("a packet shorter than 4 GiB");
        Self {
            time_ns,
            interface: 0,
            octets,
            original_len,
        }
    }

    /// The packet cut to `snaplen` octets.
    #[must_use]
    pub fn snapped(mut self, snaplen: usize) -> Self {
        self.octets.truncate(snaplen);
        self
    }
}

/// Packets in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// The packets.
    pub packets: Vec<Packet>,
}

impl Capture {
    /// A capture without packets.
    #[must_use]
    pub const fn new() -> Self {
        Self { packets: Vec::new() }
    }

    /// Adds a whole packet on interface 0.
    pub fn push(&mut self, time_ns: u64, octets: Vec<u8>) {
        self.packets.push(Packet::new(time_ns, octets));
    }

    /// Adds packets and marks them as seen on `interface`.
    pub fn extend_on(&mut self, interface: u32, packets: impl IntoIterator<Item = Packet>) {
        self.packets
            .extend(packets.into_iter().map(|packet| Packet { interface, ..packet }));
    }

    /// Puts the packets in order of time; packets of one time keep their order.
    pub fn sort(&mut self) {
        self.packets.sort_by_key(|packet| packet.time_ns);
    }

    /// Octets on the wire, all packets together.
    #[must_use]
    pub fn frame_octets(&self) -> u64 {
        self.packets
            .iter()
            .map(|packet| u64::from(packet.original_len))
            .sum()
    }
}

impl Extend<Packet> for Capture {
    fn extend<T: IntoIterator<Item = Packet>>(&mut self, packets: T) {
        self.packets.extend(packets);
    }
}

impl FromIterator<Packet> for Capture {
    fn from_iter<T: IntoIterator<Item = Packet>>(packets: T) -> Self {
        Self {
            packets: packets.into_iter().collect(),
        }
    }
}
