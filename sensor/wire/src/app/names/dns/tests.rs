//! Whole conversations, octets that tshark and simple-dns read too, and the capture set.
#![expect(
    clippy::print_stderr,
    reason = "a test over the capture set says what it found"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use sekisho_model::app::{Essential, Fact, Facts};
use simple_dns::rdata::{A, MX, RData, SOA, SRV, TXT};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

use crate::app::parser::End::{Orig, Resp};
use crate::app::protocol::Transport::{Tcp, Udp};
use crate::app::test;

const PORTS: [u16; 2] = [40_000, 53];

fn query(id: u16, name: &'static str, kind: TYPE) -> Packet<'static> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).unwrap();
    let question = Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false);
    packet.questions.push(question);
    packet
}

fn record(name: &'static str, data: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 300, data)
}

fn answer(query: &Packet<'static>, records: Vec<ResourceRecord<'static>>) -> Vec<u8> {
    let mut packet = query.clone().into_reply();
    packet.answers = records;
    packet.build_bytes_vec_compressed().unwrap()
}

fn octets(packet: &Packet<'_>) -> Vec<u8> {
    packet.build_bytes_vec().unwrap()
}

fn in_stream(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

#[test]
fn a_query_and_its_answer_are_one_transaction() {
    let query = query(7, "www.Example.org", TYPE::A);
    let answer = answer(
        &query,
        vec![record("www.Example.org", RData::A(A { address: 0xc000_0201 }))],
    );
    let query = octets(&query);

    let seen = test::converse(Udp, PORTS, &[(Orig, &query), (Resp, &answer)]);

    assert_eq!(seen.app.service, "dns");
    let [facts] = &seen.transactions("dns")[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(
        serde_json::to_value(facts).unwrap(),
        serde_json::json!({
            "version": 3, "type": "response", "tx_id": 0, "id": 7, "flags": "8000", "qr": true,
            "opcode": 0, "rcode": "NOERROR",
            "queries": [{"rrname": "www.Example.org", "rrtype": "A"}],
            "answers": [{"rrname": "www.Example.org", "rrtype": "A", "ttl": 300, "rdata": "192.0.2.1"}],
            "query_octets": query.len(), "response_octets": answer.len(), "rtt": 1.0,
        })
    );
}

/// A message with 128 records that point at one name of 255 octets, each four letters as text.
fn swollen(id: u16, flags: u16) -> Vec<u8> {
    let mut octets = [id.to_be_bytes(), flags.to_be_bytes()].concat();
    octets.extend([0, 1, 0, 64, 0, 64, 0, 0]);
    for length in [63_u8, 63, 63, 61] {
        octets.push(length);
        octets.extend(vec![0xff; usize::from(length)]);
    }
    octets.extend([0, 0, 1, 0, 1]);
    for _ in 0..128 {
        octets.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    octets
}

#[test]
fn messages_that_swell_are_bounded_and_counted() {
    use crate::app::{Chunk, Conversation, Start};
    let at = sekisho_model::Timestamp::MIN;
    let held = |flags: u16| {
        let start = Start {
            transport: Udp,
            ports: PORTS,
        };
        let mut conversation = Conversation::new(start);
        for id in 0..32 {
            let octets = swollen(id, flags);
            let chunk = Chunk {
                from: Orig,
                at,
                octets: &octets,
                cut: 0,
            };
            conversation.read(&chunk, &mut Vec::new());
        }
        assert!(conversation.app().is_partial);
        conversation.held()
    };

    // A query that waits is its question: a name of 251 octets that are escaped.
    let queries = held(0x0100);
    assert!((32 * 1000..32 * 2048).contains(&queries), "{queries}");
    // An update waits with its records, 16 KiB of them.
    let updates = held(0x2800);
    assert!((32 * 16 * 1024..32 * 24 * 1024).contains(&updates), "{updates}");
}

#[test]
fn content_tells_on_any_port_and_what_is_no_message_does_not() {
    let query = octets(&query(7, "example.org", TYPE::A));

    let elsewhere = test::converse(Udp, [40_000, 5000], &[(Orig, &query)]);
    let longer = [&query[..], &[0]].concat();
    let not_exact = test::converse(Udp, [40_000, 5000], &[(Orig, &longer)]);
    let at_port = test::converse(Udp, PORTS, &[(Orig, &longer)]);

    assert_eq!(elsewhere.app.service, "dns");
    assert_eq!(not_exact.app.service, "");
    assert_eq!(at_port.app.service, "dns");
    assert_eq!(at_port.transactions("dns")[0].text("type"), Some("request"));
}

#[test]
fn answers_find_their_query_by_identifier_and_question() {
    let (one, two) = (
        query(1, "one.example", TYPE::A),
        query(2, "two.example", TYPE::AAAA),
    );
    let other = query(1, "other.example", TYPE::A);
    let answers = [&two, &one, &other].map(|query| answer(query, Vec::new()));
    let (one, two) = (octets(&one), octets(&two));

    let seen = test::converse(
        Udp,
        PORTS,
        &[
            (Orig, &one),
            (Orig, &two),
            (Resp, &answers[0]),
            (Resp, &answers[2]),
            (Resp, &answers[1]),
        ],
    );

    let told: Vec<_> = seen
        .transactions("dns")
        .iter()
        .map(|facts| (facts.text("queries.rrname").unwrap().to_owned(), facts.at("rtt")))
        .collect();
    assert_eq!(
        told,
        [
            ("two.example".to_owned(), Some(Fact::Real(1.0))),
            ("other.example".to_owned(), None),
            ("one.example".to_owned(), Some(Fact::Real(4.0))),
        ]
    );
}

#[test]
fn what_nobody_answers_is_written_and_bounded() {
    let query = octets(&query(1, "example.org", TYPE::A));
    let chunks = vec![(Orig, &query[..]); 100];

    let seen = test::converse(Udp, PORTS, &chunks);

    assert_eq!(seen.transactions("dns").len(), 100);
    assert!(
        seen.transactions("dns")
            .iter()
            .all(|facts| facts.text("type") == Some("request"))
    );
}

#[test]
fn a_stream_holds_several_messages_wherever_it_is_cut() {
    let (one, two) = (
        query(1, "one.example", TYPE::TXT),
        query(2, "two.example", TYPE::MX),
    );
    let text = TXT::new()
        .with_string("v=spf1")
        .unwrap()
        .with_string("-all")
        .unwrap();
    let exchange = MX {
        preference: 10,
        exchange: Name::new("mail.two.example").unwrap(),
    };
    let answers = [
        in_stream(&answer(&one, vec![record("one.example", RData::TXT(text))])),
        in_stream(&answer(&two, vec![record("two.example", RData::MX(exchange))])),
    ]
    .concat();
    let queries = [in_stream(&octets(&one)), in_stream(&octets(&two))].concat();
    let chunks = [(Orig, &queries[..]), (Resp, &answers[..])];

    let whole = test::converse(Tcp, PORTS, &chunks);
    let cut = test::in_single_octets(PORTS, &chunks);

    let data = |seen: &test::Seen| -> Vec<String> {
        let facts = seen.transactions("dns");
        let data = facts
            .iter()
            .map(|facts| facts.text("answers.rdata").unwrap().to_owned());
        data.collect()
    };
    assert_eq!(data(&whole), ["\"v=spf1\" \"-all\"", "mail.two.example"]);
    assert_eq!(data(&cut), data(&whole));
    assert_eq!(cut.app.service, "dns");
}

#[test]
fn an_answer_alone_is_a_response() {
    let query = query(9, "_ldap._tcp.example.org", TYPE::SRV);
    let service = SRV {
        priority: 1,
        weight: 2,
        port: 389,
        target: Name::new("dc.example.org").unwrap(),
    };
    let mut reply = query.clone().into_reply();
    reply
        .answers
        .push(record("_ldap._tcp.example.org", RData::SRV(service)));
    reply.name_servers.push(record(
        "example.org",
        RData::SOA(SOA {
            mname: Name::new("ns.example.org").unwrap(),
            rname: Name::new("root.example.org").unwrap(),
            serial: 5,
            refresh: 6,
            retry: 7,
            expire: 8,
            minimum: 9,
        }),
    ));

    let seen = test::converse(Udp, PORTS, &[(Resp, &octets(&reply))]);

    let facts = serde_json::to_value(seen.transactions("dns")[0]).unwrap();
    assert_eq!(facts["type"], "response");
    assert_eq!(
        facts["answers"][0]["srv"],
        serde_json::json!({"priority": 1, "weight": 2, "port": 389, "name": "dc.example.org"})
    );
    assert_eq!(
        facts["authorities"][0]["soa"],
        serde_json::json!({"mname": "ns.example.org", "rname": "root.example.org", "serial": 5,
            "refresh": 6, "retry": 7, "expire": 8, "minimum": 9})
    );
}

#[test]
fn a_loop_is_told_once_and_the_question_kept() {
    let mut reply = answer(
        &query(3, "example.org", TYPE::A),
        vec![record("example.org", RData::A(A { address: 1 }))],
    );
    // The answer's name points to the question's; now to itself.
    let at = reply.windows(2).rposition(|pair| pair == [0xc0, 0x0c]).unwrap();
    reply[at + 1] = u8::try_from(at).unwrap();

    let seen = test::converse(Udp, PORTS, &[(Resp, &reply), (Resp, &reply)]);

    assert_eq!(seen.anomalies(), ["infinite_loop"]);
    let facts = seen.transactions("dns");
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0].text("queries.rrname"), Some("example.org"));
}

/// Registration of a name as in RFC 1002 section 4.2.2: NAME<00>, 192.0.2.7, unique.
#[test]
fn a_host_that_registers_its_name_is_known_by_it() {
    let name = b"\x20EOEBENEFCACACACACACACACACACACAAA\0";
    let mut message = b"\x12\x34\x29\x10\0\x01\0\0\0\0\0\x01".to_vec();
    message.extend(name);
    message.extend(b"\0\x20\0\x01\xc0\x0c\0\x20\0\x01\0\x04\x93\xe0\0\x06\0\0\xc0\0\x02\x07");

    let seen = test::converse(Udp, [137, 137], &[(Orig, &message)]);

    assert_eq!(seen.app.service, "nbns");
    assert_eq!(seen.app.get(Essential::ClientHost), Some("NAME"));
    let facts = seen.transactions("nbns");
    assert_eq!(facts[0].text("queries.rrname"), Some("NAME<00>"));
    assert_eq!(facts[0].text("queries.rrtype"), Some("NB"));
    assert_eq!(facts[0].text("additionals.rdata"), Some("192.0.2.7"));
}

fn flows(capture: &str, service: &str) -> Vec<Facts> {
    let Some(path) = test::capture(capture) else {
        return Vec::new();
    };
    test::flows_of(&path)
        .iter()
        .flat_map(|flow| flow.seen.transactions(service))
        .cloned()
        .collect()
}

/// tshark -Y "dns.flags.response == 1" -V on each capture.
#[test]
fn service_bindings_of_captures_are_read() {
    for facts in flows("app/zeek-dns-https.pcap", "dns") {
        assert_eq!(facts.text("answers.rrtype"), Some("HTTPS"));
        assert_eq!(
            facts.text("answers.rdata"),
            Some(
                "1 . alpn=h3,h3-29,h3-28,h3-27,h2 ipv4hint=104.16.132.229,104.16.133.229 \
                 ipv6hint=2606:4700::6810:84e5,2606:4700::6810:85e5"
            )
        );
    }
}

/// The names that tshark finds in queries of the capture set are found here; fragments aside, which
/// a flow table joins before they come here.
#[test]
fn the_names_of_the_capture_set_are_found() {
    let Some(labels) = test::capture("labels.json") else {
        return;
    };
    let folder = labels.parent().unwrap();
    let labels: serde_json::Value = serde_json::from_slice(&std::fs::read(&labels).unwrap()).unwrap();
    let (mut wanted, mut missing) = (0, Vec::new());
    for capture in labels["captures"].as_array().unwrap() {
        let file = capture["file"].as_str().unwrap();
        let oracle = folder.join("oracle").join(format!("{file}.json"));
        let Ok(oracle) = std::fs::read(&oracle) else {
            continue;
        };
        let oracle: serde_json::Value = serde_json::from_slice(&oracle).unwrap();
        let names: BTreeSet<String> = oracle["dns_query_names"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| entry[0].as_str())
            // Octets that are no ASCII came out of tshark as something else.
            .filter(|name| name.is_ascii() && !name.contains("\\u"))
            .map(str::to_lowercase)
            .collect();
        if names.is_empty() {
            continue;
        }
        let mut found = BTreeSet::new();
        for flow in test::flows_of(&folder.join(file)) {
            for facts in flow.seen.transactions("dns") {
                let Some(Fact::List(queries)) = facts.get("queries") else {
                    continue;
                };
                for query in queries.iter() {
                    if let Fact::Group(query) = query {
                        found.insert(query.text("rrname").unwrap().to_lowercase());
                    }
                }
            }
        }
        wanted += names.len();
        missing.extend(names.difference(&found).map(|name| format!("{file} {name}")));
    }
    eprintln!("{wanted} names, {} missing: {missing:#?}", missing.len());
    assert!(wanted > 400 && missing.len() * 100 <= wanted, "{missing:#?}");
}

/// `08 00 00 00 00 01` and what follows are a query, and nothing else at the port of DNS.
#[test]
fn a_query_whose_labels_are_octets_of_any_value_is_a_query() {
    let first: &[u8] = &[59, 154, 202, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let second: &[u8] = &[60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for labels in [[first, &[0; 4], &[0; 15]], [second, &[0; 17], &[0; 6]]] {
        let mut message = vec![8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend(label);
        }
        message.extend([0, 0, 1, 0, 1]);

        let seen = test::converse(Udp, PORTS, &[(Orig, &message)]);

        assert_eq!(seen.app.service, "dns", "{labels:?}");
    }
}

fn label() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..20)
}

proptest! {
    #[test]
    fn no_octets_make_a_reader_panic(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
        header in any::<[u8; 12]>(),
        port in prop::sample::select(vec![53_u16, 137, 5353, 5355]),
    ) {
        let likely: Vec<Vec<u8>> = datagrams
            .iter()
            .map(|rest| {
                let counts = header.map(|octet| octet & 3);
                [&header[..2], &[header[2] & 0x87, header[3] & 0x8f, 0, counts[0], 0, counts[1], 0,
                    counts[2], 0, counts[3]], rest].concat()
            })
            .collect();
        let chunks: Vec<_> = likely.iter().map(|octets| (Orig, &octets[..])).collect();
        test::converse(Udp, [40_000, port], &chunks);
        let stream: Vec<Vec<u8>> = likely.iter().map(Vec::as_slice).map(in_stream).collect();
        let chunks: Vec<_> = stream.iter().map(|octets| (Orig, &octets[..])).collect();
        test::converse(Tcp, [40_000, port], &chunks);
    }

    #[test]
    fn random_octets_are_no_message(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let seen = test::converse(Udp, [40_000, 9999], &[(Orig, &octets)]);

        prop_assert!(!["dns", "mdns", "llmnr", "nbns"].contains(&seen.app.service));
    }

    #[test]
    fn names_are_those_that_simple_dns_reads(labels in prop::collection::vec(label(), 1..5), id: u16) {
        let mut message = vec![0; 12];
        message[..2].copy_from_slice(&id.to_be_bytes());
        message[5] = 1;
        for label in &labels {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend(label);
        }
        message.extend([0, 0, 1, 0, 1]);
        let packet = Packet::parse(&message).unwrap();

        let seen = test::converse(Udp, PORTS, &[(Orig, &message)]);

        let name = seen.transactions("dns")[0].text("queries.rrname").unwrap().to_owned();
        // Where every octet is printable the two write alike.
        if labels.iter().flatten().all(u8::is_ascii_graphic) {
            prop_assert_eq!(&name, &packet.questions[0].qname.to_string());
        }
        prop_assert_eq!(unescape(&name), labels);
    }
}

/// The labels of a name, read back by RFC 1035 section 5.1.
fn unescape(name: &str) -> Vec<Vec<u8>> {
    let mut labels = vec![Vec::new()];
    let mut octets = name.bytes();
    while let Some(octet) = octets.next() {
        let label = labels.last_mut().unwrap();
        match octet {
            b'.' => labels.push(Vec::new()),
            b'\\' => match octets.next().unwrap() {
                digit @ b'0'..=b'9' => {
                    let digits = [digit, octets.next().unwrap(), octets.next().unwrap()];
                    label.push(std::str::from_utf8(&digits).unwrap().parse().unwrap());
                }
                other => label.push(other),
            },
            other => label.push(other),
        }
    }
    labels
}
