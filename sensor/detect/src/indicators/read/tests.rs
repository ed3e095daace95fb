//! Lists in every format, and what is wrong with them.

use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Indicator, Kind, ValueError};

use super::*;

fn settings(kind: Option<Kind>) -> Settings {
    Settings {
        source: "source".into(),
        kind,
        defaults: Defaults::default(),
        now: Some(Timestamp::from_seconds(1_793_750_400, 0)),
    }
}

fn read_as(format: Format, kind: Option<Kind>, text: &str) -> (Vec<Indicator>, Report) {
    let mut taken = Vec::new();
    let report = read(format, &mut text.as_bytes(), &settings(kind), &mut |indicator| {
        taken.push(indicator);
        Added::New
    });
    (taken, report.unwrap())
}

fn values(taken: &[Indicator]) -> Vec<String> {
    taken.iter().map(|one| one.value.to_string()).collect()
}

#[test]
fn a_plain_list_has_values_comments_and_notes() {
    let (taken, report) = read_as(
        Format::Plain,
        None,
        "# title\n; other\n\n203.0.113.7 # Emotet\n198.51.100.0/24\t12\nevil[.]example\n\
         0.0.0.0 tracker.example # hosts\n127.0.0.1 localhost\n||ads.example^\nhxxp://evil.example/x\n日本語.jp\n",
    );

    assert_eq!(
        values(&taken),
        [
            "203.0.113.7",
            "198.51.100.0/24",
            "evil.example",
            "tracker.example",
            "ads.example",
            "http://evil.example/x",
            "xn--wgv71a119e.jp"
        ]
    );
    assert_eq!(
        (&*taken[0].note, taken[0].line, taken[0].confidence),
        ("Emotet", 4, 50)
    );
    assert_eq!((&*taken[3].note, taken[3].line), ("hosts", 7));
    assert_eq!((report.lines, report.bad, report.total()), (11, 0, 7));
}

#[test]
fn a_list_of_user_agents_is_taken_as_it_is() {
    let (taken, _) = read_as(
        Format::Plain,
        Some(Kind::UserAgent),
        "# list\nMozilla/4.0 (evil; #1)\n",
    );

    assert_eq!(values(&taken), ["Mozilla/4.0 (evil; #1)"]);
}

#[test]
fn bad_lines_are_counted_and_the_first_twenty_kept_and_the_good_ones_used() {
    let mut text = String::new();
    for line in 1..=1_000_000 {
        text.push_str(if line % 100_000 == 0 {
            "203.0.113.7\n"
        } else {
            "not an indicator\n"
        });
    }
    let (taken, report) = read_as(Format::Plain, None, &text);

    assert_eq!(
        (taken.len(), report.bad, report.first_bad.len()),
        (10, 999_990, SHOWN_BAD)
    );
    let first = &report.first_bad[0];
    assert_eq!(
        (first.line, first.what, first.text.as_str()),
        (1, ValueError::Unknown, "not")
    );
}

const SHOWN_BAD: usize = crate::indicators::SHOWN;

#[test]
fn what_would_match_too_much_is_a_mistake_and_what_is_odd_is_remarked() {
    let (taken, report) = read_as(
        Format::Plain,
        None,
        "0.0.0.0/0\nco.jp\ncom\ngithub.io\n192.168.1.5\n10.0.0.0/8\n127.0.0.1\n",
    );

    assert_eq!(values(&taken), ["=github.io", "192.168.1.5", "10.0.0.0/8"]);
    let bad: Vec<_> = report.first_bad.iter().map(|bad| (bad.line, bad.what)).collect();
    let suffix = ValueError::PublicSuffix;
    assert_eq!(
        bad,
        [
            (1, ValueError::TooWide),
            (2, suffix),
            (3, ValueError::Unknown),
            (7, ValueError::NoHost)
        ]
    );
    let remarks: Vec<_> = report
        .first_remarks
        .iter()
        .map(|one| (one.line, one.what))
        .collect();
    assert_eq!(
        remarks,
        [
            (4, Remark::SharedDomain),
            (5, Remark::PrivateAddress),
            (6, Remark::WideNetwork)
        ]
    );
}

#[test]
fn a_header_says_what_columns_hold_with_or_without_a_mark_before_it() {
    // The headers of abuse.ch: ThreatFox, Feodo Tracker, SSLBL.
    let threatfox = "################\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"malware_printable\",\"confidence_level\"\n\
        \"2026-11-01 00:00:00\", \"1\", \"203.0.113.7:443\", \"ip:port\", \"Cobalt Strike\", \"75\"\n\
        \"2026-11-01 00:00:00\", \"2\", \"evil.example\", \"domain\", \"Remcos\", \"100\"\n\
        \"2026-11-01 00:00:00\", \"3\", \"d41d8cd98f00b204e9800998ecf8427e\", \"md5_hash\", \"x\", \"50\"\n";
    let (taken, report) = read_as(Format::Csv, None, threatfox);
    assert_eq!(values(&taken), ["203.0.113.7:443", "evil.example"]);
    assert_eq!(
        (taken[0].confidence, &*taken[0].note, taken[1].confidence),
        (75, "Cobalt Strike", 100)
    );
    assert_eq!(report.passed_over.get(&PassedOver::OtherKind), Some(&1));

    let feodo = "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"malware\"\r\n\"x\",\"203.0.113.9\",\"8080\",\"online\",\"QakBot\"\r\n";
    let (taken, _) = read_as(Format::Csv, None, feodo);
    assert_eq!(
        (values(&taken), &*taken[0].note),
        (vec!["203.0.113.9:8080".to_owned()], "QakBot")
    );

    let sslbl = "# Listingdate,SHA1,Listingreason\n2026-11-01 00:00:00,da39a3ee5e6b4b0d3255bfef95601890afd80709,Vidar C&C\n";
    let (taken, _) = read_as(Format::Csv, None, sslbl);
    assert_eq!(taken[0].value.kind(), Kind::CertificateSha1);
}

#[test]
fn columns_without_a_header_are_searched_for_values() {
    let (taken, report) = read_as(Format::Csv, None, "1,203.0.113.7,x\n2,nothing,x\n");

    assert_eq!((values(&taken), report.bad), (vec!["203.0.113.7".to_owned()], 1));
}

#[test]
fn zeeks_columns_are_read() {
    let zeek = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n\
                203.0.113.7\tIntel::ADDR\tfeed\tscanner\nevil.example\tIntel::DOMAIN\tfeed\t-\n\
                a@evil.example\tIntel::EMAIL\tfeed\t-\n";
    let (taken, report) = read_as(Format::Zeek, None, zeek);

    assert_eq!(values(&taken), ["203.0.113.7", "evil.example"]);
    assert_eq!((&*taken[0].note, &*taken[1].note), ("scanner", ""));
    assert_eq!(report.passed_over.get(&PassedOver::OtherKind), Some(&1));
}

#[test]
fn a_stix_bundle_gives_its_indicators() {
    // The first object is the example of STIX 2.1 section 4.7.
    let bundle = r#"{"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": [
        {"type": "indicator", "spec_version": "2.1", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
         "created": "2016-04-06T20:03:48.000Z", "name": "Poison Ivy Malware", "pattern_type": "stix",
         "pattern": "[ file:hashes.'SHA-256' = '4bac27393bdd9777ce02453256c5577cd02275510b2227f473d03f533924f877' ]",
         "valid_from": "2016-01-01T00:00:00Z"},
        {"type": "malware", "name": "Poison Ivy", "is_family": false, "labels": ["x", {"deep": [1]}]},
        {"type": "indicator", "name": "C2", "pattern": "[ipv4-addr:value = '203.0.113.7'] OR [domain-name:value = 'evil.example']",
         "pattern_type": "stix", "valid_until": "2026-01-01T00:00:00Z", "confidence": 90},
        {"type": "indicator", "pattern": "[url:value = 'http://evil.example/x']", "revoked": true},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '203.0.113.8' AND domain-name:value = 'a.example']"},
        {"type": "indicator", "pattern": "[broken"},
        {"type": "indicator", "pattern": "rule x { condition: true }", "pattern_type": "yara"}
    ]}"#;
    for format in [Format::Stix, Format::Misp] {
        let (taken, report) = read_as(format, None, bundle);

        assert_eq!(values(&taken), ["203.0.113.7", "evil.example"]);
        assert_eq!(
            (&*taken[0].note, taken[0].confidence, taken[0].line),
            ("C2", 90, 2)
        );
        assert_eq!((report.lines, report.bad, report.expired), (6, 1, 2));
        let passed = |why| report.passed_over.get(&why).copied();
        assert_eq!(passed(PassedOver::OtherKind), Some(2));
        assert_eq!(passed(PassedOver::Revoked), Some(1));
        assert_eq!(passed(PassedOver::Combined), Some(1));
    }
}

#[test]
fn a_misp_event_gives_its_attributes_and_those_of_its_objects() {
    let event = r#"{"Event": {"info": "Campaign", "Orgc": {"name": "CERT", "uuid": "x"}, "Attribute": [
            {"type": "ip-dst", "value": "203.0.113.7", "to_ids": true, "comment": "C2"},
            {"type": "ip-dst|port", "value": "203.0.113.8|8443", "to_ids": true},
            {"type": "domain|ip", "value": "evil.example|203.0.113.9", "to_ids": "1"},
            {"type": "ip-dst", "value": "192.0.2.1", "to_ids": false},
            {"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": true},
            {"type": "hostname", "value": "not a name", "to_ids": true}],
        "Object": [{"name": "network-connection", "Attribute": [
            {"type": "ja3-fingerprint-md5", "value": "e7d705a3286e19ea42f587b344ee6865", "to_ids": 1}]}]}}"#;
    let (taken, report) = read_as(Format::Misp, None, event);

    assert_eq!(
        values(&taken),
        [
            "203.0.113.7",
            "203.0.113.8:8443",
            "evil.example",
            "203.0.113.9",
            "e7d705a3286e19ea42f587b344ee6865"
        ]
    );
    assert_eq!((&*taken[0].note, &*taken[1].note), ("C2", "Campaign"));
    assert_eq!((report.bad, report.lines), (1, 7));
    assert_eq!(report.passed_over.get(&PassedOver::NotForDetection), Some(&1));

    let (taken, _) = read_as(Format::Stix, None, &format!(r#"{{"response": [{event}]}}"#));
    assert_eq!(taken.len(), 5);
}

#[test]
fn json_that_is_none_or_is_cut_off_refuses_the_whole_list() {
    let string = format!(r#"{{"objects": [{{"type": "{}"}}]}}"#, "a".repeat(2 * MAX_STRING));
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "{",
        r#"{"objects": [{"type": "indicator""#,
        "{} {}",
        "not json",
        &string,
        &deep,
    ] {
        let result = read(Format::Stix, &mut text.as_bytes(), &settings(None), &mut |_| {
            Added::New
        });
        assert!(result.is_err(), "{}", text.chars().take(20).collect::<String>());
    }
}

proptest! {
    #[test]
    fn no_text_stops_a_reader_and_every_line_is_accounted_for(text in "(\\PC{0,30}\n){0,8}") {
        for format in [Format::Plain, Format::Csv, Format::Zeek] {
            let (taken, report) = read_as(format, None, &text);
            let passed: u64 = report.passed_over.values().sum();
            prop_assert_eq!(report.total(), taken.len() as u64);
            prop_assert!(report.total() + report.bad + passed <= report.lines);
        }
    }

    #[test]
    fn no_pattern_stops_the_reader(text in "[\\[\\]()=' a:OIRN,\\\\-]{0,40}") {
        let _ = super::pattern::values(&text);
    }
}
