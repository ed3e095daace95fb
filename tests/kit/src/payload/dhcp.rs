//! DHCP messages.
//!
//! Source: RFC 2131 section 2; options of RFC 2132.

use std::net::Ipv4Addr;

use crate::Mac;

/// Message types of option 53.
pub const DISCOVER: u8 = 1;
/// The server offers.
pub const OFFER: u8 = 2;
/// The client asks for the offer, or for more time.
pub const REQUEST: u8 = 3;
/// The server grants.
pub const ACK: u8 = 5;

/// What a client says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Host name, option 12.
    pub name: &'a str,
    /// Vendor class, option 60.
    pub vendor: &'a str,
    /// Options that it asks for, option 55.
    pub parameters: &'a [u8],
}

/// What the messages of one lease agree on.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// Transaction.
    pub transaction: u32,
    /// The client's station.
    pub mac: Mac,
    /// What the client says of itself.
    pub client: Client<'a>,
    /// The address that is leased.
    pub address: Ipv4Addr,
    /// The server.
    pub server: Ipv4Addr,
    /// The relay agent and router of the segment.
    pub relay: Ipv4Addr,
    /// The client holds the address and only asks for more time.
    pub renewal: bool,
}

impl Lease<'_> {
    /// One message of the lease.
    ///
    /// # Panics
    ///
    /// When an option of the client is longer than 255 octets.
    #[must_use]
    pub fn message(&self, kind: u8) -> Vec<u8> {
        let from_server = matches!(kind, OFFER | ACK);
        let none = Ipv4Addr::UNSPECIFIED;
        let mut out = vec![if from_server { 2 } else { 1 }, 1, 6, 0];
        out.extend(self.transaction.to_be_bytes());
        out.extend([0, 0, if self.renewal { 0 } else { 0x80 }, 0]); // Seconds; answer by broadcast.
        let yours = if from_server { self.address } else { none };
        let (client, relay) = if self.renewal {
            (self.address, none)
        } else {
            (none, self.relay)
        };
        for address in [client, yours, none, relay] {
            out.extend(address.octets());
        }
        out.extend(self.mac);
        out.resize(236, 0);
        out.extend([99, 130, 83, 99, 53, 1, kind]);
        if from_server {
            for (code, address) in [
                (54, self.server),
                (1, Ipv4Addr::new(255, 255, 240, 0)),
                (3, self.relay),
            ] {
                out.extend([code, 4]);
                out.extend(address.octets());
            }
            out.extend([51, 4, 0, 0, 0x0e, 0x10]); // One hour.
        } else {
            out.extend([61, 7, 1]);
            out.extend(self.mac);
            if kind == REQUEST && !self.renewal {
                out.extend([50, 4]);
                out.extend(self.address.octets());
            }
            for (code, value) in [
                (12, self.client.name.as_bytes()),
                (60, self.client.vendor.as_bytes()),
                (55, self.client.parameters),
            ] {
                out.extend([code, u8::try_from(value.len()).expect("a short option")]);
                out.extend_from_slice(value);
            }
        }
        out.push(255);
        out.resize(out.len().max(300), 0);
        out
    }
}
