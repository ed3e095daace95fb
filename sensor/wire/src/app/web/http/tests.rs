//! HTTP/1 as it is and as it should not be.

use super::super::super::parser::End::{self, Orig, Resp};
use super::super::super::protocol::Transport::{Tcp, Udp};
use super::super::super::test::{self, Seen};
use super::reader::MAX_PENDING;
use crate::app::text;
use sekisho_model::app::{Essential, Facts};

const PORTS: [u16; 2] = [40_000, 80];

fn converse(chunks: &[(End, &[u8])]) -> Seen {
    let seen = test::converse(Tcp, PORTS, chunks);
    let split = test::in_single_octets(PORTS, chunks);
    assert_eq!(split.transactions("http"), seen.transactions("http"));
    assert_eq!(split.app.service, seen.app.service);
    seen
}

fn statuses(seen: &Seen) -> Vec<(Option<&str>, Option<u64>)> {
    seen.transactions("http")
        .iter()
        .map(|facts| (facts.text("url"), facts.number("status")))
        .collect()
}

#[test]
fn an_exchange_is_written_with_suricatas_names() {
    let request = b"POST /a/b?c=d HTTP/1.1\r\nHost: WWW.Example.ORG:8080\r\nUser-Agent: curl/8.0\r\n\
        Referer: https://from.example/secret/path\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\
        Cookie: session=1\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 3\r\n\r\nabc";
    let response = b"HTTP/1.1 302 Found\r\nServer: nginx/1.2\r\nContent-Type: text/html; charset=utf-8\r\n\
        Location: https://user:pass@there.example/\r\nContent-Length: 5\r\n\r\nhello";

    let seen = converse(&[(Orig, request), (Resp, response)]);

    let [facts] = &seen.transactions("http")[..] else {
        panic!("{seen:?}")
    };
    for (path, expected) in [
        ("hostname", "www.example.org"),
        ("url", "/a/b"),
        ("http_user_agent", "curl/8.0"),
        ("http_method", "POST"),
        ("protocol", "HTTP/1.1"),
        ("http_refer", "https://from.example"),
        ("xff", "192.0.2.1"),
        ("authorization", "Basic"),
        ("user_digest", &text::user_digest(b"Aladdin")),
        ("http_content_type", "text/html"),
        ("server", "nginx/1.2"),
        ("redirect", "https://there.example/"),
    ] {
        assert_eq!(facts.text(path), Some(expected), "{path}");
    }
    for (path, expected) in [
        ("http_port", 8080),
        ("path_octets", 4),
        ("query_octets", 3),
        ("request_length", 3),
        ("status", 302),
        ("length", 5),
    ] {
        assert_eq!(facts.number(path), Some(expected), "{path}");
    }
    let written = serde_json::to_string(facts).unwrap();
    assert!(
        !written.contains("QWxh") && !written.contains("sesame") && !written.contains("session"),
        "{written}"
    );
    for (what, value) in [
        (Essential::ServerName, "www.example.org"),
        (Essential::ClientSoftware, "curl/8.0"),
        (Essential::ServerSoftware, "nginx/1.2"),
    ] {
        assert_eq!(seen.app.get(what), Some(value));
    }
}

#[test]
fn secrets_in_urls_are_not_kept() {
    let request = b"GET /x?token=SECRET&password=hunter2 HTTP/1.1\r\nHost: a.example\r\n\
        Referer: a.example/y?token=SECRET\r\n\r\n";
    let response = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\
        Location: https://bob:hunter2@a.example/cb?code=SECRET#access_token=SECRET\r\n\r\n";
    let connect = b"CONNECT bob:hunter2@host.example:443 HTTP/1.1\r\n\r\n";

    let seen = converse(&[(Orig, request), (Resp, response), (Orig, connect)]);

    let [page, tunnel] = &seen.transactions("http")[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(page.text("url"), Some("/x"));
    assert_eq!(page.number("query_octets"), Some(29));
    assert_eq!(page.text("redirect"), Some("https://a.example/cb"));
    assert_eq!(page.text("http_refer"), None);
    for path in ["url", "connect"] {
        assert_eq!(tunnel.text(path), Some("host.example:443"), "{path}");
    }
    assert_eq!(tunnel.text("hostname"), Some("host.example"));
    let written = format!("{seen:?}");
    assert!(
        !written.contains("SECRET") && !written.contains("hunter2") && !written.contains("bob"),
        "{written}"
    );
}

#[test]
fn pipelined_requests_meet_their_responses() {
    let requests =
        b"GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n";
    let responses =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n\
        5;x=y\r\nHTTP/\r\n6\n 1.1 2\r\n0\r\nTrailer: x\r\n\r\n\
        HTTP/1.1 201 OK\r\nContent-Length: 100\r\n\r\nHTTP/1.1 304 OK\r\nContent-Length: 9\r\n\r\n\
        HTTP/1.0 404 Gone\n\nto the end";

    let seen = converse(&[(Orig, requests), (Resp, responses)]);

    assert_eq!(
        statuses(&seen),
        [
            (Some("/1"), Some(200)),
            (Some("/2"), Some(201)),
            (Some("/3"), Some(304)),
            (Some("/4"), Some(404))
        ]
    );
    let lengths: Vec<_> = seen
        .transactions("http")
        .iter()
        .map(|facts| facts.number("length"))
        .collect();
    assert_eq!(lengths, [Some(11), Some(100), Some(9), Some(10)]);
}

#[test]
fn one_end_alone_is_enough() {
    let request = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";

    let asked = converse(&[(Orig, request), (Orig, request)]);
    let answered = converse(&[(Resp, response), (Resp, response)]);
    let wrong_way_round = converse(&[(Resp, request), (Orig, response)]);

    assert_eq!(statuses(&asked), [(Some("/a"), None), (Some("/a"), None)]);
    assert_eq!(statuses(&answered), [(None, Some(200)), (None, Some(200))]);
    assert_eq!(statuses(&wrong_way_round), [(Some("/a"), Some(200))]);
}

#[test]
fn a_flow_that_was_joined_within_a_body_is_read_from_its_next_message_on() {
    let body = b"\x00\x01 some body\nGETTER\n of a picture";
    let request = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    let seen = test::converse(
        Tcp,
        PORTS,
        &[
            (Resp, body),
            (Orig, request),
            (Resp, body),
            (Resp, b"\n"),
            (Resp, response),
        ],
    );

    assert_eq!(statuses(&seen), [(Some("/a"), Some(200))]);
}

#[test]
fn a_response_that_was_lost_shifts_no_other() {
    use crate::app::{Chunk, Conversation, Start};
    use sekisho_model::Timestamp;
    let at = Timestamp::from_seconds(1_767_225_600, 0);
    let start = Start {
        transport: Tcp,
        ports: PORTS,
    };
    let (mut conversation, mut events) = (Conversation::new(start), Vec::new());
    let mut read = |conversation: &mut Conversation, from, octets: &[u8]| {
        let chunk = Chunk {
            from,
            at,
            octets,
            cut: 0,
        };
        conversation.read(&chunk, &mut events);
    };

    read(&mut conversation, Orig, b"GET /1 HTTP/1.1\r\n\r\n");
    conversation.gap(Resp, 200, at, &mut Vec::new());
    read(&mut conversation, Resp, b"rest of a body\n");
    read(&mut conversation, Orig, b"GET /2 HTTP/1.1\r\n\r\n");
    read(
        &mut conversation,
        Resp,
        b"HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n",
    );
    conversation.finish(at, &mut events);

    let seen = Seen {
        app: conversation.app().clone(),
        events,
    };
    assert_eq!(statuses(&seen), [(Some("/1"), None), (Some("/2"), Some(201))]);
    assert!(seen.app.is_partial);
}

#[test]
fn a_tunnel_and_another_protocol_begin_where_they_are_agreed() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\xff\xff";
    let connect = converse(&[
        (
            Orig,
            b"CONNECT inner.example:443 HTTP/1.1\r\nHost: inner.example:443\r\n\r\n",
        ),
        (Resp, b"HTTP/1.1 200 Connection established\r\n\r\n"),
        (Orig, preface),
    ]);
    let upgrade = converse(&[
        (
            Orig,
            b"GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        ),
        (Resp, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
        (Orig, preface),
    ]);
    let unanswered = converse(&[
        (Orig, b"CONNECT inner.example:443 HTTP/1.1\r\n\r\n"),
        (Orig, b"\x16\x03\x01\x00\x05hello"),
    ]);

    let facts = connect.transactions("http")[0];
    assert_eq!(
        (
            facts.text("connect"),
            facts.text("hostname"),
            facts.number("status")
        ),
        (Some("inner.example:443"), Some("inner.example"), Some(200))
    );
    assert_eq!(connect.transactions("http2").len(), 1);
    assert_eq!(upgrade.transactions("http")[0].text("upgrade"), Some("h2c"));
    assert_eq!(upgrade.transactions("http2").len(), 1);
    assert_eq!(
        unanswered.transactions("http")[0].text("hostname"),
        Some("inner.example")
    );
}

#[test]
fn a_late_host_a_folded_line_and_bare_line_ends_are_read() {
    let mut request = b"\r\nGET / HTTP/1.1\n".to_vec();
    for _ in 0..300 {
        request.extend(b"X-Filler: 0123456789012345678901234567890123456789\n");
    }
    request.extend(b"hOST : late.example\nUser-Agent: one\n two\nno colon here\n: \xff\xfe\n\n");

    let seen = converse(&[(Orig, &request)]);

    let facts = seen.transactions("http")[0];
    assert!(request.len() > 8192);
    assert_eq!(facts.text("hostname"), Some("late.example"));
    assert_eq!(facts.text("http_user_agent"), Some("one two"));
}

#[test]
fn a_head_that_never_ends_keeps_what_it_said() {
    let seen = converse(&[
        (
            Orig,
            b"GET /slow HTTP/1.1\r\nHost: a.example\r\nUser-Agent: slow\r\nX-a: b\r\n",
        ),
        (Resp, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
        (Orig, b"X-c: d\r\n\r\nGET /next HTTP/1.1\r\n\r\n"),
    ]);

    assert_eq!(
        statuses(&seen),
        [(Some("/slow"), Some(408)), (Some("/next"), None)]
    );
    assert_eq!(seen.app.get(Essential::ClientSoftware), None);
    assert_eq!(seen.transactions("http")[0].text("http_user_agent"), Some("slow"));
}

#[test]
fn hostile_heads_are_bounded_and_said() {
    let mut long = b"GET /".to_vec();
    long.resize(200_000, b'a');
    long.extend(b" HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let two_lengths =
        b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx";
    let both = b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let flood = b"GET / HTTP/1.1\r\n\r\n".repeat(MAX_PENDING * 3);

    let long = test::converse(Tcp, PORTS, &[(Orig, &long)]);
    let two_lengths = converse(&[(Orig, two_lengths)]);
    let both = converse(&[(Orig, both)]);
    let flood = converse(&[(Orig, &flood)]);

    let facts: &Facts = long.transactions("http")[0];
    assert_eq!(facts.text("url").map(str::len), Some(super::MAX_VALUE));
    assert_eq!(facts.text("hostname"), Some("a.example"));
    assert_eq!(
        two_lengths.anomalies(),
        ["host_header_repeated", "content_length_differs"]
    );
    assert_eq!(
        both.anomalies(),
        ["content_length_and_chunked", "chunk_size_invalid"]
    );
    assert_eq!(flood.transactions("http").len(), MAX_PENDING * 3);
}

#[test]
fn other_protocols_of_lines_are_left_alone() {
    for first in [
        &b"OPTIONS rtsp://a.example RTSP/1.0\r\n\r\n"[..],
        b"REGISTER sip:a.example SIP/2.0\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"GET key\r\n",
        b"GET /a RTSP/1.0\r\n",
        b"USER anonymous\r\n",
        b"EHLO a.example\r\n",
    ] {
        let seen = test::converse(Tcp, PORTS, &[(Orig, first)]);

        assert_ne!(seen.app.service, "http", "{}", first.escape_ascii());
        assert!(seen.transactions("http").is_empty());
    }
}

#[test]
fn discovery_is_read_from_datagrams() {
    // UPnP Device Architecture 2.0 sections 1.3.2 and 1.2.2.
    let search = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\
        ST: upnp:rootdevice\r\nUSER-AGENT: OS/1 UPnP/2.0 product/1\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://192.0.2.1/d.xml\r\n\
        SERVER: Linux/4 UPnP/2.0 x/1\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n";

    let seen = test::converse(Udp, [40_000, 1900], &[(Orig, search), (Resp, answer)]);

    assert_eq!(seen.app.service, "ssdp");
    let [asked, answered] = &seen.transactions("ssdp")[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (asked.text("method"), asked.text("st")),
        (Some("M-SEARCH"), Some("upnp:rootdevice"))
    );
    assert_eq!(answered.text("location"), Some("http://192.0.2.1/d.xml"));
    assert_eq!(
        seen.app.get(Essential::ServerSoftware),
        Some("Linux/4 UPnP/2.0 x/1")
    );
}

/// tshark's hosts and user agents of captures with HTTP on other ports, in tunnels, pipelined,
/// unanswered, cut off.
#[test]
fn hosts_and_user_agents_of_captures_are_those_of_tshark() {
    for name in [
        "app/zeek-http-bro.org.pcap",
        "app/zeek-http-proxy.pcap",
        "benign/wikipedia.pcap",
        "dos/gen-slowhttptest-headers.pcap",
        "encap/zeek-vxlan-encapsulated-http.pcap",
        "malware_c2/trickbot.pcap",
        "tls_ja4/CVE-2018-6794.pcap",
    ] {
        let (Some(path), Some(oracle)) = (test::capture(name), test::capture(&format!("oracle/{name}.json")))
        else {
            return;
        };
        let oracle: serde_json::Value = serde_json::from_slice(&std::fs::read(oracle).unwrap()).unwrap();
        let flows = test::flows_of(&path);
        let seen = |key: &str| -> Vec<&str> {
            flows
                .iter()
                .flat_map(|flow| flow.seen.transactions("http"))
                .filter_map(|facts| facts.text(key))
                .collect()
        };
        for (fact, key) in [("http_host", "hostname"), ("http_user_agent", "http_user_agent")] {
            let seen = seen(key);
            for value in oracle[fact].as_array().into_iter().flatten() {
                let value = value[0].as_str().unwrap();
                let host = value.rsplit_once(':').map_or(value, |(host, _)| host);
                let value = if key == "hostname" { host } else { value };
                assert!(
                    seen.iter().any(|one| one.eq_ignore_ascii_case(value)),
                    "{name}: {value}"
                );
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_octets_make_it_fail(
        head in proptest::sample::select(vec![&b"GET / HTTP/1.1\r\n"[..], b"HTTP/1.1 200 OK\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"]),
        pieces: Vec<(bool, Vec<u8>)>,
    ) {
        let mut chunks = vec![(Orig, head)];
        chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

        test::converse(Tcp, PORTS, &chunks);
        test::in_single_octets(PORTS, &chunks);
    }

    #[test]
    fn random_octets_are_not_claimed(octets: Vec<u8>) {
        let seen = test::converse(Tcp, PORTS, &[(Orig, &octets)]);

        proptest::prop_assert_ne!(seen.app.service, "http");
    }
}
