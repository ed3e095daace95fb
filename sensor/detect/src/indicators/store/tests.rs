//! What is listed is found, what is not is not, and a million take the room that is stated.

use std::fmt::Write as _;
use std::sync::Arc;

use sekisho_model::indicator::{Indicator, Value};
use sekisho_model::{Severity, Timestamp};

use super::*;

fn of(lists: &[&[&str]]) -> Indicators {
    let mut builder = Builder::default();
    for (number, values) in lists.iter().enumerate() {
        let list = List::named(&format!("list {number}"));
        let source = Arc::clone(&list.source);
        builder.begin(list);
        for (line, value) in (1..).zip(*values) {
            builder.add(&Indicator::new(Value::guess(value).unwrap(), &source, line));
        }
    }
    builder.finish(String::new())
}

fn value(indicators: &Indicators, id: Option<Id>) -> Option<String> {
    id.map(|id| indicators.indicator(id).unwrap().value.to_string())
}

const AT: Timestamp = Timestamp::from_seconds(1_767_225_600, 0);

#[test]
fn an_address_is_found_alone_in_a_network_and_on_its_port() {
    let all = of(&[&[
        "203.0.113.7",
        "198.51.100.0/24",
        "192.0.2.9:8443",
        "2001:db8::7",
        "2001:db8:5::/48",
        "[2001:db8::8]:53",
    ]]);
    let find = |address: &str, port| value(&all, all.address(address.parse().unwrap(), port, AT));

    assert_eq!(find("203.0.113.7", 1).as_deref(), Some("203.0.113.7"));
    assert_eq!(find("::ffff:203.0.113.7", 1).as_deref(), Some("203.0.113.7"));
    assert_eq!(find("198.51.100.200", 1).as_deref(), Some("198.51.100.0/24"));
    assert_eq!(find("192.0.2.9", 8443).as_deref(), Some("192.0.2.9:8443"));
    assert_eq!(find("2001:db8::7", 1).as_deref(), Some("2001:db8::7"));
    assert_eq!(find("2001:db8:5:1::1", 1).as_deref(), Some("2001:db8:5::/48"));
    assert_eq!(find("2001:db8::8", 53).as_deref(), Some("[2001:db8::8]:53"));
    for (address, port) in [
        ("203.0.113.8", 1),
        ("198.51.101.0", 1),
        ("192.0.2.9", 443),
        ("2001:db8::9", 1),
        ("2001:db8:6::", 1),
        ("2001:db8::8", 54),
    ] {
        assert_eq!(find(address, port), None, "{address}");
    }
}

#[test]
fn a_name_is_found_with_all_below_it_as_it_is_written_and_nothing_beside() {
    let all = of(&[&[
        "evil.example",
        "*.below.example",
        "=exact.example",
        "a.evil.example",
        "=com",
    ]]);
    let find = |name: &str| value(&all, all.name(name, AT));

    assert_eq!(find("evil.example").as_deref(), Some("evil.example"));
    assert_eq!(find("WWW.Evil.Example.").as_deref(), Some("evil.example"));
    assert_eq!(find("b.a.evil.example").as_deref(), Some("a.evil.example"));
    assert_eq!(find("x.below.example").as_deref(), Some("*.below.example"));
    assert_eq!(find("exact.example").as_deref(), Some("=exact.example"));
    assert_eq!(find("com").as_deref(), Some("=com"));
    for other in [
        "notevil.example",
        "example",
        "evil.example.net",
        "below.example",
        "www.exact.example",
        "example.com",
        "",
        ".",
        "..",
    ] {
        assert_eq!(find(other), None, "{other}");
    }
}

#[test]
fn a_url_is_found_by_what_its_path_begins_with_or_by_its_host() {
    let all = of(&[&[
        "http://evil.example/gate",
        "http://evil.example:8080/x/",
        "https://whole.example/",
        "http://[2001:db8::7]/q?id=1",
    ]]);
    let find = |host, port, path| value(&all, all.url(host, port, path, AT));
    let gate = "http://evil.example/gate";

    assert_eq!(find("Evil.Example", None, "/gate").as_deref(), Some(gate));
    assert_eq!(find("evil.example", Some(80), "/gate/a?b").as_deref(), Some(gate));
    assert_eq!(find("evil.example", None, "/gate?b").as_deref(), Some(gate));
    assert_eq!(
        find("evil.example", Some(8080), "/x/y").as_deref(),
        Some("http://evil.example:8080/x/")
    );
    assert_eq!(
        find("2001:db8::7", None, "/q?id=1&n=2").as_deref(),
        Some("http://[2001:db8::7]/q?id=1")
    );
    assert_eq!(
        find("whole.example", None, "/any").as_deref(),
        Some("https://whole.example/")
    );
    for (host, port, path) in [
        ("evil.example", None, "/gates"),
        ("evil.example", None, "/"),
        ("evil.example", Some(8080), "/gate"),
        ("other.example", None, "/gate"),
        ("2001:db8::7", None, "/q?id=12"),
        ("evil.example", None, ""),
    ] {
        assert_eq!(find(host, port, path), None, "{host} {path}");
    }
    let host = |name| {
        all.url_host(name, AT)
            .map(|(id, is_whole)| (value(&all, Some(id)), is_whole))
    };
    assert_eq!(host("EVIL.example").map(|(_, is_whole)| is_whole), Some(false));
    assert_eq!(
        host("whole.example"),
        Some((Some("https://whole.example/".to_owned()), true))
    );
    assert_eq!(host("www.evil.example"), None);
}

#[test]
fn a_path_is_found_as_the_plain_rule_says() {
    // Every path of four letters of these, against every other.
    let letters = ["/", "a", "?", "&", "#"];
    let mut paths = vec![String::from("/")];
    for _ in 0..3 {
        let longer: Vec<_> = paths
            .iter()
            .flat_map(|path| letters.map(|letter| path.clone() + letter))
            .collect();
        paths.extend(longer);
    }
    paths.sort();
    paths.dedup();
    for listed in &paths {
        let Ok(Value::Url(url)) = Value::guess(&format!("http://h.example{listed}")) else {
            continue;
        };
        let text = url.to_string();
        let all = of(&[&[&text]]);
        for path in &paths {
            let found = all.url("h.example", None, path, AT).is_some();
            assert_eq!(found, url.means_path(path), "{text} for {path}");
        }
    }
}

#[test]
fn fingerprints_and_user_agents_are_found_as_they_are() {
    let ja3 = "e7d705a3286e19ea42f587b344ee6865";
    let ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
    let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut builder = Builder::default();
    builder.begin(List::named("l"));
    let agent = Value::parse(Kind::UserAgent, "Evil/1.0 (x)").unwrap();
    for value in [ja3, ja4, sha1, sha256]
        .map(|text| Value::guess(text).unwrap())
        .into_iter()
        .chain([agent])
    {
        assert_eq!(builder.add(&Indicator::new(value, &"l".into(), 1)), Added::New);
    }
    let all = builder.finish(String::new());

    assert!(all.ja3(ja3, AT).is_some() && all.ja3(sha1, AT).is_none());
    assert!(all.ja4(ja4, AT).is_some() && all.ja4("", AT).is_none());
    let with_colons = "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09";
    assert!(all.certificate_sha1(with_colons, AT).is_some());
    assert!(all.certificate_sha256(sha256, AT).is_some() && all.certificate_sha256(ja3, AT).is_none());
    assert!(all.user_agent("Evil/1.0 (x)", AT).is_some() && all.user_agent("evil/1.0 (x)", AT).is_none());
    assert_eq!(all.len(), 5);
}

#[test]
fn no_list_and_an_empty_list_match_nothing() {
    for all in [of(&[]), of(&[&[]])] {
        assert!(all.is_empty() && all.address("192.0.2.1".parse().unwrap(), 1, AT).is_none());
        assert!(all.address("::1".parse().unwrap(), 1, AT).is_none() && all.name("a.example", AT).is_none());
        assert!(all.url("a.example", None, "/", AT).is_none() && all.url_host("a.example", AT).is_none());
        assert!(all.user_agent("", AT).is_none() && all.ja3("", AT).is_none());
    }
}

#[test]
fn of_several_lists_the_one_believed_most_is_told_while_it_holds() {
    let end = Timestamp::from_seconds(1_800_000_000, 0);
    let mut builder = Builder::default();
    for (name, confidence, expires) in [("a", 40, None), ("b", 90, Some(end)), ("c", 40, None)] {
        let list = List {
            severity: Some(Severity::High),
            ..List::named(name)
        };
        builder.begin(list);
        let mut indicator = Indicator::new(Value::guess("203.0.113.7").unwrap(), &name.into(), 3);
        (indicator.confidence, indicator.expires) = (confidence, expires);
        indicator.note = "said of it".into();
        assert_eq!(builder.add(&indicator), Added::New);
        assert_eq!(builder.add(&indicator), Added::Duplicate);
    }
    let all = builder.finish("v".to_owned());
    let told = |at| {
        let id = all.address("203.0.113.7".parse().unwrap(), 1, at).unwrap();
        all.indicator(id).unwrap()
    };

    let before = told(Timestamp::from_seconds(1_799_999_999, 0));
    assert_eq!(
        (&*before.source, before.line, &*before.note),
        ("b", 3, "said of it")
    );
    assert_eq!((before.confidence, before.expires), (90, Some(end)));
    assert_eq!(&*told(end).source, "a");
    assert_eq!((all.len(), all.version()), (3, "v"));
}

#[test]
fn an_indicator_is_known_again_in_other_lists() {
    let texts = [
        "203.0.113.7",
        "203.0.113.7:80",
        "198.51.100.0/24",
        "evil.example",
        "*.evil.example",
        "http://evil.example/a",
        "e7d705a3286e19ea42f587b344ee6865",
    ];
    let (old, new) = (of(&[&texts]), of(&[&["192.0.2.1"], &texts]));
    let other = of(&[&["192.0.2.1", "198.51.0.0/16", "=evil.example"]]);
    let mut known = 0;
    for text in texts {
        let Some(id) = old.same_as(&of(&[&[text]]), first(&of(&[&[text]]))) else {
            panic!("{text}")
        };
        let again = new.same_as(&old, id).unwrap();
        assert_eq!(value(&new, Some(again)).as_deref(), Some(text));
        assert_eq!(other.same_as(&old, id), None);
        known += 1;
    }
    assert_eq!(known, texts.len());
}

/// The only indicator.
fn first(all: &Indicators) -> Id {
    let at = |address: &str, port| all.address(address.parse().unwrap(), port, AT);
    at("203.0.113.7", 80)
        .or_else(|| at("198.51.100.1", 1))
        .or_else(|| all.name("www.evil.example", AT))
        .or_else(|| all.url("evil.example", None, "/a", AT))
        .or_else(|| all.ja3("e7d705a3286e19ea42f587b344ee6865", AT))
        .unwrap()
}

#[test]
fn every_indicator_is_given_back_as_it_was_added() {
    let texts = [
        "203.0.113.7",
        "192.0.2.9:8443",
        "198.51.100.0/24",
        "2001:db8:5::/48",
        "*.evil.example",
        "https://evil.example/a?b",
        "e7d705a3286e19ea42f587b344ee6865",
    ];
    let mut given: Vec<_> = of(&[&texts]).iter().map(|one| one.value.to_string()).collect();
    given.sort();
    let mut expected = texts.map(str::to_owned);
    expected.sort();

    assert_eq!(given, expected);
}

/// A mix as feeds have it: addresses, names, some URLs, digests and networks, with notes of families.
fn mixed(number: u64) -> String {
    let word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [a, b, c, d, e, f, ..] = word.to_be_bytes();
    let mut text = String::new();
    match number % 20 {
        0..8 => write!(text, "{}.{b}.{c}.{d}", 1 + a % 126),
        8..15 => write!(
            text,
            "{:x}.{}.example",
            word >> 20,
            ["update", "cdn-login", "mail"][usize::from(a % 3)]
        ),
        15 => write!(
            text,
            "http://{:x}.example/{:x}/gate.php",
            word >> 24,
            word & 0xffff_ffff
        ),
        16 => write!(text, "2001:db8:{a:x}{b:02x}:{c:x}{d:02x}::{e:x}{f:02x}"),
        17 => write!(text, "{}.{b}.{c}.0/24", 1 + a % 126),
        18 => write!(text, "{word:016x}{:016x}", word.rotate_left(7)),
        _ => write!(text, "{word:016x}{:016x}{:08x}", word.rotate_left(9), word >> 32),
    }
    .unwrap();
    text
}

#[test]
fn a_mix_takes_at_most_64_octets_each() {
    // Just above a power of two's share, where tables are emptiest.
    for count in [120_000_u64, 230_000] {
        let mut builder = Builder::default();
        builder.begin(List::named("mix"));
        for number in 0..count {
            let mut indicator = Indicator::new(Value::guess(&mixed(number)).unwrap(), &"mix".into(), number);
            indicator.note = format!("family {}", number % 300).into();
            builder.add(&indicator);
        }
        let all = builder.finish(String::new());

        let each = all.octets() / all.len();
        assert!(
            all.len() > 100_000 && each <= 64,
            "{each} octets each of {}",
            all.len()
        );
    }
}
