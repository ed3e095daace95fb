//! Words that policies use for application protocols and tunnels.

/// Application protocols, as the field `service` names them.
pub const SERVICES: &[&str] = &[
    "bacnet",
    "bittorrent",
    "bittorrent_dht",
    "dcerpc",
    "dhcp",
    "dhcpv6",
    "dnp3",
    "dns",
    "doh",
    "doq",
    "dot",
    "dtls",
    "enip",
    "esp",
    "ftp",
    "http",
    "http2",
    "ike",
    "imap",
    "irc",
    "krb5",
    "l2tp",
    "ldap",
    "llmnr",
    "mdns",
    "modbus",
    "mongodb",
    "mqtt",
    "mysql",
    "nbns",
    "nomachine",
    "ntp",
    "opcua",
    "openvpn",
    "pgsql",
    "pop3",
    "pptp",
    "quic",
    "radius",
    "radmin",
    "rdp",
    "redis",
    "rfb",
    "rsync",
    "rtp",
    "rustdesk",
    "s7comm",
    "sip",
    "smb",
    "smtp",
    "snmp",
    "socks",
    "softether",
    "ssdp",
    "ssh",
    "stratum",
    "stun",
    "syslog",
    "tailscale",
    "tds",
    "teamviewer",
    "telnet",
    "tftp",
    "tls",
    "winrm",
    "wireguard",
    "x11",
    "zerotier",
];

/// Words that stand for several of [`SERVICES`], or for one by another name.
pub const SERVICE_ALIASES: &[(&str, &[&str])] = &[
    ("https", &["tls", "quic"]),
    ("web", &["http", "http2", "tls", "quic"]),
    ("ftps", &["tls"]),
    ("imaps", &["tls"]),
    ("kerberos", &["krb5"]),
    ("ldaps", &["tls"]),
    ("mail", &["smtp", "imap", "pop3"]),
    ("mssql", &["tds"]),
    ("pop3s", &["tls"]),
    ("postgresql", &["pgsql"]),
    ("smtps", &["tls"]),
    ("vnc", &["rfb"]),
];

/// What is told of a sealed session from outside: a path that names the protocol that seals means these
/// too. What is read in clear, as DNS over HTTP, is another protocol than its carrier.
pub const SEALED: &[(&str, &[&str])] = &[("quic", &["doq"]), ("tls", &["dot", "winrm"])];

/// Kinds of tunnels, as the field `tunnel` names them.
pub const TUNNELS: &[&str] = &[
    "4in6",
    "6in4",
    "erspan-1",
    "erspan-2",
    "erspan-3",
    "etherip",
    "geneve",
    "gre",
    "gtp-u",
    "ip-in-ip",
    "l2tp",
    "mpls",
    "nvgre",
    "teredo",
    "vxlan",
    "vxlan-gpe",
];

/// All that a word stands for: of an alias its services, else the service and what that seals.
pub(crate) fn services(word: &str) -> Option<Vec<&'static str>> {
    if let Some((_, stands_for)) = SERVICE_ALIASES.iter().find(|(alias, _)| *alias == word) {
        return Some(stands_for.to_vec());
    }
    let service = SERVICES.iter().copied().find(|service| *service == word)?;
    let sealed = SEALED.iter().filter(|(by, _)| *by == service);
    Some(
        [service]
            .into_iter()
            .chain(sealed.flat_map(|(_, services)| services.iter().copied()))
            .collect(),
    )
}

/// Every word that may be written for a service.
pub(crate) fn service_words() -> impl Iterator<Item = &'static str> {
    SERVICES
        .iter()
        .copied()
        .chain(SERVICE_ALIASES.iter().map(|(alias, _)| *alias))
}

/// The kind of tunnel of this name.
pub(crate) fn tunnel(word: &str) -> Option<&'static str> {
    TUNNELS.iter().copied().find(|tunnel| *tunnel == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_aliases_stand_for_words() {
        assert!(SERVICES.is_sorted() && TUNNELS.is_sorted());
        for (alias, stands_for) in SERVICE_ALIASES {
            assert!(!SERVICES.contains(alias));
            assert!(stands_for.iter().all(|word| SERVICES.contains(word)), "{alias}");
        }
        assert_eq!(services("https"), Some(vec!["tls", "quic"]));
        assert_eq!(services("ssh"), Some(vec!["ssh"]));
        assert_eq!(services("tls"), Some(vec!["tls", "dot", "winrm"]));
        assert_eq!(services("sssh"), None);
    }
}
