//! What is a name of a host, of all that stands where names stand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Octets of a name that are kept (RFC 1035 2.3.4).
const LONGEST: usize = 253;

/// Suffixes of NetBIOS names that stand for a machine: workstation and server (RFC 1001 14, `[MS-NBTE]`).
const MACHINES: [&str; 2] = ["<00>", "<20>"];

/// The name without the root's dot and without a NetBIOS suffix; none for an address, for the name of
/// a service or a group, and for what every machine calls itself.
pub(super) fn of_host(name: &str) -> Option<String> {
    let name = name.trim().trim_end_matches('.');
    let name = MACHINES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
        .trim();
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_service = name.split('.').any(|label| label.starts_with('_'));
    let is_everyone = ["", "*", "localhost", "localhost.localdomain", "ip6-localhost"].contains(&name);
    let is_group = name.ends_with('>');
    let is_host = !is_address && !is_service && !is_everyone && !is_group && name.len() <= LONGEST;
    is_host.then(|| name.to_owned())
}

/// The address whose name a pointer record gives: RFC 1035 3.5, RFC 3596 2.5.
pub(super) fn of_pointer(owner: &str) -> Option<IpAddr> {
    let owner = owner.trim_end_matches('.').to_ascii_lowercase();
    if let Some(octets) = owner.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = octets.rsplit('.').collect();
        return octets.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let digits: Vec<&str> = owner.strip_suffix(".ip6.arpa")?.rsplit('.').collect();
    if digits.len() != 32 || digits.iter().any(|digit| digit.len() != 1) {
        return None;
    }
    u128::from_str_radix(&digits.concat(), 16)
        .ok()
        .map(|number| IpAddr::V6(Ipv6Addr::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_name_is_told_from_an_address_and_from_a_service() {
        assert_eq!(of_host("pc-1.example."), Some("pc-1.example".to_owned()));
        assert_eq!(of_host("PC-1<20>"), Some("PC-1".to_owned()));
        for other in [
            "192.0.2.7",
            "[192.0.2.7]",
            "[2001:db8::1]",
            "Laser._ipp._tcp.local",
            "localhost",
            "WORKGROUP<1e>",
            "*",
            "",
            ".",
        ] {
            assert_eq!(of_host(other), None, "{other}");
        }
    }

    #[test]
    fn pointers_are_read_backwards() {
        // The examples of RFC 1035 section 3.5 and RFC 3596 section 2.5.
        let v6 = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.";
        assert_eq!(of_pointer("52.0.2.10.IN-ADDR.ARPA."), "10.2.0.52".parse().ok());
        assert_eq!(of_pointer(v6), "4321:0:1:2:3:4:567:89ab".parse().ok());
        assert_eq!(of_pointer("2.10.in-addr.arpa"), None);
        assert_eq!(of_pointer("www.example"), None);
    }
}
