//! Addresses and networks.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Value, ValueError};

/// The shortest prefix of an IPv4 network that may be an indicator.
pub const NARROWEST_V4: u8 = 8;
/// The shortest prefix of an IPv6 network that may be an indicator.
pub const NARROWEST_V6: u8 = 16;

/// `192.0.2.1`, `192.0.2.1:443`, `192.0.2.0/24`, `2001:db8::1`, `[2001:db8::1]:443`.
pub(super) fn parse(text: &str) -> Result<Value, ValueError> {
    let (address, port) = split_port(text)?;
    let (address, length) = match address.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (address, None),
    };
    let address: IpAddr = address.parse().map_err(|_| ValueError::Address)?;
    let canonical = address.to_canonical();
    let is_mapped = canonical.is_ipv4() && address.is_ipv6();
    let full = if address.is_ipv4() { 32 } else { 128 };
    let mut length = match length {
        None => full,
        Some(length) => length.parse::<u8>().map_err(|_| ValueError::Address)?,
    };
    if is_mapped {
        length = length.checked_sub(96).ok_or(ValueError::TooWide)?;
    }
    let network = IpNet::new(canonical, length)
        .map_err(|_| ValueError::Address)?
        .trunc();
    let narrowest = if canonical.is_ipv4() {
        NARROWEST_V4
    } else {
        NARROWEST_V6
    };
    if length < narrowest {
        return Err(ValueError::TooWide);
    }
    if !is_of_hosts(network.addr()) {
        return Err(ValueError::NoHost);
    }
    Ok(Value::Address { network, port })
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, network: IpNet, port: Option<u16>) -> fmt::Result {
    let is_one = network.prefix_len() == network.max_prefix_len();
    if let (IpNet::V6(_), Some(_)) = (network, port) {
        f.write_str("[")?;
    }
    if is_one {
        write!(f, "{}", network.addr())?;
    } else {
        write!(f, "{network}")?;
    }
    match (network, port) {
        (IpNet::V6(_), Some(port)) => write!(f, "]:{port}"),
        (IpNet::V4(_), Some(port)) => write!(f, ":{port}"),
        (_, None) => Ok(()),
    }
}

/// Takes a port off the end, and the brackets off an address that has them.
fn split_port(text: &str) -> Result<(&str, Option<u16>), ValueError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(ValueError::Address)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port_of(port)?))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(ValueError::Address),
        };
    }
    match text.split_once(':') {
        Some((address, port)) if !port.contains(':') && address.contains('.') => {
            Ok((address, Some(port_of(port)?)))
        }
        _ => Ok((text, None)),
    }
}

fn port_of(text: &str) -> Result<u16, ValueError> {
    let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let port = text.parse().map_err(|_| ValueError::Port)?;
    if !is_number || port == 0 {
        return Err(ValueError::Port);
    }
    Ok(port)
}

/// Whether single hosts have such addresses.
fn is_of_hosts(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    // 0.0.0.0/8 is "this network" (RFC 791 section 3.2).
    let is_this_network = matches!(address, IpAddr::V4(address) if address.octets().first() == Some(&0));
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || is_broadcast
        || is_this_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, ValueError> {
        parse(text).map(|value| value.to_string())
    }

    #[test]
    fn the_bits_of_hosts_are_dropped_and_a_mapped_address_is_the_ipv4_one() {
        assert_eq!(written("198.51.100.77/24").as_deref(), Ok("198.51.100.0/24"));
        assert_eq!(written("198.51.100.77/32").as_deref(), Ok("198.51.100.77"));
        assert_eq!(written("::ffff:198.51.100.77").as_deref(), Ok("198.51.100.77"));
        assert_eq!(written("[2001:DB8::1]").as_deref(), Ok("2001:db8::1"));
        assert_eq!(
            written("198.51.100.0/24:443").as_deref(),
            Ok("198.51.100.0/24:443")
        );
    }

    #[test]
    fn what_would_match_everything_or_no_host_is_refused() {
        for wide in ["0.0.0.0/0", "::/0", "128.0.0.0/7", "2000::/3"] {
            assert_eq!(written(wide), Err(ValueError::TooWide), "{wide}");
        }
        for nobody in [
            "0.0.0.0",
            "127.0.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "ff02::1",
        ] {
            assert_eq!(written(nobody), Err(ValueError::NoHost), "{nobody}");
        }
        for wrong in [
            "198.51.100.300",
            "198.51.100.1/33",
            "198.51.100",
            "[2001:db8::1",
            "2001:db8::/129",
        ] {
            assert_eq!(written(wrong), Err(ValueError::Address), "{wrong}");
        }
        for port in [
            "198.51.100.1:0",
            "198.51.100.1:65536",
            "198.51.100.1:",
            "198.51.100.1:+1",
        ] {
            assert_eq!(written(port), Err(ValueError::Port), "{port}");
        }
    }
}
