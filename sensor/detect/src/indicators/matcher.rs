//! Finds indicators in what traffic shows: in a record once, and in what its conversation says.
//!
//! | in | looked up |
//! | --- | --- |
//! | a record | both addresses with their ports; the name that TLS, QUIC, HTTP, SOCKS ask for; JA3, JA4; SHA-256 of the certificate; the user agent of HTTP |
//! | a DNS exchange | every name asked for |
//! | an HTTP request | host, URL, user agent: of every request of a connection |
//! | a TLS handshake | SHA-1 of the certificates |
//!
//! Where the path of a URL is hidden by TLS its host is looked up, and what is found says so.

use std::net::IpAddr;

use sekisho_model::app::{Fact, Group, Transaction};
use sekisho_model::{Essential, FlowRecord, Timestamp};

use super::{Id, Indicators};

/// Letters of what was met that are kept.
const SEEN: usize = 256;
/// Names of one DNS exchange that are looked up.
const NAMES: usize = 64;

/// The end of a flow that an indicator speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its originator's address is listed.
    Orig,
    /// Its responder's address is listed.
    Resp,
    /// What was asked for is listed, or who asks.
    Content,
}

/// An indicator that was met in a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which.
    pub id: Id,
    /// The end that it speaks of.
    pub end: End,
    /// Where it was met.
    pub field: &'static str,
    /// What was met.
    pub seen: Box<str>,
    /// Only the host of a URL was seen.
    pub is_host_only: bool,
    /// Whether what was asked for was given, where that is known better than from the flow.
    pub is_answered: Option<bool>,
}

impl Sighting {
    fn new(id: Id, field: &'static str, seen: &str) -> Self {
        Self {
            id,
            end: End::Content,
            field,
            seen: seen
                .get(..seen.floor_char_boundary(SEEN))
                .unwrap_or_default()
                .into(),
            is_host_only: false,
            is_answered: None,
        }
    }
}

/// Finds what a record meets; each indicator once, also among what `found` holds already.
pub fn in_record(indicators: &Indicators, record: &FlowRecord, found: &mut Vec<Sighting>) {
    let at = record.start;
    for (end, endpoint, field) in [
        (End::Resp, record.resp, "resp.address"),
        (End::Orig, record.orig, "orig.address"),
    ] {
        let port = if record.has_ports { endpoint.port } else { 0 };
        if let Some(id) = indicators.address(endpoint.address, port, at) {
            let seen = endpoint.address.to_string();
            let sighting = Sighting::new(id, field, &seen);
            put(found, Sighting { end, ..sighting });
        }
    }
    let Some(app) = &record.app else { return };
    for named in app.essentials.iter() {
        let (text, from) = (named.value, named.from);
        let id = match named.what {
            Essential::ServerName => {
                in_name(indicators, text, from, at, found);
                None
            }
            Essential::Ja3 => indicators.ja3(text, at),
            Essential::Ja4 => indicators.ja4(text, at),
            Essential::CertificateSha256 => indicators.certificate_sha256(text, at),
            Essential::ClientSoftware if from == "http.http_user_agent" => indicators.user_agent(text, at),
            _ => None,
        };
        if let Some(id) = id {
            put(found, Sighting::new(id, from, text));
        }
    }
}

/// A name that a client asks for.
fn in_name(
    indicators: &Indicators,
    name: &str,
    field: &'static str,
    at: Timestamp,
    found: &mut Vec<Sighting>,
) {
    if let Some(id) = indicators.name(name, at) {
        put(found, Sighting::new(id, field, name));
    }
    // Of HTTP in clear the path is looked up with the request.
    if matches!(field, "tls.sni" | "quic.sni")
        && let Some((id, is_whole)) = indicators.url_host(name, at)
    {
        let sighting = Sighting::new(id, field, name);
        put(
            found,
            Sighting {
                is_host_only: !is_whole,
                ..sighting
            },
        );
    }
}

/// Finds what a message meets; each indicator once, also among what `found` holds already.
pub fn in_transaction(indicators: &Indicators, transaction: &Transaction, found: &mut Vec<Sighting>) {
    let (facts, at) = (transaction.facts.all(), transaction.at);
    match transaction.protocol {
        "dns" => in_dns(indicators, &facts, at, found),
        "http" => in_http(indicators, &facts, at, found),
        "tls" => {
            for (path, field) in [
                ("fingerprint", "tls.fingerprint"),
                ("client.fingerprint", "tls.client.fingerprint"),
            ] {
                if let Some(text) = facts.text(path)
                    && let Some(id) = indicators.certificate_sha1(text, at)
                {
                    put(found, Sighting::new(id, field, text));
                }
            }
        }
        _ => {}
    }
}

fn in_dns(indicators: &Indicators, facts: &Group<'_>, at: Timestamp, found: &mut Vec<Sighting>) {
    let Some(Fact::List(queries)) = facts.get("queries") else {
        return;
    };
    for query in queries.iter().take(NAMES) {
        let Fact::Group(query) = query else { continue };
        let Some(name) = query.text("rrname") else {
            continue;
        };
        if let Some(id) = indicators.name(name, at) {
            let has_answers =
                matches!(facts.get("answers"), Some(Fact::List(answers)) if !answers.is_empty());
            let sighting = Sighting::new(id, "dns.queries.rrname", name);
            put(
                found,
                Sighting {
                    is_answered: Some(has_answers && facts.text("rcode") == Some("NOERROR")),
                    ..sighting
                },
            );
        }
    }
}

fn in_http(indicators: &Indicators, facts: &Group<'_>, at: Timestamp, found: &mut Vec<Sighting>) {
    let host = facts.text("hostname");
    if let Some(host) = host {
        in_name(indicators, host, "http.hostname", at, found);
        // A proxy is asked for hosts by their addresses too.
        if let Ok(address) = host.parse::<IpAddr>() {
            let port = port_of(facts).unwrap_or(80);
            if let Some(id) = indicators.address(address, port, at) {
                put(found, Sighting::new(id, "http.hostname", host));
            }
        }
    }
    if let Some(url) = facts.text("url") {
        let (host, port, path) = match url.split_once("://") {
            Some((_, rest)) => of_proxy(rest),
            None => (host.unwrap_or_default(), port_of(facts), url),
        };
        if let Some(id) = indicators.url(host, port, path, at) {
            put(found, Sighting::new(id, "http.url", &[host, path].concat()));
        }
    }
    if let Some(agent) = facts.text("http_user_agent")
        && let Some(id) = indicators.user_agent(agent, at)
    {
        put(found, Sighting::new(id, "http.http_user_agent", agent));
    }
}

/// Host, port and path of what stands behind the scheme of a URL.
fn of_proxy(rest: &str) -> (&str, Option<u16>, &str) {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let path = if path.is_empty() { "/" } else { path };
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host.trim_matches(['[', ']']), port.parse().ok(), path)
        }
        _ => (authority.trim_matches(['[', ']']), None, path),
    }
}

fn port_of(facts: &Group<'_>) -> Option<u16> {
    u16::try_from(facts.number("http_port")?).ok()
}

/// Adds to what a flow meets: each indicator once. That it was answered stays said, and that more than a
/// host was seen.
pub fn put(found: &mut Vec<Sighting>, new: Sighting) {
    match found.iter_mut().find(|known| known.id == new.id) {
        Some(known) => {
            known.is_host_only &= new.is_host_only;
            if known.is_answered != Some(true) {
                known.is_answered = new.is_answered.or(known.is_answered);
            }
        }
        None => found.push(new),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::App;
    use sekisho_model::app::Facts;
    use sekisho_model::indicator::{Indicator, Kind, Value};

    use super::super::{Builder, List};
    use super::*;

    fn of(values: &[&str]) -> Indicators {
        let mut builder = Builder::default();
        builder.begin(List::named("l"));
        for (line, text) in (1..).zip(values) {
            let value = match text.strip_prefix("agent ") {
                Some(agent) => Value::parse(Kind::UserAgent, agent).unwrap(),
                None => Value::guess(text).unwrap(),
            };
            builder.add(&Indicator::new(value, &"l".into(), line));
        }
        builder.finish(String::new())
    }

    /// Where what was met, by line of the list.
    fn told(indicators: &Indicators, found: &[Sighting]) -> Vec<(u64, &'static str)> {
        found
            .iter()
            .map(|one| (indicators.indicator(one.id).unwrap().line, one.field))
            .collect()
    }

    fn said(protocol: &'static str, facts: Facts) -> Transaction {
        Transaction {
            protocol,
            at: Timestamp::MIN,
            facts,
            also: None,
        }
    }

    #[test]
    fn a_record_meets_addresses_names_and_fingerprints_once_each() {
        let all = of(&[
            "198.51.100.2:443",
            "192.0.2.0/24",
            "evil.example",
            "https://www.evil.example/x",
            "e7d705a3286e19ea42f587b344ee6865",
            "198.51.100.2:80",
        ]);
        let mut app = Box::new(App::default());
        app.set(Essential::ServerName, "www.evil.example", "tls.sni");
        app.set(Essential::Ja3, "e7d705a3286e19ea42f587b344ee6865", "tls.ja3.hash");
        let record = FlowRecord {
            app: Some(app),
            ..FlowRecord::example()
        };
        let mut found = Vec::new();

        in_record(&all, &record, &mut found);
        in_record(&all, &record, &mut found);

        assert_eq!(
            told(&all, &found),
            [
                (1, "resp.address"),
                (2, "orig.address"),
                (3, "tls.sni"),
                (4, "tls.sni"),
                (5, "tls.ja3.hash")
            ]
        );
        assert_eq!(
            found.iter().map(|one| one.end).collect::<Vec<_>>()[..2],
            [End::Resp, End::Orig]
        );
        assert_eq!(found.iter().filter(|one| one.is_host_only).count(), 1);
    }

    #[test]
    fn every_name_of_a_dns_exchange_is_looked_up_and_whether_it_was_answered() {
        let all = of(&["evil.example"]);
        let exchange = |rcode: &'static str, answers: usize| {
            let mut query = Facts::new();
            query.put("rrname", "A.Evil.Example").put("rrtype", "A");
            let mut answer = Facts::new();
            answer.put("rdata", "192.0.2.1");
            let mut facts = Facts::new();
            facts.put("rcode", rcode).put("queries", vec![query]);
            if answers > 0 {
                facts.put("answers", vec![answer]);
            }
            let mut found = Vec::new();
            in_transaction(&all, &said("dns", facts), &mut found);
            assert_eq!(
                (told(&all, &found), &*found[0].seen),
                (vec![(1, "dns.queries.rrname")], "A.Evil.Example")
            );
            found[0].is_answered
        };

        assert_eq!(exchange("NOERROR", 1), Some(true));
        assert_eq!(exchange("NOERROR", 0), Some(false));
        assert_eq!(exchange("NXDOMAIN", 0), Some(false));
    }

    #[test]
    fn every_request_is_looked_up_also_one_to_a_proxy() {
        let all = of(&[
            "evil.example",
            "http://x.example:8080/gate",
            "agent Evil/1.0",
            "203.0.113.7",
        ]);
        let request = |host: &'static str, port: Option<u16>, url: &'static str, agent: &'static str| {
            let mut facts = Facts::new();
            facts.put("hostname", host).put_some("http_port", port);
            facts.put("url", url).put("http_user_agent", agent);
            let mut found = Vec::new();
            in_transaction(&all, &said("http", facts), &mut found);
            told(&all, &found)
        };

        assert_eq!(request("evil.example", None, "/", "x"), [(1, "http.hostname")]);
        assert_eq!(
            request("x.example", Some(8080), "/gate?1", "x"),
            [(2, "http.url")]
        );
        assert_eq!(
            request("x.example", None, "http://x.example:8080/gate/1", "x"),
            [(2, "http.url")]
        );
        assert!(request("x.example", None, "/gate", "x").is_empty());
        assert_eq!(
            request("x.example", None, "/", "Evil/1.0"),
            [(3, "http.http_user_agent")]
        );
        assert_eq!(
            request("203.0.113.7", None, "http://203.0.113.7/", "x"),
            [(4, "http.hostname")]
        );
    }

    #[test]
    fn certificates_are_known_by_their_sha1() {
        let all = of(&["da39a3ee5e6b4b0d3255bfef95601890afd80709"]);
        let mut facts = Facts::new();
        facts.put(
            "fingerprint",
            "da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09",
        );
        let mut found = Vec::new();

        in_transaction(&all, &said("tls", facts), &mut found);

        assert_eq!(told(&all, &found), [(1, "tls.fingerprint")]);
    }
}
