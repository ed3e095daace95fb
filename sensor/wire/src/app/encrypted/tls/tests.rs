//! Handshakes as a flow carries them.

use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_model::app::{App, Essential, Facts, ServiceBy};

use super::sample::{self, message, record};
use crate::app::conversation::Conversation;
use crate::app::parser::{Chunk, End, Read};
use crate::app::protocol::{Start, Transport, by_name};
use crate::app::sheet::Sheet;
use crate::app::test::{self, Seen};

const PORTS: [u16; 2] = [40_000, 443];
const CHANGE: [u8; 6] = [20, 3, 3, 0, 1, 1];
const RETRY: &[u8; 64] = b"cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

fn digits(hex: &[u8]) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.chunks(2).map(pair).collect()
}

/// A client's hello in one record.
fn client() -> Vec<u8> {
    record(22, &message(1, &sample::chrome(b"example.org")))
}

/// A server's hello of TLS 1.3 in one record.
fn server() -> Vec<u8> {
    let extensions = sample::extensions(&[(51, vec![0, 29, 0, 0]), (43, vec![3, 4])]);
    record(
        22,
        &message(2, &sample::server_hello(0x0303, [1; 32], 0x1301, &extensions)),
    )
}

/// A server's hello of TLS 1.2 in one record.
fn old_server(random: [u8; 32]) -> Vec<u8> {
    let extensions = sample::extensions(&[(16, sample::alpn(b"h2"))]);
    record(
        22,
        &message(2, &sample::server_hello(0x0303, random, 0xc02f, &extensions)),
    )
}

fn converse(chunks: &[(End, &[u8])]) -> Seen {
    test::converse(Transport::Tcp, PORTS, chunks)
}

fn only(seen: &Seen) -> &Facts {
    let [facts] = &seen.transactions("tls")[..] else {
        panic!("{seen:?}")
    };
    facts
}

#[test]
fn a_handshake_of_tls_1_3_is_one_transaction() {
    let (client, server) = (client(), server());
    let rest = record(23, &[9; 40]);

    let seen = converse(&[(End::Orig, &client), (End::Resp, &server), (End::Resp, &rest)]);

    let facts = only(&seen);
    assert_eq!(facts.text("sni"), Some("example.org"));
    assert_eq!(facts.text("version"), Some("TLS 1.3"));
    assert_eq!(facts.text("cipher"), Some("TLS_AES_128_GCM_SHA256"));
    assert_eq!(facts.text("curve"), Some("x25519"));
    assert_eq!(facts.text("client_alpns"), Some("h2"));
    assert_eq!(seen.app.service_by, Some(ServiceBy::Content));
    assert_eq!(seen.app.get(Essential::ServerName), Some("example.org"));
    assert_eq!(
        seen.app.get(Essential::Ja4),
        Some("t13d1516h2_8daaf6152771_e5627efa2ab1")
    );
    assert_eq!(seen.app.get(Essential::Version), Some("TLS 1.3"));
    assert_eq!(seen.anomalies(), [""; 0]);
}

#[test]
fn segments_of_single_octets_and_records_of_single_octets_change_nothing() {
    let (client, server) = (client(), server());
    let whole = converse(&[(End::Orig, &client), (End::Resp, &server)]);
    let records: Vec<u8> = client[5..]
        .chunks(1)
        .flat_map(|octet| record(22, octet))
        .collect();

    let cut = test::in_single_octets(PORTS, &[(End::Orig, &client), (End::Resp, &server)]);
    let split = test::converse(
        Transport::Tcp,
        PORTS,
        &[(End::Orig, &records), (End::Resp, &server)],
    );

    assert_eq!(only(&cut), only(&whole));
    assert_eq!(cut.app, whole.app);
    assert_eq!(only(&split), only(&whole));
}

#[test]
fn a_hello_that_nobody_answers_is_written_at_the_end() {
    let client = client();

    let seen = converse(&[(End::Orig, &client)]);

    let facts = only(&seen);
    assert_eq!(facts.text("sni"), Some("example.org"));
    assert_eq!(facts.text("client_version"), Some("TLS 1.3"));
    assert_eq!(facts.text("version"), None);
}

#[test]
fn a_hello_that_is_refused_and_the_next_one_are_two_transactions() {
    let retry = sample::server_hello(
        0x0303,
        digits(RETRY).try_into().unwrap(),
        0x1301,
        &sample::extensions(&[(43, vec![3, 4]), (51, vec![0, 23])]),
    );
    let retry = [record(22, &message(2, &retry)), CHANGE.to_vec()].concat();
    let again = [CHANGE.to_vec(), client()].concat();
    let (client, server) = (client(), server());

    let seen = converse(&[
        (End::Orig, &client),
        (End::Resp, &retry),
        (End::Orig, &again),
        (End::Resp, &server),
    ]);

    let [first, second] = &seen.transactions("tls")[..] else {
        panic!("{seen:?}")
    };
    assert!(first.get("hello_retry").is_some() && first.get("version").is_none());
    assert!(second.get("hello_retry").is_none());
    assert_eq!(second.text("version"), Some("TLS 1.3"));
    assert_eq!(seen.anomalies(), [""; 0]);
}

#[test]
fn a_server_that_encrypts_after_its_hello_resumes_a_session() {
    let client = client();
    let server = [old_server([1; 32]), CHANGE.to_vec(), record(22, &[0xee; 40])].concat();

    let seen = converse(&[(End::Orig, &client), (End::Resp, &server)]);

    let facts = only(&seen);
    assert_eq!(facts.get("session_resumed"), Some(true.into()));
    assert_eq!(facts.text("version"), Some("TLS 1.2"));
    assert_eq!(facts.text("server_alpn"), Some("h2"));
    assert_eq!(seen.app.get(Essential::Alpn), Some("h2"));
}

#[test]
fn a_server_that_could_do_better_or_chooses_freely_is_noted() {
    let mut random = [1; 32];
    random[24..].copy_from_slice(b"DOWNGRD\x01");
    let client = client();
    let server = old_server(random);
    let foreign = record(
        22,
        &message(2, &sample::server_hello(0x0303, [1; 32], 0x0004, &[])),
    );

    let down = converse(&[(End::Orig, &client), (End::Resp, &server)]);
    let free = converse(&[(End::Orig, &client), (End::Resp, &foreign)]);

    assert_eq!(down.anomalies(), ["version_downgrade"]);
    assert_eq!(free.anomalies(), ["cipher_not_offered"]);
}

#[test]
fn two_names_are_noted_and_the_first_stands() {
    let one = [&[0][..], &sample::long(b"a.example")].concat();
    let two = [&[0][..], &sample::long(b"b.example")].concat();
    let list = sample::extensions(&[(0, sample::long(&[one, two].concat()))]);
    let twice = [
        (0, sample::server_name(b"a.example")),
        (0, sample::server_name(b"b.example")),
    ];
    let (list, twice) = (
        sample::client_hello(0x0303, &[47], &list),
        sample::client_hello(0x0303, &[47], &sample::extensions(&twice)),
    );

    for (hello, noted) in [
        (list, &["several_server_names"][..]),
        (twice, &["several_server_names", "extension_repeated"]),
    ] {
        let seen = converse(&[(End::Orig, &record(22, &message(1, &hello)))]);

        assert_eq!(seen.app.get(Essential::ServerName), Some("a.example"));
        assert_eq!(seen.anomalies(), noted);
    }
}

#[test]
fn an_alert_says_who_gave_up_and_why() {
    let client = client();

    let seen = converse(&[(End::Orig, &client), (End::Resp, &[21, 3, 3, 0, 2, 2, 40])]);

    let facts = only(&seen);
    assert_eq!(facts.text("alert.description"), Some("handshake_failure"));
    assert_eq!(facts.text("alert.level"), Some("fatal"));
    assert_eq!(facts.text("alert.by"), Some("server"));
}

#[test]
fn records_from_the_middle_of_a_flow_are_told_by_their_number() {
    let two = [record(23, &[9; 40]), record(23, &[8; 40])].concat();
    let one = record(23, &[9; 40]);

    let sure = test::converse(Transport::Tcp, [40_000, 9000], &[(End::Resp, &two)]);
    let both = test::converse(
        Transport::Tcp,
        [40_000, 9000],
        &[(End::Resp, &one), (End::Orig, &one)],
    );
    let likely = converse(&[(End::Resp, &one)]);
    let alone = test::converse(Transport::Tcp, [40_000, 9000], &[(End::Resp, &one)]);

    assert_eq!(
        (sure.app.service, sure.app.service_by),
        ("tls", Some(ServiceBy::Content))
    );
    assert_eq!(
        (both.app.service, both.app.service_by),
        ("tls", Some(ServiceBy::Content))
    );
    assert_eq!(
        (likely.app.service, likely.app.service_by),
        ("tls", Some(ServiceBy::Port))
    );
    assert_eq!(alone.app.service, "");
    assert!(sure.events.is_empty() && both.events.is_empty() && likely.events.is_empty());
}

#[test]
fn hellos_of_ssl_2_are_told_and_read() {
    // draft-hickman-netscape-ssl-00 section 2.5: three ciphers, no session, a challenge of 16.
    let hello = |version: [u8; 2]| {
        let head = [0x80, 34, 1, version[0], version[1], 0, 9, 0, 0, 0, 16];
        [&head[..], &[1, 0, 128, 7, 0, 192, 3, 0, 128], &[5; 16]].concat()
    };
    let server = [0x80, 11, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0];
    let (old, compatible) = (hello([0, 2]), hello([3, 1]));
    let newer = old_server([1; 32]);

    let old = test::in_single_octets(PORTS, &[(End::Orig, &old), (End::Resp, &server)]);
    let new = converse(&[(End::Orig, &compatible), (End::Resp, &newer)]);

    assert_eq!(only(&old).text("version"), Some("SSLv2"));
    assert_eq!(only(&new).text("version"), Some("TLS 1.2"));
    assert_eq!(only(&new).text("client_version"), Some("TLSv1"));
}

#[test]
fn an_answer_that_is_not_tls_is_noted_and_the_hello_is_kept() {
    let client = client();

    let seen = converse(&[
        (End::Orig, &client),
        (End::Resp, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ]);

    assert_eq!(seen.anomalies(), ["invalid_record"]);
    assert_eq!(only(&seen).text("sni"), Some("example.org"));
}

#[test]
fn a_name_of_60_000_octets_is_kept_in_part() {
    let list = sample::extensions(&[(0, sample::server_name(&[b'a'; 60_000]))]);
    let message = message(1, &sample::client_hello(0x0303, &[47], &list));
    let records: Vec<u8> = message.chunks(16_384).flat_map(|part| record(22, part)).collect();

    let seen = test::in_single_octets(PORTS, &[(End::Orig, &records)]);

    assert_eq!(only(&seen).text("sni").map(str::len), Some(256));
}

#[test]
fn after_a_gap_an_end_is_read_from_the_next_hello() {
    let (transport, ports) = (Transport::Tcp, PORTS);
    let mut conversation = Conversation::new(Start { transport, ports });
    let mut events = Vec::new();
    let at = Timestamp::from_seconds(1_767_225_600, 0);
    let mut read = |conversation: &mut Conversation, from, octets: &[u8]| {
        let chunk = Chunk {
            from,
            at,
            octets,
            cut: 0,
        };
        conversation.read(&chunk, &mut events);
    };
    let client = client();

    read(&mut conversation, End::Orig, &client[..100]);
    conversation.gap(End::Orig, 60, at, &mut Vec::new());
    read(&mut conversation, End::Orig, &client[160..]);
    read(&mut conversation, End::Resp, &server());
    conversation.finish(at, &mut events);

    let seen = Seen {
        app: conversation.app().clone(),
        events,
    };
    assert_eq!(only(&seen).text("version"), Some("TLS 1.3"));
    assert!(seen.app.is_partial && seen.anomalies().is_empty());
}

#[test]
fn a_mirror_of_one_end_shows_that_end() {
    let hello = client();
    let encrypted = [record(22, &[0xee; 40]), record(23, &[9; 40]).repeat(3)].concat();
    let client = [&CHANGE[..], &encrypted].concat();
    let done = message(14, &[]);
    let server = [
        old_server([1; 32]),
        record(22, &done),
        CHANGE.to_vec(),
        encrypted.clone(),
    ]
    .concat();

    let orig = converse(&[(End::Orig, &hello), (End::Orig, &client)]);
    let resp = converse(&[(End::Resp, &server)]);

    assert_eq!(only(&orig).text("sni"), Some("example.org"));
    assert_eq!(only(&resp).text("version"), Some("TLS 1.2"));
    assert!(only(&resp).get("session_resumed").is_none());
    assert!(orig.anomalies().is_empty() && resp.anomalies().is_empty());
}

#[test]
fn data_that_runs_ahead_of_the_server_s_hello_does_not_end_the_handshake() {
    let hello = sample::extensions(&[(42, vec![]), (43, vec![2, 3, 4]), (41, vec![0, 0])]);
    let hello = record(22, &message(1, &sample::client_hello(0x0303, &[0x1301], &hello)));
    let early = [&CHANGE[..], &record(23, &[9; 40]).repeat(5)].concat();
    let chosen = sample::extensions(&[(43, vec![3, 4]), (41, vec![0, 0])]);
    let server = record(
        22,
        &message(2, &sample::server_hello(0x0303, [1; 32], 0x1301, &chosen)),
    );

    let seen = converse(&[(End::Orig, &hello), (End::Orig, &early), (End::Resp, &server)]);

    let facts = only(&seen);
    assert_eq!(facts.get("early_data"), Some(true.into()));
    assert_eq!(facts.get("session_resumed"), Some(true.into()));
    assert_eq!(facts.text("version"), Some("TLS 1.3"));
}

#[test]
fn a_client_s_certificate_stands_apart_and_an_empty_list_is_no_fault() {
    let (hello, server) = (client(), old_server([1; 32]));
    let with = |body: &[u8]| {
        let client = record(22, &message(11, body));
        converse(&[(End::Orig, &hello), (End::Resp, &server), (End::Orig, &client)])
    };

    let some = with(&[0, 0, 6, 0, 0, 3, b'a', b'b', b'c']);
    let none = with(&[0, 0, 0]);

    // sha256sum of "abc" (FIPS 180-2 appendix B.1).
    assert_eq!(
        only(&some).text("client.sha256"),
        Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert!(only(&some).get("fingerprint").is_none());
    assert_eq!(none.anomalies(), [""; 0]);
}

#[test]
fn a_heartbeat_that_asks_for_more_than_it_brought_is_noted_once() {
    let (hello, server) = (client(), old_server([1; 32]));
    // RFC 6520 section 4: request, 16384 octets claimed, 3 brought.
    let beat = record(24, &[1, 0x40, 0, 7, 7, 7]).repeat(3);
    let fair = record(24, &[&[1, 0, 3][..], &[7; 19]].concat());

    let over = converse(&[(End::Orig, &hello), (End::Resp, &server), (End::Orig, &beat)]);
    let fair = converse(&[(End::Orig, &hello), (End::Resp, &server), (End::Orig, &fair)]);

    assert_eq!(over.anomalies(), ["heartbeat_overread"]);
    assert_eq!(fair.anomalies(), [""; 0]);
}

#[test]
fn a_parser_that_is_made_by_name_needs_no_beginning() {
    let start = Start {
        transport: Transport::Tcp,
        ports: [40_000, 25],
    };
    let mut parser = (by_name("tls").unwrap().parser)(&start);
    let (mut app, mut out) = (App::default(), Vec::new());
    let octets = client();
    let at = Timestamp::from_seconds(1_767_225_600, 0);
    let chunk = Chunk {
        from: End::Resp,
        at,
        octets: &octets,
        cut: 0,
    };

    let read = parser.read(&chunk, &mut Sheet::new(&mut app, &mut out, "tls", at));

    assert_eq!(read, Read::Took(octets.len()));
    assert_eq!(app.get(Essential::ServerName), Some("example.org"));
}

#[test]
fn certificates_are_read_as_openssl_reads_them() {
    // openssl x509 -subject -issuer -serial -dates -fingerprint -text on the first certificate.
    let facts = |file: &str, subject: &str| {
        let flows = test::flows_of(&test::capture(file)?);
        let mut all = flows.iter().flat_map(|flow| flow.seen.transactions("tls"));
        let found = all.find(|facts| facts.text("subject") == Some(subject));
        Some(found.cloned().expect(subject))
    };
    let Some(curve) = facts(
        "tls_ja4/badcurveball.pcap",
        "C=US, O=SANS Internet Storm Center, CN=SANS ISC DShield Test",
    ) else {
        return;
    };
    assert_eq!(
        curve.text("issuerdn"),
        Some("C=HR, ST=Zagreb, O=INFIGO IS, CN=INFIGO")
    );
    assert_eq!(
        curve.text("serial"),
        Some("5E:CB:7C:EE:8C:A2:06:BF:9E:C0:07:28:88:9A:D9:9F:43:62:CF:D9")
    );
    assert_eq!(
        curve.text("fingerprint"),
        Some("af:cc:00:61:95:f8:2b:59:cf:4a:d2:3b:34:d7:b8:a2:1a:b7:4d:af")
    );
    assert_eq!(
        curve.at("notbefore"),
        Some(Timestamp::parse("2018-03-24T07:15:42Z").unwrap().into())
    );
    assert_eq!(
        curve.at("notafter"),
        Some(Timestamp::parse("2020-03-23T07:15:42Z").unwrap().into())
    );
    assert_eq!(curve.text("subjectaltname"), Some("bad.curveballtest.com"));
    assert_eq!(curve.number("chain_length"), Some(2));
    assert_eq!(curve.text("certificate.key_type"), Some("ecdsa"));
    assert_eq!(curve.number("certificate.key_bits"), Some(384));
    assert_eq!(curve.text("certificate.signature"), Some("ecdsa-with-SHA256"));
    assert_eq!(curve.text("alert.description"), Some("certificate_unknown"));

    let own = facts("malware_c2/asyncrat-cd01.pcap", "CN=AsyncRAT Server").unwrap();
    assert_eq!(
        own.text("certificate.sha256"),
        Some("ce772ec37d88351f43e6350c6c2b9777c9a7855f2a55184fba784e5e7df9e3eb")
    );
    assert_eq!(
        own.text("serial"),
        Some("AF:33:69:9C:11:67:E7:D4:58:97:0B:1C:60:13:67")
    );
    assert_eq!(own.at("certificate.self_signed"), Some(true.into()));
    assert_eq!(own.number("certificate.key_bits"), Some(4096));
    // 9999-12-31 lies beyond what a timestamp can say.
    assert_eq!(own.at("notafter"), Some(Timestamp::MAX.into()));
}

#[test]
fn a_certificate_that_is_none_is_noted_and_has_its_digests() {
    let client = client();
    // A chain of one certificate of three octets.
    let chain = message(11, &[0, 0, 6, 0, 0, 3, b'a', b'b', b'c']);
    let server = [old_server([1; 32]), record(22, &chain), CHANGE.to_vec()].concat();

    let seen = converse(&[(End::Orig, &client), (End::Resp, &server)]);

    assert_eq!(seen.anomalies(), ["invalid_certificate"]);
    let facts = only(&seen);
    // RFC 3174 section 7.3, TEST1.
    assert_eq!(
        facts.text("fingerprint"),
        Some("a9:99:3e:36:47:06:81:6a:ba:3e:25:71:78:50:c2:6c:9c:d0:d8:9d")
    );
    assert_eq!(facts.number("chain_length"), Some(1));
    assert!(facts.get("session_resumed").is_none());
}

proptest! {
    #[test]
    fn damaged_handshakes_do_no_harm(
        at in proptest::collection::vec((0_usize..700, any::<u8>()), 1..8),
        cut in 1_usize..700,
    ) {
        let mut stream = [client(), old_server([1; 32]), record(22, &message(11, &[0, 0, 3, 0, 0, 0]))].concat();
        for (at, octet) in at {
            let at = at % stream.len();
            stream[at] = octet;
        }
        let cut = cut % stream.len();

        converse(&[(End::Orig, &stream[..cut]), (End::Resp, &stream[cut..])]);
    }

    #[test]
    fn random_octets_are_not_claimed(octets in proptest::collection::vec(any::<u8>(), 16..200)) {
        let seen = test::converse(Transport::Tcp, [40_000, 9000], &[(End::Orig, &octets)]);

        prop_assert_eq!(seen.app.service, "");
    }
}
