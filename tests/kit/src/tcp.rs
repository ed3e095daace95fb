//! A TCP segment: ports, numbers, flags, options, payload.
//!
//! Source: RFC 9293 section 3.1; options of RFC 9293 (MSS), RFC 7323 (window scale), RFC 2018 (SACK permitted).

/// One segment; what is not set is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Flag bits, [`Segment::FIN`] and its siblings.
    pub flags: u8,
    /// Receive window, as sent.
    pub window: u16,
    /// Options, a multiple of four octets up to 40.
    pub options: Vec<u8>,
    /// Payload.
    pub payload: Vec<u8>,
}

impl Segment {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;

    /// A segment without flags and payload.
    #[must_use]
    pub fn new(source_port: u16, destination_port: u16) -> Self {
        Self {
            source_port,
            destination_port,
            window: 64_240,
            ..Self::default()
        }
    }

    /// Sets the flags.
    #[must_use]
    pub fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    /// Sets sequence and acknowledgement number.
    #[must_use]
    pub fn numbers(mut self, sequence: u32, acknowledgement: u32) -> Self {
        self.sequence = sequence;
        self.acknowledgement = acknowledgement;
        self
    }

    /// Sets the payload.
    #[must_use]
    pub fn payload(mut self, payload: &[u8]) -> Self {
        self.payload = payload.to_vec();
        self
    }

    /// Adds the options of a usual SYN: maximum segment size, SACK permitted, window scale 7.
    #[must_use]
    pub fn mss(mut self, mss: u16) -> Self {
        let [high, low] = mss.to_be_bytes();
        self.options = vec![2, 4, high, low, 4, 2, 1, 3, 3, 7, 1, 1];
        self
    }

    /// The header, checksum still 0.
    ///
    /// # Panics
    ///
    /// When the options are no multiple of four octets, or more than 40.
    #[must_use]
    pub(crate) fn header(&self) -> Vec<u8> {
        let words = 5 + self.options.len() / 4;
        assert!(
            self.options.len().is_multiple_of(4) && words <= 15,
            "options of {} octets",
            self.options.len()
        );
        let offset = u8::try_from(words << 4).expect("at most 15 words");
        let mut octets = Vec::with_capacity(words * 4 + self.payload.len());
        octets.extend_from_slice(&self.source_port.to_be_bytes());
        octets.extend_from_slice(&self.destination_port.to_be_bytes());
        octets.extend_from_slice(&self.sequence.to_be_bytes());
        octets.extend_from_slice(&self.acknowledgement.to_be_bytes());
        octets.extend_from_slice(&[offset, self.flags]);
        octets.extend_from_slice(&self.window.to_be_bytes());
        octets.extend_from_slice(&[0, 0, 0, 0]);
        octets.extend_from_slice(&self.options);
        octets
    }
}
