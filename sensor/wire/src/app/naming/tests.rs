//! Names of flows. Captures' expected names are those of their certificates and ALPN in tshark.

use sekisho_model::app::ServiceBy;

use crate::app::encrypted::tls::sample;
use crate::app::parser::End::{self, Orig, Resp};
use crate::app::protocol::{Transport, by_name, protocols};
use crate::app::test::{self, Seen};

use super::*;

/// A client's hello of TLS 1.2 with an ALPN, where there is one, and the server's that takes it.
fn tls(port: u16, offer: Option<&[u8]>) -> Seen {
    let extensions = offer.map_or_else(Vec::new, |name| sample::extensions(&[(16, sample::alpn(name))]));
    let client = sample::client_hello(0x0303, &[0xc02f], &extensions);
    let server = sample::server_hello(0x0303, [9; 32], 0xc02f, &extensions);
    let client = sample::record(22, &sample::message(1, &client));
    let server = sample::record(22, &sample::message(2, &server));
    test::converse(
        Transport::Tcp,
        [50_000, port],
        &[(Orig, &client), (Resp, &server)],
    )
}

fn http(port: u16, request: &str) -> Seen {
    let chunks: &[(End, &[u8])] = &[
        (Orig, request.as_bytes()),
        (Resp, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    test::converse(Transport::Tcp, [50_000, port], chunks)
}

#[test]
fn every_name_stands_once_and_is_explained() {
    for service in SERVICES {
        assert!(by_name(service.name).is_none(), "{}", service.name);
        assert!(service.within.iter().all(|name| by_name(name).is_some()));
        assert!(!service.told_by.ja.is_empty() && !service.source.is_empty());
    }
    let mut names: Vec<_> = PRODUCTS.iter().map(|product| product.name).collect();
    names.dedup();
    assert!(names.is_sorted() && names.len() == PRODUCTS.len());
}

#[test]
fn dns_over_tls_is_told_by_alpn_and_without_one_by_port() {
    let by = |seen: &Seen| (seen.app.service, seen.app.service_by.unwrap());

    assert_eq!(by(&tls(443, Some(b"dot"))), ("dot", ServiceBy::Content));
    assert_eq!(by(&tls(853, None)), ("dot", ServiceBy::Port));
    assert_eq!(by(&tls(853, Some(b"h2"))), ("tls", ServiceBy::Content));
    assert_eq!(by(&tls(443, None)), ("tls", ServiceBy::Content));
    assert_eq!(by(&tls(5986, None)), ("winrm", ServiceBy::Port));
    // The exchange stays that of the protocol.
    assert_eq!(tls(443, Some(b"dot")).transactions("tls").len(), 1);
}

#[test]
fn dns_over_tls_of_a_capture_is_told() {
    let Some(path) = test::capture("tls_ja4/ndpi-dns_dot.pcap") else {
        return;
    };

    let flows = test::flows_of(&path);

    assert!(
        flows.iter().all(|flow| flow.seen.app.service == "dot"),
        "{flows:?}"
    );
}

#[test]
fn dns_over_http_in_clear_is_told() {
    let post =
        "POST /q HTTP/1.1\r\nHost: a\r\nContent-Type: application/dns-message\r\nContent-Length: 0\r\n\r\n";
    let get = "GET /dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB HTTP/1.1\r\nHost: a\r\n\r\n";
    let bare = "GET /dns-query HTTP/1.1\r\nHost: a\r\n\r\n";

    assert_eq!(http(80, post).app.service, "doh");
    assert_eq!(http(80, get).app.service, "doh");
    assert_eq!(http(80, bare).app.service, "http");
    assert_eq!(http(80, get).transactions("http").len(), 1);
}

#[test]
fn winrm_is_soap_to_its_place_and_intel_amt_is_not() {
    let request = |host: &str, kind: &str| {
        format!("POST /wsman HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 0\r\n\r\n")
    };
    let soap = "application/soap+xml;charset=UTF-8";
    // MS-WSMV section 2.2.9.1.
    let sealed = "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"x\"";

    assert_eq!(http(5985, &request("srv:5985", soap)).app.service, "winrm");
    assert_eq!(http(80, &request("srv", sealed)).app.service, "winrm");
    assert_eq!(http(16_992, &request("pc:16992", soap)).app.service, "http");
    assert_eq!(http(5985, &request("srv:5985", "text/html")).app.service, "http");
}

#[test]
fn products_are_told_by_what_they_say_over_http() {
    let product = |seen: &Seen| seen.app.get(Essential::Application).map(str::to_owned);
    let vpn = http(
        80,
        "POST /vpnsvc/connect.cgi HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n",
    );
    let tailscale = http(
        80,
        "POST /ts2021 HTTP/1.1\r\nHost: a\r\nUpgrade: tailscale-control-protocol\r\nConnection: upgrade\r\n\r\n",
    );

    assert_eq!(product(&vpn).as_deref(), Some("softether"));
    assert_eq!(vpn.app.service, "http");
    assert_eq!(product(&tailscale).as_deref(), Some("tailscale"));
}

fn named(pairs: &[(Essential, &str)]) -> App {
    let mut app = App {
        service: "tls",
        ..App::default()
    };
    for (what, value) in pairs {
        app.set(*what, *value, "tls.subject");
    }
    let start = Start {
        transport: Transport::Tcp,
        ports: [50_000, 443],
    };
    name(&mut app, &start, false);
    app
}

fn certificate(subject: &str, issuer: &str) -> Option<(String, String)> {
    let app = named(&[
        (Essential::CertificateSubject, subject),
        (Essential::CertificateIssuer, issuer),
    ]);
    let product = app.get(Essential::Application)?.to_owned();
    Some((product, app.get(Essential::ApplicationBy)?.to_owned()))
}

#[test]
fn anydesk_is_told_by_its_certificate() {
    let (relay, root) = (
        "C=DE, O=philandro Software GmbH, CN=AnyNet Relay",
        "CN=AnyNet Root CA, O=philandro Software GmbH, C=DE",
    );
    let is_anydesk = Some(("anydesk".to_owned(), "content".to_owned()));

    assert_eq!(certificate(relay, root), is_anydesk);
    assert_eq!(certificate("CN=a", root), is_anydesk);
    assert_eq!(certificate("CN=AnyDesk Client", "CN=AnyDesk Client"), is_anydesk);
    assert_eq!(certificate("CN=AnyNet Relays", "CN=my AnyNet Relay"), None);
}

#[test]
fn tor_is_likely_by_the_names_that_it_draws() {
    let is_tor = Some(("tor".to_owned(), "likely".to_owned()));

    assert_eq!(
        certificate("CN=www.g6ghvisevf3ibuu5.net", "CN=www.xkgk7fdx362yyyxib.com"),
        is_tor
    );
    for (subject, issuer) in [
        ("CN=www.example.com", "CN=www.example.net"),
        ("CN=www.g6ghvisevf3ibuu5.net", "CN=www.g6gh.com"),
        ("CN=www.g6ghvisevf8ibuu5.net", "CN=www.xkgk7fdx362yyyxib.com"),
        ("CN=www.g6ghvisevf3ibuu5.net, O=a", "CN=www.xkgk7fdx362yyyxib.com"),
    ] {
        assert_eq!(certificate(subject, issuer), None, "{subject}");
    }
}

/// Names that Tor draws (tortls_openssl.c: 4 to 25 letters for a hello), and names of real sites.
#[test]
fn tor_is_likely_by_the_name_of_its_hello_where_certificates_are_hidden() {
    let told = |name: &str, version: &str, ja4: &str| {
        let app = named(&[
            (Essential::ServerName, name),
            (Essential::Version, version),
            (Essential::Ja4, ja4),
        ]);
        app.get(Essential::Application).map(str::to_owned)
    };
    let (without_alpn, with_alpn) = (
        "t13d171300_5b57614c22b0_748f4c70de1c",
        "t13d1715h2_5b57614c22b0_5c2c66f702b0",
    );

    for name in [
        "www.q4cyamnc6mtokjurvdclt.com",
        "www.ct7ctrgb6cr7.com",
        "www.e6r5p57kbafwrxj3plz.com",
        "www.6gyip7tqim7sieb.com",
        "www.gfu7hbxpfp.com",
    ] {
        assert_eq!(
            told(name, "TLS 1.3", without_alpn).as_deref(),
            Some("tor"),
            "{name}"
        );
        assert_eq!(told(name, "TLS 1.3", with_alpn), None, "{name}");
        assert_eq!(told(name, "TLS 1.2", without_alpn), None, "{name}");
    }
    for name in [
        "www.googletagmanager.com",
        "www.googleadservices.com",
        "www.msftconnecttest.com",
        "www.nintendo.com",
        "www.bloomberg.com",
        "www.thinkwithgoogle.com",
        "www.schwarzkopf.com",
        "www.washingtonpost.com",
        "www.download3k.com",
        "www.web2project.com",
    ] {
        assert_eq!(told(name, "TLS 1.3", without_alpn), None, "{name}");
    }
}

/// tshark: x509sat.uTF8String of every handshake is a pair of such names.
#[test]
fn tor_of_a_capture_is_told_and_nothing_else_is() {
    let Some(labels) = test::capture("labels.json") else {
        return;
    };
    let folder = labels.parent().unwrap();
    let of = |name: &str| test::flows_of(&folder.join(name));

    let tor = of("anonymizer/tor-2013.pcap");

    let told = tor
        .iter()
        .filter(|flow| flow.seen.app.get(Essential::Application) == Some("tor"));
    assert_eq!(told.count(), 7);
    for name in [
        "benign/web-browsing-2013.pcap",
        "benign/teams.pcap",
        "benign/zoom.pcap",
        "benign/1kxun.pcap",
    ] {
        for flow in of(name) {
            let product = flow.seen.app.get(Essential::Application);
            assert!(matches!(product, None | Some("teamviewer")), "{name} {flow:?}");
        }
    }
}

#[test]
fn tailscale_says_its_name_in_stun() {
    let app = |software: &str| {
        let mut app = App {
            service: "stun",
            ..App::default()
        };
        app.set(Essential::ClientSoftware, software, "stun.client_software");
        let start = Start {
            transport: Transport::Udp,
            ports: [41_641, 3478],
        };
        name(&mut app, &start, false);
        app.get(Essential::Application).map(str::to_owned)
    };

    assert_eq!(app("tailnode").as_deref(), Some("tailscale"));
    assert_eq!(app("libjingle"), None);
}

#[test]
fn protocols_of_one_product_have_its_name() {
    let own: Vec<_> = protocols()
        .filter(|protocol| PRODUCTS.iter().any(|product| product.name == protocol.name))
        .map(|protocol| protocol.name)
        .collect();

    assert_eq!(
        own,
        [
            "tailscale",
            "zerotier",
            "softether",
            "nomachine",
            "radmin",
            "rustdesk",
            "teamviewer"
        ]
    );
}
