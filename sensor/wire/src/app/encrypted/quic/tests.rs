//! QUIC as a whole: the packets of the specifications, and the captures of the set.

use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, ServiceBy};

use super::keys::{Keys, Side};
use super::rfc::{CLIENT_V1, CLIENT_V2, SERVER_V1, SERVER_V2, octets};
use super::version::Version;
use crate::app::conversation::Conversation;
use crate::app::parser::{Chunk, End};
use crate::app::protocol::{Start, Transport};
use crate::app::test::{self, Seen};

const PORTS: [u16; 2] = [50_000, 4433];

fn converse(chunks: &[(End, &[u8])]) -> Seen {
    test::converse(Transport::Udp, PORTS, chunks)
}

#[test]
fn both_hellos_of_the_specifications_are_opened() {
    for (client, server, version) in [(CLIENT_V1, SERVER_V1, "1"), (CLIENT_V2, SERVER_V2, "2")] {
        let (client, server) = (octets(client), octets(server));

        let seen = converse(&[(End::Orig, &client), (End::Resp, &server)]);

        let [facts] = seen.transactions("quic")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("version"), Some(version));
        assert_eq!(facts.text("sni"), Some("example.com"));
        // The hello's only application protocol is four letters.
        assert_eq!(facts.text("client_alpns"), Some("alpn"));
        assert_eq!(facts.text("cipher"), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(facts.text("client_initial_dcid"), Some("8394c8f03e515708"));
        assert_eq!(facts.text("server_scid"), Some("f067a5502a4262b5"));
        assert_eq!(facts.text("history"), Some("ISis"));
        assert_eq!((seen.app.service, seen.app.is_partial), ("quic", false));
        assert_eq!(seen.app.service_by, Some(ServiceBy::Content));
        assert_eq!(seen.app.get(Essential::ServerName), Some("example.com"));
    }
}

#[test]
fn the_client_is_told_by_its_keys_and_not_by_who_was_heard_first() {
    let (client, server) = (octets(CLIENT_V1), octets(SERVER_V1));

    let seen = converse(&[(End::Orig, &server), (End::Resp, &client), (End::Orig, &server)]);

    let facts = seen.transactions("quic")[0];
    assert_eq!(facts.text("sni"), Some("example.com"));
    assert_eq!(facts.text("cipher"), Some("TLS_AES_128_GCM_SHA256"));
}

/// An Initial packet of version 1 from the specification's client, with the given frames.
fn initial(number: u8, frames: &[u8]) -> Vec<u8> {
    let id = octets("8394c8f03e515708");
    let keys = Keys::derive(Version(1).protection().unwrap(), &id, Side::Client).unwrap();
    let len = u16::try_from(4 + frames.len() + 16).unwrap() | 0x4000;
    let mut header = octets("c300000001088394c8f03e5157080000");
    header.extend(len.to_be_bytes());
    header.extend([0, 0, 0, number]);
    keys.seal(&header, frames)
}

/// The specification's hello in CRYPTO frames of `len` octets, the last one first, a PING between.
fn pieces(len: usize) -> Vec<Vec<u8>> {
    let opened = {
        let packet = octets(CLIENT_V1);
        let long = super::header::long(&packet, 0).unwrap();
        let keys = Keys::derive(Version(1).protection().unwrap(), long.dcid, Side::Client).unwrap();
        let mut opened = Vec::new();
        assert!(keys.open(&long, &mut opened));
        opened[4..245].to_vec()
    };
    let piece = |(index, octets): (usize, &[u8])| {
        let mut frame = vec![1, 6];
        frame.extend((u16::try_from(index * len).unwrap() | 0x4000).to_be_bytes());
        frame.extend((u16::try_from(octets.len()).unwrap() | 0x4000).to_be_bytes());
        frame.extend(octets);
        frame.extend([0; 20]);
        frame
    };
    opened.chunks(len).enumerate().map(piece).rev().collect()
}

#[test]
fn a_hello_in_pieces_is_the_same_hello() {
    let packet = octets(CLIENT_V1);
    let whole = converse(&[(End::Orig, &packet)]);
    let expected = whole.transactions("quic")[0].text("ja4").unwrap();
    let packets: Vec<Vec<u8>> = (0..)
        .zip(pieces(90))
        .map(|(n, piece)| initial(n, &piece))
        .collect();
    let in_datagrams: Vec<(End, &[u8])> = packets.iter().map(|packet| (End::Orig, &packet[..])).collect();
    let coalesced = packets.concat();
    let in_frames = initial(0, &pieces(7).concat());

    for chunks in [
        &in_datagrams[..],
        &[(End::Orig, &coalesced)],
        &[(End::Orig, &in_frames)],
    ] {
        let seen = converse(chunks);
        let facts = seen.transactions("quic")[0];
        assert_eq!(facts.text("sni"), Some("example.com"));
        assert_eq!(facts.text("ja4"), Some(expected));
        assert!(seen.anomalies().is_empty());
    }
}

#[test]
fn of_a_hello_that_stays_in_part_the_first_octets_are_read() {
    let first = pieces(120).pop().unwrap();

    let seen = converse(&[(End::Orig, &initial(0, &first))]);

    let facts = seen.transactions("quic")[0];
    assert_eq!(facts.text("sni"), Some("example.com"));
    assert!(facts.get("ja3").is_none() && seen.app.is_partial);
}

#[test]
fn a_datagram_that_the_snap_length_cut_still_names_the_server() {
    let client = octets(CLIENT_V1);
    let mut conversation = Conversation::new(Start {
        transport: Transport::Udp,
        ports: PORTS,
    });
    let mut events = Vec::new();
    let at = Timestamp::from_seconds(0, 0);
    let chunk = Chunk {
        from: End::Orig,
        at,
        octets: &client[..120],
        cut: 1080,
    };

    conversation.read(&chunk, &mut events);
    conversation.finish(at, &mut events);

    let app = conversation.app();
    assert_eq!(app.get(Essential::ServerName), Some("example.com"));
    assert_eq!(app.get(Essential::Ja4), None);
    assert!(app.is_partial);
}

#[test]
fn a_changed_octet_is_not_opened() {
    let mut client = octets(CLIENT_V1);
    client[600] ^= 1;

    let seen = converse(&[(End::Orig, &client)]);

    assert_eq!(seen.transactions("quic")[0].text("sni"), None);
    assert!(seen.app.is_partial);
}

#[test]
fn a_server_lists_its_versions() {
    // RFC 9000 section 17.2.1, with version 2 and a reserved one.
    let answer = octets("8000000000048394c8f004f067a5506b3343cf1a2a3a4a");

    let seen = converse(&[(End::Resp, &answer)]);

    assert_eq!(seen.app.service, "quic");
}

#[test]
fn short_headers_alone_are_believed_at_their_port_where_they_look_random() {
    let packets: Vec<[u8; 30]> = (0..8).map(|index| [0x40 + index * 5; 30]).collect();
    let random: Vec<(End, &[u8])> = packets.iter().map(|packet| (End::Orig, &packet[..])).collect();
    let same: Vec<(End, &[u8])> = vec![(End::Orig, &packets[1]); 8];

    let at_443 = |chunks| test::converse(Transport::Udp, [50_000, 443], chunks).app.service;
    assert_eq!(at_443(&random), "quic");
    assert_eq!(at_443(&same), "");
    assert_eq!(converse(&random).app.service, "");
}

#[test]
fn what_google_asks_for_stands_in_clear() {
    let packet = super::google::tests::packet(&[
        (b"PAD\0", &[0x2d; 900]),
        (b"SNI\0", b"www.example.org"),
        (b"UAID", b"Chrome/73.0 Linux"),
    ]);

    let seen = converse(&[(End::Orig, &packet)]);

    let facts = seen.transactions("quic")[0];
    assert_eq!(facts.text("version"), Some("Q046"));
    assert_eq!(facts.text("sni"), Some("www.example.org"));
    assert_eq!(facts.text("ua"), Some("Chrome/73.0 Linux"));
    assert_eq!(facts.text("cyu.string"), Some("46,PAD-SNI-UAID"));
}

/// Captures with server name and JA3 of every connection, as tshark reads them.
const CAPTURES: &[(&str, &[(&str, &str)])] = &[
    (
        "app/zeek-quic-firefox-102.13.0esr-blog-cloudflare-com.pcap",
        &[("blog.cloudflare.com", "b719940c5ab9a3373cb4475d8143ff88")],
    ),
    (
        "app/zeek-quic-interop-quic-go_quic-go-retry.pcap",
        &[("server4:443", "3e9680842aa1ac1f48edc74e779ebc97")],
    ),
    (
        "tls_ja4/chrome-cloudflare-quic-with-secrets.pcapng",
        &[("cloudflare-quic.com", "3cbc33c648fe331404456f48a5a27170")],
    ),
    (
        "tls_ja4/ndpi-quic-34.pcap",
        &[("", "0299b052ace53a14c3a04aceb5efd247")],
    ),
    (
        "tls_ja4/ndpi-quic-v2.pcapng",
        &[("test", "5e685944fc983af5eabcc813add3dca1")],
    ),
    (
        "tls_ja4/ndpi-quic_0RTT.pcap",
        &[
            ("abcd", "a7b629a5bd67bfc25e2c78b3daa4c12f"),
            ("ssl.gstatic.com", "06b6b2a2cba0b7deeaaa6a3d8374d627"),
        ],
    ),
    (
        "tls_ja4/quic-tls-handshake.pcapng",
        &[("www.google.com", "0cda1bd7f270e894ed5de2af2f06cb80")],
    ),
    (
        "tls_ja4/retina-quic.pcap",
        &[
            ("beacons.gvt2.com", "ba184db8bba36dd1e8f1625fa121d9b7"),
            ("csp.withgoogle.com", "e25d4f3710327ab4a45bb24ac5afda86"),
            ("b1.nel.goog", "1c5c4864d1632c3fee05834e7ee9f980"),
        ],
    ),
    (
        "tls_ja4/suricata-ja4-tls-quic.pcap",
        &[("cloudflare-quic.com", "3cbc33c648fe331404456f48a5a27170")],
    ),
    (
        "tls_ja4/suricata-quic-frag.pcap",
        &[("token.services.mozilla.com", "2d95fd459df0b3bba123e69b002b3f92")],
    ),
    (
        "tls_ja4/suricata-quic-ietf.pcap",
        &[("msquic.net", "292bd0719190dff4cb1033de8573310d")],
    ),
    (
        "tls_ja4/tls-handshake.pcapng",
        &[
            ("www.google.com", "0cda1bd7f270e894ed5de2af2f06cb80"),
            ("accounts.google.com", "84c89f4892d37e485be635148acfedd2"),
            ("www.googleapis.com", "964fec70d3907f0ea31ba945d1058f6c"),
            ("update.googleapis.com", "7e0b782a912375f8aca23ae02aa4e670"),
            ("encrypted-tbn0.gstatic.com", "a4f5906dc21753588611460465e6ac86"),
            ("history.google.com", "959e3c60439156dbf777166260e82fd3"),
            ("www.gstatic.com", "4f4336b6289f6edad8757972be31862d"),
            ("ogs.google.com", "410bc72d10506604b31a74b036fc4bab"),
            ("aa.google.com", "63d3370f694a7c5a427b8cc4cb86171a"),
            (
                "content-autofill.googleapis.com",
                "82c9dcb6bac0e92c1ed5969b6d76b138",
            ),
            ("encrypted-tbn0.gstatic.com", "87984ad968fae45a80e3062f2d65b6b1"),
            ("safebrowsing.googleapis.com", "99ba4aa85ab41212c4aac60b7d57777c"),
            ("scontent-iad3-2.xx.fbcdn.net", "7d68dd38b09d3178449205318d8ddd05"),
            ("static.xx.fbcdn.net", "e36a24beaa62e6c8297a21f135a0bd96"),
            ("www.facebook.com", "c0cbcd6baa4f1a265368088a28d0f7b9"),
            ("static.xx.fbcdn.net", "3127762adb43bbc1c9961aebce8cd4ab"),
            ("video-iad3-2.xx.fbcdn.net", "5210dc120c0359eda41dcc5462ad4d47"),
            (
                "content-autofill.googleapis.com",
                "53733064a1266747836cf67be6b1b6ca",
            ),
            (
                "optimizationguide-pa.googleapis.com",
                "7112b2343b3a3adaddfa361c1dc6e300",
            ),
            ("lh5.googleusercontent.com", "b3f4ebd70054113e1b860c549ef080a7"),
        ],
    ),
    (
        "tls_ja4/tls3.pcapng",
        &[
            ("fonts.googleapis.com", "5c026f22552778305095d5b2772e95c8"),
            ("rsms.me", "da6b803e8e561de8e5871318a74bdf4e"),
            ("cdn.jsdelivr.net", "a1fdc6905a7b2634b1d3e97610f52a0a"),
            ("cdnjs.cloudflare.com", "b8d745c961cef016a12f8c9b7f7db9d3"),
            ("rsms.me", "23a13b578bfdb48f89a1cb7e351a2358"),
            ("fonts.gstatic.com", "1d2bb2181c9d0a87add8b507d53ac462"),
        ],
    ),
];

#[test]
fn captures_name_the_servers_that_tshark_names() {
    for (name, expected) in CAPTURES {
        let Some(path) = test::capture(name) else { continue };
        let flows = test::flows_of(&path);
        let seen: Vec<(&str, &str)> = flows
            .iter()
            .flat_map(|flow| flow.seen.transactions("quic"))
            .map(|facts| {
                let text = |path| facts.text(path).unwrap_or_default();
                (text("sni"), text("ja3.hash"))
            })
            .collect();
        assert_eq!(&seen, expected, "{name}");
        let anomalies: Vec<_> = flows.iter().flat_map(|flow| flow.seen.anomalies()).collect();
        assert!(anomalies.is_empty(), "{name} {anomalies:?}");
    }
}

proptest! {
    #[test]
    fn no_datagrams_make_it_panic(datagrams: Vec<(bool, Vec<u8>)>, change: (usize, u8)) {
        let mut client = octets(CLIENT_V1);
        let at = change.0 % client.len();
        client[at] ^= change.1;
        let mut chunks: Vec<(End, &[u8])> = vec![(End::Orig, &client)];
        for (is_orig, datagram) in &datagrams {
            chunks.push((if *is_orig { End::Orig } else { End::Resp }, datagram));
        }
        converse(&chunks);
    }

    #[test]
    fn random_octets_are_not_claimed(octets in prop::collection::vec(any::<u8>(), 0..1400)) {
        prop_assert_ne!(converse(&[(End::Orig, &octets)]).app.service, "quic");
    }
}
