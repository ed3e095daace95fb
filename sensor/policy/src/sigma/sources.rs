//! Which flows an event of a log source is about.
//!
//! Source: Sigma taxonomy appendix 2.1.0, section "Log Sources"; the logs of Zeek.

use super::fields::{CONNECTION, DNS, ENDS, Row, SSH, TLS, WEB};

/// A log source of the network.
#[derive(Debug)]
pub(super) struct Source {
    /// What is true of the flows whose event would stand in the log; empty where that is any flow.
    pub(super) flows: &'static str,
    fields: &'static [&'static [Row]],
}

impl Source {
    /// What a field of the log is called here.
    pub(super) fn field(&self, name: &str) -> Option<&'static Row> {
        let name = name.to_lowercase();
        let rows = self.fields.iter().copied().flatten();
        rows.into_iter().find(|row| row.sigma == name)
    }
}

const fn of(flows: &'static str, fields: &'static [&'static [Row]]) -> Source {
    Source { flows, fields }
}

static CONNECTIONS: Source = of("", &[ENDS, CONNECTION]);
static NAMES: Source = of("service == dns", &[ENDS, DNS]);
/// A proxy's log has the requests to it in clear, and the names of servers that are asked for sealed.
static PROXY: Source = of("service in {http, http2, tls, quic}", &[ENDS, WEB]);
static WEBSERVER: Source = of("service in {http, http2}", &[ENDS, WEB]);
static SEALED: Source = of("service in {tls, dtls, quic, dot, doq, winrm}", &[ENDS, TLS]);

/// Categories that stand by themselves, whatever the product.
static CATEGORIES: &[(&str, &Source)] = &[
    ("firewall", &CONNECTIONS),
    ("network_connection", &CONNECTIONS),
    ("dns", &NAMES),
    ("dns_query", &NAMES),
    ("proxy", &PROXY),
    ("webserver", &WEBSERVER),
    ("tls", &SEALED),
    ("ssl", &SEALED),
];

/// Services of the category `network`.
static NETWORK: &[(&str, &Source)] = &[("connection", &CONNECTIONS), ("dns", &NAMES)];

/// Logs of Zeek.
static ZEEK: &[(&str, &Source)] = &[
    ("conn", &CONNECTIONS),
    ("dns", &NAMES),
    ("http", &of("service == http", &[ENDS, WEB])),
    ("ssl", &SEALED),
    ("tls", &SEALED),
    ("x509", &SEALED),
    ("ssh", &of("service == ssh", &[ENDS, SSH])),
    ("rdp", &of("service == rdp", &[ENDS])),
    ("rfb", &of("service == rfb", &[ENDS])),
    ("smb_files", &of("service == smb", &[ENDS])),
    ("smb_mapping", &of("service == smb", &[ENDS])),
    ("dce_rpc", &of("service in {dcerpc, smb}", &[ENDS])),
    ("kerberos", &of("service == krb5", &[ENDS])),
    ("ldap", &of("service == ldap", &[ENDS])),
    ("ftp", &of("service == ftp", &[ENDS])),
    ("smtp", &of("service == smtp", &[ENDS])),
    ("irc", &of("service == irc", &[ENDS])),
    ("sip", &of("service == sip", &[ENDS])),
    ("snmp", &of("service == snmp", &[ENDS])),
    ("socks", &of("service == socks", &[ENDS])),
    ("ntp", &of("service == ntp", &[ENDS])),
    ("mysql", &of("service == mysql", &[ENDS])),
    ("radius", &of("service == radius", &[ENDS])),
    ("syslog", &of("service == syslog", &[ENDS])),
    ("dhcp", &of("service == dhcp", &[ENDS])),
    ("modbus", &of("service == modbus", &[ENDS])),
    ("dnp3", &of("service == dnp3", &[ENDS])),
    ("quic", &of("service == quic", &[ENDS, TLS])),
];

/// The log source of these words; nothing where flow records hold nothing of it.
pub(super) fn find(category: &str, product: &str, service: &str) -> Option<&'static Source> {
    let named = |table: &'static [(&str, &Source)], name: &str| {
        let row = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        row.map(|(_, source)| *source)
    };
    if product.eq_ignore_ascii_case("zeek") && !service.is_empty() {
        return named(ZEEK, service);
    }
    if category.eq_ignore_ascii_case("network") {
        return named(NETWORK, service);
    }
    named(CATEGORIES, category)
}

#[cfg(test)]
mod tests {
    use sekisho_filter::Filter;

    use super::*;

    #[test]
    fn every_source_asks_what_the_language_knows() {
        let all = CATEGORIES.iter().chain(NETWORK).chain(ZEEK);

        for (name, source) in all.filter(|(_, source)| !source.flows.is_empty()) {
            Filter::parse(source.flows).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn a_log_source_is_found_by_its_words() {
        assert_eq!(
            find("", "zeek", "http").map(|source| source.flows),
            Some("service == http")
        );
        assert_eq!(
            find("dns", "windows", "").map(|source| source.flows),
            Some("service == dns")
        );
        assert_eq!(
            find("network", "", "connection").map(|source| source.flows),
            Some("")
        );
        assert!(find("process_creation", "windows", "").is_none());
        assert!(find("", "zeek", "files").is_none());
        assert!(find("", "linux", "sshd").is_none());
    }
}
