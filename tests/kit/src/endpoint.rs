//! One end of a conversation.

use std::net::IpAddr;

use crate::Mac;

/// Station, address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Station on the link; for an end behind a router, the router's.
    pub mac: Mac,
    /// Address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

impl Endpoint {
    /// An end whose MAC address is made from its IP address.
    ///
    /// # Panics
    ///
    /// When the text is no IP address.
    #[must_use]
    pub fn new(address: &str, port: u16) -> Self {
        let address = address
            .parse()
            .unwrap_or_else(|_| panic!("{address} is no IP address"));
        Self {
            mac: mac_of(address),
            address,
            port,
        }
    }

    /// The same end at another port.
    #[must_use]
    pub const fn at(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The same end behind another station.
    #[must_use]
    pub const fn via(mut self, mac: Mac) -> Self {
        self.mac = mac;
        self
    }
}

/// A locally administered MAC address that belongs to an IP address alone.
#[must_use]
pub fn mac_of(address: IpAddr) -> Mac {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            [0x02, 0x00, a, b, c, d]
        }
        IpAddr::V6(address) => {
            let [.., a, b, c, d] = address.octets();
            let [_, _, _, _, net_high, net_low, ..] = address.octets();
            [0x06, net_high ^ net_low, a, b, c, d]
        }
    }
}
